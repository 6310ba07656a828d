// Runs the loaded program.
#define _GNU_SOURCE // sched_getaffinity(2)
#include "runtime.h"

#include "bpf_assay_threads.h"

// What threads run on.
struct one_run {
    const struct runtime* runtime;
    uint8_t* block;
    size_t size;
};

static int interpret(const struct runtime* runtime, uint8_t* block, size_t size, uint64_t* r0,
                     uint8_t* stack) {
    return stack ? ubpf_exec_ex(runtime->vm, block, size, r0, stack, UBPF_EBPF_STACK_SIZE)
                 : ubpf_exec(runtime->vm, block, size, r0);
}

static uint64_t call(const struct runtime* runtime, uint8_t* block, size_t size, uint8_t* stack) {
    return stack ? runtime->entry_with_stack(block, size, stack, UBPF_EBPF_STACK_SIZE)
                 : runtime->entry(block, size);
}

static int run_once(void* user, uint64_t* r0, char* why) {
    const struct one_run* one = user;
    _Alignas(16) uint8_t memory[UBPF_EBPF_STACK_SIZE];
    uint8_t* stack = one->runtime->external_stack ? memory : NULL;
    if (one->runtime->jit) {
        *r0 = call(one->runtime, one->block, one->size, stack);
        return 0;
    }
    clear_error();
    if (interpret(one->runtime, one->block, one->size, r0, stack) == 0)
        return 0;
    take_error(why);
    return 1;
}

int run(void* user, uint8_t* block, size_t size, uint64_t* r0, char* why) {
    struct one_run one = {user, block, size};
    return run_once(&one, r0, why);
}

int run_many(void* user, uint8_t* block, size_t size, unsigned threads, uint64_t times,
             uint64_t* r0, char* why) {
    struct one_run one = {user, block, size};
    return bpf_assay_run_on_threads(run_once, &one, threads, times, r0, why);
}
