// Files that a command writes.
#pragma once

#include "conformance/results_json.hpp"

#include <string>
#include <string_view>

namespace bpf_assay::conformance::cli {

/// Throws InputError if the file cannot be written: a run may take long, and should know before.
void check_writable(const std::string& path);

/// Writes beside the file first, so that an interrupted or failed run never leaves half of one.
/// Throws InputError.
void write_text(const std::string& path, std::string_view text);

/// ISO 8601.
std::string utc_now();

void write_results(const std::string& path, const Suite& suite, const Results& results);

} // namespace bpf_assay::conformance::cli
