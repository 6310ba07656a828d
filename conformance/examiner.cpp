#include "conformance/examiner.hpp"

#include "conformance/one_shot.hpp"
#include "conformance/persistent.hpp"
#include "conformance/policy.hpp"

#include <algorithm>

namespace bpf_assay::conformance {

constexpr std::size_t kept_failures = 8;

Outcome refusal_outcome(const Hello& hello, const Vector& vector) {
    // What a program needs beside the instructions that it tests is not its runtime's fault either.
    bool claimed = std::ranges::all_of(
        vector.tests, [&](const InstructionRow* row) { return hello.claims(*row); });
    for (std::size_t pc = 0; pc < vector.body.size(); ++pc)
        if (const InstructionRow* row = find_row(vector.body[pc], extensions_of(vector))) {
            claimed = claimed && hello.claims(*row);
            pc += row->wide ? 1 : 0;
        }
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
    if (std::ranges::find(result.untolerated, failure.outcome) == result.untolerated.end())
        result.untolerated.push_back(failure.outcome);
    add_failure(result, std::move(failure));
}

void settle(VectorResult& result, const Vector& vector, const ExamineOptions& options) {
    for (const Outcome outcome : all_outcomes)
        if (result.seen[static_cast<std::size_t>(outcome)] && !is_pass(outcome) &&
            outcome != Outcome::not_run && !tolerates(*vector.policy, outcome, options.strict))
            result.untolerated.push_back(outcome);
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
    if (runtime.one_shot) {
        auto examiner = std::make_unique<OneShotExaminer>(runtime, options);
        examiner->try_out();
        return examiner;
    }
    return std::make_unique<PersistentExaminer>(runtime, options);
}

} // namespace bpf_assay::conformance
