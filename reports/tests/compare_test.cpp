// What counts as better and as worse, and which runtimes are compared with which.
#include "reports/compare.hpp"

#include "conformance/error.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpf_assay::reports {
namespace {

using conformance::Outcome; // the reference VM has one, too
using conformance::RuntimeStatus;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const VectorOutcome pass{.outcome = Outcome::pass};
const VectorOutcome not_executed{.outcome = Outcome::pass_not_executed};
const VectorOutcome wrong{.outcome = Outcome::wrong};
const VectorOutcome timed_out{.outcome = Outcome::timeout};
const VectorOutcome rejected{.outcome = Outcome::rejected};
const VectorOutcome tolerated{.outcome = Outcome::rejected, .tolerated = true};
const VectorOutcome known{.outcome = Outcome::expected_failure};
const VectorOutcome unexpected_pass{.outcome = Outcome::unexpected_pass};
const VectorOutcome not_run{.outcome = Outcome::not_run};
const VectorOutcome not_offered{.left_out = "not offered: helper mix"};

RuntimeOutcomes runtime(const std::string& name, const std::vector<VectorOutcome>& outcomes,
                        const std::string& identity = "vm, jit, little, x86_64") {
    RuntimeOutcomes runtime{.title = fmt::format("{} 1.0", name),
                            .name = name,
                            .command = "plugin",
                            .identity = identity,
                            .profile = "default"};
    for (std::size_t number = 0; number < outcomes.size(); ++number) {
        runtime.ids.push_back(fmt::format("v/{}", number));
        runtime.by_id.emplace(runtime.ids.back(), outcomes[number]);
    }
    return runtime;
}

FileOutcomes file(std::vector<RuntimeOutcomes> runtimes) {
    return {.file = "x.json", .digest = "d", .vectors = 3, .runtimes = std::move(runtimes)};
}

Comparison compared(std::vector<RuntimeOutcomes> before, std::vector<RuntimeOutcomes> after) {
    return compare(file(std::move(before)), file(std::move(after)));
}

/// What becomes of one vector; nothing if it is no change.
std::optional<ChangeKind> kind(const VectorOutcome& before, const VectorOutcome& after) {
    const Comparison comparison = compared({runtime("a", {before})}, {runtime("a", {after})});
    const auto& changes = comparison.runtimes.at(0).changes;
    return changes.empty() ? std::nullopt : std::optional(changes.at(0).kind);
}

TEST(compare, the_same_is_no_change) {
    for (const VectorOutcome& outcome : {pass, wrong, tolerated, known, not_run, not_offered})
        EXPECT_EQ(kind(outcome, outcome), std::nullopt) << outcome.text();
}

TEST(compare, what_diverges_and_did_not_regressed) {
    for (const VectorOutcome& before :
         {pass, not_executed, tolerated, known, unexpected_pass, not_run, not_offered})
        for (const VectorOutcome& after : {wrong, rejected, timed_out})
            EXPECT_EQ(kind(before, after), ChangeKind::regressed)
                << before.text() << " -> " << after.text();
}

TEST(compare, what_had_a_verdict_and_has_none_is_lost) {
    for (const VectorOutcome& before : {pass, wrong, tolerated, known, unexpected_pass})
        for (const VectorOutcome& after : {not_run, not_offered})
            EXPECT_EQ(kind(before, after), ChangeKind::lost)
                << before.text() << " -> " << after.text();
}

TEST(compare, what_passes_and_did_not_is_fixed) {
    for (const VectorOutcome& before : {wrong, timed_out, tolerated, known, not_run, not_offered})
        for (const VectorOutcome& after : {pass, not_executed, unexpected_pass})
            EXPECT_EQ(kind(before, after), ChangeKind::fixed)
                << before.text() << " -> " << after.text();
}

TEST(compare, what_is_neither_better_nor_worse_changed) {
    const std::vector<std::pair<VectorOutcome, VectorOutcome>> pairs{
        {wrong, rejected},      {wrong, known},         {pass, tolerated},       {pass, known},
        {pass, not_executed},   {tolerated, known},     {pass, unexpected_pass}, {not_run, known},
        {not_run, not_offered}, {unexpected_pass, pass}};
    for (const auto& [before, after] : pairs)
        EXPECT_EQ(kind(before, after), ChangeKind::changed)
            << before.text() << " -> " << after.text();
}

TEST(compare, only_some_kinds_are_worse) {
    const auto is_worse = [](const VectorOutcome& before, const VectorOutcome& after) {
        return compared({runtime("a", {before})}, {runtime("a", {after})}).is_worse();
    };
    EXPECT_TRUE(is_worse(pass, wrong));
    EXPECT_TRUE(is_worse(wrong, not_run));
    EXPECT_FALSE(is_worse(wrong, pass));
    EXPECT_FALSE(is_worse(wrong, rejected));
    EXPECT_FALSE(is_worse(wrong, wrong));
}

TEST(compare, vectors_come_and_go) {
    const Comparison more =
        compared({runtime("a", {pass})}, {runtime("a", {pass, pass, tolerated})});
    EXPECT_EQ(more.runtimes.at(0).count(ChangeKind::added), 2);
    EXPECT_FALSE(more.is_worse());
    const Comparison diverging = compared({runtime("a", {pass})}, {runtime("a", {pass, wrong})});
    EXPECT_TRUE(diverging.is_worse());
    EXPECT_THAT(comparison_text(diverging, false),
                HasSubstr("added: 1, of which 1 diverge, which is worse"));
    const Comparison fewer = compared({runtime("a", {pass, wrong})}, {runtime("a", {pass})});
    EXPECT_EQ(fewer.runtimes.at(0).count(ChangeKind::gone), 1);
    EXPECT_TRUE(fewer.is_worse());
}

TEST(compare, a_runtime_that_is_gone_is_worse) {
    const Comparison comparison =
        compared({runtime("a", {pass}), runtime("b", {pass, pass})}, {runtime("a", {pass})});
    ASSERT_EQ(comparison.runtimes.size(), 2);
    EXPECT_THAT(comparison.runtimes[1].worse,
                ElementsAre("gone: it has no results any more; 2 vectors had a verdict"));
    EXPECT_TRUE(comparison.is_worse());
}

TEST(compare, a_new_runtime_is_worse_if_it_diverges) {
    const auto with = [](const VectorOutcome& outcome) {
        return compared({runtime("a", {pass})},
                        {runtime("a", {pass}), runtime("b", {pass, outcome})});
    };
    EXPECT_FALSE(with(pass).is_worse());
    EXPECT_THAT(with(pass).runtimes.at(1).notes, ElementsAre("a new runtime, with 2 vectors"));
    EXPECT_TRUE(with(wrong).is_worse());
    EXPECT_EQ(with(wrong).runtimes.at(1).changes.size(), 1);
}

TEST(compare, a_runtime_that_is_not_available_is_worse_once) {
    RuntimeOutcomes gone = runtime("a", {}, "");
    gone.status = RuntimeStatus::unavailable;
    gone.why = "no permission";
    const Comparison comparison = compared({runtime("a", {pass, not_run})}, {gone});
    EXPECT_THAT(comparison.runtimes.at(0).worse,
                ElementsAre("it is not available: no permission; 1 vector had a verdict"));
    EXPECT_THAT(comparison.runtimes.at(0).changes, IsEmpty());
    EXPECT_FALSE(compared({gone}, {gone}).is_worse());
    EXPECT_FALSE(compared({gone}, {runtime("a", {pass})}).is_worse());
}

TEST(compare, a_run_that_is_cut_short_is_worse) {
    RuntimeOutcomes cut = runtime("a", {pass});
    cut.status = RuntimeStatus::given_up;
    cut.why = "it crashes at every start";
    EXPECT_THAT(compared({runtime("a", {pass})}, {cut}).runtimes.at(0).worse,
                ElementsAre("its run was cut short (given up): it crashes at every start"));
    EXPECT_FALSE(compared({cut}, {cut}).is_worse());
    EXPECT_THAT(comparison_text(compared({cut}, {cut}), false), HasSubstr("cut short again"));
}

TEST(compare, a_new_breakdown_is_worse) {
    RuntimeOutcomes broken = runtime("a", {pass});
    broken.unexplained = {"SIGSEGV"};
    EXPECT_TRUE(compared({runtime("a", {pass})}, {broken}).is_worse());
    EXPECT_FALSE(compared({broken}, {broken}).is_worse());
}

TEST(compare, runtimes_of_one_name_are_told_apart_by_what_they_say) {
    const auto x86 = "vm, jit, little, x86_64", arm = "vm, jit, little, aarch64";
    const Comparison comparison = compared({runtime("a", {pass}, x86), runtime("a", {wrong}, arm)},
                                           {runtime("a", {wrong}, arm), runtime("a", {pass}, x86)});
    for (const RuntimeComparison& each : comparison.runtimes) {
        EXPECT_THAT(each.changes, IsEmpty());
        EXPECT_THAT(each.notes, IsEmpty());
    }
}

TEST(compare, an_ambiguous_pair_is_said_to_be_one) {
    const Comparison comparison = compared({runtime("a", {pass}), runtime("a", {wrong})},
                                           {runtime("a", {pass}), runtime("a", {wrong})});
    ASSERT_EQ(comparison.runtimes.size(), 2);
    for (const RuntimeComparison& each : comparison.runtimes)
        EXPECT_THAT(each.notes, ElementsAre(HasSubstr("cannot be told apart")));
}

TEST(compare, other_machines_are_compared_with_a_note_or_not_at_all) {
    const Comparison single = compared({runtime("a", {pass}, "x86_64"), runtime("b", {pass})},
                                       {runtime("a", {pass}, "aarch64"), runtime("b", {pass})});
    ASSERT_EQ(single.runtimes.size(), 2);
    EXPECT_THAT(single.runtimes[0].notes,
                ElementsAre("another runtime or machine: x86_64 before, aarch64 now"));
    const Comparison several =
        compared({runtime("a", {pass}, "x86_64"), runtime("a", {pass}, "s390x")},
                 {runtime("a", {pass}, "aarch64"), runtime("a", {pass}, "riscv64")});
    ASSERT_EQ(several.runtimes.size(), 4); // two are gone, two are new
    EXPECT_TRUE(several.is_worse());
}

TEST(compare, what_keeps_runs_from_being_compared_is_a_note) {
    const auto notes = [](const auto& change) {
        RuntimeOutcomes other = runtime("a", {pass});
        change(other);
        const Comparison comparison = compared({runtime("a", {pass})}, {other});
        EXPECT_FALSE(comparison.is_worse());
        return comparison.runtimes.at(0).notes;
    };
    EXPECT_THAT(notes([](RuntimeOutcomes&) {}), IsEmpty());
    EXPECT_THAT(notes([](RuntimeOutcomes& it) { it.profile = std::string("smoke"); }),
                ElementsAre("another profile: default before, smoke now"));
    EXPECT_THAT(notes([](RuntimeOutcomes& it) { it.one_shot = true; }),
                ElementsAre("another kind of plugin: persistent before, one-shot now"));
    EXPECT_THAT(notes([](RuntimeOutcomes& it) { it.strict = true; }),
                ElementsAre("another strictness: not strict before, --strict now"));
    EXPECT_THAT(notes([](RuntimeOutcomes& it) { it.shard = {.number = 1, .count = 3}; }),
                ElementsAre("another part of the vectors: no shard before, shard 1/3 now"));
    EXPECT_THAT(notes([](RuntimeOutcomes& it) {
                    it.options = {"-s", "4.2"};
                }),
                ElementsAre("another selection: none before, -s 4.2 now"));
    EXPECT_THAT(notes([](RuntimeOutcomes& it) { it.name = std::string("b"); }),
                ElementsAre("another name or command: a before, b now"));
}

TEST(compare, other_vectors_and_another_tool_are_notes) {
    FileOutcomes before = file({runtime("a", {pass})}), after = before;
    after.digest = "other";
    after.runtimes[0].tool = "2.0";
    const Comparison comparison = compare(before, after);
    EXPECT_THAT(comparison.notes, ElementsAre(HasSubstr("different versions of the vectors"),
                                              HasSubstr("another version of bpf-assay")));
    EXPECT_FALSE(comparison.is_worse());
}

TEST(comparison_text, texts_of_others_stay_texts) {
    const std::string hostile = "<img>\x1b[2J|`";
    RuntimeOutcomes before = runtime("a", {pass}), after = before;
    before.title = after.title = hostile;
    after.status = RuntimeStatus::given_up;
    after.why = hostile;
    const Comparison comparison = compared({before}, {after});
    const std::string plain = comparison_text(comparison, false);
    EXPECT_THAT(plain, HasSubstr("<img> [2J|`"));
    EXPECT_THAT(plain, Not(HasSubstr("\x1b")));
    const std::string markdown = comparison_text(comparison, true);
    EXPECT_THAT(markdown, Not(HasSubstr("<img>")));
    EXPECT_THAT(markdown, Not(HasSubstr("\x1b")));
}

TEST(comparison_text, says_at_the_end_what_is_worse) {
    EXPECT_THAT(
        comparison_text(
            compared({runtime("a", {pass, pass, wrong})}, {runtime("a", {wrong, not_run})}), false),
        HasSubstr("worse: 1 regressed, 1 lost, 1 gone\n"));
    EXPECT_THAT(comparison_text(compared({runtime("a", {wrong})}, {runtime("a", {pass})}), true),
                HasSubstr("nothing is worse"));
}

TEST(comparison_json, has_the_codes_that_the_page_reads) {
    const auto json = comparison_json(
        compared({runtime("gone", {pass}), runtime("a", {pass, tolerated})},
                 {runtime("new", {pass}), runtime("a", {not_offered, pass, wrong})}),
        {"new-key", "a-key"});
    ASSERT_EQ(json.size(), 3);
    EXPECT_EQ(json[0]["old"], "gone 1.0");
    EXPECT_FALSE(json[0].contains("new") || json[0].contains("key"));
    EXPECT_EQ(json[1]["old"], "a 1.0");
    EXPECT_EQ(json[1]["key"], "a-key");
    EXPECT_EQ(json[1]["worse"], true);
    EXPECT_EQ(json[1]["lost"][0],
              (nlohmann::json{{"id", "v/0"}, {"old", 0}, {"new", "not offered: helper mix"}}));
    EXPECT_EQ(json[1]["fixed"][0]["old_tolerated"], true);
    EXPECT_EQ(json[1]["added"][0]["new"], static_cast<int>(Outcome::wrong));
    EXPECT_FALSE(json[1]["added"][0].contains("old"));
    EXPECT_EQ(json[2]["key"], "new-key");
    EXPECT_EQ(json[2]["worse"], false);
}

} // namespace
} // namespace bpf_assay::reports
