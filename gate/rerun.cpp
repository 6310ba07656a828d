#include "gate/rerun.hpp"

#include "conformance/error.hpp"
#include "conformance/results_words.hpp"
#include "conformance/runner.hpp"

#include <fmt/format.h>

#include <map>

namespace bpf_assay::gate {
namespace {

using namespace conformance;
using conformance::Outcome; // the reference VM has one, too

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

/// The outcome, in the words of the first one if they say the same: a list of divergences is not
/// always there the second time.
std::string_view in_words_of(const VectorResult& first, Outcome again) {
    const bool both_pass = first.outcome == Outcome::unexpected_pass && is_pass(again);
    const bool both_known =
        first.outcome == Outcome::expected_failure && known_outcome(first) == again;
    return name_of(both_pass || both_known ? first.outcome : again);
}

/// One runtime's vectors, so many times.
class Rerun {
public:
    Rerun(Judgement& judgement, const Question& question, std::size_t index)
        : m_judgement(judgement), m_result(question.results.runtimes[index]),
          m_run(question.results.runs.at(m_result.run)), m_findings(findings_of(judgement, index)) {
        for (std::size_t at = 0; at < m_result.vectors.size(); ++at)
            if (m_findings.contains(m_result.vectors[at]->id)) {
                m_vectors.push_back(m_result.vectors[at]);
                m_first.emplace(m_result.vectors[at], &m_result.results[at]);
            }
    }

    bool is_needed() const { return !m_findings.empty(); }

    void run(const Runtime& runtime, const RerunOptions& options) {
        std::string unable; // why a vector had no verdict
        std::size_t without = 0;
        for (unsigned time = 0; time < options.times; ++time) {
            const RuntimeResult again =
                run_vectors(m_vectors, {runtime},
                            {.examine = as_before(m_run, options), .progress = {}})
                    .front();
            for (std::size_t at = 0; at < again.vectors.size(); ++at)
                if (again.results[at].outcome != Outcome::not_run)
                    take(*again.vectors[at], again.results[at].outcome);
                else if (++without == 1)
                    unable = again.results[at].why;
            if (again.status != RuntimeStatus::ran) {
                note(fmt::format("run again, it was {}: {}", name_of(again.status), again.why));
                break;
            }
        }
        if (without != 0)
            note(fmt::format("run again, {} came to no verdict: {}",
                             without == 1 ? "a vector" : fmt::format("vectors {} times", without),
                             unable));
    }

    void note(const std::string& text) {
        m_judgement.notes.push_back(fmt::format("{}: {}", m_result.title(), text));
    }

private:
    void take(const Vector& vector, Outcome outcome) {
        for (Finding* finding : m_findings[vector.id])
            finding->again.emplace_back(in_words_of(*m_first.at(&vector), outcome));
    }

    Judgement& m_judgement;
    const RuntimeResult& m_result;
    const RunDescription& m_run;
    std::map<std::string, std::vector<Finding*>> m_findings; // by the vector's id
    std::vector<const Vector*> m_vectors;
    std::map<const Vector*, const VectorResult*> m_first;
};

} // namespace

void run_again(Judgement& judgement, const Question& question, const RerunOptions& options,
               const std::function<std::optional<Runtime>(std::size_t)>& runtime_of) {
    for (std::size_t index = 0; options.times != 0 && index < question.results.runtimes.size();
         ++index) {
        Rerun rerun(judgement, question, index);
        if (!rerun.is_needed())
            continue;
        try {
            if (const std::optional<Runtime> runtime = runtime_of(index))
                rerun.run(*runtime, options);
            else
                rerun.note("its failures were not run again, so that nothing is known of flaky "
                           "ones; --plugin with its command, or --runtimes with the file that "
                           "declares it, makes that possible");
        } catch (const InputError& error) {
            rerun.note(fmt::format("its failures could not be run again: {}", error.what()));
        }
    }
}

} // namespace bpf_assay::gate
