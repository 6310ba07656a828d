// Gaps, exemptions and clauses.
#include "conformance/coverage/report.hpp"
#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

namespace bpf_assay::conformance::coverage {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::string vector_text(const char* id, const char* text) {
    return fmt::format("  - id: test/{}\n    clauses: [C-1]\n    asm: {}\n    before: {{r3: 1, r4: "
                       "1, r5: 1, r6: 1}}\n    after: {{}}\n    because: Because.\n",
                       id, text);
}
const std::string first = vector_text("first", "r3 |= r4");
const std::string second = vector_text("second", "r5 |= r6");

Exemptions exemptions_of(const std::string& text) {
    const test::TemporaryFolder folder;
    return load_exemptions(folder.write("exempt.yaml", text), all_bins());
}

Report report_of(const std::string& vectors, Exemptions exemptions = {}) {
    const Suite suite = test::suite_of(vectors);
    return make_report(clause_coverage(suite), measure(suite.vectors, RunProfile::full),
                       std::move(exemptions));
}

const InstructionReport& of(const Report& report, std::string_view mnemonic) {
    return *std::ranges::find_if(report.instructions, [&](const InstructionReport& instruction) {
        return instruction.row != nullptr && instruction.row->mnemonic == mnemonic;
    });
}

TEST(coverage_report, a_vector_less_is_a_gap_more) {
    const Report both = report_of(first + second);
    const Report one = report_of(first);
    EXPECT_THAT(of(both, "or64_reg").gaps, Not(Contains("or64_reg: dst=r5 src=r6")));
    EXPECT_THAT(of(one, "or64_reg").gaps, Contains("or64_reg: dst=r5 src=r6"));
    EXPECT_THAT(of(one, "or64_reg").gaps, Not(Contains("or64_reg: dst=r3 src=r4")));
    EXPECT_EQ(of(both, "or64_reg").tally().hit, of(one, "or64_reg").tally().hit + 1);
    EXPECT_THAT(report_text(one, false), HasSubstr("\n  or64_reg: dst=r5 src=r6\n"));
    EXPECT_FALSE(one.complete());
}

TEST(coverage_report, every_bin_that_is_not_hit_is_a_gap_or_exempt) {
    const Report report = report_of(
        first, exemptions_of("exempt:\n- bins: ['or64_reg: dst=r5 src=*']\n  reason: Because.\n"));
    for (const InstructionReport& instruction : report.instructions)
        EXPECT_EQ(instruction.tally().hit + instruction.gaps.size(), instruction.tally().total);
    EXPECT_EQ(of(report, "or64_reg").tally().exempt, 10);
    EXPECT_THAT(of(report, "or64_reg").gaps, Not(Contains("or64_reg: dst=r5 src=r6")));
}

TEST(coverage_report, an_exempt_bin_that_is_hit_is_an_error) {
    const Report report = report_of(
        first, exemptions_of("exempt:\n- bins: ['or64_reg: dst=r3 src=r4']\n  reason: Because.\n"));
    EXPECT_THAT(of(report, "or64_reg").hit_though_exempt, Contains("or64_reg: dst=r3 src=r4"));
    EXPECT_THAT(
        report_text(report, false),
        HasSubstr("Exempt bins that a vector hits; drop the exemption:\n  or64_reg: dst=r3"));
}

TEST(coverage_report, drafts_may_have_gaps) {
    const Suite suite = test::suite_of(first);
    const auto report = [&](ExtensionNames drafts) {
        Report all = make_report(clause_coverage(suite), measure(suite.vectors, RunProfile::full),
                                 {}, std::move(drafts));
        all.clauses.gaps.clear();
        std::erase_if(all.instructions, [](const InstructionReport& instruction) {
            return instruction.row == nullptr || instruction.row->mnemonic != "may_goto";
        });
        return all;
    };
    const Report shipped = report({});
    EXPECT_FALSE(shipped.complete());
    EXPECT_THAT(report_text(shipped, false),
                testing::AllOf(HasSubstr("\nx-maygoto  "),
                               HasSubstr("\nBins that no vector hits:\n"
                                         "  may_goto: distance=+0\n"),
                               Not(HasSubstr("Bins of drafts"))));
    const Report draft = report({"x-maygoto"});
    EXPECT_TRUE(draft.complete());
    EXPECT_THAT(report_text(draft, false),
                testing::AllOf(HasSubstr("\nBins of drafts that no vector hits; once shipped, each "
                                         "has to be hit:\n  may_goto: distance=+0\n"),
                               Not(HasSubstr("Bins that no vector hits"))));
    EXPECT_FALSE(report({"x-acqrel"}).complete());
}

TEST(coverage_report, exemptions_are_read_strictly) {
    const auto error = [](const char* text) {
        return test::error_of([&] { (void)exemptions_of(text); });
    };
    EXPECT_THAT(error("exempt:\n- bins: ['or64_reg: dst=r77']\n  reason: Because.\n"),
                HasSubstr("exempt.yaml:2:10: there is no bin 'or64_reg: dst=r77'"));
    EXPECT_THAT(error("exempt:\n- bins: ['or64_reg: dst=r3 src=r4']\n"),
                HasSubstr("key 'reason' is missing"));
    EXPECT_THAT(error("exempt:\n- bins: ['neg64: dst=r3', 'neg64: dst=r[34]']\n  reason: R.\n"),
                HasSubstr("'neg64: dst=r3' is exempt twice"));
}

TEST(coverage_report, the_suites_own_exemptions_fit) {
    EXPECT_THAT(load_exemptions(ASSAY_SOURCE_DIR "/conformance/coverage/exempt.yaml", all_bins()),
                Not(IsEmpty()));
}

/// A suite of the vector `first`, which names C-1, with these clauses.
ClauseCoverage clauses_of(const char* clauses) {
    const test::TemporaryFolder folder;
    folder.write("vectors/test.yaml", "section: \"4.1\"\nvectors:\n" + first);
    return clause_coverage(
        load_suite(folder.path() / "vectors", folder.write("clauses.yaml", clauses)));
}

TEST(coverage_report, clauses_have_a_vector_or_a_reason) {
    const ClauseCoverage clauses =
        clauses_of("clauses:\n- {id: C-1, section: \"4.1\", text: One.}\n"
                   "- {id: C-2, section: \"4.1\", text: Two.}\n"
                   "- {id: C-3, section: \"4.1\", text: Three., untestable: Nobody can.}\n");
    EXPECT_EQ(clauses.covered, 1);
    ASSERT_THAT(clauses.gaps, SizeIs(1));
    EXPECT_EQ(clauses.gaps[0].id, "C-2");
    ASSERT_THAT(clauses.untestable, SizeIs(1));
    EXPECT_EQ(clauses.untestable[0].text, "Nobody can.");
    EXPECT_THAT(clauses.tested_although, IsEmpty());
}

TEST(coverage_report, a_reason_beside_a_vector_is_an_error) {
    const ClauseCoverage clauses = clauses_of(
        "clauses:\n- {id: C-1, section: \"4.1\", text: One., untestable: Nobody can.}\n");
    ASSERT_THAT(clauses.tested_although, SizeIs(1));
    EXPECT_EQ(clauses.tested_although[0].text, "test/first");
    EXPECT_FALSE((Report{clauses, {}, {}}.complete()));
    EXPECT_THAT(report_text(Report{clauses, {}, {}}, false), HasSubstr("  C-1: test/first\n"));
}

} // namespace
} // namespace bpf_assay::conformance::coverage
