// A BPF interpreter of the conformance groups base32 and base64, without helper functions and maps.
#ifndef VM_H
#define VM_H

#include <stddef.h>
#include <stdint.h>

struct vm;

struct vm* vm_new(void);
void vm_free(struct vm* vm);

// NULL, or why the program is refused.
const char* vm_load(struct vm* vm, const uint8_t* image, size_t bytes);

// NULL, and *r0 is set; or why the program ended before EXIT. R1 is the address of the block.
const char* vm_run(struct vm* vm, uint8_t* block, size_t size, uint64_t* r0);

#endif
