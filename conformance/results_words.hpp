// The words of a file of results, for those that read one.
#pragma once

#include "conformance/result.hpp"

namespace bpf_assay::conformance {

/// What is wrong with a file; who reads it adds its name.
struct Malformed {
    std::string what;
};

/// These throw Malformed.
void check_results_version(const nlohmann::json& file);
Outcome outcome_from(const std::string& name);
RuntimeStatus status_from(const std::string& name);

/// What a vector came to before a list of known divergences made an expected failure of it, as its
/// `why` says; none if it is no such.
std::optional<Outcome> known_outcome(const VectorResult& result);

} // namespace bpf_assay::conformance
