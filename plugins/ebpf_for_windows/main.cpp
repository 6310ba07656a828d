// eBPF for Windows as a plugin, by way of its ebpfapi.dll (docs/windows.md).
#include "runtime.hpp"

namespace windows_bpf {
namespace {

int set_type(void* user, const char* value, char* why) {
    Runtime& runtime = *static_cast<Runtime*>(user);
    const std::string type = value;
    if (type == "sample") {
        runtime.type = program_type_sample;
    } else if (type == "bind") {
        runtime.type = program_type_bind;
    } else if (type == "xdp") {
        runtime.type = program_type_xdp;
    } else {
        bpf_assay_say(why, "%s is neither sample, bind nor xdp", value);
        return 1;
    }
    return 0;
}

int set_dll(void* user, const char* value, char*) {
    static_cast<Runtime*>(user)->dll = value;
    return 0;
}

int set_objects(void* user, const char* value, char* why) {
    static_cast<Runtime*>(user)->objects = value;
    if (*value == 0)
        bpf_assay_say(why, "--objects wants the folder that bpf-assay export --elf wrote");
    return *value == 0;
}

constexpr bpf_assay_option options[] = {
    {"--type", "TYPE", "of programs: sample (default), bind or xdp", set_type},
    {"--dll", "FILE", "instead of ebpfapi.dll as Windows finds it", set_dll},
    {"--objects", "FOLDER", "run drivers made of exported objects, and no byte code", set_objects},
    {nullptr, nullptr, nullptr, nullptr},
};

} // namespace
} // namespace windows_bpf

int main(int argc, char** argv) {
    windows_bpf::Runtime runtime;
    bpf_assay_plugin plugin = {};
    plugin.info = windows_bpf::open_runtime;
    plugin.load = windows_bpf::load;
    plugin.run = windows_bpf::run;
    plugin.user = &runtime;
    plugin.options = windows_bpf::options;
    return bpf_assay_plugin_main(argc, argv, &plugin);
}
