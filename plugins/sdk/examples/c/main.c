// The bpf-assay plugin of minimal-c. The three functions are what to change.
#include "bpf_assay_plugin.h"
#include "runtime.h"

static int info(void* runtime, struct bpf_assay_info* info) {
    (void)runtime;
    info->name = "minimal-c";
    info->version = "0.1";
    info->engine = "interpreter";
    info->big_endian = 0; // without this line: as the machine
    // The conformance groups that the runtime promises. Here none, so that what it does not know is
    // unsupported, and no divergence.
    info->groups = "";
    return 0;
}

static enum bpf_assay_verdict load(void* runtime, const struct bpf_assay_program* program,
                                   struct bpf_assay_loaded* loaded) {
    const char* refusal = runtime_load(runtime, program->image, program->bytes);
    if (!refusal)
        return BPF_ASSAY_LOADED;
    bpf_assay_say(loaded->why, "%s", refusal);
    return BPF_ASSAY_REJECTED;
}

static int run(void* runtime, uint8_t* block, size_t size, uint64_t* r0, char* why) {
    const char* fault = runtime_run(runtime, block, size, r0);
    if (!fault)
        return 0;
    bpf_assay_say(why, "%s", fault);
    return 1;
}

int main(int argc, char** argv) {
    struct bpf_assay_plugin plugin = {.info = info, .load = load, .run = run};
    int status;
    plugin.user = runtime_new();
    if (!plugin.user)
        return 1;
    status = bpf_assay_plugin_main(argc, argv, &plugin);
    runtime_free(plugin.user);
    return status;
}
