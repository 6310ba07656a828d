// Runs vectors on runtimes, in parallel over runtimes and over processes of each.
#pragma once

#include "conformance/examiner.hpp"

#include <functional>

namespace bpf_assay::conformance {

struct RunOptions {
    ExamineOptions examine;
    unsigned jobs = 1; // plugin processes at once
    /// Called from time to time, by one thread at a time: vectors done and in all.
    std::function<void(std::size_t, std::size_t)> progress;
};

/// Results come in the order of the arguments, whatever ran first. A runtime that cannot be used is
/// a result, not an error. Throws InputError if a sweep's digest is wrong, a plugin cannot be
/// started, or a vector cannot be lowered.
std::vector<RuntimeResult> run_vectors(const std::vector<const Vector*>& vectors,
                                       const std::vector<Runtime>& runtimes,
                                       const RunOptions& options);

} // namespace bpf_assay::conformance
