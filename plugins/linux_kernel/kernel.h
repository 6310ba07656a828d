// The kernel as a runtime: one map that holds the block, one program at a time.
#ifndef BPF_ASSAY_LINUX_KERNEL_H
#define BPF_ASSAY_LINUX_KERNEL_H

#include "bpf_assay_plugin.h"
#include "bpf_calls.h"

#include <sys/utsname.h>

enum { MAX_BLOCK = 131072, MAX_INSNS = 1000000, MAX_FACTS = 24, MAX_HELPERS = 4 };

// The map's one value: the block, with room in front of it, then the one-shot contract's R0. A
// program may have a base address up to 32,768 bytes before the place that it accesses; since 7.1
// or 7.2, Linux refuses one that lies before the value, even if the access is inside.
enum { BLOCK_AT = 65536, RESULT_AT = BLOCK_AT + MAX_BLOCK, VALUE_SIZE = RESULT_AT + 8 };

// How many programs stay loaded to the end. On 32-bit ARM, to free machine code flushes the TLB
// page by page, from the lowest address that anybody has unmapped by then to the highest: from the
// code in the module area, below all memory, to what the verifier used, above it. When the module
// area is full, code goes above memory, too.
#if defined(__arm__)
enum { HELD_PROGRAMS = 1800 };
#else
enum { HELD_PROGRAMS = 0 };
#endif

struct kernel {
    uint32_t type;  // PROG_TYPE_..., of programs with the context `memory`
    uint32_t flags; // of every load
    int map;
    uint8_t* value;    // the map's one value, as the kernel sees it
    uint8_t* block;    // in it
    size_t block_used; // bytes that blocks have filled
    int program;       // file descriptor, -1: none
    size_t slots;      // of that program
    int held;          // programs so far
    unsigned freed;    // likewise
    int packet;        // the program's context
    int result_in_map; // all of R0 is behind the block (one-shot)
    uint8_t* image;    // of the translated program
    size_t image_capacity;
    struct bpf_insn* insns; // of the last load, with the prefix
    size_t insns_capacity;
    uint8_t* frame;            // a packet behind its Ethernet header
    char* log;                 // of the verifier, once it was needed
    int jit;                   // a probe became machine code
    int blinded;               // its constant was not in the program that ran
    int wants_blinded;         // any other kernel is refused
    const char* wanted_engine; // "jit" or "interpreter": any other is refused; NULL: any will do
    struct utsname system;
    char cpu[256];
    char extensions[64];  // x-..., with spaces between
    const char* excluded; // mnemonics of extensions that this kernel lacks; NULL: none
    struct bpf_assay_helper helpers[MAX_HELPERS];
    char options[64]; // how programs are loaded, with spaces between
    char jit_enable[16];
    char jit_harden[16];
    const char* facts[MAX_FACTS];
};

// info() of the plugin: makes the map, proves that programs load, and how they run.
int open_kernel(void* user, struct bpf_assay_info* info);

// load() of the plugin.
enum bpf_assay_verdict load(void* user, const struct bpf_assay_program* program,
                            struct bpf_assay_loaded* loaded);

// run() of the plugin.
int run(void* user, uint8_t* block, size_t size, uint64_t* r0, char* why);

// run_many() of the plugin.
int run_many(void* user, uint8_t* block, size_t size, unsigned threads, uint64_t times,
             uint64_t* r0, char* why);

// Fills kernel->extensions and kernel->excluded.
void find_extensions(struct kernel* kernel);

// Fills kernel->helpers.
void find_helpers(struct kernel* kernel);

// Fills kernel->facts, kernel->system.
void describe_system(struct kernel* kernel);

#endif
