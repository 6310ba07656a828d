// Makes a VM for a program, wherever uBPF is embedded.
#include "runtime.h"

enum {
    MIX = 7,
    COPY = 32,
    UNSTATED = UBPF_MAX_EXT_FUNCS - 1,
    FRAME = 512 // bytes; uBPF gives a function half of that unless it is asked for more
};

static const struct bpf_assay_helper ubpf_helpers[] = {
    {"mix", MIX}, {"copy", COPY}, {"unstated", UNSTATED}, {NULL, 0}};

static uint64_t mix(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5) {
    return r1 + 3 * r2 + 5 * r3 + 7 * r4 + 11 * r5;
}

static uint64_t copy(uint64_t to, uint64_t size, uint64_t from, uint64_t r4, uint64_t r5) {
    (void)r4, (void)r5;
    memcpy((void*)(uintptr_t)to, (const void*)(uintptr_t)from, size);
    return 0;
}

static uint64_t unstated(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5) {
    (void)r1, (void)r2, (void)r3, (void)r4, (void)r5;
    return 0xfedcba9876543210;
}

static int register_helper(struct runtime* runtime, unsigned id, const char* name,
                           external_function_t function) {
    struct ubpf_safe_helper_descriptor descriptor;
    if (!runtime->safe_profile)
        return ubpf_register(runtime->vm, id, name, function);
    memset(&descriptor, 0, sizeof descriptor);
    descriptor.index = id;
    descriptor.name = name;
    descriptor.fn = function;
    descriptor.result_kind = UBPF_SAFE_HELPER_RESULT_SCALAR;
    return ubpf_register_safe_helper(runtime->vm, &descriptor);
}

static int stack_usage(const struct ubpf_vm* vm, uint16_t pc, void* cookie) {
    (void)vm, (void)pc, (void)cookie;
    return FRAME;
}

// uBPF prints why a run fails, and has no argument to say for whom. Each thread reads its own.
static _Thread_local char error_text[BPF_ASSAY_WHY];

static int print_error(FILE* stream, const char* format, ...) {
    const size_t used = strlen(error_text);
    va_list arguments;
    int size;
    (void)stream;
    va_start(arguments, format);
    size = vsnprintf(error_text + used, sizeof error_text - used, format, arguments);
    va_end(arguments);
    return size;
}

void offer(struct bpf_assay_info* info) {
    info->max_insns = MAX_INSNS;
    info->groups = "base32 base64 divmul32 divmul64 atomic32 atomic64";
    info->excluded = "call_btf lddw_map_fd lddw_map_val_fd lddw_var_addr lddw_code_addr "
                     "lddw_map_idx lddw_map_val_idx";
    info->helpers = ubpf_helpers;
}

void clear_error(void) {
    error_text[0] = 0;
}

void take_error(char* why) {
    size_t size = strlen(error_text);
    while (size > 0 && error_text[size - 1] == '\n')
        error_text[--size] = 0;
    bpf_assay_say(why, "%s", size ? error_text : "the run fails, and uBPF does not say why");
}

static void unload(struct runtime* runtime) {
    if (runtime->vm)
        ubpf_destroy(runtime->vm);
    runtime->vm = NULL;
    runtime->entry = NULL;
    runtime->entry_with_stack = NULL;
}

static int make_vm(struct runtime* runtime) {
    runtime->vm = ubpf_create();
    if (!runtime->vm)
        return 0;
    ubpf_set_error_print(runtime->vm, print_error);
    ubpf_register_stack_usage_calculator(runtime->vm, stack_usage, NULL);
    return set_up_vm(runtime) == 0 && register_helper(runtime, MIX, "mix", mix) == 0 &&
           register_helper(runtime, COPY, "copy", copy) == 0 &&
           register_helper(runtime, UNSTATED, "unstated", unstated) == 0;
}

void take_message(char* message, const char* otherwise, char* why) {
    bpf_assay_say(why, "%s", message ? message : otherwise);
    free(message);
}

enum bpf_assay_verdict load(void* user, const struct bpf_assay_program* program,
                            struct bpf_assay_loaded* loaded) {
    struct runtime* runtime = user;
    enum bpf_assay_verdict verdict = BPF_ASSAY_LOADED;
    char* message = NULL;
    unload(runtime);
    if (program->packet) {
        bpf_assay_say(loaded->why, "uBPF has no packet loads");
        return BPF_ASSAY_UNSUPPORTED;
    }
    if (!make_vm(runtime)) {
        bpf_assay_say(loaded->why, "ubpf_create() or the registration of a helper fails");
        verdict = BPF_ASSAY_UNABLE_MEMORY;
    } else if (ubpf_load(runtime->vm, program->image, (uint32_t)program->bytes, &message) != 0) {
        take_message(message, "ubpf_load() fails, and does not say why", loaded->why);
        verdict = BPF_ASSAY_REJECTED;
    } else if (runtime->jit) {
        verdict = compile(runtime, program->bytes, loaded);
    }
    if (verdict != BPF_ASSAY_LOADED)
        unload(runtime);
    return verdict;
}
