// The engine `native`: programs that were exported as objects and made drivers of. Nothing is
// loaded as byte code; the bytes of a program only say which function of which driver it is.
#include "runtime.hpp"

#include <cerrno>
#include <cstring>

namespace windows_bpf {
namespace {

// What docs/isa-support.rst of eBPF for Windows does not promise of bpf2c.
constexpr const char* not_promised = "call_btf lddw_map_fd lddw_map_val_fd lddw_var_addr "
                                     "lddw_code_addr lddw_map_idx lddw_map_val_idx";

constexpr const char* build_again =
    "the driver was made of another export; run build-drivers.ps1 again";

int type_of(const std::string& section) {
    return section == "sample_ext" ? program_type_sample
           : section == "bind"     ? program_type_bind
           : section == "xdp"      ? program_type_xdp
                                   : 0;
}

std::string hint_for(int error) {
    switch (-error) {
    case EPERM:
        return "; only administrators may load drivers";
    case EINVAL:
        return "; is it a driver that bpf2c wrote, for a program type whose provider runs?";
    case ENOENT:
        return "; its signature is not the one that a system without test signing asks for";
    case error_other:
        return "; is it signed, and is test signing on (bcdedit)? Are ebpfcore and eBPFSvc "
               "running (sc.exe query)?";
    default:
        return "";
    }
}

void close_object(Runtime& runtime) {
    runtime.program = runtime.map = -1; // they are the object's
    if (runtime.object != nullptr)
        runtime.api.object_close(runtime.object);
    runtime.object = nullptr;
}

/// Opens and loads the driver of an object, and finds its map. Returns why that fails, and `error`.
std::string open_object(Runtime& runtime, std::size_t number, int& error) {
    const Api& api = runtime.api;
    if (runtime.object != nullptr && runtime.open_object == number)
        return {};
    close_object(runtime);
    const ExportedObject& object = runtime.folder.objects[number];
    const std::string driver = runtime.folder.driver_of(object);
    runtime.open_object = number;
    runtime.object = api.object_open(driver.c_str());
    if (runtime.object == nullptr) {
        error = static_cast<int>(api.get_error(nullptr));
        return driver + ": bpf_object__open: " + describe_errno(error) + hint_for(error);
    }
    error = api.object_load(runtime.object);
    if (error != 0) {
        close_object(runtime);
        return driver + ": bpf_object__load: " + describe_errno(error) + hint_for(error);
    }
    const MapOfObject* map = api.object_find_map_by_name(runtime.object, "block");
    const std::size_t value_size = map != nullptr ? api.map_value_size(map) : 0;
    if (value_size != object.value_size) {
        close_object(runtime);
        return driver + ": " +
               (map == nullptr ? std::string("it has no map `block`")
                               : "its map has values of " + std::to_string(value_size) +
                                     " bytes instead of " + std::to_string(object.value_size)) +
               ": " + build_again;
    }
    runtime.map = api.map_fd(map);
    // The first bytes of the room in front of the block are nobody's.
    runtime.layout = {.value_size = value_size,
                      .block_at = runtime.folder.block_at,
                      .max_block = value_size - runtime.folder.block_at,
                      .mark_at = 0};
    return {};
}

std::string find_function(Runtime& runtime, const std::string& function) {
    ProgramOfObject* program =
        runtime.api.object_find_program_by_name(runtime.object, function.c_str());
    if (program == nullptr)
        return "it has no program " + function + ": " + build_again;
    runtime.program = runtime.api.program_fd(program);
    return {};
}

/// Why this object cannot be loaded, whatever the driver says; empty if it can be tried.
std::string obstacle_of(const Runtime& runtime, const ExportedObject& object) {
    if (object.value_size > value_size)
        return object.name + ".o has a map with values of " + std::to_string(object.value_size) +
               " bytes, and a message to the driver has room for " + std::to_string(value_size);
    if (object.value_size <= runtime.folder.block_at ||
        runtime.folder.block_at < sizeof runtime.mark)
        return object.name + ".o has no room in its map; export again";
    if (!exists(runtime.folder.driver_of(object)))
        return runtime.folder.driver_of(object) +
               " is missing: run build-drivers.ps1, which says why it makes no driver";
    return {};
}

/// The first driver must load, and its first program run and reach its map.
std::string probe(Runtime& runtime, const char*& cause) {
    std::string obstacle;
    for (std::size_t number = 0; number < runtime.folder.objects.size(); ++number) {
        const ExportedObject& object = runtime.folder.objects[number];
        if (const std::string why = obstacle_of(runtime, object); !why.empty()) {
            if (obstacle.empty())
                obstacle = why;
            continue;
        }
        int error = 0;
        std::string why = open_object(runtime, number, error);
        if (error == -EPERM)
            cause = "permission";
        if (why.empty() && !object.functions.empty())
            why = find_function(runtime, object.functions.front());
        if (!why.empty())
            return why;
        std::uint8_t block[8] = {};
        std::uint32_t r0 = 0;
        bool is_fault = false;
        ask_how_it_runs(runtime);
        why = exchange(runtime, block, sizeof block, r0, is_fault);
        return why.empty() ? why : "a program of " + object.name + ".sys loads, and then: " + why;
    }
    return "no object has a driver that can be loaded: " + obstacle;
}

} // namespace

int open_native(Runtime& runtime, bpf_assay_info& info) {
    std::string why = read_folder(runtime.folder, runtime.objects);
    if (why.empty()) {
        runtime.type = type_of(runtime.folder.section);
        if (runtime.type == 0)
            why = "the section of the exported programs is " + runtime.folder.section +
                  "; export with --program-section sample_ext, bind or xdp";
    }
    if (why.empty())
        why = probe(runtime, info.cause);
    if (!why.empty()) {
        bpf_assay_say(info.why, "%s", why.c_str());
        return 1;
    }
    info.max_block = value_size - runtime.folder.block_at;
    info.groups = "base32 base64 divmul32 divmul64 atomic32 atomic64";
    info.excluded = not_promised;
    return 0;
}

bpf_assay_verdict load_native(Runtime& runtime, const bpf_assay_program& program,
                              bpf_assay_loaded& loaded) {
    runtime.program = -1;
    const auto found = runtime.folder.programs.find(
        std::string(reinterpret_cast<const char*>(program.image), program.bytes));
    if (program.one_shot || found == runtime.folder.programs.end()) {
        bpf_assay_say(loaded.why, "not among the exported objects");
        return BPF_ASSAY_UNSUPPORTED;
    }
    const ExportedObject& object = runtime.folder.objects[found->second.object];
    const std::string refusal = runtime.folder.refusal_of(object);
    if (!refusal.empty() && object.functions.size() == 1) {
        runtime.log.assign(refusal.begin(), refusal.end());
        runtime.log.push_back(0);
        loaded.log = runtime.log.data();
        bpf_assay_say(loaded.why, "bpf2c: %s", reason_in(loaded.log).c_str());
        return BPF_ASSAY_REJECTED;
    }
    // From here on, nothing that fails is the runtime's opinion of this program.
    int error = 0;
    std::string why = refusal.empty()
                          ? obstacle_of(runtime, object)
                          : "bpf2c refuses one of the " + std::to_string(object.functions.size()) +
                                " programs of " + object.name +
                                ".o, this one or another; export with "
                                "--programs-per-object 1";
    if (why.empty())
        why = open_object(runtime, found->second.object, error);
    if (why.empty())
        why = find_function(runtime, found->second.function);
    if (why.empty())
        return BPF_ASSAY_LOADED;
    bpf_assay_say(loaded.why, "%s", why.c_str());
    return error == -ENOMEM ? BPF_ASSAY_UNABLE_MEMORY : BPF_ASSAY_UNABLE_PERMISSION;
}

} // namespace windows_bpf
