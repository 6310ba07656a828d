// Which instructions beyond RFC 9669 this kernel has: the ones of which a small program loads.
#include "kernel.h"

enum { PROBE_SLOTS = 4, MAY_GOTO = 0xe5, ATOMIC_W = 0xc3, ATOMIC_DW = 0xdb, LOAD_ACQUIRE = 0x100 };

struct extension {
    const char* name;
    struct bpf_insn probe[PROBE_SLOTS];
    // What not every kernel with the extension has, and a program with it.
    const char* wide;
    struct bpf_insn wide_probe[PROBE_SLOTS];
};

#define SET_R0 {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0}
#define SET_STACK {.code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -8}
#define LOAD_FROM_STACK .src_reg = BPF_REG_10, .off = -8, .imm = LOAD_ACQUIRE
#define RETURN {.code = BPF_JMP | BPF_EXIT}

static const struct extension extensions[] = {
    {"x-acqrel", // needs the JIT compiler, too
     {SET_R0, SET_STACK, {.code = ATOMIC_W, LOAD_FROM_STACK}, RETURN},
     "load_acquire64 store_release64", // 64-bit kernels only
     {SET_R0, SET_STACK, {.code = ATOMIC_DW, LOAD_FROM_STACK}, RETURN}},
    {"x-maygoto", {SET_R0, {.code = MAY_GOTO}, SET_R0, RETURN}, NULL, {RETURN}},
};

static int loads(struct kernel* kernel, const struct bpf_insn* probe) {
    struct bpf_assay_program program;
    struct bpf_assay_loaded loaded;
    memset(&program, 0, sizeof program);
    memset(&loaded, 0, sizeof loaded);
    program.image = (const uint8_t*)probe;
    program.bytes = PROBE_SLOTS * sizeof *probe;
    return load(kernel, &program, &loaded) == BPF_ASSAY_LOADED;
}

void find_extensions(struct kernel* kernel) {
    size_t i;
    kernel->extensions[0] = 0;
    kernel->excluded = NULL;
    for (i = 0; i < sizeof extensions / sizeof *extensions; i++) {
        const struct extension* extension = &extensions[i];
        if (!loads(kernel, extension->probe))
            continue;
        strcat(kernel->extensions, extension->name);
        strcat(kernel->extensions, " ");
        if (extension->wide != NULL && !loads(kernel, extension->wide_probe))
            kernel->excluded = extension->wide;
    }
}
