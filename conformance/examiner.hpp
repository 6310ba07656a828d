// Puts one vector after the other to one runtime and judges what comes back.
#pragma once

#include "conformance/result.hpp"
#include "conformance/runtime.hpp"

#include <memory>
#include <utility>

namespace bpf_assay::conformance {

struct ExamineOptions {
    bool strict = false;
    RunProfile profile = RunProfile::standard;
    std::chrono::milliseconds deadline{10'000}; // per request
    std::size_t breakdowns_in_a_row = 100;      // that end the run; known ones do not count
    /// Whether what ran before may be to blame for a breakdown. Then vectors must outlive the
    /// examiner.
    bool looks_back = true;
};

/// How many requests of a run may end at the deadline: it is to end, however many vectors hang.
inline constexpr int deadlines_in_all = 60;

/// The runtime breaks down on vector after vector; there is no point in going on.
struct GivenUp {
    std::string why;
};

/// The plugin broke down because of what ran before.
struct LateFinding {
    const Vector* vector = nullptr; // null: nothing explains it
    Failure failure;
};

class Examiner {
public:
    virtual ~Examiner() = default;
    virtual const Hello& hello() const = 0;
    /// Never throws for what a runtime does; throws GivenUp, RuntimeUnavailable, Interrupted, and
    /// InputError for a vector that cannot be lowered.
    virtual VectorResult examine(const Vector& vector) = 0;
    /// How many vectors are best examined together.
    virtual std::size_t batch_size() const { return 1; }
    /// The same of several vectors.
    virtual std::vector<VectorResult> examine(std::span<const Vector* const> vectors) {
        std::vector<VectorResult> results;
        for (const Vector* vector : vectors)
            results.push_back(examine(*vector));
        return results;
    }
    /// Ends the plugin.
    virtual void finish() {}
    /// What vectors that were examined turned out to have done later, and breakdowns that nothing
    /// explains; takes them away.
    std::vector<LateFinding> take_late_findings() { return std::exchange(m_late_findings, {}); }

protected:
    std::vector<LateFinding> m_late_findings;
};

/// Starts the plugin. Throws as Session's constructor does; GivenUp instead of PluginFailure.
std::unique_ptr<Examiner> make_examiner(const Runtime& runtime, const ExamineOptions& options);

/// How a refusal to load is judged: by what the runtime claims.
Outcome refusal_outcome(const Hello& hello, const Vector& vector);

/// Adds the row's failure to the result; details of the first few only.
void add_failure(VectorResult& result, Failure failure);

/// The same with a failure that was found after the result was settled.
void add_late_failure(VectorResult& result, Failure failure);

/// Settles `tolerated` by the vector's policy.
void settle(VectorResult& result, const Vector& vector, const ExamineOptions& options);

} // namespace bpf_assay::conformance
