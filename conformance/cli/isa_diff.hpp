// `isa diff`: what a change of the instruction set does.
#pragma once

#include "conformance/cli/runtimes.hpp"

#include <string>
#include <vector>

namespace bpf_assay::conformance::cli {

struct DiffOptions {
    std::string base, head; // tables, as `isa --extensions --json` prints them
    std::string base_vectors, head_vectors;
    std::vector<std::string> base_vms, head_vms; // plugin commands; the first of each, and so on
    std::vector<std::string> explained;
    std::vector<std::string> probed; // patterns of instructions, besides those that were added
    RuntimeOptions runtimes;
    std::string output;
};

CLI::App* add_isa_diff(CLI::App& isa, DiffOptions& options);
int isa_diff(const DiffOptions& options);

} // namespace bpf_assay::conformance::cli
