// The policies of docs/policy.md: which outcomes a vector tolerates besides `pass`, and why.
#pragma once

#include "conformance/outcome.hpp"

#include <span>
#include <string_view>

namespace bpf_assay::conformance {

struct Policy {
    std::string_view name; // as vectors write it; empty: the policy of vectors that name none
    bool rejected = false;
    bool fault = false;
    bool accepted = false;
    bool strict = false; // tolerates only where the run is not --strict
    std::string_view reason;
};

std::span<const Policy> policies();

/// The policy of that name ("" is the default one), or null.
const Policy* find_policy(std::string_view name);

/// Whether the outcome, not a pass, is tolerated: listed, and no divergence.
bool tolerates(const Policy& policy, Outcome outcome, bool strict_run);

} // namespace bpf_assay::conformance
