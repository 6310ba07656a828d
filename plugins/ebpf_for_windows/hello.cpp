// Finds out whether eBPF for Windows can be used, and what it is.
#include "runtime.hpp"
#include "system.hpp"

#include <cerrno>
#include <cstring>

namespace windows_bpf {
namespace {

constexpr bpf_assay_helper helpers[] = {
    {"unstated", helper_get_prandom_u32}, // no argument, any number
    {nullptr, 0},
};

// What docs/isa-support.rst of eBPF for Windows promises of uBPF, which is what this engine runs.
// It says 'no' or 'part' of these, and leaves the loads with sign extension out. That uBPF has most
// of them all the same decides nothing here: their vectors run, and only a refusal counts less.
constexpr const char* not_promised =
    "bswap16 bswap32 bswap64 call_btf call_local ja32 lddw_map_fd lddw_map_val_fd lddw_var_addr "
    "lddw_code_addr lddw_map_idx lddw_map_val_idx ldxsb ldxsh ldxsw movsx32_8_reg movsx32_16_reg "
    "movsx64_8_reg movsx64_16_reg movsx64_32_reg sdiv32_imm sdiv32_reg sdiv64_imm sdiv64_reg "
    "smod32_imm smod32_reg smod64_imm smod64_reg";

const char* name_of_type(int type) {
    return type == program_type_xdp ? "XDP" : type == program_type_bind ? "BIND" : "SAMPLE";
}

const char* provider_of(int type) {
    return type == program_type_xdp    ? "xdp.sys of XDP for Windows"
           : type == program_type_bind ? "netebpfext.sys of eBPF for Windows"
                                       : "sample_ebpf_ext.sys of eBPF for Windows' tests, or take "
                                         "--type bind, which every installation has";
}

int open_map(Runtime& runtime, bpf_assay_info& info) {
    runtime.map = runtime.api.map_create(map_type_array, "bpf_assay", sizeof(std::uint32_t),
                                         value_size, 1, nullptr);
    if (runtime.map >= 0)
        return 0;
    if (runtime.map == -EPERM) {
        info.cause = "permission";
        bpf_assay_say(info.why, "bpf_map_create: EPERM: the driver may be opened by "
                                "administrators only; start the plugin as one");
    } else {
        bpf_assay_say(info.why,
                      "bpf_map_create: %s; is the driver running? sc.exe query ebpfcore, and "
                      "sc.exe start ebpfcore",
                      describe_errno(runtime.map));
    }
    return 1;
}

std::string why_no_load(Runtime& runtime, int error) {
    const std::string type = name_of_type(runtime.type);
    switch (-error) {
    case ENOTSUP:
        return "bpf_prog_load: ENOTSUP: this ebpfapi.dll is a 'native only' build, without a JIT "
               "compiler; install a Debug or Release build with the feature JIT";
    case EINVAL:
        return "bpf_prog_load: EINVAL: the program type " + type +
               " is not known here; install its provider, " + provider_of(runtime.type);
    case EACCES:
        return "the verifier refuses the plugin's own instructions: " +
               reason_in(runtime.log.data());
    case error_other:
        return "bpf_prog_load: EOTHER: is the service running, and has it a JIT compiler? sc.exe "
               "query eBPFSvc, and sc.exe start eBPFSvc; with memory integrity (HVCI) on, Windows "
               "runs no code of a JIT compiler";
    default:
        return std::string("bpf_prog_load: ") + describe_errno(error);
    }
}

const char* name_of_execution(int type) {
    return type == execution_jit         ? "jit"
           : type == execution_interpret ? "interpreter"
           : type == execution_native    ? "native"
                                         : "";
}

// A program must load, run and reach the map, with the very functions that vectors need.
int probe(Runtime& runtime, bpf_assay_info& info) {
    constexpr std::int32_t mark = 0x5ea1ab1e;
    constexpr std::int32_t returned = 77;
    put_prefix(runtime);
    runtime.insns.push_back({.code = 0x7a, .registers = 1, .offset = 8, .imm = mark});
    runtime.insns.push_back({.code = 0xb7, .registers = 0, .offset = 0, .imm = returned});
    runtime.insns.push_back({.code = 0x95, .registers = 0, .offset = 0, .imm = 0});
    runtime.program = submit(runtime);
    if (runtime.program < 0) {
        if (runtime.program == -EPERM)
            info.cause = "permission";
        bpf_assay_say(info.why, "%s", why_no_load(runtime, runtime.program).c_str());
        return 1;
    }
    ask_how_it_runs(runtime);
    std::uint8_t block[16] = {};
    std::uint32_t r0 = 0;
    bool is_fault = false;
    const std::string trouble = exchange(runtime, block, sizeof block, r0, is_fault);
    std::uint64_t stored = 0;
    std::memcpy(&stored, block + 8, sizeof stored);
    close_program(runtime);
    if (is_fault) {
        bpf_assay_say(info.why,
                      "a small program loads, and then: %s; is its provider running? It is %s",
                      trouble.c_str(), provider_of(runtime.type));
        return 1;
    }
    if (!trouble.empty()) {
        bpf_assay_say(info.why, "a small program loads, but its map does not work: %s",
                      trouble.c_str());
        return 1;
    }
    if (stored != mark || r0 != returned) {
        bpf_assay_say(info.why,
                      "a small program loads and runs, but what it stores in the map "
                      "(0x%llx) or returns (%lu) is not what comes back",
                      static_cast<unsigned long long>(stored), static_cast<unsigned long>(r0));
        return 1;
    }
    return 0;
}

int open_byte_code(Runtime& runtime, bpf_assay_info& info) {
    info.max_block = max_block;
    info.groups = "base32 base64 divmul32 divmul64";
    info.excluded = not_promised;
    info.helpers = helpers;
    return open_map(runtime, info) != 0 || probe(runtime, info) != 0 ? 1 : 0;
}

} // namespace

void ask_how_it_runs(Runtime& runtime) {
    int type = execution_any;
    const char* file = nullptr;
    const char* section = nullptr;
    if (runtime.api.program_query_info == nullptr || runtime.api.free_string == nullptr ||
        runtime.api.program_query_info(runtime.program, &type, &file, &section) != 0)
        return;
    runtime.api.free_string(file);
    runtime.api.free_string(section);
    runtime.execution_type = name_of_execution(type);
}

void describe_system(Runtime& runtime) {
    const std::string wine = wine_version();
    const std::string on = system_name();
    const auto add = [&](const char* name, const std::string& text) {
        if (text.empty())
            return;
        runtime.facts.emplace_back(name);
        runtime.facts.push_back(text);
    };
    // Only Windows itself with the real DLL is called its kernel.
    add("executed_by", runtime.api.is_stand_in ? "stand-in for tests (the reference VM), on " + on
                       : wine.empty()          ? "Windows kernel"
                                               : on + ", no Windows kernel");
    add(wine.empty() ? "windows" : "wine", wine.empty() ? windows_version() : wine);
    add("ebpfapi", runtime.api.path + ", version " + runtime.api.version);
    add("program_type", name_of_type(runtime.type));
    add("execution_type", runtime.execution_type);
    add("cpu", cpu());
    for (const std::string& fact : runtime.facts)
        runtime.fact_pointers.push_back(fact.c_str());
    runtime.fact_pointers.push_back(nullptr);
}

int open_runtime(void* user, bpf_assay_info* info) {
    Runtime& runtime = *static_cast<Runtime*>(user);
    info->cause = "setup";
    const bool is_native = !runtime.objects.empty();
    if (const std::string why = open_api(runtime.api, runtime.dll, is_native); !why.empty()) {
        bpf_assay_say(info->why, "%s", why.c_str());
        return 1;
    }
    if (is_native ? open_native(runtime, *info) != 0 : open_byte_code(runtime, *info) != 0)
        return 1;
    describe_system(runtime);
    info->name = runtime.api.is_stand_in ? "stand-in for ebpf_for_windows" : "ebpf_for_windows";
    info->version = runtime.api.version.c_str();
    info->engine = !runtime.execution_type.empty() ? runtime.execution_type.c_str()
                   : is_native                     ? "native"
                                                   : "jit";
    info->r0_bits = 32;
    info->max_insns = max_insns;
    info->stores_pointers = 0; // PREVAIL: only numbers go to memory that others see
    info->facts = runtime.fact_pointers.data();
    return 0;
}

} // namespace windows_bpf
