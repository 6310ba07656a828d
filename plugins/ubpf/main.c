// uBPF, the interpreter and the JIT compiler of https://github.com/iovisor/ubpf, as a plugin.
#define _GNU_SOURCE // sched_getaffinity(2)
#include "runtime.h"

#include <sched.h>
#include <sys/utsname.h>

static int choose(const char* value, const char* yes, const char* no, int* out, char* why) {
    *out = !strcmp(value, yes);
    if (*out || !strcmp(value, no))
        return 0;
    bpf_assay_say(why, "%s is neither %s nor %s", value, yes, no);
    return 1;
}

static int set_engine(void* user, const char* value, char* why) {
    return choose(value, "jit", "interpreter", &((struct runtime*)user)->jit, why);
}

static int set_bounds_checks(void* user, const char* value, char* why) {
    return choose(value, "on", "off", &((struct runtime*)user)->bounds_checks, why);
}

static int set_stack(void* user, const char* value, char* why) {
    return choose(value, "external", "internal", &((struct runtime*)user)->external_stack, why);
}

static int set_profile(void* user, const char* value, char* why) {
    return choose(value, "safe", "legacy", &((struct runtime*)user)->safe_profile, why);
}

static int set_constant_blinding(void* user, const char* value, char* why) {
    (void)value, (void)why;
    ((struct runtime*)user)->constant_blinding = 1;
    return 0;
}

static int set_undefined_behavior_checks(void* user, const char* value, char* why) {
    (void)value, (void)why;
    ((struct runtime*)user)->undefined_behavior_checks = 1;
    return 0;
}

static const struct bpf_assay_option options[] = {
    {"--engine", "ENGINE", "jit (default) or interpreter", set_engine},
    {"--stack", "WHOSE", "internal (default) or external: handed over by the caller", set_stack},
    {"--constant-blinding", NULL, "of the JIT compiler", set_constant_blinding},
    {"--bounds-checks", "ON", "of the interpreter: on (default) or off", set_bounds_checks},
    {"--undefined-behavior-checks", NULL, "of the interpreter", set_undefined_behavior_checks},
    {"--profile", "PROFILE", "of the interpreter: legacy (default) or safe", set_profile},
    {NULL, NULL, NULL, NULL},
};

// An option without effect would be in the report as if it had one.
static int check_options(const struct runtime* runtime, struct bpf_assay_info* info) {
    const char* wrong = NULL;
    if (runtime->jit && runtime->safe_profile)
        wrong = "--profile safe needs --engine interpreter";
    else if (runtime->jit && runtime->undefined_behavior_checks)
        wrong = "--undefined-behavior-checks needs --engine interpreter";
    else if (!runtime->jit && runtime->constant_blinding)
        wrong = "--constant-blinding needs --engine jit";
    bpf_assay_say(info->why, "%s", wrong ? wrong : "");
    return wrong != NULL;
}

static const char* describe_options(const struct runtime* runtime) {
    static char text[256];
    const char* stack = runtime->external_stack ? "external" : "internal";
    if (runtime->jit)
        snprintf(text, sizeof text, "stack %s, constant blinding %s", stack,
                 runtime->constant_blinding ? "on" : "off");
    else
        snprintf(text, sizeof text,
                 "stack %s, profile %s, bounds checks %s, undefined behavior checks %s", stack,
                 runtime->safe_profile ? "safe" : "legacy", runtime->bounds_checks ? "on" : "off",
                 runtime->undefined_behavior_checks ? "on" : "off");
    return text;
}

// On one CPU, threads would hardly ever be in the program at the same time.
static unsigned count_cpus(void) {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    if (sched_getaffinity(0, sizeof cpus, &cpus) != 0)
        return 1;
    return (unsigned)CPU_COUNT(&cpus);
}

static int info(void* user, struct bpf_assay_info* info) {
    static struct utsname system;
    static const char* facts[] = {"machine", NULL, "options", NULL, "library", NULL, NULL};
    const struct runtime* runtime = user;
    if (check_options(runtime, info) != 0)
        return 1;
    uname(&system);
    facts[1] = system.machine;
    facts[3] = describe_options(runtime);
    facts[5] = BPF_ASSAY_UBPF_LIBRARY;
    info->name = "ubpf";
    info->version = BPF_ASSAY_UBPF_VERSION;
    info->engine = runtime->jit ? "jit" : "interpreter";
    offer(info);
    info->threads = count_cpus();
    info->facts = facts;
    return 0;
}

int main(int argc, char** argv) {
    static struct runtime runtime = {.jit = 1, .bounds_checks = 1};
    const struct bpf_assay_plugin plugin = {
        .info = info,
        .load = load,
        .run = run,
        .user = &runtime,
        .options = options,
        .run_many = run_many,
    };
    return bpf_assay_plugin_main(argc, argv, &plugin);
}
