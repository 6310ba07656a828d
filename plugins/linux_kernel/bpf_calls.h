// The bpf(2) commands that the plugin needs, without a library.
#ifndef BPF_ASSAY_LINUX_BPF_CALLS_H
#define BPF_ASSAY_LINUX_BPF_CALLS_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

// The kernel that runs may be newer than the headers of the (cross) compiler: numbers of its ABI.
enum {
    PROG_TYPE_SOCKET_FILTER = 1,
    PROG_TYPE_SYSCALL = 31, // Linux 5.14
    FLAG_STRICT_ALIGNMENT = 1 << 0,
    FLAG_TEST_RND_HI32 = 1 << 2,
    FLAG_SLEEPABLE = 1 << 4,
    FLAG_MMAPABLE = 1 << 10, // Linux 5.5
    LD_IMM64 = 0x18,
    SRC_MAP_VALUE = 2,        // of LD_IMM64; Linux 5.2
    KTIME_GET_NS = 5,         // a helper function; Linux 4.1
    PROBE_READ_KERNEL = 113,  // a helper function; Linux 5.5
    ERROR_NOT_SUPPORTED = 524 // the kernel's own ENOTSUPP
};

// What the kernel tells of a loaded program.
struct program_info {
    uint32_t machine_code_bytes; // 0: interpreted
    uint32_t translated_bytes;
};

// Each returns a file descriptor, or -1 and errno.
int create_block_map(uint32_t value_size);
int load_program(uint32_t type, uint32_t flags, const struct bpf_insn* insns, size_t count,
                 char* log, size_t log_size);

// The translated program goes to `image` as far as it fits. 0, or -1 and errno.
int get_program_info(int program, uint8_t* image, size_t capacity, struct program_info* info);

// Runs the program once. `data` is what a socket filter works on, NULL otherwise. 0, or -1 and
// errno.
int test_run(int program, const uint8_t* data, size_t size, uint32_t* r0);

// Returns when all CPUs have passed through a state in which RCU may free (membarrier(2)); at once
// where the kernel has no such call.
void wait_for_grace_period(void);

#endif
