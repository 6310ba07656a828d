// Claims against findings: which groups are held, and because of which instructions not.
#include "conformance/claims.hpp"

#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpf_assay::conformance {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;

// Of base32, base64, base64 and both, divmul32.
constexpr auto vectors = R"(
  - {id: v/add32, clauses: [C-1], because: B, asm: w1 += 1, after: {r1: 2}}
  - {id: v/add64, clauses: [C-1], because: B, asm: r1 += 1, after: {r1: 2}}
  - {id: v/sub64, clauses: [C-1], because: B, asm: r1 -= 1, after: {r1: 2}}
  - {id: v/both, clauses: [C-1], because: B, asm: "r1 += 1; r1 -= r2", after: {r1: 2}}
  - {id: v/mul32, clauses: [C-1], because: B, asm: w1 *= 3, after: {r1: 2}}
)";
enum Number : std::size_t { add32, add64, sub64, both, mul32 };

class Claims : public testing::Test {
protected:
    Claims() : m_suite(suite_of(vectors)) {
        for (const Vector& vector : m_suite.vectors)
            m_runtime.vectors.push_back(&vector);
        m_runtime.results.resize(m_runtime.vectors.size());
        m_runtime.hello.groups = with_included({Group::base64, Group::divmul32});
    }
    GroupClaim claim(Group group) const {
        const auto claims = claims_of(m_runtime);
        EXPECT_EQ(claims.size(), 7);
        return *std::ranges::find(claims, group, &GroupClaim::group);
    }
    void set(Number number, Outcome outcome, bool tolerated = false) {
        m_runtime.results[number].outcome = outcome;
        m_runtime.results[number].tolerated = tolerated;
    }
    static std::vector<std::string> texts(const GroupClaim& claim) {
        std::vector<std::string> texts;
        for (const Blamed& blamed : claim.because)
            texts.push_back(blamed.text());
        return texts;
    }

    Suite m_suite;
    RuntimeResult m_runtime;
};

TEST_F(Claims, what_is_claimed) {
    EXPECT_TRUE(claim(Group::base32).claimed);
    EXPECT_TRUE(claim(Group::base64).claimed);
    EXPECT_TRUE(claim(Group::divmul32).claimed);
    EXPECT_FALSE(claim(Group::divmul64).claimed);
    EXPECT_EQ(claim(Group::base64).verdict, GroupVerdict::held);
    EXPECT_EQ(claim(Group::packet).verdict, GroupVerdict::not_tested);
    EXPECT_THAT(texts(claim(Group::base64)), IsEmpty());
}

TEST_F(Claims, one_instruction_loses_the_group) {
    set(add64, Outcome::wrong);
    EXPECT_EQ(claim(Group::base32).verdict, GroupVerdict::held);
    EXPECT_EQ(claim(Group::base64).verdict, GroupVerdict::not_held);
    EXPECT_THAT(texts(claim(Group::base64)), ElementsAre("add64_imm (1 wrong)"));
    EXPECT_FALSE(claim(Group::base64).because[0].is_unsupported());
}

TEST_F(Claims, what_fails_alone_explains_what_fails_together) {
    set(add64, Outcome::crash);
    set(both, Outcome::crash);
    EXPECT_THAT(texts(claim(Group::base64)), ElementsAre("add64_imm (1 crash)"));
    set(add64, Outcome::pass);
    EXPECT_THAT(texts(claim(Group::base64)), ElementsAre("add64_imm with sub64_reg (1 crash)"));
}

TEST_F(Claims, a_group_that_another_one_includes) {
    set(add32, Outcome::expected_failure);
    EXPECT_EQ(claim(Group::base64).verdict, GroupVerdict::not_held);
    EXPECT_THAT(texts(claim(Group::base64)), IsEmpty());
    EXPECT_THAT(texts(claim(Group::base32)), ElementsAre("add32_imm (1 expected-failure)"));
}

TEST_F(Claims, refusals_of_what_is_not_claimed_are_missing_and_not_wrong) {
    m_runtime.hello.excluded = {"add64_imm", "lddw_map_fd"};
    set(add64, Outcome::unsupported, /*tolerated=*/true);
    const GroupClaim base64 = claim(Group::base64);
    EXPECT_EQ(base64.verdict, GroupVerdict::not_held);
    EXPECT_THAT(base64.excluded, ElementsAre("add64_imm", "lddw_map_fd"));
    ASSERT_THAT(texts(base64), ElementsAre("add64_imm (1 unsupported)"));
    EXPECT_TRUE(base64.because[0].is_unsupported());
}

TEST_F(Claims, tolerated_outcomes_are_nobody_to_blame) {
    set(sub64, Outcome::rejected, /*tolerated=*/true);
    EXPECT_EQ(claim(Group::base64).verdict, GroupVerdict::held_with_tolerated);
    EXPECT_THAT(texts(claim(Group::base64)), IsEmpty());
}

} // namespace
} // namespace bpf_assay::conformance
