// Which helper functions of docs/plugin-protocol.md this kernel lets programs of its type call: the
// ones of which a small program loads, and returns 0.
#include "kernel.h"

enum { PROBE_SLOTS = 8 };

struct helper {
    struct bpf_assay_helper role;
    size_t slots;
    struct bpf_insn probe[PROBE_SLOTS];
};

#define MOVE(dst, src) {.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = dst, .src_reg = src}
#define SET(dst, value) {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = dst, .imm = value}
#define ADD(dst, value) {.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = dst, .imm = value}
#define CALL(helper) {.code = BPF_JMP | BPF_CALL, .imm = helper}
#define RETURN {.code = BPF_JMP | BPF_EXIT}

// A kernel in lockdown loads a program that calls PROBE_READ_KERNEL, and then copies nothing.
static const struct helper helpers[] = {
    {{"copy", PROBE_READ_KERNEL},
     6,
     {MOVE(BPF_REG_3, BPF_REG_1), MOVE(BPF_REG_1, BPF_REG_10), ADD(BPF_REG_1, -8),
      SET(BPF_REG_2, 8), CALL(PROBE_READ_KERNEL), RETURN}},
    {{"unstated", KTIME_GET_NS}, 3, {CALL(KTIME_GET_NS), SET(BPF_REG_0, 0), RETURN}},
};

static int has_helper(struct kernel* kernel, const struct helper* helper) {
    struct bpf_assay_program program;
    struct bpf_assay_loaded loaded;
    uint64_t r0 = 1;
    uint8_t block[8] = {0};
    memset(&program, 0, sizeof program);
    memset(&loaded, 0, sizeof loaded);
    program.image = (const uint8_t*)helper->probe;
    program.bytes = helper->slots * sizeof *helper->probe;
    return load(kernel, &program, &loaded) == BPF_ASSAY_LOADED &&
           run(kernel, block, sizeof block, &r0, loaded.why) == 0 && r0 == 0;
}

void find_helpers(struct kernel* kernel) {
    size_t i, found = 0;
    for (i = 0; i < sizeof helpers / sizeof *helpers; i++)
        if (has_helper(kernel, &helpers[i]))
            kernel->helpers[found++] = helpers[i].role;
    kernel->helpers[found].role = NULL;
}
