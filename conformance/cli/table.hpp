// Results for a person at a terminal.
#pragma once

#include "conformance/result.hpp"

#include <cstdio>
#include <string>

namespace bpf_assay::conformance::cli {

/// Whether to colour what goes to the stream: a terminal, and NO_COLOR not set.
bool use_colour(std::FILE* stream);

/// The table runtime x conformance group; `partly`: why it was not tested in full (caveats.hpp).
std::string results_table(const RuntimeResult& runtime, const std::vector<std::string>& partly,
                          bool colour);

/// Divergences with their first rows, then what was tolerated or not executed, by reason.
std::string results_details(const RuntimeResult& runtime, bool colour, bool verbose);

/// The conformance groups that the plugin claims, and those that it holds: with the instructions
/// that make the difference. Of a runtime that was tested in full.
std::string claims_table(const RuntimeResult& runtime, bool colour);

} // namespace bpf_assay::conformance::cli
