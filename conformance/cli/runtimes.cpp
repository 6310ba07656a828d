#include "conformance/cli/runtimes.hpp"

#include "conformance/cli/files.hpp"
#include "conformance/process.hpp"
#include "conformance/runtimes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bpf_assay::conformance::cli {
namespace {

/// The commands of the file with plugins of this build found.
std::vector<Runtime> choose(const RuntimeOptions& options,
                            const std::vector<std::string>& choices) {
    const auto path = options.file.empty() ? runtimes_file() : std::filesystem::path(options.file);
    auto chosen = choose_runtimes(load_runtimes(path), choices);
    if (chosen.empty())
        throw InputError(path.string() + ": declares no runtime that was asked for");
    for (Runtime& runtime : chosen)
        runtime.command = plugin_command(runtime.command);
    return chosen;
}

/// A one-shot command has its memory between the program and its options.
Runtime one_shot_runtime(const std::string& text, unsigned r0_bits) {
    const std::string command = plugin_command(text);
    auto words = split_command(command);
    for (std::string& word : words)
        word = in_quotes(word);
    Runtime runtime{.command = words[0]};
    runtime.options = fmt::to_string(fmt::join(words.begin() + 1, words.end(), " "));
    runtime.one_shot = OneShot{.r0_bits = r0_bits};
    return runtime;
}

} // namespace

void add_runtime_options(CLI::App& command, RuntimeOptions& options) {
    command
        .add_option("--runtime,-r", options.runtimes,
                    "Runtimes of the file of runtimes: all, NAME or NAME:ENGINE, separated by "
                    "commas")
        ->delimiter(',')
        ->allow_extra_args(false);
    command
        .add_option("--runtimes", options.file,
                    "File that declares runtimes (docs/runtimes.md), instead of the suite's own")
        ->check(CLI::ExistingFile);
    add_command_options(command, options);
}

void add_command_options(CLI::App& command, RuntimeOptions& options) {
    command
        .add_option("--plugin,-p", options.plugins,
                    "Plugin command, quoted if it has arguments; may stand several times. A bare "
                    "name is a plugin of this build")
        ->allow_extra_args(false);
    command
        .add_option("--one-shot", options.one_shot,
                    "Command that follows the one-shot contract of other suites")
        ->allow_extra_args(false);
    command.add_option("--r0-bits", options.r0_bits, "Bits of R0 that --one-shot commands print")
        ->check(CLI::IsMember({32U, 64U}));
}

std::vector<Runtime> selected_runtimes(const RuntimeOptions& options) {
    std::vector<Runtime> runtimes;
    if (!options.file.empty() && options.runtimes.empty())
        throw InputError("--runtimes names a file; --runtime says which of its runtimes");
    if (!options.runtimes.empty())
        runtimes = choose(options, options.runtimes);
    for (const std::string& command : options.plugins)
        runtimes.push_back({.command = plugin_command(command)});
    for (const std::string& command : options.one_shot)
        runtimes.push_back(one_shot_runtime(command, options.r0_bits));
    return runtimes;
}

std::optional<Runtime> declared_runtime(const RuntimeOptions& options, const std::string& name) {
    const auto path = options.file.empty() ? runtimes_file() : std::filesystem::path(options.file);
    const auto declared = load_runtimes(path);
    const std::string base = name.substr(0, name.find(':'));
    if (std::ranges::find(declared, base, &DeclaredRuntime::name) == declared.end())
        return std::nullopt;
    for (Runtime& runtime : choose_runtimes(declared, {base}))
        if (runtime.name == name) {
            runtime.command = plugin_command(runtime.command);
            return std::move(runtime);
        }
    return std::nullopt;
}

std::vector<Runtime> declared_runtimes(const RuntimeOptions& options) {
    return choose(options, {"all"});
}

} // namespace bpf_assay::conformance::cli
