// Results in the forms that other programs and pages take.
#pragma once

#include "conformance/results_json.hpp"

#include <string>
#include <utility>
#include <vector>

namespace bpf_assay::reports {

/// JUnit XML: a suite for each runtime, a case for each vector. What diverges is a failure, what
/// has no verdict an error; what was tolerated, known, not executed or not offered is skipped, with
/// the reason, so that nothing of it looks like a pass.
std::string junit(const conformance::Results& results);

/// Markdown that fits a step summary (at most a mebibyte): verdicts by group, then divergences.
std::string markdown(const conformance::Suite& suite, const conformance::Results& results);

/// A line for each vector, a column for each runtime (RFC 4180).
std::string csv(const conformance::Results& results);

/// SVG badges: for each runtime and conformance group its verdict, by file name.
std::vector<std::pair<std::string, std::string>> badges(const conformance::Suite& suite,
                                                        const conformance::Results& results);

} // namespace bpf_assay::reports
