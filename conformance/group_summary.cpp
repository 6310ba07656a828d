#include "conformance/group_summary.hpp"

#include <algorithm>
#include <stdexcept>

namespace bpf_assay::conformance {

std::size_t place_of(Group group) {
    const auto found = std::ranges::find(conformance_groups, group);
    if (found == conformance_groups.end())
        throw std::logic_error("a conformance group has no line in the summary");
    return static_cast<std::size_t>(found - conformance_groups.begin());
}

namespace {

/// A group holds if every instruction in it does (section 2.4), so it needs what it includes.
void settle_verdict(GroupSummary& summary, const std::vector<GroupSummary>& before) {
    if (summary.vectors == 0 || summary.count(Outcome::not_run) != 0)
        return; // not tested, or not in full
    const std::size_t passed =
        summary.count(Outcome::pass) + summary.count(Outcome::pass_not_executed);
    // What is not supported is tolerated, but not held. Of an encoding vector it says only that the
    // refusal proves nothing.
    const std::size_t missing =
        summary.name == "encoding" ? 0 : summary.count(Outcome::unsupported);
    const std::size_t tolerated = summary.tolerated - missing;
    if (passed == summary.vectors)
        summary.verdict = summary.count(Outcome::pass) != 0 ? GroupVerdict::held
                                                            : GroupVerdict::held_not_executed;
    else if (passed + tolerated == summary.vectors)
        summary.verdict = GroupVerdict::held_with_tolerated;
    else
        summary.verdict = GroupVerdict::not_held;

    static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> includes{
        std::pair{"base64", "base32"}, std::pair{"divmul64", "divmul32"},
        std::pair{"atomic64", "atomic32"}};
    for (const auto& [outer, inner] : includes)
        if (summary.name == outer) {
            const auto& included = *std::ranges::find(before, inner, &GroupSummary::name);
            summary.verdict = std::max(summary.verdict, included.verdict);
        }
}

} // namespace

std::string_view name_of(GroupVerdict verdict) {
    switch (verdict) {
    case GroupVerdict::held:
        return "held";
    case GroupVerdict::held_not_executed:
        return "held, but not executed";
    case GroupVerdict::held_with_tolerated:
        return "held with tolerated rejections";
    case GroupVerdict::not_held:
        return "not held";
    case GroupVerdict::not_tested:
        return "not tested in full";
    }
    return "";
}

std::vector<GroupSummary> summarise(const RuntimeResult& runtime) {
    std::vector<GroupSummary> summaries;
    for (const Group group : conformance_groups)
        summaries.push_back({.name = std::string(name_of(group)), .rows = {}});
    summaries.push_back({.name = "encoding", .rows = {}});
    for (std::size_t index = 0; index < runtime.vectors.size(); ++index) {
        const std::string_view name = group_name_of(*runtime.vectors[index]);
        auto found = std::ranges::find(summaries, name, &GroupSummary::name);
        if (found == summaries.end())
            found = summaries.insert(summaries.end(), {.name = std::string(name), .rows = {}});
        GroupSummary& summary = *found;
        const VectorResult& result = runtime.results[index];
        ++summary.vectors;
        ++summary.by_outcome[static_cast<std::size_t>(result.outcome)];
        summary.tolerated += result.tolerated ? 1 : 0;
        summary.rows.total += result.rows.total;
        summary.rows.run += result.rows.run;
        summary.rows.passed += result.rows.passed;
        summary.rows.not_executed += result.rows.not_executed;
    }
    for (GroupSummary& summary : summaries)
        settle_verdict(summary, summaries);
    return summaries;
}

bool ran_anything(const RuntimeResult& runtime) {
    const bool only_encodings = std::ranges::all_of(
        runtime.vectors, [](const Vector* vector) { return vector->kind == Kind::encoding; });
    for (std::size_t index = 0; index < runtime.vectors.size(); ++index) {
        const Outcome outcome = runtime.results[index].outcome;
        if ((only_encodings || runtime.vectors[index]->kind != Kind::encoding) &&
            outcome != Outcome::unsupported && outcome != Outcome::not_run)
            return true;
    }
    return false;
}

int exit_status(const std::vector<RuntimeResult>& runtimes) {
    bool ran = false;
    bool complete = true;
    for (const RuntimeResult& runtime : runtimes) {
        if (std::ranges::any_of(runtime.results, diverges) || !runtime.unexplained.empty())
            return 1;
        if (runtime.status == RuntimeStatus::unavailable)
            continue;
        complete = complete && runtime.status == RuntimeStatus::ran &&
                   std::ranges::find(runtime.results, Outcome::not_run, &VectorResult::outcome) ==
                       runtime.results.end();
        ran = ran || ran_anything(runtime);
    }
    return ran && complete ? 0 : 2;
}

} // namespace bpf_assay::conformance
