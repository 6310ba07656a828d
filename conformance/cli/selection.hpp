// Which vectors a command takes, and how much of each: the options that `run` and `export` share.
#pragma once

#include "conformance/loader.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace bpf_assay::conformance::cli {

/// Heads the options that choose vectors, in --help.
constexpr const char* selection_group = "Which vectors";

struct SelectionOptions {
    std::vector<std::string> ids, sections, groups, instructions, kinds;
    std::vector<std::string> extensions{"all"};
    std::string profile;
    std::string vectors;
};

/// Adds the options to the command; `profile` is the one that holds without --profile.
void add_selection_options(CLI::App& command, SelectionOptions& options,
                           const std::string& profile);

bool selected(const Vector& vector, const SelectionOptions& options);

/// A pattern that names nothing is a typing mistake, and must not pass as a small run. Throws
/// InputError.
void check_patterns(const SelectionOptions& options, const Suite& suite);

} // namespace bpf_assay::conformance::cli
