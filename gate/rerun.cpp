#include "gate/rerun.hpp"

#include "conformance/runner.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bpf_assay::gate {
namespace {

using namespace conformance;

/// Findings of one runtime that are about a vector which was run, by the vector's id.
std::map<std::string, std::vector<Finding*>> findings_of(Judgement& judgement, std::size_t index) {
    std::map<std::string, std::vector<Finding*>> findings;
    for (Finding& finding : judgement.findings)
        if (!finding.outcome.empty() && finding.result == index)
            findings[finding.id].push_back(&finding);
    return findings;
}

ExamineOptions as_before(const RunDescription& run, const RerunOptions& options) {
    return {.strict = run.strict,
            .profile = run_profile_from_name(run.profile).value_or(RunProfile::standard),
            .deadline = options.deadline};
}

} // namespace

void run_again(Judgement& judgement, const Question& question, const RerunOptions& options,
               const std::function<std::optional<Runtime>(std::size_t)>& runtime_of) {
    for (std::size_t index = 0; index < question.results.runtimes.size(); ++index) {
        const RuntimeResult& result = question.results.runtimes[index];
        auto findings = findings_of(judgement, index);
        if (findings.empty() || options.times == 0)
            continue;
        const std::optional<Runtime> runtime = runtime_of(index);
        if (!runtime) {
            judgement.notes.push_back(
                fmt::format("{}: its failures were not run again, so that nothing is known of "
                            "flaky ones; --plugin with its command, or --runtimes with the file "
                            "that declares it, makes that possible",
                            result.title()));
            continue;
        }
        std::vector<const Vector*> vectors;
        for (const Vector* vector : result.vectors)
            if (findings.contains(vector->id))
                vectors.push_back(vector);
        const RunDescription& run = question.results.runs.at(result.run);
        for (unsigned time = 0; time < options.times; ++time) {
            const RuntimeResult again =
                run_vectors(vectors, {*runtime},
                            {.examine = as_before(run, options), .progress = {}})
                    .front();
            for (std::size_t at = 0; at < again.vectors.size(); ++at)
                for (Finding* finding : findings[again.vectors[at]->id])
                    finding->again.emplace_back(name_of(again.results[at].outcome));
            if (again.status != RuntimeStatus::ran) {
                judgement.notes.push_back(fmt::format("{}: run again, it was {}: {}",
                                                      result.title(), name_of(again.status),
                                                      again.why));
                break;
            }
        }
    }
}

} // namespace bpf_assay::gate
