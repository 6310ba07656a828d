// Loads a program behind a prefix that gives it the block, and finds out what became of it.
#include "kernel.h"
#include "verifier_log.h"

#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum {
    SLOT = 8,
    PREFIX = 2,               // slots: ld_imm64 r1, address of the map's value
    ONE_SHOT_PREFIX = 9,      // slots
    LARGE_PROGRAM = 65536,    // slots
    SMALL_PROGRAM = 2048,     // slots
    FREED_AT_ONCE = 128,      // programs
    LOG_SIZE = (16 << 20) - 1 // most that old kernels take; touched only as far as it is filled
};

static const double LONG_LOAD = 0.5; // seconds

static struct bpf_insn make_insn(uint8_t code, unsigned dst, unsigned src, int32_t imm) {
    struct bpf_insn insn;
    memset(&insn, 0, sizeof insn);
    insn.code = code;
    insn.dst_reg = dst & 15u;
    insn.src_reg = src & 15u;
    insn.imm = imm;
    return insn;
}

static void put_map_value(const struct kernel* kernel, struct bpf_insn* at, int32_t offset) {
    at[0] = make_insn(LD_IMM64, BPF_REG_1, SRC_MAP_VALUE, kernel->map);
    at[1] = make_insn(0, 0, 0, offset);
}

// The one-shot contract wants all of R0 and the length of the memory in R2, and a test run returns
// 32 bits: so the program becomes a function, whose result goes to the map.
static void put_one_shot_prefix(const struct kernel* kernel, struct bpf_insn* at, size_t bytes) {
    put_map_value(kernel, at, BLOCK_AT);
    at[2] = make_insn(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, (int32_t)bytes);
    at[3] = make_insn(BPF_JMP | BPF_CALL, 0, 1, ONE_SHOT_PREFIX - 4);
    put_map_value(kernel, at + 4, RESULT_AT);
    at[6] = make_insn(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_0, 0);
    at[7] = make_insn(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0);
    at[8] = make_insn(BPF_JMP | BPF_EXIT, 0, 0, 0);
}

// Where a jump or local call in slot `at` goes; `at` itself for all else.
static long target_of(const struct bpf_insn* insn, long at) {
    const int class = BPF_CLASS(insn->code);
    const int op = BPF_OP(insn->code);
    if ((class != BPF_JMP && class != BPF_JMP32) || op == BPF_EXIT)
        return at;
    if (op == BPF_CALL)
        return insn->src_reg == 1 ? at + 1 + insn->imm : at;
    return at + 1 + (class == BPF_JMP32 && op == BPF_JA ? insn->imm : insn->off);
}

// The kernel judges prefix and program as one: to it a jump to before the program may seem fine.
static int jumps_before_itself(const struct bpf_assay_program* program) {
    const size_t count = program->bytes / SLOT;
    size_t at;
    for (at = 0; at < count; at++) {
        struct bpf_insn insn;
        memcpy(&insn, program->image + at * SLOT, SLOT);
        if (target_of(&insn, (long)at) < 0)
            return 1;
        if (insn.code == LD_IMM64)
            at++;
    }
    return 0;
}

// How a program goes to the kernel.
struct attempt {
    uint32_t type, flags;
    size_t prefix; // slots in front of the program
    size_t count;  // slots in all
};

static struct attempt plan(const struct kernel* kernel, const struct bpf_assay_program* program) {
    struct attempt attempt;
    attempt.type = program->packet ? PROG_TYPE_SOCKET_FILTER : kernel->type;
    attempt.flags = kernel->flags;
    if (attempt.type == PROG_TYPE_SYSCALL)
        attempt.flags |= FLAG_SLEEPABLE;
    attempt.prefix = program->packet || jumps_before_itself(program) ? 0
                     : program->one_shot                             ? ONE_SHOT_PREFIX
                                                                     : PREFIX;
    attempt.count = attempt.prefix + program->bytes / SLOT;
    return attempt;
}

// Prefix and program in kernel->insns; 0 without memory.
static int put_together(struct kernel* kernel, const struct bpf_assay_program* program,
                        const struct attempt* attempt) {
    if (attempt->count > kernel->insns_capacity) {
        void* larger = realloc(kernel->insns, 2 * attempt->count * SLOT);
        if (!larger)
            return 0;
        kernel->insns = larger;
        kernel->insns_capacity = 2 * attempt->count;
    }
    if (attempt->prefix == PREFIX)
        put_map_value(kernel, kernel->insns, BLOCK_AT);
    else if (attempt->prefix == ONE_SHOT_PREFIX)
        put_one_shot_prefix(kernel, kernel->insns, program->memory_bytes);
    memcpy(kernel->insns + attempt->prefix, program->image, program->bytes);
    return 1;
}

// Of this process, in the kernel, too.
static double cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// The successful path asks for no log; a refused load says why only if it is tried again with one.
// Not so where the verifier has looked at a million instructions and given up: with a log that
// takes much longer, and in an emulator minutes.
static int submit(struct kernel* kernel, const struct attempt* attempt) {
    const double begin = cpu_seconds();
    int program =
        load_program(attempt->type, attempt->flags, kernel->insns, attempt->count, NULL, 0);
    const int first_error = errno;
    if (program >= 0)
        return program;
    if (errno == E2BIG && cpu_seconds() - begin > LONG_LOAD) {
        if (kernel->log)
            kernel->log[0] = 0;
        return -1;
    }
    if (!kernel->log)
        kernel->log = malloc(LOG_SIZE);
    if (!kernel->log) {
        errno = ENOMEM;
        return -1;
    }
    program = load_program(attempt->type, attempt->flags, kernel->insns, attempt->count,
                           kernel->log, LOG_SIZE);
    if (program < 0 && errno == ENOSPC) // the log is full, which is not why it is refused
        errno = first_error;
    return program;
}

static enum bpf_assay_verdict judge(const struct kernel* kernel, int error,
                                    struct bpf_assay_loaded* loaded) {
    char* why = loaded->why;
    const int has_log = kernel->log && kernel->log[0];
    const int too_long = error == E2BIG && kernel->slots > MAX_INSNS;
    if (error == ENOMEM || error == EAGAIN || error == EINTR || (error == ENOSPC && !has_log)) {
        bpf_assay_say(why, "BPF_PROG_LOAD: %s", strerror(error));
        return BPF_ASSAY_UNABLE_MEMORY;
    }
    if (has_log) {
        loaded->log = kernel->log;
        find_reason(kernel->log, why);
    }
    if (!why[0] && error == E2BIG && !too_long)
        bpf_assay_say(why, "the verifier gave up: too many instructions to look at (E2BIG)");
    if (!why[0] && error == ERROR_NOT_SUPPORTED)
        bpf_assay_say(why, "verified, but the JIT compiler cannot translate it (ENOTSUPP)");
    else if (!why[0])
        bpf_assay_say(why, "BPF_PROG_LOAD: %s", strerror(error));
    if (!has_log && (error == EPERM || error == EACCES))
        return BPF_ASSAY_UNABLE_PERMISSION;
    return too_long ? BPF_ASSAY_UNSUPPORTED : BPF_ASSAY_REJECTED;
}

static int reserve_image(struct kernel* kernel, size_t capacity) {
    void* larger;
    if (capacity <= kernel->image_capacity)
        return 1;
    larger = realloc(kernel->image, capacity);
    if (!larger)
        return 0;
    kernel->image = larger;
    kernel->image_capacity = capacity;
    return 1;
}

static int is_map_value_in_r1(const uint8_t* image) {
    struct bpf_insn insns[PREFIX];
    memcpy(insns, image, sizeof insns);
    return insns[0].code == LD_IMM64 && insns[0].dst_reg == 1 &&
           insns[0].src_reg == SRC_MAP_VALUE && insns[1].code == 0;
}

// Engine, size of the machine code and translated image; what cannot be had is left out.
static void describe_loaded(struct kernel* kernel, const struct attempt* attempt,
                            struct bpf_assay_loaded* loaded) {
    struct program_info info;
    size_t skipped = 0;
    if (!reserve_image(kernel, 2 * attempt->count * SLOT) ||
        get_program_info(kernel->program, kernel->image, kernel->image_capacity, &info) != 0)
        return;
    if (info.translated_bytes > kernel->image_capacity &&
        (!reserve_image(kernel, info.translated_bytes) ||
         get_program_info(kernel->program, kernel->image, kernel->image_capacity, &info) != 0))
        return;
    loaded->engine = info.machine_code_bytes ? "jit" : "interpreter";
    loaded->machine_code_bytes = info.machine_code_bytes;
    // Of a blinded program, no instruction with a constant is left: that says nothing of the
    // vectors.
    if (info.translated_bytes < PREFIX * SLOT || kernel->blinded)
        return;
    if (attempt->prefix == PREFIX && is_map_value_in_r1(kernel->image))
        skipped = PREFIX;
    loaded->translated = kernel->image + skipped * SLOT;
    loaded->translated_insns = info.translated_bytes / SLOT - skipped;
}

// Freed programs wait for a grace period of RCU, and then, each in a worker of one queue, for the
// lock of the JIT compiler's memory. Who holds the lock may have to reclaim memory, which takes a
// worker of that queue, too: when a thousand of them wait, there is none, and Linux 6.18 has locked
// up for good. So programs are given time to go, a large one, which takes long, above all.
static void let_the_kernel_free(void) {
    const struct timespec pause = {0, 50000000};
    wait_for_grace_period();
    nanosleep(&pause, NULL);
}

static void unload(struct kernel* kernel) {
    const int is_large = kernel->slots > LARGE_PROGRAM;
    if (kernel->program < 0)
        return;
    if (is_large)
        let_the_kernel_free();
    if (kernel->held < HELD_PROGRAMS && kernel->jit && kernel->slots < SMALL_PROGRAM) {
        kernel->held++;
    } else {
        close(kernel->program);
        kernel->freed++;
    }
    if (is_large || (kernel->jit && kernel->freed % FREED_AT_ONCE == 0))
        let_the_kernel_free();
    kernel->program = -1;
    kernel->slots = 0;
}

static int is_expressible(const struct bpf_assay_program* program, char* why) {
    if (program->bytes != 0 && program->bytes % SLOT == 0)
        return 1;
    bpf_assay_say(
        why,
        "not asked the kernel: bpf(2) counts instructions, at least one, so that a program"
        " of %lu bytes cannot be handed to it",
        (unsigned long)program->bytes);
    return 0;
}

enum bpf_assay_verdict load(void* user, const struct bpf_assay_program* program,
                            struct bpf_assay_loaded* loaded) {
    struct kernel* kernel = user;
    struct attempt attempt;
    unload(kernel);
    if (!is_expressible(program, loaded->why))
        return BPF_ASSAY_REJECTED;
    attempt = plan(kernel, program);
    if (!put_together(kernel, program, &attempt)) {
        bpf_assay_say(loaded->why, "no memory for the program");
        return BPF_ASSAY_UNABLE_MEMORY;
    }
    if (attempt.count > LARGE_PROGRAM)
        let_the_kernel_free();
    kernel->program = submit(kernel, &attempt);
    kernel->slots = attempt.count;
    if (kernel->program < 0)
        return judge(kernel, errno, loaded);
    if (attempt.prefix == 0 && !program->packet) {
        unload(kernel);
        bpf_assay_say(loaded->why, "a jump leads to before the program, where the plugin's own"
                                   " instructions must be; without them, the kernel accepts it");
        return BPF_ASSAY_UNSUPPORTED;
    }
    kernel->packet = program->packet;
    kernel->result_in_map = attempt.prefix == ONE_SHOT_PREFIX;
    describe_loaded(kernel, &attempt, loaded);
    return BPF_ASSAY_LOADED;
}
