#define _GNU_SOURCE // syscall(2)
#include "bpf_calls.h"

#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int command, union bpf_attr* attributes) {
    return (int)syscall(__NR_bpf, command, attributes, sizeof *attributes);
}

// Pointers go through 64 bits, on machines of 32 bits, too.
static uint64_t address_of(const void* pointer) {
    return (uint64_t)(uintptr_t)pointer;
}

int create_block_map(uint32_t value_size) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = 4;
    attributes.value_size = value_size;
    attributes.max_entries = 1;
    attributes.map_flags = FLAG_MMAPABLE;
    return bpf(BPF_MAP_CREATE, &attributes);
}

int load_program(uint32_t type, uint32_t flags, const struct bpf_insn* insns, size_t count,
                 char* log, size_t log_size) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = type;
    attributes.prog_flags = flags;
    attributes.insns = address_of(insns);
    attributes.insn_cnt = (uint32_t)count;
    attributes.license = address_of("GPL");
    if (log) {
        log[0] = 0;
        attributes.log_level = 1;
        attributes.log_buf = address_of(log);
        attributes.log_size = (uint32_t)log_size;
    }
    return bpf(BPF_PROG_LOAD, &attributes);
}

int get_program_info(int program, uint8_t* image, size_t capacity, struct program_info* info) {
    union bpf_attr attributes;
    struct bpf_prog_info kernel_info;
    memset(&kernel_info, 0, sizeof kernel_info);
    kernel_info.xlated_prog_insns = address_of(image);
    kernel_info.xlated_prog_len = (uint32_t)capacity;
    memset(&attributes, 0, sizeof attributes);
    attributes.info.bpf_fd = (uint32_t)program;
    attributes.info.info_len = sizeof kernel_info;
    attributes.info.info = address_of(&kernel_info);
    if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes) < 0)
        return -1;
    info->machine_code_bytes = kernel_info.jited_prog_len;
    info->translated_bytes = kernel_info.xlated_prog_insns ? kernel_info.xlated_prog_len : 0;
    return 0;
}

int test_run(int program, const uint8_t* data, size_t size, uint32_t* r0) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.test.prog_fd = (uint32_t)program;
    attributes.test.data_in = address_of(data);
    attributes.test.data_size_in = (uint32_t)size;
    if (bpf(BPF_PROG_TEST_RUN, &attributes) < 0)
        return -1;
    *r0 = attributes.test.retval;
    return 0;
}

void wait_for_grace_period(void) {
    syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}
