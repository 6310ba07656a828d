#include "gate/writers.hpp"

#include <gmock/gmock.h>
#include <pugixml.hpp>

#include <algorithm>

namespace bpf_assay::gate {
namespace {

using testing::HasSubstr;
using testing::Not;

Judgement one_finding() {
    return {.has_baseline = true,
            .counts = {.vectors = 3, .passed = 2, .tolerated = 0, .unchanged = 0},
            .findings = {{.cause = Cause::regressed,
                          .runtime = "vm <1>, \x1b[31m",
                          .id = "add64-imm/one",
                          .text = "pass before, wrong now: 50% & more\n::error::x",
                          .clauses = {"RFC9669-4.1-ADD (section 4.1): it adds"},
                          .seen = {"r1: expected 0x2, seen 0x3"},
                          .reproduce = "bpf-assay run -p vm add64-imm/one",
                          .outcome = "wrong",
                          .again = {"wrong", "pass"}}},
            .notes = {"another version of bpf-assay: 1 before, 2 now"}};
}

TEST(Finding, IsFlakyIfItCameOutInTwoWays) {
    Finding finding{.outcome = "wrong"};
    EXPECT_FALSE(finding.is_flaky());
    finding.again = {"wrong", "wrong"};
    EXPECT_FALSE(finding.is_flaky());
    finding.again = {"wrong", "pass"};
    EXPECT_TRUE(finding.is_flaky());
    finding.again = {"crash"};
    EXPECT_TRUE(finding.is_flaky());
}

TEST(Text, SaysWhatWhereAndHowToSeeIt) {
    const std::string seen = text(one_finding());
    EXPECT_THAT(seen, HasSubstr("regressed, flaky: add64-imm/one\n"));
    EXPECT_THAT(seen, HasSubstr("r1: expected 0x2, seen 0x3"));
    EXPECT_THAT(seen, HasSubstr("RFC9669-4.1-ADD (section 4.1): it adds"));
    EXPECT_THAT(seen, HasSubstr("flaky: wrong first, then wrong, pass"));
    EXPECT_THAT(seen, HasSubstr("bpf-assay run -p vm add64-imm/one"));
    EXPECT_THAT(seen, HasSubstr("The gate is shut: 1 finding, 1 of them flaky."));
    EXPECT_THAT(seen, Not(HasSubstr("\x1b")));
    EXPECT_THAT(seen, Not(HasSubstr("\n::")));
}

TEST(Text, SaysThatTheGateIsOpen) {
    Judgement judgement = one_finding();
    judgement.findings.clear();
    EXPECT_THAT(text(judgement), HasSubstr("The gate is open."));
    EXPECT_THAT(markdown(judgement), HasSubstr("## The gate is open"));
}

TEST(Junit, IsReadableAndCounts) {
    pugi::xml_document document;
    ASSERT_TRUE(document.load_string(junit(one_finding()).c_str()));
    const pugi::xml_node suite = document.child("testsuites").child("testsuite");
    EXPECT_EQ(suite.attribute("tests").as_int(), 2);
    EXPECT_EQ(suite.attribute("failures").as_int(), 2);
    const pugi::xml_node finding = suite.last_child();
    EXPECT_THAT(finding.attribute("name").value(), HasSubstr("add64-imm/one on vm <1>"));
    EXPECT_THAT(finding.child("failure").text().get(), HasSubstr("seen 0x3"));
}

/// What GitHub takes for commands.
std::string annotations(const Judgement& judgement) {
    const std::string all = github(judgement, "a-word");
    const std::string end = "\n::a-word::\n";
    EXPECT_EQ(all.substr(0, all.find('\n')), "::stop-commands::a-word");
    EXPECT_NE(all.find(end), std::string::npos);
    return all.substr(all.find(end) + end.size());
}

TEST(Annotations, CannotBeForged) {
    const std::string lines = annotations(one_finding());
    EXPECT_EQ(std::ranges::count(lines, '\n'), 1);
    EXPECT_THAT(lines, HasSubstr("::error title=regressed%2C flaky%3A add64-imm/one::"));
    EXPECT_THAT(lines, HasSubstr("50%25 & more"));
}

TEST(Annotations, AreNoMoreThanAreShown) {
    Judgement judgement = one_finding();
    judgement.findings.resize(9, judgement.findings.front());
    EXPECT_EQ(std::ranges::count(annotations(judgement), '\n'), 9);
    judgement.findings.resize(80, judgement.findings.front());
    const std::string lines = annotations(judgement);
    EXPECT_EQ(std::ranges::count(lines, '\n'), 10);
    EXPECT_THAT(lines, testing::StartsWith("::error title=bpf-assay gate::80 findings, of which "
                                           "the first 9 are annotations\n"));
}

TEST(Annotations, ComeBehindATextWithoutCommands) {
    Judgement judgement = one_finding();
    judgement.findings[0].runtime = "::stop-commands::x";
    judgement.findings[0].text = "##[stop-commands]tok";
    const std::string lines = github(judgement, "a-word");
    const auto end = lines.find("\n::a-word::\n");
    EXPECT_THAT(lines, testing::StartsWith("::stop-commands::a-word\n"));
    EXPECT_LT(lines.rfind("\n    ::stop-commands::x"), end);
    EXPECT_LT(lines.rfind("\n    ##[stop-commands]tok"), end);
    EXPECT_THAT(lines.substr(end + 1 + std::string("::a-word::\n").size()),
                testing::StartsWith("::error title="));
}

TEST(Markdown, HasRoomForWhatGithubTakes) {
    Judgement judgement = one_finding();
    judgement.findings.resize(6000, judgement.findings.front());
    const std::string page = markdown(judgement);
    EXPECT_LE(page.size(), 1U << 20);
    EXPECT_GE(page.size(), 900'000U);
    const auto shown = std::ranges::count(page, '\n');
    EXPECT_GT(shown, 1000);
    EXPECT_THAT(page, testing::ContainsRegex("and [0-9]+ more findings, for which there is no "
                                             "room here"));
    judgement.findings.resize(60);
    EXPECT_THAT(markdown(judgement), Not(HasSubstr("more findings")));
}

} // namespace
} // namespace bpf_assay::gate
