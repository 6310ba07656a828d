// Vectors of findings once more on the same build: what comes out differently is flaky.
#pragma once

#include "gate/judge.hpp"

#include "conformance/runtime.hpp"

namespace bpf_assay::gate {

struct RerunOptions {
    unsigned times = 2;
    std::chrono::milliseconds deadline{10'000}; // per request
};

/// Runs the vector of each finding that has an outcome again, and fills `again` with verdicts.
/// `runtime_of` tells how the runtime with this index in the results is started, or nothing: then
/// it is not run, and the judgement's notes say so. A runtime that cannot be started changes no
/// judgement: that, too, is a note.
void run_again(Judgement& judgement, const Question& question, const RerunOptions& options,
               const std::function<std::optional<conformance::Runtime>(std::size_t)>& runtime_of);

} // namespace bpf_assay::gate
