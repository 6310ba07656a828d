// What a reader of a report must know about the machine.
#include "kernel.h"

// The first line of a small file, without its end; 0 if it cannot be read.
static int read_line(const char* path, char* out, int capacity) {
    FILE* file = fopen(path, "r");
    char* got = file ? fgets(out, capacity, file) : NULL;
    if (file)
        fclose(file);
    if (got)
        out[strcspn(out, "\n")] = 0;
    return got != NULL;
}

// The value of `key` if the line of /proc/cpuinfo is "key : value".
static const char* value_of(const char* line, const char* key) {
    const size_t size = strlen(key);
    if (strncmp(line, key, size) != 0)
        return NULL;
    line += size;
    line += strspn(line, " \t");
    return *line == ':' ? line + 1 + strspn(line + 1, " \t") : NULL;
}

// Architectures name their CPUs in different ways: the first of the names that is there wins.
static int read_cpu(char* out, size_t capacity) {
    static const char* const keys[] = {"model name",  "Model Name", "cpu model", "cpu",
                                       "processor 0", "uarch",      "isa",       "CPU part"};
    size_t best = sizeof keys / sizeof *keys;
    char line[512];
    FILE* file = fopen("/proc/cpuinfo", "r");
    if (!file)
        return 0;
    while (fgets(line, sizeof line, file)) {
        size_t i;
        line[strcspn(line, "\n")] = 0;
        for (i = 0; i < best; i++) {
            const char* value = value_of(line, keys[i]);
            if (value) {
                best = i;
                snprintf(out, capacity, "%s", value);
            }
        }
    }
    fclose(file);
    return best < sizeof keys / sizeof *keys;
}

static size_t add(struct kernel* kernel, size_t count, const char* name, const char* text) {
    kernel->facts[count++] = name;
    kernel->facts[count++] = text;
    return count;
}

void describe_system(struct kernel* kernel) {
    size_t n = 0;
    uname(&kernel->system);
    n = add(kernel, n, "kernel", kernel->system.release);
    n = add(kernel, n, "machine", kernel->system.machine);
    n = add(kernel, n, "program_type",
            kernel->type == PROG_TYPE_SYSCALL ? "syscall" : "socket_filter");
    snprintf(kernel->options, sizeof kernel->options, "%s%s%s", kernel->blinded ? " blinded" : "",
             kernel->flags & FLAG_TEST_RND_HI32 ? " rnd-hi32" : "",
             kernel->flags & FLAG_STRICT_ALIGNMENT ? " strict-alignment" : "");
    if (kernel->options[0])
        n = add(kernel, n, "options", kernel->options + 1);
    if (read_line("/proc/sys/net/core/bpf_jit_enable", kernel->jit_enable,
                  sizeof kernel->jit_enable))
        n = add(kernel, n, "bpf_jit_enable", kernel->jit_enable);
    if (read_line("/proc/sys/net/core/bpf_jit_harden", kernel->jit_harden,
                  sizeof kernel->jit_harden))
        n = add(kernel, n, "bpf_jit_harden", kernel->jit_harden);
    if (read_cpu(kernel->cpu, sizeof kernel->cpu))
        n = add(kernel, n, "cpu", kernel->cpu);
    kernel->facts[n] = NULL;
}
