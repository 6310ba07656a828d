// The Linux kernel as a plugin: raw bpf(2), no library, so that it can be linked statically and
// carried into any machine.
#include "kernel.h"

static int set_type(void* user, const char* value, char* why) {
    struct kernel* kernel = user;
    if (!strcmp(value, "syscall")) {
        kernel->type = PROG_TYPE_SYSCALL;
    } else if (!strcmp(value, "socket_filter")) {
        kernel->type = PROG_TYPE_SOCKET_FILTER;
    } else {
        bpf_assay_say(why, "%s is neither syscall nor socket_filter", value);
        return 1;
    }
    return 0;
}

static int set_engine(void* user, const char* value, char* why) {
    if (strcmp(value, "jit") != 0 && strcmp(value, "interpreter") != 0) {
        bpf_assay_say(why, "%s is neither jit nor interpreter", value);
        return 1;
    }
    ((struct kernel*)user)->wanted_engine = value;
    return 0;
}

static int set_blinded(void* user, const char* value, char* why) {
    (void)value, (void)why;
    ((struct kernel*)user)->wants_blinded = 1;
    return 0;
}

static int set_strict_alignment(void* user, const char* value, char* why) {
    (void)value, (void)why;
    ((struct kernel*)user)->flags |= FLAG_STRICT_ALIGNMENT;
    return 0;
}

static int set_rnd_hi32(void* user, const char* value, char* why) {
    (void)value, (void)why;
    ((struct kernel*)user)->flags |= FLAG_TEST_RND_HI32;
    return 0;
}

static const struct bpf_assay_option options[] = {
    {"--type", "TYPE", "of programs on memory: syscall (default) or socket_filter", set_type},
    {"--engine", "ENGINE", "jit or interpreter: not available if the kernel runs the other one",
     set_engine},
    {"--blinded", NULL, "not available if the kernel does not blind constants", set_blinded},
    {"--strict-alignment", NULL, "load with BPF_F_STRICT_ALIGNMENT", set_strict_alignment},
    {"--rnd-hi32", NULL, "load with BPF_F_TEST_RND_HI32", set_rnd_hi32},
    {NULL, NULL, NULL, NULL},
};

int main(int argc, char** argv) {
    static struct kernel kernel = {.type = PROG_TYPE_SYSCALL, .map = -1, .program = -1};
    const struct bpf_assay_plugin plugin = {
        .info = open_kernel,
        .load = load,
        .run = run,
        .user = &kernel,
        .options = options,
        .run_many = run_many,
    };
    return bpf_assay_plugin_main(argc, argv, &plugin);
}
