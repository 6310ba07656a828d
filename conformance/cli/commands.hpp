// The subcommands of bpf-assay. Each declares its options and returns the exit status when run.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace bpf_assay::conformance::cli {

using Command = std::function<int()>;

/// Adds the subcommand to the application; the result runs it after parsing.
Command add_run(CLI::App& app, std::vector<std::string> command_line);
Command add_show(CLI::App& app);
Command add_explain(CLI::App& app);
Command add_export(CLI::App& app);
Command add_asm(CLI::App& app);
Command add_disasm(CLI::App& app);
Command add_isa(CLI::App& app);
Command add_reduce(CLI::App& app);
Command add_compare(CLI::App& app);
Command add_gate(CLI::App& app);
Command add_merge(CLI::App& app);
Command add_report(CLI::App& app, std::vector<std::string> command_line);
Command add_mutants(CLI::App& app);
Command add_coverage(CLI::App& app);
Command add_plugin(CLI::App& app);

} // namespace bpf_assay::conformance::cli
