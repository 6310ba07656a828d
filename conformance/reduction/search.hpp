// Makes a failing statement simpler, step by step, until no step keeps it failing.
#pragma once

#include "conformance/reduction/statement.hpp"

#include <functional>

namespace bpf_assay::conformance::reduction {

/// Whether the vector fails in the way that is looked for.
using Fails = std::function<bool(const Vector&)>;

struct Reduction {
    Statement statement;
    std::size_t tried = 0; // variants that were run
    std::size_t kept = 0;
    bool finished = true; // else time was up before
};

/// Deterministic, as far as `fails` is. The start is taken to fail. `out_of_time` is asked before
/// each trial.
Reduction reduce(Statement start, const Limits& limits, const Fails& fails,
                 const std::function<bool()>& out_of_time);

/// The same for an encoding vector of one program: slots that are not needed go, as long as the
/// reference VM refuses what is left for the same reason and loads its legal twin.
struct EncodingReduction {
    Vector vector;
    std::size_t tried = 0;
    std::size_t kept = 0;
    bool finished = true;
};
EncodingReduction reduce_encoding(Vector start, const Fails& fails,
                                  const std::function<bool()>& out_of_time);

} // namespace bpf_assay::conformance::reduction
