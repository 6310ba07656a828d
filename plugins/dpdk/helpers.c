#include "helpers.h"

static uint64_t mix(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5) {
    return r1 + 3 * r2 + 5 * r3 + 7 * r4 + 11 * r5;
}

static uint64_t copy(uint64_t to, uint64_t length, uint64_t from, uint64_t r4, uint64_t r5) {
    (void)r4, (void)r5;
    memcpy((void*)(uintptr_t)to, (const void*)(uintptr_t)from, length);
    return 0;
}

static uint64_t unstated(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5) {
    (void)r1, (void)r2, (void)r3, (void)r4, (void)r5;
    return 0x5eed;
}

#define NUMBER {.type = RTE_BPF_ARG_RAW, .size = sizeof(uint64_t)}
// The library cannot say that one argument is the length of another: a size is a constant. 1 is the
// largest that every call of `copy` with a length has; a pointer into the stack then still makes
// the validator keep all the stack above it.
#define ADDRESS {.type = RTE_BPF_ARG_PTR, .size = 1}

const struct rte_bpf_xsym helper_symbols[HELPERS] = {
    [HELPER_MIX] = {.name = "mix",
                    .type = RTE_BPF_XTYPE_FUNC,
                    .func = {.val = mix,
                             .nb_args = 5,
                             .args = {NUMBER, NUMBER, NUMBER, NUMBER, NUMBER},
                             .ret = NUMBER}},
    [HELPER_COPY] =
        {.name = "copy",
         .type = RTE_BPF_XTYPE_FUNC,
         .func = {.val = copy, .nb_args = 3, .args = {ADDRESS, NUMBER, ADDRESS}, .ret = NUMBER}},
    [HELPER_UNSTATED] = {.name = "unstated",
                         .type = RTE_BPF_XTYPE_FUNC,
                         .func = {.val = unstated, .nb_args = 0, .ret = NUMBER}},
};

const struct bpf_assay_helper helper_roles[] = {
    {"mix", HELPER_MIX},
    {"copy", HELPER_COPY},
    {"unstated", HELPER_UNSTATED},
    {NULL, 0},
};
