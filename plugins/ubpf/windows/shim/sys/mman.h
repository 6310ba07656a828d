// <sys/mman.h> for uBPF. As in eBPF for Windows, nothing of it may be reached: byte code is not
// made read-only, and machine code comes from ubpf_translate().
#pragma once

#include <stdlib.h>

enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4, MAP_PRIVATE = 2, MAP_ANONYMOUS = 32 };
#define MAP_FAILED ((void*)-1)

static inline void* mmap(void* at, size_t size, int access, int flags, int file, size_t offset) {
    (void)at, (void)size, (void)access, (void)flags, (void)file, (void)offset;
    abort();
}

static inline int munmap(void* at, size_t size) {
    (void)at, (void)size;
    abort();
}

static inline int mprotect(void* at, size_t size, int access) {
    (void)at, (void)size, (void)access;
    abort();
}
