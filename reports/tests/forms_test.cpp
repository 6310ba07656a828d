// JUnit XML, badges and Markdown of results in memory.
#include "reports/tests/support.hpp"
#include "reports/writers.hpp"

#include "conformance/caveats.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pugixml.hpp>

namespace bpf_assay::reports {
namespace {

using namespace test;
using conformance::Outcome; // the reference VM has one, too
using conformance::Results;
using conformance::RuntimeStatus;
using conformance::Suite;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string badge_of(const Suite& suite, const Results& results, const std::string& group) {
    for (const auto& [name, text] : badges(suite, results))
        if (name.ends_with("-" + group + ".svg"))
            return text;
    return {};
}

/// Every way in which a run is less than all of the vectors.
struct Part {
    const char* what;
    void (*change)(Results&);
    const char* words;
};
constexpr std::array parts{
    Part{"smoke", [](Results& results) { results.runs[0].profile = "smoke"; }, "smoke profile"},
    Part{"shard", [](Results& results) { results.runs[0].shard = {.number = 1, .count = 2}; },
         "shard 1 of 2"},
    Part{"selected",
         [](Results& results) {
             results.runtimes[0].vectors.pop_back();
             results.runtimes[0].results.pop_back();
         },
         "3 of 4 vectors"},
    Part{"one-shot", [](Results& results) { results.runtimes[0].one_shot = true; },
         "one-shot plugin"},
    Part{"cut short",
         [](Results& results) {
             results.runtimes[0].status = RuntimeStatus::interrupted;
             results.runtimes[0].why = "by the user";
         },
         "interrupted: by the user"}};

TEST(caveats, a_whole_run_has_none) {
    const Suite suite = suite_of_size(4);
    Results results = passing(suite);
    EXPECT_THAT(partly_because(results.runtimes[0], results.runs[0], 4), IsEmpty());
    // What the runtime is known not to have does not make its run a part.
    conformance::RuntimeResult& runtime = results.runtimes[0];
    runtime.not_offered.push_back({runtime.vectors.back(), "helper mix"});
    runtime.vectors.pop_back();
    runtime.results.pop_back();
    EXPECT_THAT(partly_because(runtime, results.runs[0], 4), IsEmpty());
}

TEST(caveats, nothing_is_held_of_a_part) {
    const Suite suite = suite_of_size(4);
    EXPECT_THAT(badge_of(suite, passing(suite), "base64"), HasSubstr("base64: not tested in full"));
    for (const Part& part : parts) {
        SCOPED_TRACE(part.what);
        Results results = passing(suite);
        part.change(results);
        EXPECT_THAT(partly_because(results.runtimes[0], results.runs[0], 4),
                    ElementsAre(HasSubstr(part.words)));
        for (const auto& group : summarise(results.runtimes[0], /*in_full=*/false))
            EXPECT_EQ(group.verdict == conformance::GroupVerdict::not_tested,
                      group.name != "encoding" || group.vectors == 0)
                << group.name;
        EXPECT_THAT(badge_of(suite, results, "base64"), HasSubstr("base64: partly tested"));
        EXPECT_THAT(badge_of(suite, results, "base64"), HasSubstr(part.words));
        EXPECT_THAT(markdown(suite, results, std::nullopt), HasSubstr(part.words));
        EXPECT_THAT(markdown(suite, results, std::nullopt), Not(HasSubstr("| held |")));
        EXPECT_THAT(junit(suite, results), HasSubstr(part.words));
    }
}

TEST(caveats, a_part_can_show_that_a_group_is_not_held) {
    const Suite suite = suite_of_size(4);
    for (const Part& part : parts) {
        SCOPED_TRACE(part.what);
        Results results = passing(suite);
        part.change(results);
        results.runtimes[0].results[0].add(Outcome::wrong, "r1 differs");
        EXPECT_THAT(badge_of(suite, results, "base64"), HasSubstr("base64: not held"));
    }
}

TEST(badges, are_known_again) {
    const Suite suite = suite_of_size(1);
    const auto files = badges(suite, passing(suite));
    EXPECT_EQ(files.size(), 7);
    for (const auto& [name, text] : files)
        EXPECT_TRUE(is_badge(text)) << name;
    EXPECT_FALSE(is_badge("<svg xmlns=\"http://www.w3.org/2000/svg\"><title>base64</title></svg>"));
    EXPECT_FALSE(is_badge(""));
}

TEST(badges, of_a_runtime_that_is_not_there) {
    const Suite suite = suite_of_size(1);
    Results results = passing(suite);
    results.runtimes[0] = {};
    results.runtimes[0].command = "./my-vm";
    results.runtimes[0].status = RuntimeStatus::unavailable;
    results.runtimes[0].why = "no permission";
    EXPECT_THAT(badge_of(suite, results, "base32"), HasSubstr("base32: not available"));
}

TEST(junit, hostile_texts_are_valid_xml) {
    const Suite suite = suite_of_size(2);
    Results results = passing(suite);
    const std::string hostile("</failure>]]>\x1b\0\xff\xef\xbf\xbf\"'&", 22);
    results.runtimes[0].hello.name = hostile;
    results.runtimes[0].results[0].add(Outcome::wrong, hostile);
    results.runtimes[0].results[0].failures.push_back(
        {.outcome = Outcome::wrong, .why = hostile, .errors = {hostile}});
    results.runtimes[0].unexplained = {hostile};
    pugi::xml_document document;
    const std::string xml = junit(suite, results);
    ASSERT_TRUE(document.load_string(xml.c_str()));
    const pugi::xml_node test_suite = document.child("testsuites").child("testsuite");
    EXPECT_STREQ(test_suite.attribute("tests").value(), "3"); // and the breakdown
    EXPECT_STREQ(test_suite.attribute("failures").value(), "1");
    EXPECT_STREQ(test_suite.attribute("errors").value(), "1");
    EXPECT_THAT(test_suite.child("testcase").child("failure").attribute("message").value(),
                HasSubstr("</failure>]]>\\x1b\\x00\ufffd\ufffd\"'&"));
    for (const char c : xml)
        EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t');
}

} // namespace
} // namespace bpf_assay::reports
