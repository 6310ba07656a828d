#include "gate/judge.hpp"

#include "conformance/claims.hpp"
#include "conformance/divergences.hpp"

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

/// For a shell: quotes only where they are needed.
std::string word(const std::string& text) {
    static constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_/.,:=@%+-";
    if (!text.empty() && text.find_first_not_of(plain) == std::string::npos)
        return text;
    std::string quoted = "'";
    for (const char c : text)
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    quoted += '\'';
    return quoted;
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
            for (const std::string& note : pair.notes)
                if (std::ranges::find(pair.other_way, note) == pair.other_way.end())
                    m_judgement.notes.push_back(fmt::format("{}: {}", title, note));
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
        else if (runtime.vectors.empty())
            add({.cause = Cause::nothing_ran, .runtime = title, .text = "no vector was run on it"});
        for (const std::string& text : runtime.unexplained)
            add({.cause = Cause::runtime_broken, .runtime = title, .text = text});
        std::vector<std::string> not_executed;
        for (std::size_t at = 0; at < runtime.vectors.size(); ++at) {
            const Vector& vector = *runtime.vectors[at];
            const VectorOutcome* then = outcome_in(before, vector.id);
            judge_vector(index, vector, runtime.results[at], then);
            if (then != nullptr && then->left_out.empty() && then->outcome == Outcome::pass &&
                runtime.results[at].outcome == Outcome::pass_not_executed)
                not_executed.push_back(vector.id);
        }
        if (!not_executed.empty())
            m_judgement.notes.push_back(fmt::format(
                "{}: {} still right, but the tested instruction was in no program that ran: {}",
                title, not_executed.size(), list(not_executed)));
        if (before != nullptr && runtime.status == RuntimeStatus::ran)
            judge_missing(index, *before);
        judge_groups(index);
    }

    static const VectorOutcome* outcome_in(const RuntimeOutcomes* runtime, const std::string& id) {
        if (runtime == nullptr)
            return nullptr;
        const auto found = runtime->by_id.find(id);
        return found == runtime->by_id.end() ? nullptr : &found->second;
    }

    void judge_vector(std::size_t index, const Vector& vector, const VectorResult& result,
                      const VectorOutcome* then) {
        Counts& counts = m_judgement.counts;
        ++counts.vectors;
        if (is_pass(result.outcome)) {
            ++counts.passed;
            note_pass(m_question.results.runtimes[index], vector.id);
        } else if (result.outcome == Outcome::unexpected_pass) {
            add_vector(Cause::unexpected_pass, index, vector, result, result.why);
        } else if (result.outcome == Outcome::not_run) {
            const bool was_so =
                then != nullptr && then->left_out.empty() && then->outcome == Outcome::not_run;
            if (was_so)
                ++counts.unchanged;
            else
                add_vector(Cause::no_verdict, index, vector, result, result.why);
        } else if (!is_divergence(result.outcome, result.tolerated) ||
                   tolerates(m_question.results.runtimes[index], vector.id, result.outcome)) {
            ++counts.tolerated;
        } else {
            judge_divergence(index, vector, result, then);
        }
    }

    void judge_divergence(std::size_t index, const Vector& vector, const VectorResult& result,
                          const VectorOutcome* then) {
        Counts& counts = m_judgement.counts;
        const bool is_new =
            then == nullptr || !then->left_out.empty() || then->outcome == Outcome::not_run;
        if (!m_judgement.has_baseline) {
            ++counts.unchanged; // this run makes the baseline
        } else if (is_new && m_question.policy.new_vectors_may_fail) {
            ++counts.tolerated;
        } else if (is_new) {
            add_vector(Cause::new_failure, index, vector, result,
                       fmt::format("{}: {}", name_of(result.outcome), result.why));
        } else if (!then->diverges()) {
            add_vector(Cause::regressed, index, vector, result,
                       fmt::format("{} before, {} now: {}", then->text(), name_of(result.outcome),
                                   result.why));
        } else if (then->outcome != result.outcome) {
            add_vector(Cause::otherwise, index, vector, result,
                       fmt::format("{} before, {} now: {}", then->text(), name_of(result.outcome),
                                   result.why));
        } else if (result.rows.passed < then->passed_rows) {
            add_vector(Cause::regressed, index, vector, result,
                       fmt::format("{} rows right before, {} now: {}", then->passed_rows,
                                   result.rows.passed, result.why));
        } else {
            ++counts.unchanged;
        }
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
                     !found->second.empty())
                add({.cause = Cause::no_verdict,
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
        for (const Group group : demanded(claims_of(runtime)))
            if (const std::string why = why_not_held(runtime, group); !why.empty())
                add({.cause = Cause::group_not_held,
                     .runtime = runtime.title(),
                     .text = fmt::format("{} must hold, and {}", name_of(group), why)});
    }

    /// Of the group's own vectors; those that it includes are demanded, too. Empty: it is held.
    std::string why_not_held(const RuntimeResult& runtime, Group group) const {
        const auto is_of_group = [&](const Vector& vector) { return group_of(vector) == group; };
        std::vector<std::string> failing;
        auto asked = static_cast<std::size_t>(std::ranges::count_if(
            runtime.switched_off, [&](const Vector* vector) { return is_of_group(*vector); }));
        for (std::size_t at = 0; at < runtime.vectors.size(); ++at) {
            const Vector& vector = *runtime.vectors[at];
            const VectorResult& result = runtime.results[at];
            if (!is_of_group(vector))
                continue;
            ++asked;
            const bool held = is_pass(result.outcome) ||
                              result.outcome == Outcome::unexpected_pass ||
                              (result.tolerated && result.outcome != Outcome::unsupported);
            if (!held && find_tolerance(runtime, vector.id, result.outcome) == nullptr)
                failing.push_back(vector.id);
        }
        for (const NotOffered& left_out : runtime.not_offered)
            asked += is_of_group(*left_out.vector) ? 1 : 0;
        const auto all =
            static_cast<std::size_t>(std::ranges::count_if(m_question.suite.vectors, is_of_group));
        if (!failing.empty())
            return fmt::format("{} of its {} vectors are not right: {}", failing.size(), all,
                               list(failing));
        if (asked < all)
            return fmt::format("{} of its {} vectors were not run", all - asked, all);
        return {};
    }

    // ---- Tolerances

    bool is_over(const Tolerance& tolerance) const { return m_question.today > tolerance.until; }

    static bool is_about(const Tolerance& tolerance, const RuntimeResult& runtime) {
        return matches_pattern(tolerance.runtime, runtime.title()) ||
               matches_pattern(tolerance.runtime, runtime.name) ||
               matches_pattern(tolerance.runtime, runtime.command);
    }

    /// One that is not over.
    const Tolerance* find_tolerance(const RuntimeResult& runtime, const std::string& id,
                                    Outcome outcome) const {
        const auto found =
            std::ranges::find_if(m_question.policy.tolerances, [&](const Tolerance& tolerance) {
                return !is_over(tolerance) && is_about(tolerance, runtime) &&
                       tolerance.is_about(id) &&
                       std::ranges::find(tolerance.outcomes, outcome) != tolerance.outcomes.end();
            });
        return found == m_question.policy.tolerances.end() ? nullptr : &*found;
    }

    bool tolerates(const RuntimeResult& runtime, const std::string& id, Outcome outcome) const {
        const auto& tolerated = m_question.policy.tolerated;
        return find_tolerance(runtime, id, outcome) != nullptr ||
               std::ranges::find(tolerated, outcome) != tolerated.end();
    }

    void note_pass(const RuntimeResult& runtime, const std::string& id) {
        const auto& tolerances = m_question.policy.tolerances;
        for (std::size_t index = 0; index < tolerances.size(); ++index)
            if (!tolerances[index].sometimes && !is_over(tolerances[index]) &&
                is_about(tolerances[index], runtime) && tolerances[index].is_about(id))
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
                     .text = fmt::format("tolerated as {}, and {}: {}",
                                         name_of(tolerance.outcomes.front()),
                                         ids.size() == 1 ? "passes" : "pass", list(ids)),
                     .location = tolerance.location.text()});
        }
    }

    struct Pass {
        std::string title, id;
    };

    const Question& m_question;
    Judgement m_judgement;
    std::vector<std::vector<Pass>> m_passing; // of tolerances[i]
};

} // namespace

std::string_view name_of(Cause cause) {
    static constexpr std::array<std::string_view, cause_count> names{
        "nothing ran", "runtime gone",    "runtime broken", "other conditions",
        "regressed",   "fails otherwise", "new failure",    "no verdict",
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
    if (!runtime.name.empty())
        command += fmt::format(" --runtime {}", word(runtime.name));
    else
        command += fmt::format(" --{} {}", runtime.one_shot ? "one-shot" : "plugin",
                               word(runtime.command));
    if (run.profile != "default")
        command += fmt::format(" --profile {}", run.profile);
    if (run.strict)
        command += " --strict";
    return fmt::format("{} {}", command, word(id));
}

} // namespace bpf_assay::gate
