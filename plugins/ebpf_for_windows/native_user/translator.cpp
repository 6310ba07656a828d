#include "translator.hpp"

#include "conformance/elf_object.hpp"
#include "conformance/error.hpp"

#include "glue_texts.hpp" // generated: glue.c and windows_names.h

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <sstream>
#include <stdexcept>

#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace bpf_assay::native_user {
namespace {

namespace fs = std::filesystem;

constexpr int timed_out = 124; // timeout(1)
constexpr std::size_t longest_why = 900;

void write_text(const std::string& path, std::string_view text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file)
        throw std::runtime_error("cannot write " + path);
}

/// The text on one line, as short as a reason may be.
std::string in_one_line(const std::string& text) {
    std::istringstream lines(text);
    std::string joined;
    for (std::string line; std::getline(lines, line);) {
        line.erase(0, line.find_first_not_of(" \t\r"));
        if (!line.empty())
            joined += (joined.empty() ? "" : "; ") + line;
    }
    return joined.substr(0, longest_why);
}

std::vector<Slot> slots_of(const std::string& image) {
    std::vector<Slot> slots;
    for (std::size_t at = 0; at < image.size(); at += slot_size)
        slots.push_back(decode_slot(std::span<const u8, slot_size>(
                                        reinterpret_cast<const u8*>(image.data()) + at, slot_size),
                                    ByteOrder::little));
    return slots;
}

} // namespace

Module::Module(const std::string& path) : m_handle(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (m_handle == nullptr)
        throw std::runtime_error(dlerror());
    look_up(m_run, "bpf_assay_module_run");
    look_up(m_find, "bpf_assay_module_find");
    look_up(m_version, "bpf_assay_module_version");
}

Module::~Module() {
    dlclose(m_handle);
}

template <class Function>
void Module::look_up(Function& function, const char* name) const {
    function = reinterpret_cast<Function>(dlsym(m_handle, name));
    if (function == nullptr)
        throw std::runtime_error(std::string("the module has no ") + name);
}

std::string Module::version() const {
    std::uint32_t numbers[3];
    m_version(numbers);
    return std::to_string(numbers[0]) + "." + std::to_string(numbers[1]) + "." +
           std::to_string(numbers[2]);
}

const void* Module::find(const std::string& name) const {
    return m_find(name.c_str());
}

struct Translator::Candidate {
    conformance::ObjectProgram program;
    Translated* result;
};

/// How a tool ended, and what it said.
struct Translator::Ended {
    int status = 0; // of exit; -1: by a signal
    std::string text;

    bool well() const { return status == 0; }
    std::string why(const std::string& tool, int seconds) const {
        if (status == timed_out)
            return tool + " does not end within " + std::to_string(seconds) + " s";
        if (status < 0)
            return tool + " crashed: " + in_one_line(text);
        return in_one_line(text);
    }
};

Translator::Translator(Tools tools) : m_tools(std::move(tools)) {
    std::string folder = (fs::temp_directory_path() / "bpf-assay-native-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr)
        throw std::runtime_error("cannot make the folder " + folder);
    m_folder = folder;
    write_text(path("glue.c"), glue_text);
    write_text(path("windows_names.h"), windows_names_text);
}

Translator::~Translator() {
    std::error_code ignored;
    fs::remove_all(m_folder, ignored);
}

std::map<std::string, Translated> Translator::translate(const std::vector<std::string>& images) {
    std::map<std::string, Translated> results;
    std::vector<Candidate> candidates;
    for (const std::string& image : images) {
        const auto [place, fresh] = results.try_emplace(image);
        if (!fresh)
            continue;
        Translated& result = place->second;
        result.kind = Translated::Kind::rejected;
        if (image.empty() || image.size() % slot_size != 0) {
            result.why = std::to_string(image.size()) + " bytes are no whole number of slots";
            continue;
        }
        auto slots = slots_of(image);
        if (result.why = conformance::cannot_be_in_object(slots); !result.why.empty()) {
            result.kind = Translated::Kind::unsupported;
            result.why += ", so no ELF object can hold it";
            continue;
        }
        candidates.push_back({.program = {.symbol = fmt::format("p{}", candidates.size()),
                                          .slots = std::move(slots)},
                              .result = &result});
    }
    std::vector<Candidate*> all;
    for (Candidate& candidate : candidates)
        all.push_back(&candidate);
    load_or_part(all);
    return results;
}

void Translator::load_or_part(const std::vector<Candidate*>& candidates) {
    if (candidates.empty())
        return;
    std::vector<Candidate*> accepted;
    write_object({candidates.begin(), candidates.end()});
    if (const Ended all = run_bpf2c(); all.well()) {
        accepted = candidates;
    } else if (candidates.size() == 1) {
        candidates[0]->result->why = all.why("bpf2c", m_tools.seconds);
        return;
    } else {
        for (Candidate* candidate : candidates) {
            write_object({candidate});
            const Ended one = run_bpf2c();
            if (one.well())
                accepted.push_back(candidate);
            else
                candidate->result->why = one.why("bpf2c", m_tools.seconds);
        }
        if (accepted.empty())
            return;
        write_object({accepted.begin(), accepted.end()});
        if (const Ended again = run_bpf2c(); !again.well())
            throw std::runtime_error("bpf2c takes programs one by one, but not together: " +
                                     again.why("bpf2c", m_tools.seconds));
    }
    load(accepted);
}

/// Compiles what bpf2c wrote; each by itself, where the compiler refuses them together.
void Translator::load(const std::vector<Candidate*>& candidates) {
    const Ended compiled = compile();
    if (!compiled.well() && candidates.size() > 1) {
        for (Candidate* candidate : candidates)
            load_or_part({candidate});
        return;
    }
    if (!compiled.well()) {
        candidates[0]->result->why = "the C that bpf2c writes does not compile: " +
                                     compiled.why(m_tools.compiler, m_tools.seconds);
        return;
    }
    // A name of its own for each: dlopen would give the one of that name that is loaded already.
    const std::string file = path(fmt::format("module-{}.so", ++m_modules).c_str());
    fs::rename(path("module.so"), file);
    const auto module = std::make_shared<const Module>(file);
    fs::remove(file);
    for (Candidate* candidate : candidates) {
        Translated& result = *candidate->result;
        result.program = module->find(candidate->program.symbol);
        if (result.program == nullptr) {
            result.why = "the module lacks the program, or it calls a helper that is not here";
            continue;
        }
        result.kind = Translated::Kind::loaded;
        result.module = module;
    }
}

void Translator::write_object(const std::vector<const Candidate*>& candidates) const {
    std::vector<conformance::ObjectProgram> programs;
    for (const Candidate* candidate : candidates)
        programs.push_back(candidate->program);
    const auto object =
        conformance::elf_object(programs, {.section = "sample_ext", .block_size = largest_block});
    write_text(path("module.o"), {reinterpret_cast<const char*>(object.data()), object.size()});
}

Translator::Ended Translator::run_bpf2c() const {
    // In its folder, as the name of the module is made of that of the file.
    return run_tool({m_tools.bpf2c, "--bpf", "module.o", "--raw", "module.c"});
}

Translator::Ended Translator::compile() const {
    // As Microsoft's compiler does by default: signed overflow wraps, types do not tell memory
    // apart.
    return run_tool({m_tools.compiler, "-std=gnu11", "-O2", "-w", "-shared", "-fPIC", "-fwrapv",
                     "-fno-strict-aliasing", "-fgnu89-inline", "-I.",
                     fmt::format("-I{}", m_tools.headers), "glue.c", "-o", "module.so"});
}

Translator::Ended Translator::run_tool(std::vector<std::string> words) const {
    words.insert(words.begin(), {"timeout", "-k", "1", std::to_string(m_tools.seconds)});
    std::vector<char*> arguments;
    for (std::string& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, m_folder.c_str());
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "said", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    pid_t child = 0;
    const int error = posix_spawnp(&child, "timeout", &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        throw std::runtime_error("timeout(1) cannot be started: " + std::string(strerror(error)));
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    std::ifstream said(path("said"));
    std::ostringstream text;
    text << said.rdbuf();
    constexpr int shell_signal = 128; // timeout(1) ends as its command did, or with 128 + signal
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return {.status = code > shell_signal ? -1 : code, .text = text.str()};
}

} // namespace bpf_assay::native_user
