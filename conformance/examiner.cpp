#include "conformance/examiner.hpp"

#include "conformance/one_shot.hpp"
#include "conformance/persistent.hpp"
#include "conformance/policy.hpp"

#include <algorithm>

namespace bpf_assay::conformance {

constexpr std::size_t kept_failures = 8;

Outcome refusal_outcome(const Hello& hello, const Vector& vector) {
    const bool claimed = std::ranges::all_of(
        vector.tests, [&](const InstructionRow* row) { return hello.claims(*row); });
    return claimed ? Outcome::rejected : Outcome::unsupported;
}

void add_failure(VectorResult& result, Failure failure) {
    result.add(failure.outcome, failure.why);
    ++result.failing_rows;
    if (result.failures.size() < kept_failures)
        result.failures.push_back(std::move(failure));
}

void add_late_failure(VectorResult& result, Failure failure) {
    result.tolerated = false;
    add_failure(result, std::move(failure));
}

void settle(VectorResult& result, const Vector& vector, const ExamineOptions& options) {
    result.tolerated =
        !is_pass(result.outcome) && tolerates(*vector.policy, result.outcome, options.strict);
    if (result.tolerated && result.incomplete) { // what is tolerated must not hide what is missing
        result.outcome = Outcome::not_run;
        result.why = *result.incomplete;
        result.tolerated = false;
    }
}

std::vector<std::string> Runtime::words() const {
    return split_command(text());
}

std::unique_ptr<Examiner> make_examiner(const Runtime& runtime, const ExamineOptions& options) {
    if (runtime.one_shot)
        return std::make_unique<OneShotExaminer>(runtime, options);
    return std::make_unique<PersistentExaminer>(runtime, options);
}

} // namespace bpf_assay::conformance
