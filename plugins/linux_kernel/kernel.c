// Opens the kernel's BPF, and runs what is loaded.
#define _GNU_SOURCE // sched_getaffinity(2)
#include "kernel.h"

#include "bpf_assay_threads.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    ETHERNET_HEADER = 14,   // a socket filter sees the data of a test run behind it
    MOST_DESCRIPTORS = 256, // that this process can have open by then
    ANSWER_SECONDS = 5      // for the smallest load; the runner waits longer for hello
};

enum { SYS_ADMIN = 21, PERFMON = 38, BPF = 39 }; // capabilities

static const char not_permitted[] =
    "bpf(2) is not permitted to this user; try: sudo setcap cap_bpf,cap_perfmon=ep linux_kernel";
static const char not_permitted_to_root[] =
    "bpf(2) is not permitted here, not even to root, as in a container; try: docker run --cap-add "
    "BPF --cap-add PERFMON --security-opt seccomp=unconfined";
static const char no_perfmon[] =
    "CAP_BPF without CAP_PERFMON is not enough: the verifier then refuses programs that store "
    "addresses; try: sudo setcap cap_bpf,cap_perfmon=ep linux_kernel";

static int fail(struct bpf_assay_info* info, const char* cause, const char* what) {
    info->cause = cause;
    bpf_assay_say(info->why, "%s", what);
    return 1;
}

static int fail_by_errno(struct bpf_assay_info* info, const char* call, int error) {
    if (error == EPERM || error == EACCES)
        return fail(info, "permission", geteuid() == 0 ? not_permitted_to_root : not_permitted);
    info->cause = "setup";
    bpf_assay_say(info->why, "%s: %s", call,
                  error == ENOSYS ? "this kernel is built without bpf(2)" : strerror(error));
    return 1;
}

// Of the process; found by name in /proc, so that no header has to know it.
static int has_capability(unsigned number) {
    char line[128];
    unsigned long long set = 0;
    FILE* status = fopen("/proc/self/status", "r");
    if (!status)
        return 1; // not known: the kernel will tell
    while (fgets(line, sizeof line, status))
        if (sscanf(line, "CapEff: %llx", &set) == 1)
            break;
    fclose(status);
    return (set >> number & 1) != 0;
}

// Whether CAP_PERFMON is what is missing, and not all.
static int lacks_only_perfmon(void) {
    return has_capability(BPF) && !has_capability(PERFMON) && !has_capability(SYS_ADMIN);
}

static int open_map(struct kernel* kernel, struct bpf_assay_info* info) {
    const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    const struct rlimit descriptors = {HELD_PROGRAMS + 1024, HELD_PROGRAMS + 1024};
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void* value;
    setrlimit(RLIMIT_MEMLOCK, &unlimited); // before Linux 5.11, maps and programs counted
    if (HELD_PROGRAMS > 0)
        setrlimit(RLIMIT_NOFILE, &descriptors);
    kernel->map = create_block_map(VALUE_SIZE);
    if (kernel->map < 0)
        return fail_by_errno(info, "BPF_MAP_CREATE of a mappable array", errno);
    value = mmap(NULL, (VALUE_SIZE + page - 1) / page * page, PROT_READ | PROT_WRITE, MAP_SHARED,
                 kernel->map, 0);
    if (value == MAP_FAILED)
        return fail_by_errno(info, "mmap of the map", errno);
    kernel->value = value;
    kernel->block = kernel->value + BLOCK_AT;
    kernel->frame = calloc(1, ETHERNET_HEADER + MAX_BLOCK);
    return kernel->frame ? 0 : fail_by_errno(info, "calloc", errno);
}

// Whether the child ends within the time, in seconds; its status is not asked for.
static int ends_within(pid_t child, time_t seconds) {
    const struct timespec pause = {0, 2000000};
    struct timespec now, end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += seconds;
    for (;;) {
        if (waitpid(child, NULL, WNOHANG) != 0)
            return 1;
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec))
            return 0;
        nanosleep(&pause, NULL);
    }
}

// A load can wait in the kernel for ever, where no signal reaches it (seen: freed programs and the
// JIT compiler's memory waiting for each other). So a child tries first.
static int check_answers(const struct kernel* kernel, struct bpf_assay_info* info) {
    static const struct bpf_insn insns[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
        {.code = BPF_JMP | BPF_EXIT},
    };
    const pid_t child = fork();
    if (child < 0)
        return fail_by_errno(info, "fork", errno);
    if (child == 0) {
        int descriptor; // whoever waits for their end must not wait for a child that is stuck
        for (descriptor = 0; descriptor < MOST_DESCRIPTORS; descriptor++)
            close(descriptor);
        load_program(kernel->type, kernel->type == PROG_TYPE_SYSCALL ? FLAG_SLEEPABLE : 0, insns, 2,
                     NULL, 0);
        _exit(0);
    }
    if (ends_within(child, ANSWER_SECONDS))
        return 0;
    kill(child, SIGKILL);
    return fail(
        info, "setup",
        "the kernel does not finish to load a program of two instructions: its BPF is stuck, "
        "and every load would hang; see dmesg, and reboot");
}

static enum bpf_assay_verdict load_probe(struct kernel* kernel, const struct bpf_insn* insns,
                                         size_t count, struct bpf_assay_loaded* loaded) {
    struct bpf_assay_program program;
    memset(&program, 0, sizeof program);
    memset(loaded, 0, sizeof *loaded);
    program.image = (const uint8_t*)insns;
    program.bytes = count * sizeof *insns;
    return load(kernel, &program, loaded);
}

static int holds(const struct bpf_assay_loaded* loaded, const struct bpf_insn* wanted) {
    size_t at;
    for (at = 0; at < loaded->translated_insns; at++)
        if (!memcmp(loaded->translated + at * sizeof *wanted, wanted, sizeof *wanted))
            return 1;
    return 0;
}

// A program that stores an address must load, and what became of it names the engine.
static int probe(struct kernel* kernel, struct bpf_assay_info* info) {
    const struct bpf_insn insns[] = {
        {.code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10},
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0x5ea1ab1e},
        {.code = BPF_JMP | BPF_EXIT},
    };
    struct bpf_assay_loaded loaded;
    const enum bpf_assay_verdict verdict = load_probe(kernel, insns, 3, &loaded);
    kernel->jit = loaded.machine_code_bytes > 0;
    kernel->blinded = kernel->jit && loaded.translated && !holds(&loaded, &insns[1]);
    if (verdict == BPF_ASSAY_LOADED)
        return 0;
    if (lacks_only_perfmon())
        return fail(info, "permission", no_perfmon);
    if (verdict == BPF_ASSAY_UNABLE_PERMISSION ||
        (!has_capability(BPF) && !has_capability(SYS_ADMIN)))
        return fail_by_errno(info, "", EPERM);
    info->cause = "setup";
    bpf_assay_say(info->why, "a program of this type does not load (%.900s)%s", loaded.why,
                  kernel->type == PROG_TYPE_SYSCALL ? "; try --type socket_filter" : "");
    return 1;
}

// Of a register that is read as 32 bits only, the flag has the verifier fill the high half.
static int fills_high_halves(struct kernel* kernel) {
    const struct bpf_insn insns[] = {
        {.code = BPF_ALU | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 5},
        {.code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = BPF_REG_0, .src_reg = BPF_REG_2},
        {.code = BPF_JMP | BPF_EXIT},
    };
    struct bpf_assay_loaded loaded;
    return load_probe(kernel, insns, 3, &loaded) == BPF_ASSAY_LOADED &&
           (kernel->blinded || loaded.translated_insns > 3);
}

// What runs is the system's choice (/proc/sys/net/core/bpf_jit_enable); the wish is only held
// against it.
static int check_engine(struct kernel* kernel, struct bpf_assay_info* info) {
    static const char no_jit[] =
        "this kernel made no machine code of a small program: it has no JIT compiler for this "
        "machine, or /proc/sys/net/core/bpf_jit_enable is 0";
    static const char always_jit[] =
        "this kernel makes machine code of every program: set /proc/sys/net/core/bpf_jit_enable "
        "to 0, if it is not built with CONFIG_BPF_JIT_ALWAYS_ON";
    if (kernel->wanted_engine && (strcmp(kernel->wanted_engine, "jit") == 0) != kernel->jit)
        return fail(info, "setup", kernel->jit ? always_jit : no_jit);
    if (kernel->wants_blinded && !kernel->blinded)
        return fail(info, "setup",
                    "this kernel left the constant of a small program as it is: set "
                    "/proc/sys/net/core/bpf_jit_harden to 2");
    if ((kernel->flags & FLAG_TEST_RND_HI32) && !fills_high_halves(kernel))
        return fail(info, "setup",
                    "this kernel ignores BPF_F_TEST_RND_HI32: it added nothing to a small program");
    return 0;
}

// On one CPU, threads would hardly ever be in the program at the same time.
static unsigned count_cpus(void) {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    if (sched_getaffinity(0, sizeof cpus, &cpus) != 0)
        return 1;
    return (unsigned)CPU_COUNT(&cpus);
}

// Linux has the instructions of LLVM's cpu v4 since 6.6. A kernel that has them earlier passes
// their vectors all the same. None of these has extensions.
static const char* unclaimed(const struct kernel* kernel) {
    int major = 0, minor = 0;
    sscanf(kernel->system.release, "%d.%d", &major, &minor);
    return major > 6 || (major == 6 && minor >= 6)
               ? kernel->excluded
               : "bswap16 bswap32 bswap64 ja32 ldxsb ldxsh ldxsw movsx32_8_reg movsx32_16_reg "
                 "movsx64_8_reg movsx64_16_reg movsx64_32_reg sdiv32_imm sdiv32_reg sdiv64_imm "
                 "sdiv64_reg smod32_imm smod32_reg smod64_imm smod64_reg";
}

int open_kernel(void* user, struct bpf_assay_info* info) {
    struct kernel* kernel = user;
    if (open_map(kernel, info) != 0 || check_answers(kernel, info) != 0 ||
        probe(kernel, info) != 0 || check_engine(kernel, info) != 0)
        return 1;
    find_extensions(kernel);
    find_helpers(kernel);
    describe_system(kernel);
    info->name = "linux";
    info->version = kernel->system.release;
    info->engine = kernel->jit ? "jit" : "interpreter";
    info->r0_bits = 32;
    info->max_insns = MAX_INSNS;
    info->max_block = MAX_BLOCK;
    info->packets = 1;
    info->groups = "base32 base64 divmul32 divmul64 atomic32 atomic64 packet";
    info->excluded = unclaimed(kernel);
    info->extensions = kernel->extensions;
    info->helpers = kernel->helpers;
    info->threads = count_cpus();
    info->facts = kernel->facts;
    return 0;
}

// The map's value is what the program's R1 points at.
static void put_block(struct kernel* kernel, const uint8_t* block, size_t size) {
    memcpy(kernel->block, block, size);
    if (kernel->block_used > size) // behind the block, nothing is left of a larger one
        memset(kernel->block + size, 0, kernel->block_used - size);
    kernel->block_used = size;
}

static int run_on_map(const struct kernel* kernel, uint32_t* r0) {
    static const uint8_t any_packet[64] = {0};
    const int filter = kernel->type == PROG_TYPE_SOCKET_FILTER;
    return test_run(kernel->program, filter ? any_packet : NULL, filter ? sizeof any_packet : 0,
                    r0);
}

static int run_on_packet(struct kernel* kernel, const uint8_t* packet, size_t size, uint32_t* r0) {
    memcpy(kernel->frame + ETHERNET_HEADER, packet, size);
    return test_run(kernel->program, kernel->frame, ETHERNET_HEADER + size, r0);
}

static void explain_run(int error, char* why) {
    bpf_assay_say(why, "BPF_PROG_TEST_RUN: %s",
                  error == ERROR_NOT_SUPPORTED ? "not supported (ENOTSUPP)" : strerror(error));
}

int run(void* user, uint8_t* block, size_t size, uint64_t* r0, char* why) {
    struct kernel* kernel = user;
    uint32_t low = 0;
    int status;
    if (kernel->packet) {
        status = run_on_packet(kernel, block, size, &low);
    } else {
        put_block(kernel, block, size);
        status = run_on_map(kernel, &low);
        memcpy(block, kernel->block, size);
    }
    if (status != 0) {
        explain_run(errno, why);
        return 1;
    }
    *r0 = low;
    if (kernel->result_in_map)
        memcpy(r0, kernel->value + RESULT_AT, sizeof *r0);
    return 0;
}

static int run_in_thread(void* user, uint64_t* r0, char* why) {
    uint32_t low = 0;
    if (run_on_map(user, &low) != 0) {
        explain_run(errno, why);
        return 1;
    }
    *r0 = low;
    return 0;
}

int run_many(void* user, uint8_t* block, size_t size, unsigned threads, uint64_t times,
             uint64_t* r0, char* why) {
    struct kernel* kernel = user;
    int fault;
    put_block(kernel, block, size);
    fault = bpf_assay_run_on_threads(run_in_thread, kernel, threads, times, r0, why);
    memcpy(block, kernel->block, size);
    return fault;
}
