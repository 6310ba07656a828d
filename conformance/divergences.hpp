// Known divergences: what a runtime is known to do wrong, since when, and why (docs/policy.md).
#pragma once

#include "conformance/result.hpp"

#include <filesystem>

namespace bpf_assay::conformance {

struct KnownDivergence {
    std::string runtime;              // hello's name
    std::string versions = "*";       // pattern of hello's version
    std::vector<std::string> vectors; // patterns of ids
    Outcome outcome = Outcome::wrong; // what is known to happen
    std::string reason;               // with a link, where there is one
    std::string date;                 // when it was last seen, YYYY-MM-DD
};

/// Reads a file of known divergences. Throws InputError with file:line:column.
std::vector<KnownDivergence> load_divergences(const std::filesystem::path& path);

/// Turns the known outcome into expected_failure, and a pass where one is known into
/// unexpected_pass: the list is then to be cleaned.
void apply_divergences(const std::vector<KnownDivergence>& known, const Hello& hello,
                       const Vector& vector, VectorResult& result);

} // namespace bpf_assay::conformance
