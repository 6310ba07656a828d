// uBPF as a program on its own embeds it: all of its options, and machine code by ubpf_compile().
#include "runtime.h"

enum {
    SLOT = 8,         // bytes
    CODE_MIN = 65536, // bytes; uBPF's own size of the buffer that it translates into
    CODE_OF_SLOT = 256
};

int set_up_vm(struct runtime* runtime) {
    const enum ubpf_execution_profile profile =
        runtime->safe_profile ? UBPF_EXECUTION_PROFILE_SAFE : UBPF_EXECUTION_PROFILE_LEGACY;
    ubpf_toggle_bounds_check(runtime->vm, runtime->bounds_checks);
    ubpf_toggle_undefined_behavior_check(runtime->vm, runtime->undefined_behavior_checks);
    ubpf_toggle_constant_blinding(runtime->vm, runtime->constant_blinding);
    return ubpf_set_execution_profile(runtime->vm, profile);
}

static int reserve_code(struct runtime* runtime, size_t bytes) {
    const size_t wanted = CODE_MIN + bytes / SLOT * CODE_OF_SLOT;
    uint8_t* larger;
    if (wanted > runtime->code_capacity) {
        larger = realloc(runtime->code, wanted);
        if (!larger)
            return 0;
        runtime->code = larger;
        runtime->code_capacity = wanted;
    }
    ubpf_set_jit_code_size(runtime->vm, wanted);
    return 1;
}

// Only a translation tells the size, and only a compilation makes memory executable.
enum bpf_assay_verdict compile(struct runtime* runtime, size_t bytes,
                               struct bpf_assay_loaded* loaded) {
    const enum JitMode mode = runtime->external_stack ? ExtendedJitMode : BasicJitMode;
    char* message = NULL;
    size_t size;
    if (!reserve_code(runtime, bytes)) {
        bpf_assay_say(loaded->why, "no memory for the machine code");
        return BPF_ASSAY_UNABLE_MEMORY;
    }
    size = runtime->code_capacity;
    if (ubpf_translate_ex(runtime->vm, runtime->code, &size, &message, mode) == 0) {
        if (runtime->external_stack)
            runtime->entry_with_stack = ubpf_compile_ex(runtime->vm, &message, mode);
        else
            runtime->entry = ubpf_compile(runtime->vm, &message);
        loaded->machine_code_bytes = size;
    }
    if (runtime->entry || runtime->entry_with_stack)
        return BPF_ASSAY_LOADED;
    take_message(message, "the JIT compiler fails, and does not say why", loaded->why);
    return BPF_ASSAY_REJECTED;
}
