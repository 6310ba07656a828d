#include "verifier_log.h"

#include "bpf_assay_plugin.h"

static int begins_with(const char* line, size_t size, const char* prefix) {
    return size >= strlen(prefix) && !memcmp(line, prefix, strlen(prefix));
}

// "12: (bf) r10 = r1 ; R1=..." and "12: R0=1 R10=fp0": the trace, not a judgement.
static int is_trace(const char* line, size_t size) {
    size_t at = 0;
    while (at < size && line[at] >= '0' && line[at] <= '9')
        at++;
    return at > 0 && at + 2 < size && line[at] == ':' && line[at + 1] == ' ' &&
           (line[at + 2] == '(' || line[at + 2] == 'R' || line[at + 2] == ' ');
}

static int is_meaningful(const char* line, size_t size) {
    static const char* const noise[] = {"processed ",
                                        "verification time ",
                                        "stack depth ",
                                        "cur state:",
                                        "old state:",
                                        "from ",
                                        "mark_precise:",
                                        "last_idx ",
                                        "regs=",
                                        "parent ",
                                        "func#",
                                        "safe",
                                        "caller:",
                                        "callee:",
                                        "returning from callee:",
                                        "to caller at ",
                                        "arg#",
                                        "Validating ",
                                        "insns processed "};
    size_t i;
    if (size == 0 || is_trace(line, size) || line[0] == ' ')
        return 0;
    for (i = 0; i < sizeof noise / sizeof *noise; i++)
        if (begins_with(line, size, noise[i]))
            return 0;
    return 1;
}

void find_reason(const char* log, char* why) {
    // The one judgement that shares its line with the trace.
    const char* loop = strstr(log, "infinite loop detected");
    const char* end = log + strlen(log);
    while (end > log) {
        const char* begin = end;
        while (begin > log && begin[-1] != '\n')
            begin--;
        if (is_meaningful(begin, (size_t)(end - begin))) {
            bpf_assay_say(why, "%.*s", (int)(end - begin), begin);
            return;
        }
        end = begin > log ? begin - 1 : begin;
    }
    if (loop)
        bpf_assay_say(why, "%.*s", (int)strcspn(loop, "\n"), loop);
}
