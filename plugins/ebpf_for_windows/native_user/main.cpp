// The native route of eBPF for Windows without Windows: the C that bpf2c writes, which becomes a
// driver there, is compiled and executed in this process (docs/windows-native.md).
#include "read_ahead.hpp"
#include "translator.hpp"

#include "bpf_assay_plugin.h"
#include "bpf_assay_threads.h"

#include "conformance/process.hpp"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <thread>
#include <unordered_map>

#include <sys/utsname.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using namespace bpf_assay::native_user;

constexpr std::size_t most_read_ahead = 63; // with the one asked for, 64 in a module
constexpr std::size_t most_known = 4096;

struct Runtime {
    Tools tools;
    std::unique_ptr<Translator> translator;
    ReadAhead read_ahead;
    std::unordered_map<std::string, Translated> known;
    std::shared_ptr<const Module> module; // of the loaded program
    const void* program = nullptr;
};
Runtime* the_runtime; // for threads, which are handed the block only

Runtime& runtime_of(void* user) {
    return *static_cast<Runtime*>(user);
}

std::string from_environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

/// The folder of bpf2c.h, which the runtime's sources have in include/.
std::string find_headers(const std::string& bpf2c) {
    const fs::path folder = fs::weakly_canonical(bpf2c).parent_path();
    for (const fs::path& candidate : {folder / "include", folder / "../include", folder})
        if (fs::exists(candidate / "bpf2c.h"))
            return fs::weakly_canonical(candidate).string();
    return "";
}

void find_tools(Tools& tools) {
    for (const std::string& name : {tools.bpf2c, from_environment("BPF2C"),
                                    std::string(BPF_ASSAY_BPF2C), std::string("bpf2c")}) {
        if (name.empty())
            continue;
        tools.bpf2c.clear();
        try {
            tools.bpf2c = fs::absolute(bpf_assay::conformance::find_program(name)).string();
        } catch (const bpf_assay::conformance::CannotStart&) {
            if (name != "bpf2c")
                throw std::runtime_error(name + " is no program");
        }
        break;
    }
    if (tools.bpf2c.empty())
        throw std::runtime_error("bpf2c is not in PATH; build it of github.com/microsoft/"
                                 "ebpf-for-windows and set BPF2C (docs/windows-native.md)");
    for (const std::string& folder :
         {tools.headers, from_environment("BPF2C_INCLUDE"), std::string(BPF_ASSAY_BPF2C_INCLUDE)})
        if (!folder.empty()) {
            tools.headers = fs::absolute(folder).string();
            break;
        }
    if (tools.headers.empty())
        tools.headers = find_headers(tools.bpf2c);
    if (!fs::exists(fs::path(tools.headers) / "bpf2c.h"))
        throw std::runtime_error("bpf2c.h is not beside " + tools.bpf2c +
                                 "; set BPF2C_INCLUDE to the runtime's folder include");
}

/// The first line that the command prints.
std::string first_line_of(const std::string& command) {
    char line[256] = "";
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr)
        return "";
    if (fgets(line, sizeof line, pipe) == nullptr)
        line[0] = 0;
    pclose(pipe);
    line[strcspn(line, "\n")] = 0;
    return line;
}

/// dst = number
std::string mov64_imm(unsigned char dst, std::uint32_t number) {
    std::string slot{'\xb7', static_cast<char>(dst), 0, 0};
    for (unsigned shift = 0; shift < 32; shift += 8)
        slot += static_cast<char>(number >> shift);
    return slot;
}

/// r0 = 0; exit
std::string smallest_program() {
    return mov64_imm(0, 0) + std::string("\x95\0\0\0\0\0\0", 8);
}

int info(void* user, bpf_assay_info* info) {
    static utsname system;
    static std::string version, compiler, tool;
    static const char* facts[] = {"executed_by", "user-space native code, no Windows kernel",
                                  "bpf2c",       nullptr,
                                  "compiler",    nullptr,
                                  "machine",     nullptr,
                                  nullptr};
    static const bpf_assay_helper helpers[] = {{"unstated", 9}, {nullptr, 0}};
    Runtime& runtime = runtime_of(user);
    try {
        find_tools(runtime.tools);
        runtime.translator = std::make_unique<Translator>(runtime.tools);
        const Translated trial =
            runtime.translator->translate({smallest_program()}).begin()->second;
        if (trial.kind != Translated::Kind::loaded)
            throw std::runtime_error(runtime.tools.bpf2c + " and " + runtime.tools.compiler +
                                     " make nothing of `r0 = 0; exit`: " + trial.why);
        version = trial.module->version();
        if (!runtime.read_ahead.start())
            throw std::runtime_error("no pipe");
    } catch (const std::exception& error) {
        bpf_assay_say(info->why, "%s", error.what());
        return 1;
    }
    tool = "version " + version + (*BPF_ASSAY_BPF2C_VERSION ? ", " BPF_ASSAY_BPF2C_VERSION : "");
    compiler = first_line_of("'" + runtime.tools.compiler + "' --version");
    uname(&system);
    facts[3] = tool.c_str();
    facts[5] = compiler.c_str();
    facts[7] = system.machine;
    info->name = "bpf2c"; // not the Windows kernel
    info->version = version.c_str();
    info->engine = "native";
    info->max_block = largest_block;
    info->stores_pointers = 0; // PREVAIL takes no address in a map
    info->groups = "base32 base64 divmul32 divmul64 atomic32 atomic64";
    info->excluded = "call_btf lddw_map_fd lddw_map_val_fd lddw_var_addr lddw_code_addr "
                     "lddw_map_idx lddw_map_val_idx";
    info->helpers = helpers;
    info->threads = std::max(1U, std::thread::hardware_concurrency());
    info->facts = facts;
    return 0;
}

/// With what else is about to be loaded.
void translate(Runtime& runtime, const std::string& image) {
    std::vector<std::string> images{image};
    for (std::string& other : runtime.read_ahead.take(most_read_ahead))
        if (!runtime.known.contains(other))
            images.push_back(std::move(other));
    if (runtime.known.size() > most_known)
        runtime.known.clear();
    for (auto& [key, translated] : runtime.translator->translate(images))
        runtime.known.insert_or_assign(key, std::move(translated));
}

bpf_assay_verdict load(void* user, const bpf_assay_program* program, bpf_assay_loaded* loaded) {
    Runtime& runtime = runtime_of(user);
    runtime.program = nullptr;
    std::string image(reinterpret_cast<const char*>(program->image), program->bytes);
    if (const std::string why = Translator::obstacle(image); !why.empty()) {
        bpf_assay_say(loaded->why, "%s", why.c_str());
        return BPF_ASSAY_UNSUPPORTED;
    }
    if (program->one_shot)
        image.insert(0, mov64_imm(2, static_cast<std::uint32_t>(program->memory_bytes)));
    try {
        if (!runtime.known.contains(image))
            translate(runtime, image);
    } catch (const std::exception& error) {
        bpf_assay_say(loaded->why, "%s", error.what());
        return BPF_ASSAY_UNABLE_PERMISSION;
    }
    const Translated& translated = runtime.known.at(image);
    bpf_assay_say(loaded->why, "%s", translated.why.c_str());
    switch (translated.kind) {
    case Translated::Kind::loaded:
        runtime.module = translated.module;
        runtime.program = translated.program;
        return BPF_ASSAY_LOADED;
    case Translated::Kind::rejected:
        return BPF_ASSAY_REJECTED;
    case Translated::Kind::unsupported:
        return BPF_ASSAY_UNSUPPORTED;
    case Translated::Kind::unable:
        break;
    }
    return BPF_ASSAY_UNABLE_PERMISSION;
}

int run_once(void* block, uint64_t* r0, char*) {
    *r0 = the_runtime->module->run(the_runtime->program, block);
    return 0;
}

int run(void*, uint8_t* block, std::size_t, uint64_t* r0, char* why) {
    return run_once(block, r0, why);
}

int run_many(void*, uint8_t* block, std::size_t, unsigned threads, uint64_t times, uint64_t* r0,
             char* why) {
    return bpf_assay_run_on_threads(run_once, block, threads, times, r0, why);
}

int set_bpf2c(void* user, const char* value, char*) {
    runtime_of(user).tools.bpf2c = value;
    return 0;
}
int set_headers(void* user, const char* value, char*) {
    runtime_of(user).tools.headers = value;
    return 0;
}
int set_compiler(void* user, const char* value, char*) {
    runtime_of(user).tools.compiler = value;
    return 0;
}

constexpr bpf_assay_option options[] = {
    {"--bpf2c", "PROGRAM", "bpf2c; or by the variable BPF2C, or in PATH", set_bpf2c},
    {"--include", "FOLDER", "of bpf2c.h; or by BPF2C_INCLUDE, or include/ beside bpf2c",
     set_headers},
    {"--compiler", "PROGRAM", "of C, cc if not stated", set_compiler},
    {nullptr, nullptr, nullptr, nullptr},
};

} // namespace

int main(int argc, char** argv) {
    Runtime runtime;
    the_runtime = &runtime;
    bpf_assay_plugin plugin{};
    plugin.info = info;
    plugin.load = load;
    plugin.run = run;
    plugin.user = &runtime;
    plugin.options = options;
    plugin.run_many = run_many;
    const int status = bpf_assay_plugin_main(argc, argv, &plugin);
    runtime.translator.reset(); // its folder; the thread that reads ahead may still be waiting
    std::fflush(nullptr);
    _exit(status);
}
