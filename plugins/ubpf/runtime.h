// uBPF as a runtime: one VM, which is made anew for each program.
#ifndef BPF_ASSAY_UBPF_RUNTIME_H
#define BPF_ASSAY_UBPF_RUNTIME_H

#include "bpf_assay_plugin.h"

#include <ubpf.h>

enum { MAX_INSNS = UBPF_MAX_INSTS - 1 }; // ubpf_load() refuses UBPF_MAX_INSTS itself

struct runtime {
    int jit;
    int bounds_checks;
    int undefined_behavior_checks;
    int constant_blinding;
    int external_stack; // the caller's, not that of ubpf_exec() or of the function's own prologue
    int safe_profile;
    struct ubpf_vm* vm; // with the loaded program; NULL: none
    ubpf_jit_fn entry;  // of its machine code
    ubpf_jit_ex_fn entry_with_stack;
    uint8_t* code; // where a translation is measured
    size_t code_capacity;
};

#ifdef __cplusplus
extern "C" {
#endif

// Fills what uBPF can do, wherever it is embedded.
void offer(struct bpf_assay_info* info);

// load() of the plugin.
enum bpf_assay_verdict load(void* user, const struct bpf_assay_program* program,
                            struct bpf_assay_loaded* loaded);

// Sets the options of a new VM. 0: done.
int set_up_vm(struct runtime* runtime);

// Makes machine code of the program that runtime->vm has loaded.
enum bpf_assay_verdict compile(struct runtime* runtime, size_t bytes,
                               struct bpf_assay_loaded* loaded);

// Takes uBPF's message over into `why`.
void take_message(char* message, const char* otherwise, char* why);

// What uBPF prints on this thread is kept: from clear_error() on, for take_error().
void clear_error(void);
void take_error(char* why);

// run() of the plugin.
int run(void* user, uint8_t* block, size_t size, uint64_t* r0, char* why);

// run_many() of the plugin.
int run_many(void* user, uint8_t* block, size_t size, unsigned threads, uint64_t times,
             uint64_t* r0, char* why);

#ifdef __cplusplus
}
#endif

#endif
