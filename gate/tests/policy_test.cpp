#include "gate/policy.hpp"

#include "conformance/error.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace bpf_assay::gate {
namespace {

using conformance::Outcome; // the reference VM has one, too
using testing::ElementsAre;

class PolicyFile : public testing::Test {
protected:
    PolicyFile() : m_path(std::filesystem::path(testing::TempDir()) / "gate_policy_test.yaml") {
        for (const char* id : {"add64-imm/one", "add64-imm/two", "sub64-reg/one"})
            m_suite.vectors.emplace_back().id = id;
    }
    ~PolicyFile() override { std::filesystem::remove(m_path); }

    Policy load(const std::string& text) const {
        std::ofstream(m_path) << text;
        return load_policy(m_path, m_suite);
    }

private:
    std::filesystem::path m_path;
    conformance::Suite m_suite;
};

TEST_F(PolicyFile, HoldsAllThatTheSchemaDescribes) {
    const Policy policy = load("must_hold: [base64, claimed]\n"
                               "tolerated: [unsupported, not executed]\n"
                               "new_vectors: may fail\n"
                               "tolerances:\n"
                               "  - vectors: ['add64-imm/*']\n"
                               "    outcomes: [wrong, crash, not offered]\n"
                               "    reason: a reason\n"
                               "    until: 2027-02-28\n"
                               "    runtime: mine*\n"
                               "    sometimes: true\n");
    EXPECT_THAT(policy.must_hold, ElementsAre(Group::base64));
    EXPECT_TRUE(policy.claimed_must_hold);
    EXPECT_THAT(policy.tolerated.outcomes,
                ElementsAre(Outcome::unsupported, Outcome::pass_not_executed));
    EXPECT_FALSE(policy.tolerated.not_offered);
    EXPECT_TRUE(policy.new_vectors_may_fail);
    ASSERT_EQ(policy.tolerances.size(), 1U);
    const Tolerance& tolerance = policy.tolerances[0];
    EXPECT_TRUE(tolerance.is_about("add64-imm/two"));
    EXPECT_FALSE(tolerance.is_about("sub64-reg/one"));
    EXPECT_THAT(tolerance.outcomes.outcomes, ElementsAre(Outcome::wrong, Outcome::crash));
    EXPECT_TRUE(tolerance.outcomes.not_offered);
    EXPECT_EQ(tolerance.until, "2027-02-28");
    EXPECT_EQ(tolerance.runtime, "mine*");
    EXPECT_TRUE(tolerance.sometimes);
    EXPECT_EQ(tolerance.location.line, 5U);
}

TEST_F(PolicyFile, DemandsNothingIfItIsEmpty) {
    const Policy policy = load("{}\n");
    EXPECT_TRUE(policy.must_hold.empty());
    EXPECT_FALSE(policy.claimed_must_hold);
    EXPECT_TRUE(policy.tolerated.empty());
    EXPECT_FALSE(policy.new_vectors_may_fail);
    EXPECT_TRUE(policy.tolerances.empty());
}

TEST_F(PolicyFile, KnowsTheCalendar) {
    const auto with = [this](const std::string& day) {
        return load("tolerances:\n  - {vectors: ['*'], outcomes: [wrong], reason: r, until: " +
                    day + "}\n");
    };
    EXPECT_NO_THROW(with("2028-02-29"));
    for (const char* day :
         {"2027-02-29", "2027-13-01", "2027-1-01", "2027-01-011", "27-01-01", "2027/01/01",
          "2027-00-10", "' 2027-1-1 '", "'2027-1 -01'", "'2027--1-01'", "'2027-+1-01'"})
        EXPECT_THROW(with(day), conformance::InputError) << day;
}

TEST_F(PolicyFile, NeedsAReasonForATolerance) {
    for (const char* reason : {"''", "' '", "\"\\n\""})
        EXPECT_THROW(load(std::string("tolerances:\n  - {vectors: ['*'], outcomes: [wrong], until: "
                                      "2027-01-01, reason: ") +
                          reason + "}\n"),
                     conformance::InputError)
            << reason;
}

TEST_F(PolicyFile, IsOneDocument) {
    try {
        load("--- {}\n---\nmust_hold: [base64]\n");
        FAIL() << "a second document";
    } catch (const conformance::InputError& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("gate_policy_test.yaml:3:1: a second "
                                                     "document"));
    }
}

} // namespace
} // namespace bpf_assay::gate
