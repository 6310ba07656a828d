// A runtime for sdk_test.py: the first byte of a program says what happens.
#define _GNU_SOURCE // CPUs of threads
#include "bpf_assay_threads.h"

struct runtime {
    uint8_t program[64];
    int one_shot;
    size_t memory_bytes;
    int unavailable, has_byte_order, big_endian;
};

static int open_runtime(void* user, struct bpf_assay_info* info) {
    static const char* const facts[] = {"text", "a \"b\" \\ \n \x01 \xc3\xa9 \xff", NULL};
    static const struct bpf_assay_helper helpers[] = {{"mix", 5}, {"copy", UINT32_MAX}, {NULL, 0}};
    const struct runtime* runtime = (const struct runtime*)user;
    info->helpers = helpers;
    info->threads = 3;
    info->name = "test";
    info->version = "1";
    info->engine = "native";
    info->packets = 1;
    info->max_insns = 8;
    info->max_block = 1 << 16;
    info->excluded = "div32_imm  div32_reg";
    info->facts = facts;
    if (runtime->has_byte_order)
        info->big_endian = runtime->big_endian;
    info->cause = "permission";
    bpf_assay_say(info->why, "not %s", "today");
    return runtime->unavailable;
}

static enum bpf_assay_verdict load(void* user, const struct bpf_assay_program* program,
                                   struct bpf_assay_loaded* loaded) {
    static char long_log[10000];
    struct runtime* runtime = (struct runtime*)user;
    const char kind = program->bytes ? (char)program->image[0] : 'e';
    memset(long_log, 'x', sizeof long_log - 1);
    memset(runtime->program, 0, sizeof runtime->program);
    memcpy(runtime->program, program->image, program->bytes < 64 ? program->bytes : 64);
    runtime->one_shot = program->one_shot;
    runtime->memory_bytes = program->memory_bytes;
    puts("chatter of the runtime");
    fflush(stdout);
    bpf_assay_say(loaded->why, "%lu bytes: \xf0\x9f\x98\x80 \xed\xa0\x80 \xc0\xaf \t\"",
                  (unsigned long)program->bytes);
    switch (kind) {
    case 'e':
        return BPF_ASSAY_REJECTED;
    case 'u':
        return BPF_ASSAY_UNSUPPORTED;
    case 'm':
        return BPF_ASSAY_UNABLE_MEMORY;
    case 'p':
        return BPF_ASSAY_UNABLE_PERMISSION;
    case 't':
        loaded->engine = "jit";
        loaded->machine_code_bytes = 77;
        loaded->translated = runtime->program;
        loaded->translated_insns = program->bytes / 8;
        loaded->log = long_log;
        break;
    default:
        break;
    }
    return BPF_ASSAY_LOADED;
}

// R0: for 'a', whether the block is aligned; otherwise the sum of the block, which is inverted.
static int run(void* user, uint8_t* block, size_t size, uint64_t* r0, char* why) {
    const struct runtime* runtime = (const struct runtime*)user;
    size_t i;
    *r0 = runtime->one_shot ? 0xfedcba9800000000u + runtime->memory_bytes : 0;
    for (i = 0; i < size; i++) {
        *r0 += block[i];
        block[i] = (uint8_t)~block[i];
    }
    if (runtime->program[0] == 'a')
        *r0 = (uintptr_t)block % 8;
    if (runtime->program[0] == 'c')
        abort();
    bpf_assay_say(why, "fault \xff");
    return runtime->program[0] == 'f' && (size == 0 || block[0] != 0xff);
}

struct counting {
    char kind;
    volatile uint64_t* counter; // the block's first bytes, in the machine's byte order
    uint64_t goal;              // the next ones
};

// Adds 1000 by atomic operations or, for 'n', by others. R0 is 1, of the run that reaches the goal
// 4; for 'f', that one faults.
static int count(void* user, uint64_t* r0, char* why) {
    const struct counting* counting = (const struct counting*)user;
    uint64_t value = 0;
    int i;
    for (i = 0; i < 1000; i++)
        value = counting->kind == 'n' ? ++*counting->counter
                                      : __atomic_add_fetch(counting->counter, 1, __ATOMIC_RELAXED);
    *r0 = value == counting->goal ? 4 : 1;
    bpf_assay_say(why, "at %lu", (unsigned long)value);
    return counting->kind == 'f' && value == counting->goal;
}

static int run_many(void* user, uint8_t* block, size_t size, unsigned threads, uint64_t times,
                    uint64_t* r0, char* why) {
    struct counting counting;
    (void)size;
    memcpy(&counting.goal, block + 8, 8);
    counting.kind = (char)((const struct runtime*)user)->program[0];
    counting.counter = (volatile uint64_t*)(void*)block;
    return bpf_assay_run_on_threads(count, &counting, threads, times, r0, why);
}

static int set_unavailable(void* user, const char* value, char* why) {
    (void)value;
    (void)why;
    ((struct runtime*)user)->unavailable = 1;
    return 0;
}

static int set_byte_order(void* user, const char* value, char* why) {
    ((struct runtime*)user)->has_byte_order = 1;
    ((struct runtime*)user)->big_endian = !strcmp(value, "big");
    bpf_assay_say(why, "it is no byte order");
    return strcmp(value, "big") && strcmp(value, "little");
}

int main(int argc, char** argv) {
    static const struct bpf_assay_option options[] = {
        {"--unavailable", NULL, "be so", set_unavailable},
        {"--byte-order", "ORDER", "little or big", set_byte_order},
        {NULL, NULL, NULL, NULL},
    };
    struct runtime runtime;
    struct bpf_assay_plugin plugin;
    memset(&runtime, 0, sizeof runtime);
    plugin.info = open_runtime;
    plugin.load = load;
    plugin.run = run;
    plugin.user = &runtime;
    plugin.options = options;
    plugin.run_many = run_many;
    return bpf_assay_plugin_main(argc, argv, &plugin);
}
