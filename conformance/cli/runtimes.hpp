// The options of commands that run something on runtimes, and the runtimes that they name.
#pragma once

#include "conformance/runtime.hpp"

#include <CLI/CLI.hpp>

namespace bpf_assay::conformance::cli {

struct RuntimeOptions {
    std::vector<std::string> runtimes; // names of the file
    std::string file;                  // instead of the suite's own
    std::vector<std::string> plugins;  // commands
    std::vector<std::string> one_shot; // commands
    unsigned r0_bits = 64;
};

/// --runtime, --runtimes, --plugin, --one-shot and --r0-bits.
void add_runtime_options(CLI::App& command, RuntimeOptions& options);

/// --plugin, --one-shot and --r0-bits alone.
void add_command_options(CLI::App& command, RuntimeOptions& options);

/// Those that are named by --runtime, then plugins, then one-shot commands; may be empty. Throws
/// InputError.
std::vector<Runtime> selected_runtimes(const RuntimeOptions& options);

/// The one that the file declares by this name, with its engine; none if it does not.
std::optional<Runtime> declared_runtime(const RuntimeOptions& options, const std::string& name);

/// Every runtime that is declared in the file.
std::vector<Runtime> declared_runtimes(const RuntimeOptions& options);

} // namespace bpf_assay::conformance::cli
