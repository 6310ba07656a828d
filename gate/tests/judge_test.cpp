// Results against baselines and policies, all of them in memory.
#include "gate/judge.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace bpf_assay::gate {
namespace {

using conformance::Outcome; // the reference VM has one, too
using conformance::Results;
using conformance::RuntimeResult;
using conformance::RuntimeStatus;
using conformance::Suite;
using conformance::VectorResult;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t count = 4;

/// v/1 to v/4 of group base64.
Suite suite_of_four() {
    Suite suite;
    suite.digest = "d";
    for (std::size_t number = 1; number <= count; ++number) {
        conformance::Vector& vector = suite.vectors.emplace_back();
        vector.id = fmt::format("v/{}", number);
        vector.tests = {find_row("add64_imm")};
    }
    return suite;
}

class Gate : public testing::Test {
protected:
    /// One runtime on which all four rows of each vector pass.
    Results good() const {
        Results results;
        results.runs.push_back(
            {.command_line = {"bpf-assay", "run"}, .profile = "default", .started = "then"});
        RuntimeResult& runtime = results.runtimes.emplace_back();
        runtime.command = "./vm";
        for (const conformance::Vector& vector : m_suite.vectors) {
            runtime.vectors.push_back(&vector);
            runtime.results.emplace_back().rows = rows(4, 4);
        }
        return results;
    }

    static conformance::RowCounts rows(std::size_t total, std::size_t passed) {
        return {.total = total, .run = total, .passed = passed};
    }

    /// v/1 comes to something else.
    Results with(Outcome outcome, bool tolerated = false, std::size_t passed = 0) const {
        Results results = good();
        VectorResult& result = results.runtimes[0].results[0];
        result.outcome = outcome;
        result.tolerated = tolerated;
        result.rows = rows(4, passed);
        result.why = "because";
        return results;
    }

    Results with_rows(Outcome outcome, std::size_t total, std::size_t passed) const {
        Results results = with(outcome);
        results.runtimes[0].results[0].rows = rows(total, passed);
        return results;
    }

    /// The first vectors are taken from what was asked.
    Results without(std::size_t vectors, bool switched_off = false) const {
        Results results = good();
        RuntimeResult& runtime = results.runtimes[0];
        for (std::size_t number = 0; number < vectors; ++number) {
            if (switched_off)
                runtime.switched_off.push_back(runtime.vectors.front());
            else
                runtime.not_offered.push_back({runtime.vectors.front(), "helper mix"});
            runtime.vectors.erase(runtime.vectors.begin());
            runtime.results.erase(runtime.results.begin());
        }
        return results;
    }

    Results all(Outcome outcome, bool tolerated) const {
        Results results = good();
        for (VectorResult& result : results.runtimes[0].results) {
            result.outcome = outcome;
            result.tolerated = tolerated;
        }
        return results;
    }

    Judgement judged(const std::optional<Results>& before, const Results& now,
                     const std::string& digest = "d") const {
        std::optional<reports::FileOutcomes> baseline;
        if (before) {
            baseline = reports::outcomes_of("baseline.json", m_suite, *before);
            baseline->digest = digest;
        }
        return judge({.suite = m_suite,
                      .results = now,
                      .results_file = "results.json",
                      .baseline = baseline,
                      .policy = m_policy,
                      .today = "2026-11-30"});
    }

    /// "regressed v/1" for each finding.
    std::vector<std::string> findings(const std::optional<Results>& before, const Results& now,
                                      const std::string& digest = "d") const {
        std::vector<std::string> names;
        for (const Finding& finding : judged(before, now, digest).findings)
            names.push_back(fmt::format("{}{}{}", name_of(finding.cause),
                                        finding.id.empty() ? "" : " ", finding.id));
        return names;
    }

    /// One tolerance of v/1.
    void tolerate(Tolerated outcomes, const std::string& runtime = "*") {
        m_policy.tolerances.push_back({.runtime = runtime,
                                       .vectors = {"v/1"},
                                       .outcomes = std::move(outcomes),
                                       .reason = "a reason",
                                       .until = "2027-01-31",
                                       .location = {.file = m_file, .line = 1, .column = 1}});
    }

    Suite m_suite = suite_of_four();
    Policy m_policy;
    std::shared_ptr<const std::string> m_file = std::make_shared<std::string>("gate.yaml");
};

// ---- Lost

TEST_F(Gate, SaysWhatIsNoPassAnyMoreThoughItIsNoFailure) {
    for (const Outcome outcome :
         {Outcome::unsupported, Outcome::rejected, Outcome::accepted, Outcome::fault}) {
        EXPECT_THAT(findings(good(), with(outcome, /*tolerated=*/true)), ElementsAre("lost v/1"));
        EXPECT_THAT(findings(with(outcome, true), with(outcome, true)), IsEmpty());
        EXPECT_THAT(findings(std::nullopt, with(outcome, true)), IsEmpty());
    }
    EXPECT_THAT(findings(good(), with(Outcome::pass_not_executed, false, 4)),
                ElementsAre("lost v/1"));
    EXPECT_THAT(findings(good(), without(1)), ElementsAre("lost v/1"));
    EXPECT_THAT(findings(good(), without(1, /*switched_off=*/true)), ElementsAre("lost v/1"));
    EXPECT_THAT(findings(without(1), without(1)), IsEmpty());
    const Judgement judgement = judged(good(), with(Outcome::unsupported, true));
    EXPECT_EQ(judgement.findings.at(0).text, "pass before, unsupported now: because");
}

TEST_F(Gate, IsAsLoudAsCompare) {
    const auto kinds = [&] {
        std::vector<Results> each{good(), without(1), without(1, true)};
        for (const Outcome outcome : conformance::all_outcomes)
            each.push_back(with(outcome, false, is_pass(outcome) ? 4 : 0));
        for (const Outcome outcome : {Outcome::unsupported, Outcome::rejected, Outcome::fault})
            each.push_back(with(outcome, true));
        return each;
    }();
    for (const Results& before : kinds)
        for (const Results& now : kinds) {
            const auto then = reports::outcomes_of("a", m_suite, before);
            const auto after = reports::outcomes_of("b", m_suite, now);
            if (!reports::compare(then, after).is_worse())
                continue;
            const auto text = [](const reports::FileOutcomes& file) {
                return file.runtimes[0].by_id.at("v/1").text();
            };
            EXPECT_FALSE(judged(before, now).is_open()) << text(then) << ", then " << text(after);
        }
}

TEST_F(Gate, LetsGoWhatThePolicyTolerates) {
    tolerate({.outcomes = {Outcome::unsupported, Outcome::pass_not_executed}, .not_offered = true});
    EXPECT_THAT(findings(good(), with(Outcome::unsupported, true)), IsEmpty());
    EXPECT_THAT(findings(good(), with(Outcome::pass_not_executed, false, 4)), IsEmpty());
    EXPECT_THAT(findings(good(), without(1)), IsEmpty());
    EXPECT_THAT(findings(good(), without(1, true)), IsEmpty());
    EXPECT_THAT(findings(good(), with(Outcome::rejected, true)), ElementsAre("lost v/1"));
    EXPECT_THAT(findings(good(), good()), ElementsAre("unexpected pass"));
}

TEST_F(Gate, StaysShutIfNothingRan) {
    EXPECT_THAT(findings(all(Outcome::unsupported, true), all(Outcome::unsupported, true)),
                ElementsAre("nothing ran"));
    EXPECT_THAT(findings(without(count), without(count)), ElementsAre("nothing ran"));
    EXPECT_THAT(findings(std::nullopt, without(count, true)), ElementsAre("nothing ran"));
}

TEST_F(Gate, StaysShutForWhatWasNotRun) {
    const Results not_run = with(Outcome::not_run);
    EXPECT_THAT(findings(good(), not_run), ElementsAre("no verdict v/1"));
    EXPECT_THAT(findings(not_run, not_run), ElementsAre("no verdict v/1"));
    EXPECT_THAT(findings(std::nullopt, not_run), ElementsAre("no verdict v/1"));
    EXPECT_THAT(findings(not_run, good()), IsEmpty());
}

// ---- Rows

TEST_F(Gate, ComparesTheRowsOfTheSameOutcome) {
    for (const Outcome outcome : {Outcome::wrong, Outcome::expected_failure}) {
        const auto seen = [&](std::size_t total, std::size_t passed) {
            return with_rows(outcome, total, passed);
        };
        EXPECT_THAT(findings(seen(4, 2), seen(4, 2)), IsEmpty());
        EXPECT_THAT(findings(seen(4, 2), seen(4, 3)), IsEmpty());
        EXPECT_THAT(findings(seen(4, 2), seen(4, 1)), ElementsAre("regressed v/1"));
        EXPECT_THAT(findings(seen(4, 3), seen(3, 2)), IsEmpty()); // one fails in both
        EXPECT_THAT(findings(seen(4, 3), seen(40, 3)), ElementsAre("regressed v/1"));
        EXPECT_THAT(findings(seen(4, 2), seen(4, 1), "another"), ElementsAre("regressed v/1"));
        const Judgement other = judged(seen(4, 3), seen(40, 3), "another");
        EXPECT_TRUE(other.is_open());
        EXPECT_THAT(other.notes,
                    testing::Contains(HasSubstr("cannot be told whether more are wrong: v/1")));
    }
}

TEST_F(Gate, SeesThatLessOfAPassWasRun) {
    const Results one = with_rows(Outcome::pass, 1, 1);
    EXPECT_THAT(findings(good(), one), ElementsAre("fewer rows v/1"));
    EXPECT_THAT(findings(one, good()), IsEmpty());
    EXPECT_THAT(findings(good(), one, "another"), IsEmpty());
    Results smoke = one;
    smoke.runs[0].profile = "smoke";
    EXPECT_THAT(findings(good(), smoke), ElementsAre("other conditions"));
}

// ---- New vectors

TEST_F(Gate, LetsOnlyVectorsFailThatAreNewToAKnownRuntime) {
    m_policy.new_vectors_may_fail = true;
    Results fewer = good();
    fewer.runtimes[0].vectors.erase(fewer.runtimes[0].vectors.begin());
    fewer.runtimes[0].results.erase(fewer.runtimes[0].results.begin());
    const Results wrong = with(Outcome::wrong);
    EXPECT_THAT(findings(fewer, wrong), IsEmpty());
    EXPECT_THAT(findings(without(1), wrong), ElementsAre("new failure v/1"));
    EXPECT_THAT(findings(with(Outcome::not_run), wrong), ElementsAre("new failure v/1"));
    Results two = good();
    two.runtimes.push_back(wrong.runtimes[0]);
    two.runtimes[1].command = "./another";
    EXPECT_THAT(findings(good(), two), ElementsAre("new failure v/1"));
    m_policy.new_vectors_may_fail = false;
    EXPECT_THAT(findings(fewer, wrong), ElementsAre("new failure v/1"));
}

// ---- Groups

TEST_F(Gate, HoldsAGroupOfWhatRan) {
    m_policy.must_hold = {Group::base64};
    const Judgement part = judged(without(2), without(2));
    EXPECT_TRUE(part.is_open());
    EXPECT_THAT(part.notes, testing::Contains(HasSubstr(
                                "base64 holds without what is not offered or switched off: v/1, "
                                "v/2")));
    EXPECT_THAT(findings(without(count), without(count)),
                ElementsAre("nothing ran", "group not held"));
    EXPECT_THAT(findings(std::nullopt, all(Outcome::pass_not_executed, false)),
                ElementsAre("group not held"));
    EXPECT_THAT(findings(std::nullopt, with(Outcome::pass_not_executed)), IsEmpty());
}

TEST_F(Gate, DemandsAGroupThatIsNotInTheResults) {
    m_policy.must_hold = {Group::packet};
    const Judgement judgement = judged(good(), good());
    ASSERT_EQ(judgement.findings.size(), 1U);
    EXPECT_EQ(judgement.findings[0].text,
              "packet must hold, and none of its vectors is in the results");
}

TEST_F(Gate, ToleratesTheSameInAGroup) {
    m_policy.must_hold = {Group::base64};
    const Results unsupported = with(Outcome::unsupported, true);
    EXPECT_THAT(findings(unsupported, unsupported), ElementsAre("group not held"));
    m_policy.tolerated.outcomes = {Outcome::unsupported};
    EXPECT_THAT(findings(unsupported, unsupported), IsEmpty());
    m_policy.tolerated.outcomes = {Outcome::wrong};
    EXPECT_THAT(findings(good(), with(Outcome::wrong)), IsEmpty());
}

TEST_F(Gate, TakesAKnownDivergenceForWhatItIs) {
    m_policy.must_hold = {Group::base64};
    tolerate({.outcomes = {Outcome::wrong}});
    Results known = with(Outcome::expected_failure);
    EXPECT_THAT(findings(known, known), ElementsAre("group not held")); // as what, nobody says
    known.runtimes[0].results[0].why = "wrong: r1 differs (known, 2026-11-21: bug 7)";
    EXPECT_THAT(findings(known, known), IsEmpty());
    known.runtimes[0].results[0].why = "crash: SIGSEGV (known, 2026-11-21: bug 7)";
    EXPECT_THAT(findings(known, known), ElementsAre("group not held"));
}

TEST_F(Gate, SaysThatAToleranceIsAboutNoRuntime) {
    tolerate({.outcomes = {Outcome::wrong}}, "another*");
    EXPECT_THAT(judged(good(), good()).notes,
                ElementsAre("gate.yaml:1:1: no runtime of the results matches 'another*'"));
}

// ---- The command that shows a finding again

TEST(Reproducer, HasAllThatTheRunHad) {
    RuntimeResult runtime;
    runtime.command = "./my vm";
    conformance::RunDescription run;
    run.profile = "default";
    EXPECT_EQ(reproducer(runtime, run, "v/1"), "bpf-assay run --plugin './my vm' v/1");

    run.options = {{"--divergences", {"a.yaml", "b.yaml"}}, {"--jobs", {"2"}}};
    run.selection = {{"--vectors", {"v v"}}, {"--group", {"base32"}}};
    run.profile = "full";
    run.strict = true;
    runtime.one_shot = true;
    runtime.hello.r0_bits = 32;
    EXPECT_EQ(reproducer(runtime, run, "v/1"),
              "bpf-assay run --one-shot './my vm' --r0-bits 32 --profile full --strict "
              "--divergences a.yaml --divergences b.yaml --vectors 'v v' v/1");

    runtime.name = "mine:jit";
    run.options = {{"--runtime", {"mine"}}, {"--runtimes", {"r.yaml"}}};
    run.selection = {};
    run.profile = "default";
    run.strict = false;
    EXPECT_EQ(reproducer(runtime, run, "v/1"),
              "bpf-assay run --runtime mine:jit --runtimes r.yaml v/1");
}

} // namespace
} // namespace bpf_assay::gate
