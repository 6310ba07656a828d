// From outcomes to what a report says: policies, claims, groups, the exit status.
#include "conformance/examiner.hpp"
#include "conformance/group_summary.hpp"
#include "conformance/policy.hpp"
#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace bpf_assay::conformance {
namespace {

using namespace test;

/// The rows of the table of docs/policy.md that has this header.
std::vector<std::string> rows_of_page(std::string_view header) {
    std::ifstream page(ASSAY_SOURCE_DIR "/docs/policy.md");
    std::vector<std::string> rows;
    bool inside = false;
    for (std::string line; std::getline(page, line);) {
        if (inside && !line.starts_with('|'))
            break;
        if (inside && !line.starts_with("|---"))
            rows.push_back(line);
        inside = inside || line.starts_with(header);
    }
    return rows;
}

/// What stands between the first backticks of each row.
std::vector<std::string> names_of_page(std::string_view header) {
    std::vector<std::string> names;
    for (const std::string& row : rows_of_page(header)) {
        const auto begin = row.find('`') + 1;
        names.push_back(row.substr(begin, row.find('`', begin) - begin));
    }
    return names;
}

/// The tolerated outcomes of every policy, as the page has them.
std::map<std::string, std::set<std::string>> documented_policies() {
    std::map<std::string, std::set<std::string>> policies;
    for (const std::string& line : rows_of_page("| policy | tolerated besides")) {
        std::istringstream row(line);
        std::string empty, name, outcomes;
        std::getline(row, empty, '|');
        std::getline(row, name, '|');
        std::getline(row, outcomes, '|');
        name = line.starts_with("| `") ? name.substr(2, name.rfind('`') - 2) : "";
        std::erase_if(outcomes, [](char c) { return c == ','; });
        std::istringstream words(outcomes);
        for (std::string word; words >> word;)
            if (word != "-")
                policies[name].insert(word);
        policies[name];
    }
    return policies;
}

TEST(policy, is_what_the_page_says) {
    // Of what is not claimed nothing is owed, whatever the policy: the page lists it once.
    std::map<std::string, std::set<std::string>> known;
    for (const Policy& policy : policies()) {
        auto& tolerated = known[std::string(policy.name)];
        for (const Outcome outcome : all_outcomes)
            if (!is_pass(outcome) && outcome != Outcome::unsupported &&
                tolerates(policy, outcome, /*strict_run=*/false))
                tolerated.insert(std::string(name_of(outcome)));
    }
    auto documented = documented_policies();
    for (auto& [name, tolerated] : documented)
        tolerated.erase("unsupported");
    EXPECT_EQ(known, documented);
    EXPECT_GE(known.size(), 9);
}

TEST(policy, the_page_has_the_names_of_outcomes_and_verdicts) {
    std::vector<std::string> outcomes, verdicts;
    for (const Outcome outcome : all_outcomes)
        outcomes.emplace_back(name_of(outcome));
    for (const GroupVerdict verdict :
         {GroupVerdict::held, GroupVerdict::held_not_executed, GroupVerdict::held_with_tolerated,
          GroupVerdict::not_held, GroupVerdict::not_tested})
        verdicts.emplace_back(name_of(verdict));
    EXPECT_THAT(names_of_page("| outcome | what happened"),
                testing::UnorderedElementsAreArray(outcomes));
    EXPECT_EQ(names_of_page("| verdict | when"), verdicts);
}

TEST(policy, the_schema_of_results_has_the_names_of_outcomes_and_verdicts) {
    std::ifstream file(ASSAY_SOURCE_DIR "/conformance/results.schema.json");
    const auto definitions = nlohmann::json::parse(file).at("$defs");
    const auto names = [&](const char* key) {
        return definitions.at(key).at("enum").get<std::vector<std::string>>();
    };
    EXPECT_THAT(names_of_page("| outcome | what happened"),
                testing::UnorderedElementsAreArray(names("outcome")));
    EXPECT_EQ(names_of_page("| verdict | when"), names("verdict"));
}

TEST(policy, names) {
    EXPECT_EQ(find_policy("no-such"), nullptr);
    ASSERT_NE(find_policy(""), nullptr);
    for (const Policy& policy : policies()) {
        EXPECT_EQ(find_policy(policy.name), &policy);
        EXPECT_FALSE(policy.reason.empty());
    }
}

TEST(policy, never_tolerates_a_wrong_value_or_a_breakdown) {
    for (const Policy& policy : policies())
        for (const bool strict : {false, true})
            for (const Outcome outcome :
                 {Outcome::wrong, Outcome::crash, Outcome::timeout, Outcome::not_run})
                EXPECT_FALSE(tolerates(policy, outcome, strict)) << policy.name;
}

TEST(policy, strict_runs_want_unused_fields_and_r10_refused) {
    std::set<std::string_view> strict;
    for (const Policy& policy : policies())
        for (const Outcome outcome : all_outcomes)
            if (tolerates(policy, outcome, false) && !tolerates(policy, outcome, true))
                strict.insert(policy.name);
    EXPECT_THAT(strict, testing::ElementsAre("abi", "unused-field"));
}

Hello claiming(std::vector<Group> groups, std::vector<std::string> excluded = {}) {
    Hello hello;
    hello.groups = with_included(std::move(groups));
    hello.excluded = std::move(excluded);
    return hello;
}

TEST(claims, decide_what_a_refusal_is) {
    const Vector add = vector_of("    asm: r3 += r4\n    after: {r3: 1}\n");
    const Vector divide = vector_of("    asm: r3 += 1; w3 /= w4\n    after: {r3: 1}\n");
    EXPECT_EQ(refusal_outcome(claiming({Group::base64}), add), Outcome::rejected);
    EXPECT_EQ(refusal_outcome(claiming({Group::base32}), add), Outcome::unsupported);
    EXPECT_EQ(refusal_outcome(claiming({Group::base64}), divide), Outcome::unsupported);
    EXPECT_EQ(refusal_outcome(claiming({Group::base64, Group::divmul64}), divide),
              Outcome::rejected);
    EXPECT_EQ(refusal_outcome(claiming({Group::base64, Group::divmul64}, {"div32_reg"}), divide),
              Outcome::unsupported);
    EXPECT_EQ(refusal_outcome(claiming({}), add), Outcome::unsupported);
}

TEST(claims, a_64_bit_group_includes_its_32_bit_group) {
    EXPECT_THAT(
        with_included({Group::atomic64, Group::base64}),
        testing::ElementsAre(Group::base32, Group::base64, Group::atomic32, Group::atomic64));
    EXPECT_THAT(with_included({Group::divmul64}),
                testing::ElementsAre(Group::divmul32, Group::divmul64));
    EXPECT_THAT(with_included({Group::divmul32, Group::packet}),
                testing::ElementsAre(Group::divmul32, Group::packet));
}

TEST(result, the_worst_outcome_stays) {
    std::vector<Outcome> order; // the page lists them from best to worst
    for (const std::string& name : names_of_page("| outcome | what happened"))
        order.push_back(
            *std::ranges::find(all_outcomes, name, [](Outcome o) { return name_of(o); }));
    ASSERT_EQ(order.size(), all_outcomes.size());
    for (std::size_t first = 0; first < order.size(); ++first)
        for (std::size_t second = 0; second < order.size(); ++second) {
            VectorResult result;
            result.add(order[first], "first");
            result.add(order[second], "second");
            EXPECT_EQ(result.outcome, order[std::max(first, second)]);
            EXPECT_EQ(result.why, second > first ? "second" : first == 0 ? "" : "first");
        }
}

/// Vectors of chosen groups with chosen outcomes.
class Results : public testing::Test {
protected:
    Results()
        : m_base32(vector_of("    asm: w3 += 1\n    after: {r3: 1}\n")),
          m_base64(vector_of("    asm: r3 += 1; w3 += 1\n    after: {r3: 1}\n")),
          m_divmul64(vector_of("    asm: w3 += 1; r3 *= r4; r5 += 1\n    after: {r3: 1}\n")),
          m_encoding(vector_of("    slots: [r3 += 1]\n    expect: refused\n")) {}

    void add(const Vector& vector, Outcome outcome, bool tolerated = false) {
        m_runtime.vectors.push_back(&vector);
        VectorResult result;
        result.outcome = outcome;
        result.tolerated = tolerated;
        m_runtime.results.push_back(result);
    }
    GroupVerdict verdict(std::string_view group) {
        for (const GroupSummary& summary : summarise(m_runtime))
            if (summary.name == group)
                return summary.verdict;
        ADD_FAILURE() << group;
        return GroupVerdict::not_tested;
    }
    int status() { return exit_status({m_runtime}); }

    Vector m_base32, m_base64, m_divmul64, m_encoding;
    RuntimeResult m_runtime;
};

TEST_F(Results, a_vector_counts_in_the_last_group_of_its_instructions) {
    EXPECT_EQ(group_of(m_base32), Group::base32);
    EXPECT_EQ(group_of(m_base64), Group::base64);
    EXPECT_EQ(group_of(m_divmul64), Group::divmul64);
    EXPECT_EQ(group_of(m_encoding), std::nullopt);
    add(m_encoding, Outcome::pass);
    EXPECT_EQ(verdict("encoding"), GroupVerdict::held);
    add(m_encoding, Outcome::unsupported, /*tolerated=*/true); // says only that it proves nothing
    EXPECT_EQ(verdict("encoding"), GroupVerdict::held_with_tolerated);
    EXPECT_EQ(verdict("base64"), GroupVerdict::not_tested);
}

TEST_F(Results, verdict_of_a_group) {
    const struct {
        Outcome outcome;
        bool tolerated;
        GroupVerdict verdict;
    } cases[] = {
        {Outcome::pass, false, GroupVerdict::held},
        {Outcome::pass_not_executed, false, GroupVerdict::held}, // beside one that was
        {Outcome::rejected, true, GroupVerdict::held_with_tolerated},
        {Outcome::fault, true, GroupVerdict::held_with_tolerated},
        {Outcome::rejected, false, GroupVerdict::not_held},
        {Outcome::unsupported, true, GroupVerdict::not_held}, // what is missing is not held
        {Outcome::wrong, false, GroupVerdict::not_held},
        {Outcome::crash, false, GroupVerdict::not_held},
        {Outcome::timeout, false, GroupVerdict::not_held},
        {Outcome::expected_failure, false, GroupVerdict::not_held}, // known is not right
        {Outcome::unexpected_pass, false, GroupVerdict::not_held},
        {Outcome::not_run, false, GroupVerdict::not_tested},
    };
    for (const auto& [outcome, tolerated, expected] : cases) {
        m_runtime = {};
        add(m_base32, Outcome::pass);
        add(m_base32, outcome, tolerated);
        EXPECT_EQ(verdict("base32"), expected) << name_of(outcome);
    }
    m_runtime = {};
    add(m_base32, Outcome::pass_not_executed);
    EXPECT_EQ(verdict("base32"), GroupVerdict::held_not_executed);
    EXPECT_EQ(verdict("base64"), GroupVerdict::not_tested);
}

TEST_F(Results, a_group_needs_the_group_that_it_includes) {
    add(m_base64, Outcome::pass);
    EXPECT_EQ(verdict("base64"), GroupVerdict::not_tested); // base32 is not tested
    add(m_base32, Outcome::wrong);
    EXPECT_EQ(verdict("base64"), GroupVerdict::not_held);
    m_runtime.results[1].outcome = Outcome::rejected;
    m_runtime.results[1].tolerated = true;
    EXPECT_EQ(verdict("base64"), GroupVerdict::held_with_tolerated);
    m_runtime.results[1] = {};
    EXPECT_EQ(verdict("base64"), GroupVerdict::held);
}

TEST_F(Results, exit_status_of_outcomes) {
    add(m_base32, Outcome::pass);
    EXPECT_EQ(status(), 0);
    add(m_base32, Outcome::rejected, /*tolerated=*/true);
    add(m_base32, Outcome::pass_not_executed);
    add(m_base32, Outcome::expected_failure);
    EXPECT_EQ(status(), 0);
    add(m_base32, Outcome::not_run);
    EXPECT_EQ(status(), 2);
    for (const Outcome outcome :
         {Outcome::wrong, Outcome::rejected, Outcome::accepted, Outcome::fault, Outcome::crash,
          Outcome::timeout, Outcome::unexpected_pass}) {
        m_runtime.results.back().outcome = outcome;
        EXPECT_EQ(status(), 1) << name_of(outcome);
    }
}

TEST_F(Results, what_takes_nothing_has_not_run) {
    add(m_base32, Outcome::unsupported, /*tolerated=*/true);
    EXPECT_EQ(status(), 2);
    add(m_encoding, Outcome::pass); // whatever it is, it is refused
    EXPECT_EQ(status(), 2);
    add(m_base64, Outcome::rejected, /*tolerated=*/true);
    EXPECT_EQ(status(), 0);
    m_runtime = {};
    add(m_encoding, Outcome::pass);
    EXPECT_EQ(status(), 0); // nothing else was asked
    m_runtime.results.clear();
    m_runtime.vectors.clear();
    add(m_encoding, Outcome::unsupported, /*tolerated=*/true);
    EXPECT_EQ(status(), 2);
}

TEST_F(Results, what_is_tolerated_does_not_hide_what_is_missing) {
    const Vector tolerant =
        vector_of("    asm: w3 += 1\n    after: {r3: 1}\n    policy: verifier\n");
    VectorResult result;
    result.add(Outcome::not_run, "no memory");
    result.add(Outcome::rejected, "too complex");
    settle(result, tolerant, {});
    EXPECT_EQ(result.outcome, Outcome::not_run);
    EXPECT_EQ(result.why, "no memory");
    EXPECT_FALSE(result.tolerated);

    result.add(Outcome::wrong, "r3"); // a divergence is one whatever is missing
    settle(result, tolerant, {});
    EXPECT_EQ(result.outcome, Outcome::wrong);
}

TEST_F(Results, exit_status_of_runs) {
    EXPECT_EQ(exit_status({}), 2);
    EXPECT_EQ(status(), 2); // nothing ran
    add(m_base32, Outcome::pass);
    m_runtime.status = RuntimeStatus::given_up;
    EXPECT_EQ(status(), 2);
    m_runtime.status = RuntimeStatus::interrupted;
    EXPECT_EQ(status(), 2);
    m_runtime.results[0].outcome = Outcome::wrong;
    EXPECT_EQ(status(), 1);

    RuntimeResult unavailable;
    unavailable.status = RuntimeStatus::unavailable;
    EXPECT_EQ(exit_status({unavailable}), 2);
    m_runtime.status = RuntimeStatus::ran;
    m_runtime.results[0].outcome = Outcome::pass;
    EXPECT_EQ(exit_status({unavailable, m_runtime}), 0);
    EXPECT_EQ(exit_status({m_runtime, unavailable}), 0);
}

} // namespace
} // namespace bpf_assay::conformance
