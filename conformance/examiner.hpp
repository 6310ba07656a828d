// Puts one vector after the other to one runtime and judges what comes back.
#pragma once

#include "conformance/result.hpp"
#include "conformance/runtime.hpp"

#include <memory>

namespace bpf_assay::conformance {

struct ExamineOptions {
    bool strict = false;
    RunProfile profile = RunProfile::standard;
    std::chrono::milliseconds deadline{10'000}; // per request
};

/// The runtime breaks down on vector after vector; there is no point in going on.
struct GivenUp {
    std::string why;
};

class Examiner {
public:
    virtual ~Examiner() = default;
    virtual const Hello& hello() const = 0;
    /// Never throws for what a runtime does; throws GivenUp, RuntimeUnavailable, Interrupted, and
    /// InputError for a vector that cannot be lowered.
    virtual VectorResult examine(const Vector& vector) = 0;
};

/// Starts the plugin. Throws as Session's constructor does; GivenUp instead of PluginFailure.
std::unique_ptr<Examiner> make_examiner(const Runtime& runtime, const ExamineOptions& options);

/// How a refusal to load is judged: by what the runtime claims.
Outcome refusal_outcome(const Hello& hello, const Vector& vector);

/// Adds the row's failure to the result; details of the first few only.
void add_failure(VectorResult& result, Failure failure);

/// Settles `tolerated` by the vector's policy.
void settle(VectorResult& result, const Vector& vector, const ExamineOptions& options);

} // namespace bpf_assay::conformance
