#include "translator.hpp"

#include "conformance/elf_object.hpp"
#include "conformance/error.hpp"

#include "glue_texts.hpp" // generated: glue.c and windows_names.h

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <stdexcept>

#include <dlfcn.h>

namespace bpf_assay::native_user {
namespace {

namespace fs = std::filesystem;

// The runner waits 300 s for an answer (runtimes.yaml). bpf2c's time grows with the square of the
// program's length.
constexpr int seconds_together = 60, seconds_alone = 120;
constexpr std::chrono::seconds until_answer{280}, until_no_more_is_begun{150};

std::vector<Slot> slots_of(const std::string& image) {
    std::vector<Slot> slots;
    for (std::size_t at = 0; at + slot_size <= image.size(); at += slot_size)
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

    void set(Translated::Kind kind, std::string why) const {
        result->kind = kind;
        result->why = std::move(why);
    }
};

Translator::Translator(Tools tools) : m_tools(std::move(tools)) {
    m_workshop.write("glue.c", glue_text);
    m_workshop.write("windows_names.h", windows_names_text);
}

std::string Translator::obstacle(const std::string& image) {
    const std::string why =
        image.size() % slot_size == 0
            ? conformance::cannot_be_in_object(slots_of(image))
            : fmt::format("{} bytes are no whole number of slots", image.size());
    return why.empty() ? "" : "no ELF object can hold the program: " + why;
}

std::map<std::string, Translated> Translator::translate(const std::vector<std::string>& images) {
    m_begin = Clock::now();
    std::map<std::string, Translated> results;
    std::vector<Candidate> candidates;
    for (const std::string& image : images) {
        const auto [place, fresh] = results.try_emplace(image);
        if (!fresh)
            continue;
        if (!obstacle(image).empty()) {
            results.erase(place);
            continue;
        }
        candidates.push_back(
            {.program = {.symbol = fmt::format("p{}", candidates.size()), .slots = slots_of(image)},
             .result = &place->second});
    }
    Candidates left;
    for (Candidate& candidate : candidates)
        left.push_back(&candidate);
    if (left.size() > 1 && load_together(left))
        return results;
    // A program is refused, or takes too long. First the one that was asked for.
    load_alone(*left.at(0));
    left.erase(left.begin());
    if (const Candidates taken = those_taken(left); !taken.empty())
        load_together(taken);
    std::erase_if(results, [&](const auto& entry) {
        return entry.second.kind == Translated::Kind::unable && entry.first != images[0];
    });
    return results;
}

/// False if the tools do not take all of them.
bool Translator::load_together(const Candidates& candidates) {
    if (!bpf2c(candidates, seconds_together).well() || !compile(seconds_together).well())
        return false;
    load_module(candidates);
    return true;
}

void Translator::load_alone(Candidate& candidate) {
    using Kind = Translated::Kind;
    const Ended translated = bpf2c({&candidate}, seconds_alone);
    if (!translated.well())
        return candidate.set(translated.refuses() ? Kind::rejected : Kind::unable,
                             translated.why("bpf2c"));
    // Windows' headers and compiler are others, so that it does not compile here says little.
    if (const Ended compiled = compile(seconds_alone); !compiled.well())
        return candidate.set(Kind::unable,
                             "bpf2c's C is not compiled: " + compiled.why(m_tools.compiler));
    load_module({&candidate});
}

/// Those that bpf2c takes one by one, as far as there is time.
Translator::Candidates Translator::those_taken(const Candidates& candidates) const {
    Candidates taken;
    for (Candidate* candidate : candidates) {
        if (Clock::now() > m_begin + until_no_more_is_begun)
            break;
        const Ended ended = bpf2c({candidate}, seconds_together);
        if (ended.well())
            taken.push_back(candidate);
        else if (ended.refuses())
            candidate->set(Translated::Kind::rejected, ended.why("bpf2c"));
    }
    return taken;
}

void Translator::load_module(const Candidates& candidates) {
    // A name of its own for each: dlopen would give the one of that name that is loaded already.
    const std::string file = m_workshop.path(fmt::format("module-{}.so", ++m_modules));
    fs::rename(m_workshop.path("module.so"), file);
    const auto module = std::make_shared<const Module>(file);
    fs::remove(file);
    for (const Candidate* candidate : candidates) {
        candidate->result->program = module->find(candidate->program.symbol);
        if (candidate->result->program == nullptr) {
            candidate->set(Translated::Kind::unsupported,
                           "the module lacks the program, or it calls a helper that is not here");
            continue;
        }
        candidate->set(Translated::Kind::loaded, "");
        candidate->result->module = module;
    }
}

Ended Translator::bpf2c(const Candidates& candidates, int seconds) const {
    std::vector<conformance::ObjectProgram> programs;
    for (const Candidate* candidate : candidates)
        programs.push_back(candidate->program);
    const auto object =
        conformance::elf_object(programs, {.section = "sample_ext", .block_size = largest_block});
    m_workshop.write("module.o", {reinterpret_cast<const char*>(object.data()), object.size()});
    // In its folder, as the name of the module is made of that of the file.
    return m_workshop.run({m_tools.bpf2c, "--bpf", "module.o", "--raw", "module.c"}, seconds,
                          m_begin + until_answer);
}

Ended Translator::compile(int seconds) const {
    // As Microsoft's compiler does by default: signed overflow wraps, types do not tell memory
    // apart. A name that windows_names.h lacks is undefined.
    return m_workshop.run({m_tools.compiler, "-std=gnu11", "-O2", "-w", "-shared", "-fPIC",
                           "-fwrapv", "-fno-strict-aliasing", "-fgnu89-inline", "-I.",
                           fmt::format("-I{}", m_tools.headers), "-Wl,-z,defs", "glue.c", "-o",
                           "module.so"},
                          seconds, m_begin + until_answer);
}

} // namespace bpf_assay::native_user
