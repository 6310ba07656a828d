// Results in the forms that other programs and pages take.
#pragma once

#include "reports/compare.hpp"

#include "conformance/results_json.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bpf_assay::reports {

/// JUnit XML: a suite for each runtime, a case for each vector. What diverges is a failure, what
/// has no verdict an error; what was tolerated, known, not executed or not offered is skipped, with
/// the reason, so that nothing of it looks like a pass. How it was run stands in properties.
std::string junit(const conformance::Suite& suite, const conformance::Results& results);

/// Markdown that fits a step summary (at most a mebibyte): verdicts by group, what changed if that
/// was asked for, then divergences.
std::string markdown(const conformance::Suite& suite, const conformance::Results& results,
                     const std::optional<Comparison>& comparison);

/// A line for each vector, a column for each runtime (RFC 4180).
std::string csv(const conformance::Results& results);

/// SVG badges: for each runtime and conformance group its verdict, by file name. What was not
/// tested in full is grey, and never held.
std::vector<std::pair<std::string, std::string>> badges(const conformance::Suite& suite,
                                                        const conformance::Results& results);

/// Whether a file is such a badge.
bool is_badge(std::string_view svg);

} // namespace bpf_assay::reports
