// The BPF library of DPDK, librte_bpf, as a plugin. It needs neither rte_eal_init() nor hugepages.
#define _GNU_SOURCE // for the CPUs of threads
#include "bpf_assay_plugin.h"
#include "bpf_assay_threads.h"
#include "helpers.h"

#include <rte_bpf.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <rte_mbuf.h>
#include <rte_version.h>
#include <sys/utsname.h>

enum { MAX_BLOCK = 131072 };

struct dpdk {
    int interpret; // --engine interpreter
    struct rte_bpf* bpf;
    struct rte_bpf_jit jit;
    int packet;
    FILE* log; // what the library says, in `said`
    char* said;
    size_t said_size;
    struct utsname system;
    const char* facts[5];
};

// What is not in the document that the library's guide names as its specification (the kernel's
// filter.txt, as it was when the library was written), or is listed there as not supported.
static const char not_claimed[] =
    "ja32 jeq32_imm jeq32_reg jgt32_imm jgt32_reg jge32_imm jge32_reg jset32_imm jset32_reg "
    "jne32_imm jne32_reg jsgt32_imm jsgt32_reg jsge32_imm jsge32_reg jlt32_imm jlt32_reg "
    "jle32_imm jle32_reg jslt32_imm jslt32_reg jsle32_imm jsle32_reg "
    "ldxsb ldxsh ldxsw movsx32_8_reg movsx32_16_reg movsx64_8_reg movsx64_16_reg movsx64_32_reg "
    "sdiv32_imm sdiv32_reg sdiv64_imm sdiv64_reg smod32_imm smod32_reg smod64_imm smod64_reg "
    "bswap16 bswap32 bswap64 call_local call_btf "
    "lddw_map_fd lddw_map_val_fd lddw_var_addr lddw_code_addr lddw_map_idx lddw_map_val_idx "
    "atomic_fetch_add32 atomic_or32 atomic_fetch_or32 atomic_and32 atomic_fetch_and32 "
    "atomic_xor32 atomic_fetch_xor32 xchg32 cmpxchg32 "
    "atomic_fetch_add64 atomic_or64 atomic_fetch_or64 atomic_and64 atomic_fetch_and64 "
    "atomic_xor64 atomic_fetch_xor64 xchg64 cmpxchg64";

// ---- What the library logs ---------------------------------------------------------------------

static int open_log(struct dpdk* dpdk) {
    dpdk->log = open_memstream(&dpdk->said, &dpdk->said_size);
    return dpdk->log && rte_openlog_stream(dpdk->log) == 0;
}

static void forget_log(struct dpdk* dpdk) {
    fseeko(dpdk->log, 0, SEEK_SET);
    fflush(dpdk->log);
}

// The first line is the first error; others follow from it, or are dumps of the state.
static void say_first_line(struct dpdk* dpdk, int error, char* why) {
    fflush(dpdk->log);
    if (dpdk->said_size)
        bpf_assay_say(why, "%.*s", (int)strcspn(dpdk->said, "\n"), dpdk->said);
    else
        bpf_assay_say(why, "%s", rte_strerror(error));
}

// ---- info --------------------------------------------------------------------------------------

static int info(void* user, struct bpf_assay_info* info) {
    struct dpdk* dpdk = user;
    cpu_set_t cpus;
    if (!open_log(dpdk)) {
        bpf_assay_say(info->why, "the library's log cannot be redirected");
        return 1;
    }
    uname(&dpdk->system);
    dpdk->facts[0] = "machine", dpdk->facts[1] = dpdk->system.machine;
    dpdk->facts[2] = "options";
    dpdk->facts[3] = dpdk->interpret ? "--engine interpreter" : "--engine jit";
    info->name = "dpdk";
    info->version = rte_version() + strspn(rte_version(), "DPK "); // "DPDK 22.11.11"
    info->engine = dpdk->interpret ? "interpreter" : "jit";
    info->max_block = MAX_BLOCK;
    info->packets = 1;
    info->groups = "base32 base64 divmul32 divmul64 atomic32 atomic64 packet";
    info->excluded = not_claimed;
    info->helpers = helper_roles;
    if (sched_getaffinity(0, sizeof cpus, &cpus) == 0)
        info->threads = (unsigned)CPU_COUNT(&cpus);
    info->facts = dpdk->facts;
    return 0;
}

// ---- load --------------------------------------------------------------------------------------

// The size of a block is known only when a program runs, but the validator wants the size of what
// R1 points to when it is loaded. It is told the most that a block can have, so it refuses what
// lies outside of every block, and not what lies behind this one's end: that the program may then
// read or write what is there, as without a validator.
static struct rte_bpf_arg argument_of(const struct bpf_assay_program* program) {
    const struct rte_bpf_arg block = {.type = RTE_BPF_ARG_PTR, .size = MAX_BLOCK};
    const struct rte_bpf_arg packet = {
        .type = RTE_BPF_ARG_PTR_MBUF,
        .size = sizeof(struct rte_mbuf),
        .buf_size = UINT16_MAX,
    };
    return program->packet ? packet : block;
}

static struct rte_bpf* load_image(const uint8_t* image, size_t insns, struct rte_bpf_arg argument) {
    const struct rte_bpf_prm parameters = {
        .ins = (const struct ebpf_insn*)(const void*)image,
        .nb_ins = (uint32_t)insns,
        .xsym = helper_symbols,
        .nb_xsym = HELPERS,
        .prog_arg = argument,
    };
    return rte_bpf_load(&parameters);
}

// Other suites expect the size of the memory in R2, where this library has nothing.
static struct rte_bpf* load_one_shot(const struct bpf_assay_program* program) {
    const size_t insns = program->bytes / sizeof(struct ebpf_insn);
    const struct ebpf_insn r2 = {
        .code = EBPF_ALU64 | EBPF_MOV | BPF_K,
        .dst_reg = EBPF_REG_2,
        .imm = (int32_t)program->memory_bytes,
    };
    struct rte_bpf* bpf = NULL;
    uint8_t* image = malloc(sizeof r2 + program->bytes);
    if (!image) {
        rte_errno = ENOMEM;
        return NULL;
    }
    memcpy(image, &r2, sizeof r2);
    memcpy(image + sizeof r2, program->image, program->bytes);
    bpf = load_image(image, insns + 1, argument_of(program));
    free(image);
    return bpf;
}

static enum bpf_assay_verdict load(void* user, const struct bpf_assay_program* program,
                                   struct bpf_assay_loaded* loaded) {
    struct dpdk* dpdk = user;
    rte_bpf_destroy(dpdk->bpf);
    dpdk->bpf = NULL;
    dpdk->packet = program->packet;
    forget_log(dpdk);
    if (program->bytes % sizeof(struct ebpf_insn)) {
        bpf_assay_say(loaded->why,
                      "%zu bytes: rte_bpf_load() counts instructions, it cannot be asked",
                      program->bytes);
        return BPF_ASSAY_REJECTED;
    }
    dpdk->bpf = program->one_shot
                    ? load_one_shot(program)
                    : load_image(program->image, program->bytes / sizeof(struct ebpf_insn),
                                 argument_of(program));
    if (!dpdk->bpf) {
        const int error = rte_errno;
        say_first_line(dpdk, error, loaded->why);
        loaded->log = dpdk->said_size ? dpdk->said : NULL;
        // The validator also gives this error where it runs out of states of its own, and says so.
        return error == ENOMEM && !dpdk->said_size ? BPF_ASSAY_UNABLE_MEMORY : BPF_ASSAY_REJECTED;
    }
    memset(&dpdk->jit, 0, sizeof dpdk->jit);
    if (!dpdk->interpret)
        rte_bpf_get_jit(dpdk->bpf, &dpdk->jit);
    // Without machine code, programs are interpreted: that is what applications of DPDK do.
    loaded->engine = dpdk->jit.func ? "jit" : "interpreter";
    loaded->machine_code_bytes = dpdk->jit.func ? dpdk->jit.sz : 0;
    return BPF_ASSAY_LOADED;
}

// ---- run ---------------------------------------------------------------------------------------

#ifdef __x86_64__
// Some of the JIT compiler's code reads R10 and R11 before anything has written them, so what it
// does depends on addresses, and changes from run to run. A caller may leave there what it likes:
// zero.
__asm__(".pushsection .text\n"
        "call_code:\n"
        "    xor %r10d, %r10d\n"
        "    xor %r11d, %r11d\n"
        "    jmp *%rsi\n"
        ".popsection\n");
uint64_t call_code(void* context, uint64_t (*code)(void*));
#else
static uint64_t call_code(void* context, uint64_t (*code)(void*)) {
    return code(context);
}
#endif

static uint64_t execute(const struct dpdk* dpdk, void* context) {
    return dpdk->jit.func ? call_code(context, dpdk->jit.func) : rte_bpf_exec(dpdk->bpf, context);
}

// The library has no faults: what ends a program early makes it return 0.
static int run(void* user, uint8_t* block, size_t size, uint64_t* r0, char* why) {
    struct dpdk* dpdk = user;
    struct rte_mbuf packet = {.nb_segs = 1};
    forget_log(dpdk); // the interpreter logs each division by zero
    if (!dpdk->packet) {
        *r0 = execute(dpdk, block);
        return 0;
    }
    if (size > UINT16_MAX) {
        bpf_assay_say(why, "a segment of an mbuf has at most %d bytes", UINT16_MAX);
        return 1;
    }
    rte_mbuf_refcnt_set(&packet, 1);
    packet.buf_addr = block;
    packet.buf_len = packet.data_len = (uint16_t)size;
    packet.pkt_len = (uint32_t)size;
    *r0 = execute(dpdk, &packet);
    return 0;
}

struct row {
    const struct dpdk* dpdk;
    uint8_t* block;
};

static int run_in_thread(void* user, uint64_t* r0, char* why) {
    const struct row* row = user;
    (void)why;
    *r0 = execute(row->dpdk, row->block);
    return 0;
}

static int run_many(void* user, uint8_t* block, size_t size, unsigned threads, uint64_t times,
                    uint64_t* r0, char* why) {
    struct row row = {user, block};
    (void)size;
    return bpf_assay_run_on_threads(run_in_thread, &row, threads, times, r0, why);
}

// ---- The command line --------------------------------------------------------------------------

static int set_engine(void* user, const char* value, char* why) {
    struct dpdk* dpdk = user;
    dpdk->interpret = !strcmp(value, "interpreter");
    if (dpdk->interpret || !strcmp(value, "jit"))
        return 0;
    bpf_assay_say(why, "%s is neither interpreter nor jit", value);
    return 1;
}

static const struct bpf_assay_option options[] = {
    {"--engine", "ENGINE", "interpreter or jit (default)", set_engine},
    {NULL, NULL, NULL, NULL},
};

int main(int argc, char** argv) {
    static struct dpdk dpdk;
    const struct bpf_assay_plugin plugin = {
        .info = info,
        .load = load,
        .run = run,
        .user = &dpdk,
        .options = options,
        .run_many = run_many,
    };
    return bpf_assay_plugin_main(argc, argv, &plugin);
}
