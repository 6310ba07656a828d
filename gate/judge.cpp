#include "gate/judge.hpp"

#include "conformance/claims.hpp"
#include "conformance/divergences.hpp"
#include "conformance/group_summary.hpp"
#include "conformance/results_words.hpp"
#include "conformance/shell_word.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace bpf_assay::gate {
namespace {

using namespace conformance;
using conformance::Outcome; // the reference VM has one, too
using reports::RuntimeOutcomes;
using reports::VectorOutcome;

constexpr std::size_t most_named = 5; // vectors in a sentence

/// "a, b, c, d, e and 3 more"
std::string list(const std::vector<std::string>& ids) {
    const std::size_t named = std::min(ids.size(), most_named);
    std::string text = fmt::format(
        "{}", fmt::join(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(named), ", "));
    if (named < ids.size())
        text += fmt::format(" and {} more", ids.size() - named);
    return text;
}

std::vector<std::string> clauses_of(const Suite& suite, const Vector& vector) {
    std::vector<std::string> texts;
    for (const std::string& id : vector.clauses) {
        const auto clause = suite.clauses.find(id);
        texts.push_back(clause == suite.clauses.end()
                            ? id
                            : fmt::format("{} (section {}): {}", id, clause->second.section,
                                          clause->second.text));
    }
    return texts;
}

/// Of the first failure: where it is, and each value that differs.
std::vector<std::string> seen_in(const VectorResult& result) {
    std::vector<std::string> lines;
    if (result.failures.empty())
        return lines;
    const Failure& failure = result.failures.front();
    std::string where = fmt::format("program {}", failure.program);
    if (!failure.program_text.empty())
        where += fmt::format(" ({})", failure.program_text);
    if (failure.row)
        where += fmt::format(", row {}", *failure.row);
    if (!failure.registers_before.empty())
        where += fmt::format(", before: {}", fmt::join(failure.registers_before, ", "));
    lines.push_back(std::move(where));
    for (const Difference& difference : failure.differences)
        lines.push_back(fmt::format("{}: expected {}, seen {}", difference.place,
                                    difference.expected, difference.seen));
    return lines;
}

/// One question, from the first vector to the last tolerance.
class Judge {
public:
    explicit Judge(const Question& question)
        : m_question(question), m_passing(question.policy.tolerances.size()) {}

    Judgement judgement() {
        m_judgement.has_baseline = m_question.baseline.has_value();
        if (m_question.results.runtimes.empty())
            add({.cause = Cause::nothing_ran, .text = "the results hold no runtime"});
        if (m_question.baseline)
            judge_against(*m_question.baseline);
        else
            for (std::size_t index = 0; index < m_question.results.runtimes.size(); ++index)
                judge_runtime(index, nullptr);
        judge_tolerances();
        std::ranges::stable_sort(m_judgement.findings, {}, &Finding::cause);
        return std::move(m_judgement);
    }

private:
    void add(Finding finding) { m_judgement.findings.push_back(std::move(finding)); }

    void judge_against(const reports::FileOutcomes& baseline) {
        const auto now =
            reports::outcomes_of(m_question.results_file, m_question.suite, m_question.results);
        const reports::Comparison comparison = reports::compare(baseline, now);
        m_judgement.notes = comparison.notes;
        for (const reports::RuntimeComparison& pair : comparison.runtimes) {
            const std::string& title = pair.after.empty() ? pair.before : pair.after;
            for (const std::string& text : pair.notes)
                if (std::ranges::find(pair.other_way, text) == pair.other_way.end())
                    m_judgement.notes.push_back(fmt::format("{}: {}", title, text));
            if (!pair.after_index) {
                add({.cause = Cause::runtime_gone,
                     .runtime = title,
                     .text = "the baseline has it, the results do not"});
                continue;
            }
            for (const std::string& text : pair.other_way)
                add({.cause = Cause::other_conditions, .runtime = title, .text = text});
            judge_runtime(*pair.after_index,
                          pair.before_index ? &baseline.runtimes.at(*pair.before_index) : nullptr);
        }
    }

    /// `before`: the same runtime in the baseline, if it has it.
    void judge_runtime(std::size_t index, const RuntimeOutcomes* before) {
        const RuntimeResult& runtime = m_question.results.runtimes[index];
        const std::string title = runtime.title();
        if (runtime.status != RuntimeStatus::ran)
            add({.cause = Cause::runtime_broken,
                 .runtime = title,
                 .text = fmt::format("{}: {}", name_of(runtime.status), runtime.why)});
        else if (!ran_anything(runtime))
            add({.cause = Cause::nothing_ran,
                 .runtime = title,
                 .text = runtime.vectors.empty()
                             ? std::string("no vector was run on it")
                             : fmt::format("it took none of its {} vectors: all are unsupported, "
                                           "or not run",
                                           runtime.vectors.size())});
        for (const std::string& text : runtime.unexplained)
            add({.cause = Cause::runtime_broken, .runtime = title, .text = text});
        m_other_rows.clear();
        for (std::size_t at = 0; at < runtime.vectors.size(); ++at)
            judge_vector(index, *runtime.vectors[at], runtime.results[at], before);
        if (!m_other_rows.empty())
            note(runtime, fmt::format("as before, with another number of rows in all, so that it "
                                      "cannot be told whether more are wrong: {}",
                                      list(m_other_rows)));
        if (before != nullptr && runtime.status == RuntimeStatus::ran)
            judge_missing(index, *before);
        judge_groups(index);
    }

    void note(const RuntimeResult& runtime, const std::string& text) {
        m_judgement.notes.push_back(fmt::format("{}: {}", runtime.title(), text));
    }

    static const VectorOutcome* outcome_in(const RuntimeOutcomes* runtime, const std::string& id) {
        if (runtime == nullptr)
            return nullptr;
        const auto found = runtime->by_id.find(id);
        return found == runtime->by_id.end() ? nullptr : &found->second;
    }

    void judge_vector(std::size_t index, const Vector& vector, const VectorResult& result,
                      const RuntimeOutcomes* before) {
        const RuntimeResult& runtime = m_question.results.runtimes[index];
        const VectorOutcome* then = outcome_in(before, vector.id);
        Counts& counts = m_judgement.counts;
        ++counts.vectors;
        if (is_pass(result.outcome))
            note_pass(runtime, vector.id, result.outcome);
        if (result.outcome == Outcome::not_run) {
            add_vector(Cause::no_verdict, index, vector, result, result.why);
        } else if (result.outcome == Outcome::unexpected_pass) {
            add_vector(Cause::unexpected_pass, index, vector, result, result.why);
        } else if (tolerates(runtime, vector.id, result)) {
            ++(is_pass(result.outcome) ? counts.passed : counts.tolerated);
        } else if (then != nullptr && is_lost(*then, result)) {
            add_vector(Cause::lost, index, vector, result, change_text(*then, result));
        } else if (is_pass(result.outcome)) {
            judge_pass(index, vector, result, before);
        } else if (is_divergence(result.outcome, result.tolerated)) {
            judge_divergence(index, vector, result, before);
        } else if (const std::string worse = worse_rows(vector, result, then); !worse.empty()) {
            add_vector(Cause::regressed, index, vector, result, worse);
        } else {
            ++counts.tolerated;
        }
    }

    static std::string change_text(const VectorOutcome& then, const VectorResult& result) {
        return fmt::format("{} before, {} now: {}", then.text(), name_of(result.outcome),
                           result.why);
    }

    /// Right before, and now neither right nor wrong: by its policy, as it is not claimed, or as
    /// the instruction was in no program that ran. What a list of divergences names is not lost.
    static bool is_lost(const VectorOutcome& then, const VectorResult& result) {
        if (!then.left_out.empty())
            return false;
        if (is_pass(result.outcome))
            return result.outcome == Outcome::pass_not_executed && then.outcome == Outcome::pass;
        return then.passes() && result.outcome != Outcome::expected_failure &&
               !is_divergence(result.outcome, result.tolerated);
    }

    void judge_pass(std::size_t index, const Vector& vector, const VectorResult& result,
                    const RuntimeOutcomes* before) {
        const RuntimeResult& runtime = m_question.results.runtimes[index];
        const VectorOutcome* then = outcome_in(before, vector.id);
        const bool comparable = then != nullptr && then->passes() && is_same_suite() &&
                                before->profile == m_question.results.runs.at(runtime.run).profile;
        if (comparable && result.rows.passed < then->passed_rows)
            add_vector(Cause::fewer_rows, index, vector, result,
                       fmt::format("{} rows right before, {} now, and no other", then->passed_rows,
                                   result.rows.passed));
        else
            ++m_judgement.counts.passed;
    }

    void judge_divergence(std::size_t index, const Vector& vector, const VectorResult& result,
                          const RuntimeOutcomes* before) {
        Counts& counts = m_judgement.counts;
        const VectorOutcome* then = outcome_in(before, vector.id);
        const bool is_new =
            then == nullptr || !then->left_out.empty() || then->outcome == Outcome::not_run;
        if (!m_judgement.has_baseline) {
            ++counts.unchanged; // this run makes the baseline
        } else if (is_new && may_fail(before, vector.id)) {
            ++counts.tolerated;
        } else if (is_new) {
            add_vector(Cause::new_failure, index, vector, result,
                       fmt::format("{}: {}", name_of(result.outcome), result.why));
        } else if (!then->diverges()) {
            add_vector(Cause::regressed, index, vector, result, change_text(*then, result));
        } else if (then->outcome != result.outcome) {
            add_vector(Cause::otherwise, index, vector, result, change_text(*then, result));
        } else if (const std::string worse = worse_rows(vector, result, then); !worse.empty()) {
            add_vector(Cause::regressed, index, vector, result, worse);
        } else {
            ++counts.unchanged;
        }
    }

    /// A vector that is new to a runtime which is not: one without a verdict was there before.
    bool may_fail(const RuntimeOutcomes* before, const std::string& id) const {
        return m_question.policy.new_vectors_may_fail && before != nullptr &&
               before->status != RuntimeStatus::unavailable && !before->by_id.contains(id);
    }

    bool is_same_suite() const {
        return m_question.baseline && m_question.baseline->digest == m_question.suite.digest;
    }

    /// How it is worse by its rows, where the outcome is that of before; empty: it is not.
    std::string worse_rows(const Vector& vector, const VectorResult& result,
                           const VectorOutcome* then) {
        if (then == nullptr || !then->left_out.empty() || then->outcome != result.outcome)
            return {};
        const RowCounts& rows = result.rows;
        if (rows.total == then->total_rows)
            return rows.passed < then->passed_rows
                       ? fmt::format("{} rows right before, {} now: {}", then->passed_rows,
                                     rows.passed, result.why)
                       : std::string();
        if (!is_same_suite()) {
            m_other_rows.push_back(vector.id);
            return {};
        }
        const std::size_t failing = rows.total - std::min(rows.passed, rows.total);
        const std::size_t failed = then->total_rows - std::min(then->passed_rows, then->total_rows);
        return failing > failed
                   ? fmt::format("{} of {} rows not right before, {} of {} now: {}", failed,
                                 then->total_rows, failing, rows.total, result.why)
                   : std::string();
    }

    void add_vector(Cause cause, std::size_t index, const Vector& vector,
                    const VectorResult& result, std::string text) {
        const RuntimeResult& runtime = m_question.results.runtimes[index];
        add({.cause = cause,
             .runtime = runtime.title(),
             .result = index,
             .id = vector.id,
             .text = std::move(text),
             .clauses = clauses_of(m_question.suite, vector),
             .seen = seen_in(result),
             .reproduce = reproducer(runtime, m_question.results.runs.at(runtime.run), vector.id),
             .outcome = std::string(name_of(result.outcome))});
    }

    /// What the baseline has a verdict on, and these results do not.
    void judge_missing(std::size_t index, const RuntimeOutcomes& before) {
        const RuntimeResult& runtime = m_question.results.runtimes[index];
        std::map<std::string, std::string> now; // why it has no verdict, or nothing
        for (const Vector* vector : runtime.vectors)
            now[vector->id] = {};
        for (const Vector* vector : runtime.switched_off)
            now[vector->id] = fmt::format("off: the runtime declares {}", vector->unless);
        for (const NotOffered& left_out : runtime.not_offered)
            now[left_out.vector->id] = fmt::format("not offered: {}", left_out.needs);
        for (const std::string& id : before.ids) {
            const VectorOutcome& then = before.by_id.at(id);
            const auto found = now.find(id);
            if (found == now.end())
                add({.cause = Cause::vector_gone,
                     .runtime = runtime.title(),
                     .id = id,
                     .text = fmt::format("{} in the baseline, not in the results", then.text())});
            else if (then.left_out.empty() && then.outcome != Outcome::not_run &&
                     !found->second.empty() && !tolerates(runtime, id, std::nullopt))
                add({.cause = Cause::lost,
                     .runtime = runtime.title(),
                     .id = id,
                     .text = fmt::format("{} before, {} now", then.text(), found->second)});
        }
    }

    // ---- Groups

    std::vector<Group> demanded(const std::vector<GroupClaim>& claims) const {
        std::vector<Group> groups = m_question.policy.must_hold;
        if (m_question.policy.claimed_must_hold)
            for (const GroupClaim& claim : claims)
                if (claim.claimed)
                    groups.push_back(claim.group);
        groups = with_included(groups);
        std::ranges::sort(groups);
        groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
        return groups;
    }

    void judge_groups(std::size_t index) {
        const RuntimeResult& runtime = m_question.results.runtimes[index];
        if (runtime.status == RuntimeStatus::unavailable)
            return;
        for (const Group group : demanded(claims_of(runtime))) {
            const GroupCount count = count_group(runtime, group);
            const auto& named = m_question.policy.must_hold;
            if (count.all == 0 && std::ranges::find(named, group) == named.end()) {
                note(runtime,
                     fmt::format("{} must hold, and there is no vector of it", name_of(group)));
                continue;
            }
            if (const std::string why = why_not_held(count); !why.empty())
                add({.cause = Cause::group_not_held,
                     .runtime = runtime.title(),
                     .text = fmt::format("{} must hold, and {}", name_of(group), why)});
            else if (!count.left_out.empty())
                note(runtime,
                     fmt::format("{} holds without what is not offered or switched off: {}",
                                 name_of(group), list(count.left_out)));
        }
    }

    /// A group's own vectors; those of the groups that it includes are demanded, too.
    struct GroupCount {
        std::size_t all = 0;               // in the suite
        std::size_t asked = 0;             // in the results, those that were left out, too
        std::size_t ran = 0;               // something of it was taken
        std::size_t executed = 0;          // of those, with the tested instruction
        std::vector<std::string> failing;  // not right, nor tolerated
        std::vector<std::string> left_out; // not offered, switched off
    };

    GroupCount count_group(const RuntimeResult& runtime, Group group) const {
        const auto is_of_group = [&](const Vector& vector) { return group_of(vector) == group; };
        GroupCount count;
        count.all =
            static_cast<std::size_t>(std::ranges::count_if(m_question.suite.vectors, is_of_group));
        for (std::size_t at = 0; at < runtime.vectors.size(); ++at) {
            const Vector& vector = *runtime.vectors[at];
            const VectorResult& result = runtime.results[at];
            if (!is_of_group(vector))
                continue;
            ++count.asked;
            const bool tolerated = tolerates(runtime, vector.id, result);
            if (result.outcome != Outcome::unsupported && result.outcome != Outcome::not_run) {
                ++count.ran;
                count.executed += result.outcome != Outcome::pass_not_executed || tolerated ? 1 : 0;
            }
            const bool held = is_pass(result.outcome) ||
                              result.outcome == Outcome::unexpected_pass ||
                              (result.tolerated && result.outcome != Outcome::unsupported);
            if (!held && !tolerated)
                count.failing.push_back(vector.id);
        }
        for (const Vector* vector : runtime.switched_off)
            if (is_of_group(*vector))
                count.left_out.push_back(vector->id);
        for (const NotOffered& left_out : runtime.not_offered)
            if (is_of_group(*left_out.vector))
                count.left_out.push_back(left_out.vector->id);
        count.asked += count.left_out.size();
        return count;
    }

    /// Empty: it is held.
    static std::string why_not_held(const GroupCount& count) {
        if (count.asked == 0)
            return "none of its vectors is in the results";
        if (!count.failing.empty())
            return fmt::format("{} of its {} vectors are not right: {}", count.failing.size(),
                               count.all, list(count.failing));
        if (count.asked < count.all)
            return fmt::format("{} of its {} vectors were not run", count.all - count.asked,
                               count.all);
        if (count.ran == 0)
            return fmt::format("none of its {} vectors ran: they are unsupported, not offered or "
                               "switched off",
                               count.all);
        if (count.executed == 0)
            return "what it tests was in no program that ran";
        return {};
    }

    // ---- Tolerances

    bool is_over(const Tolerance& tolerance) const { return m_question.today > tolerance.until; }

    static bool is_about(const Tolerance& tolerance, const RuntimeResult& runtime) {
        return matches_pattern(tolerance.runtime, runtime.title()) ||
               matches_pattern(tolerance.runtime, runtime.name) ||
               matches_pattern(tolerance.runtime, runtime.command);
    }

    /// An outcome, or nothing for a vector that was not asked.
    using Seen = std::optional<Outcome>;

    bool tolerates(const RuntimeResult& runtime, const std::string& id, Seen seen) const {
        const Policy& policy = m_question.policy;
        return policy.tolerated.holds(seen) ||
               std::ranges::any_of(policy.tolerances, [&](const Tolerance& tolerance) {
                   return tolerance.outcomes.holds(seen) && !is_over(tolerance) &&
                          is_about(tolerance, runtime) && tolerance.is_about(id);
               });
    }

    /// What a list of known divergences excuses is tolerated as what it was, too.
    bool tolerates(const RuntimeResult& runtime, const std::string& id,
                   const VectorResult& result) const {
        const Seen known = known_outcome(result);
        return tolerates(runtime, id, Seen(result.outcome)) ||
               (known && tolerates(runtime, id, known));
    }

    void note_pass(const RuntimeResult& runtime, const std::string& id, Outcome outcome) {
        const auto& tolerances = m_question.policy.tolerances;
        for (std::size_t index = 0; index < tolerances.size(); ++index)
            if (const Tolerance& tolerance = tolerances[index];
                !tolerance.sometimes && !tolerance.outcomes.holds(outcome) && !is_over(tolerance) &&
                is_about(tolerance, runtime) && tolerance.is_about(id))
                m_passing[index].push_back({runtime.title(), id});
    }

    void judge_tolerances() {
        for (std::size_t index = 0; index < m_question.policy.tolerances.size(); ++index) {
            const Tolerance& tolerance = m_question.policy.tolerances[index];
            if (is_over(tolerance))
                add({.cause = Cause::expired,
                     .text = fmt::format("tolerated until {} ({}): {}", tolerance.until,
                                         tolerance.reason, list(tolerance.vectors)),
                     .location = tolerance.location.text()});
            std::map<std::string, std::vector<std::string>> passing; // ids by runtime
            for (const auto& [title, id] : m_passing[index])
                passing[title].push_back(id);
            for (const auto& [title, ids] : passing)
                add({.cause = Cause::unexpected_pass,
                     .runtime = title,
                     .text =
                         fmt::format("tolerated as {}, and {}: {}", tolerance.outcomes.first_name(),
                                     ids.size() == 1 ? "passes" : "pass", list(ids)),
                     .location = tolerance.location.text()});
            if (std::ranges::none_of(m_question.results.runtimes, [&](const auto& runtime) {
                    return is_about(tolerance, runtime);
                }))
                m_judgement.notes.push_back(fmt::format("{}: no runtime of the results matches "
                                                        "'{}'",
                                                        tolerance.location.text(),
                                                        tolerance.runtime));
        }
    }

    struct Pass {
        std::string title, id;
    };

    const Question& m_question;
    Judgement m_judgement;
    std::vector<std::vector<Pass>> m_passing; // of tolerances[i]
    std::vector<std::string> m_other_rows;    // of the runtime: vectors whose rows tell nothing
};

} // namespace

std::string_view name_of(Cause cause) {
    static constexpr std::array<std::string_view, cause_count> names{
        "nothing ran", "runtime gone",    "runtime broken", "other conditions", "regressed",
        "lost",        "fails otherwise", "fewer rows",     "new failure",      "no verdict",
        "vector gone", "group not held",  "expired",        "unexpected pass"};
    return names.at(static_cast<std::size_t>(cause));
}

bool Finding::is_flaky() const {
    return std::ranges::any_of(
        again, [&](const std::string& seen_again) { return seen_again != outcome; });
}

std::size_t Judgement::count(Cause cause) const {
    return static_cast<std::size_t>(std::ranges::count(findings, cause, &Finding::cause));
}

Judgement judge(const Question& question) {
    return Judge(question).judgement();
}

std::string reproducer(const RuntimeResult& runtime, const RunDescription& run,
                       const std::string& id) {
    std::string command = "bpf-assay run";
    const auto add = [&](const char* option, const std::string& value) {
        command += fmt::format(" {} {}", option, shell_word(value));
    };
    const auto add_given = [&](const char* option) {
        for (const auto* given : {&run.options, &run.selection})
            if (const auto values = given->find(option); values != given->end())
                for (const std::string& value : values->second)
                    add(option, value);
    };
    if (!runtime.name.empty()) {
        add("--runtime", runtime.name);
        add_given("--runtimes");
    } else {
        add(runtime.one_shot ? "--one-shot" : "--plugin", runtime.command);
        if (runtime.one_shot && runtime.hello.r0_bits != 64)
            add("--r0-bits", std::to_string(runtime.hello.r0_bits));
    }
    if (run.profile != "default")
        add("--profile", run.profile);
    if (run.strict)
        command += " --strict";
    add_given("--divergences");
    add_given("--vectors");
    return fmt::format("{} {}", command, shell_word(id));
}

} // namespace bpf_assay::gate
