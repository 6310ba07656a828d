// Which instructions beyond RFC 9669 this kernel has: the ones of which a small program loads.
#include "kernel.h"

enum { PROBE_SLOTS = 4, MAY_GOTO = 0xe5, ATOMIC_W = 0xc3, LOAD_ACQUIRE = 0x100 };

struct extension {
    const char* name;
    struct bpf_insn probe[PROBE_SLOTS];
};

#define SET_R0 {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0}
#define RETURN {.code = BPF_JMP | BPF_EXIT}

static const struct extension extensions[] = {
    {"x-acqrel", // needs the JIT compiler, too
     {SET_R0,
      {.code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -8},
      {.code = ATOMIC_W, .src_reg = BPF_REG_10, .off = -8, .imm = LOAD_ACQUIRE},
      RETURN}},
    {"x-maygoto", {SET_R0, {.code = MAY_GOTO}, SET_R0, RETURN}},
};

static int has_extension(struct kernel* kernel, const struct extension* extension) {
    struct bpf_assay_program program;
    struct bpf_assay_loaded loaded;
    memset(&program, 0, sizeof program);
    memset(&loaded, 0, sizeof loaded);
    program.image = (const uint8_t*)extension->probe;
    program.bytes = sizeof extension->probe;
    return load(kernel, &program, &loaded) == BPF_ASSAY_LOADED;
}

void find_extensions(struct kernel* kernel) {
    size_t i;
    kernel->extensions[0] = 0;
    for (i = 0; i < sizeof extensions / sizeof *extensions; i++) {
        if (has_extension(kernel, &extensions[i])) {
            strcat(kernel->extensions, extensions[i].name);
            strcat(kernel->extensions, " ");
        }
    }
}
