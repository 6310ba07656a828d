#include "conformance/runtimes.hpp"

#include "conformance/process.hpp"
#include "conformance/yaml_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace bpf_assay::conformance {
namespace {

/// Letters, digits, '-', '_' and '.': a colon separates the engine from it, a comma the next name.
std::string read_name(const YamlFile& file, const YAML::Node& node, std::string_view what) {
    std::string name = file.text(node, what);
    if (!std::regex_match(name, std::regex("[a-z0-9][a-z0-9._-]*")) || name == "all")
        file.fail(node, fmt::format("'{}' is no {}: expected small letters, digits, '-', '_' "
                                    "and '.', and not 'all'",
                                    name, what));
    return name;
}

/// A text that splits into words.
std::string read_words(const YamlFile& file, const YAML::Node& node, std::string_view what) {
    std::string words = file.text(node, what);
    try {
        split_command(words);
    } catch (const InputError& error) {
        file.fail(node, error.what());
    }
    return words;
}

void read_one_shot(const YamlFile& file, const YAML::Node& node, Runtime& runtime) {
    file.expect_map(
        node, "one-shot",
        {"r0_bits", "memory", "max_memory", "max_insns", "groups", "excluded", "faults"});
    OneShot& one_shot = runtime.one_shot.emplace();
    if (node["r0_bits"]) {
        const auto bits = file.integer(node["r0_bits"], "r0_bits");
        if (bits != 32 && bits != 64)
            file.fail(node["r0_bits"], fmt::format("r0_bits is {}; expected 32 or 64", bits));
        one_shot.r0_bits = static_cast<unsigned>(bits);
    }
    if (node["memory"]) {
        const std::string memory = file.text(node["memory"], "memory");
        if (memory != "r1" && memory != "xdp")
            file.fail(node["memory"], fmt::format("'{}' is no place for the memory; expected r1 "
                                                  "(its address) or xdp (a context that has it)",
                                                  memory));
        one_shot.memory = memory == "xdp" ? OneShotMemory::xdp : OneShotMemory::r1;
    }
    for (const auto& [key, value] : {std::pair{"max_memory", &one_shot.max_memory},
                                     std::pair{"max_insns", &one_shot.max_insns}})
        if (node[key])
            *value = static_cast<std::size_t>(
                file.integer_between(node[key], key, 1, static_cast<s64>(*value)));
    if (node["groups"]) {
        one_shot.groups.clear();
        file.expect_sequence(node["groups"], "groups");
        for (const auto& item : node["groups"]) {
            const auto group = group_from_name(file.text(item, "a group"));
            if (!group)
                file.fail(item, fmt::format("'{}' is no conformance group", item.Scalar()));
            one_shot.groups.push_back(*group);
        }
    }
    if (node["excluded"]) {
        file.expect_sequence(node["excluded"], "excluded");
        for (const auto& item : node["excluded"]) {
            one_shot.excluded.push_back(file.text(item, "an instruction"));
            if (find_row(one_shot.excluded.back()) == nullptr)
                file.fail(item, fmt::format("'{}' is no instruction; `bpf-assay isa` lists them",
                                            item.Scalar()));
        }
    }
    if (node["faults"]) {
        file.expect_sequence(node["faults"], "faults");
        for (const auto& item : node["faults"])
            one_shot.faults.push_back(file.text(item, "a text"));
    }
}

std::chrono::milliseconds read_timeout(const YamlFile& file, const YAML::Node& node) {
    const s64 seconds = file.integer_between(node, "timeout", 1, 86'400);
    return std::chrono::seconds(seconds);
}

std::map<std::string, std::string> read_environment(const YamlFile& file, const YAML::Node& node) {
    file.expect_map(node, "environment");
    std::map<std::string, std::string> environment;
    for (const auto& entry : node) {
        const std::string name = file.text(entry.first, "a variable");
        if (name.empty() || name.find('=') != std::string::npos)
            file.fail(entry.first, fmt::format("'{}' is no name of a variable", name));
        environment[name] = file.text(entry.second, "a value");
    }
    return environment;
}

std::vector<Engine> read_engines(const YamlFile& file, const YAML::Node& node) {
    file.expect_map(node, "engines");
    std::vector<Engine> engines;
    for (const auto& entry : node)
        engines.push_back({.name = read_name(file, entry.first, "engine"),
                           .options = read_words(file, entry.second, "options")});
    return engines;
}

DeclaredRuntime read(const YamlFile& file, const YAML::Node& node,
                     const std::filesystem::path& folder) {
    file.expect_map(node, "a runtime",
                    {"name", "command", "options", "engines", "environment", "timeout", "one-shot",
                     "divergences", "on-request", "install"});
    DeclaredRuntime declared;
    declared.name = read_name(file, file.required(node, "name"), "name");
    Runtime& runtime = declared.runtime;
    runtime.command = read_words(file, file.required(node, "command"), "command");
    if (split_command(runtime.command).empty())
        file.fail(node["command"], "the command is empty");
    if (node["options"])
        runtime.options = read_words(file, node["options"], "options");
    if (node["engines"])
        declared.engines = read_engines(file, node["engines"]);
    if (node["environment"])
        runtime.environment = read_environment(file, node["environment"]);
    if (node["timeout"])
        runtime.deadline = read_timeout(file, node["timeout"]);
    if (node["one-shot"])
        read_one_shot(file, node["one-shot"], runtime);
    if (node["divergences"])
        runtime.known_divergences =
            load_divergences(folder / file.text(node["divergences"], "divergences"));
    if (node["on-request"])
        declared.on_request = file.flag(node["on-request"], "on-request");
    runtime.install = file.text(file.required(node, "install"), "install");
    if (runtime.install.empty() || runtime.install.find('\n') != std::string::npos)
        file.fail(node["install"], "install must be one line that says how to get the runtime");
    return declared;
}

Runtime with_engine(const DeclaredRuntime& declared, const Engine* engine) {
    Runtime runtime = declared.runtime;
    runtime.name = declared.name;
    if (engine != nullptr) {
        runtime.name += ":" + engine->name;
        runtime.options += (runtime.options.empty() ? "" : " ") + engine->options;
    }
    return runtime;
}

void choose(const DeclaredRuntime& declared, std::vector<Runtime>& chosen) {
    if (declared.engines.empty())
        chosen.push_back(with_engine(declared, nullptr));
    for (const Engine& engine : declared.engines)
        chosen.push_back(with_engine(declared, &engine));
}

[[noreturn]] void fail_unknown(const std::string& what, const std::string& name,
                               const std::vector<std::string>& known) {
    throw InputError(
        fmt::format("there is no {} '{}'; expected {}", what, name, fmt::join(known, ", ")));
}

} // namespace

std::vector<DeclaredRuntime> load_runtimes(const std::filesystem::path& path) {
    const YamlFile file(path);
    file.expect_map(file.root(), "the file", {"runtimes"});
    const YAML::Node list = file.required(file.root(), "runtimes");
    file.expect_sequence(list, "runtimes");
    std::vector<DeclaredRuntime> declared;
    for (const auto& node : list) {
        DeclaredRuntime runtime = read(file, node, path.parent_path());
        if (std::ranges::find(declared, runtime.name, &DeclaredRuntime::name) != declared.end())
            file.fail(node["name"], fmt::format("the runtime '{}' stands twice", runtime.name));
        declared.push_back(std::move(runtime));
    }
    return declared;
}

std::vector<Runtime> choose_runtimes(const std::vector<DeclaredRuntime>& declared,
                                     const std::vector<std::string>& choices) {
    std::vector<Runtime> chosen;
    for (const std::string& choice : choices) {
        if (choice == "all") {
            for (const DeclaredRuntime& runtime : declared)
                if (!runtime.on_request)
                    choose(runtime, chosen);
            continue;
        }
        const auto colon = choice.find(':');
        const std::string name = choice.substr(0, colon);
        const auto found = std::ranges::find(declared, name, &DeclaredRuntime::name);
        if (found == declared.end()) {
            std::vector<std::string> names{"all"};
            std::ranges::transform(declared, std::back_inserter(names), &DeclaredRuntime::name);
            fail_unknown("runtime", name, names);
        }
        if (colon == std::string::npos) {
            choose(*found, chosen);
            continue;
        }
        const std::string engine_name = choice.substr(colon + 1);
        const auto engine = std::ranges::find(found->engines, engine_name, &Engine::name);
        if (engine == found->engines.end()) {
            std::vector<std::string> names;
            std::ranges::transform(found->engines, std::back_inserter(names), &Engine::name);
            if (names.empty())
                throw InputError(
                    fmt::format("the runtime '{}' has no engines to choose from", name));
            fail_unknown("engine of " + name, engine_name, names);
        }
        chosen.push_back(with_engine(*found, &*engine));
    }
    return chosen;
}

} // namespace bpf_assay::conformance
