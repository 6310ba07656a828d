// The bpf-assay plugin of small-vm.
#include "bpf_assay_plugin.h"
#include "vm.h"

static int info(void* vm, struct bpf_assay_info* info) {
    (void)vm;
    info->name = "small-vm";
    info->version = "1.0";
    info->engine = "interpreter";
    info->big_endian = 0;
    info->groups = "base64";
    info->excluded = "call_helper call_btf lddw_map_fd lddw_map_val_fd lddw_var_addr "
                     "lddw_code_addr lddw_map_idx lddw_map_val_idx";
    return 0;
}

static enum bpf_assay_verdict load(void* vm, const struct bpf_assay_program* program,
                                   struct bpf_assay_loaded* loaded) {
    const char* refusal = vm_load(vm, program->image, program->bytes);
    if (!refusal)
        return BPF_ASSAY_LOADED;
    bpf_assay_say(loaded->why, "%s", refusal);
    return BPF_ASSAY_REJECTED;
}

static int run(void* vm, uint8_t* block, size_t size, uint64_t* r0, char* why) {
    const char* fault = vm_run(vm, block, size, r0);
    if (!fault)
        return 0;
    bpf_assay_say(why, "%s", fault);
    return 1;
}

int main(int argc, char** argv) {
    struct bpf_assay_plugin plugin = {.info = info, .load = load, .run = run};
    int status;
    plugin.user = vm_new();
    if (!plugin.user)
        return 1;
    status = bpf_assay_plugin_main(argc, argv, &plugin);
    vm_free(plugin.user);
    return status;
}
