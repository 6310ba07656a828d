// Trends: what belongs together, and what must not look like a drop.
#include "reports/history.hpp"
#include "reports/tests/support.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpf_assay::reports {
namespace {

using namespace test;
using conformance::Outcome; // the reference VM has one, too
using conformance::RuntimeStatus;
using testing::ElementsAre;
using testing::HasSubstr;

/// A night in which of three vectors so many were asked, and the first of them diverged or not.
FileOutcomes night(int day, std::size_t asked = 3, Outcome first = Outcome::pass) {
    RuntimeOutcomes runtime{.title = "vm 1.0",
                            .name = "vm",
                            .identity = "vm, x86_64",
                            .started = fmt::format("2026-11-{:02}T08:00:00Z", day),
                            .profile = "default",
                            .tool = "1.0"};
    for (std::size_t number = 0; number < asked; ++number) {
        runtime.ids.push_back(fmt::format("v/{}", number));
        runtime.by_id.emplace(runtime.ids.back(),
                              VectorOutcome{.outcome = number == 0 ? first : Outcome::pass});
    }
    return {.file = fmt::format("/nights/{}.json", day),
            .digest = "d",
            .vectors = 3,
            .runtimes = {runtime}};
}

std::vector<std::string> files_of(const Trend& trend) {
    std::vector<std::string> files;
    for (const TrendPoint& point : trend.points)
        files.push_back(point.file);
    return files;
}

TEST(history, nights_stand_in_the_order_of_their_start) {
    const auto trends = trends_of({night(12, 3, Outcome::wrong), night(2), night(7)});
    ASSERT_EQ(trends.size(), 1);
    EXPECT_EQ(trends[0].key, "vm");
    EXPECT_THAT(files_of(trends[0]), ElementsAre("2.json", "7.json", "12.json"));
    EXPECT_EQ(trends[0].points[2].outcomes,
              (std::map<std::string, std::size_t>{{"pass", 2}, {"wrong", 1}}));
}

TEST(history, a_part_of_the_vectors_is_no_drop) {
    FileOutcomes shard = night(3), cut = night(4), absent = night(5, 0), one_shot = night(6);
    shard.runtimes[0].shard = {.number = 1, .count = 2};
    cut.runtimes[0].status = RuntimeStatus::interrupted;
    cut.runtimes[0].why = "by the user";
    absent.runtimes[0].status = RuntimeStatus::unavailable;
    absent.runtimes[0].why = "no permission";
    absent.runtimes[0].identity = "";
    one_shot.runtimes[0].one_shot = true;
    const auto trends = trends_of({night(1), night(2, 1), shard, cut, absent, one_shot, night(7)});
    ASSERT_EQ(trends.size(), 1);
    std::vector<std::string> partial;
    for (const TrendPoint& point : trends[0].points)
        partial.push_back(point.partial);
    EXPECT_THAT(partial, ElementsAre("", "1 of 3 vectors", "shard 1/2", "interrupted: by the user",
                                     "unavailable: no permission", "one-shot plugin", ""));
}

TEST(history, another_profile_is_another_trend) {
    FileOutcomes smoke = night(2), strict = night(3);
    smoke.runtimes[0].profile = "smoke";
    strict.runtimes[0].strict = true;
    const auto trends = trends_of({night(1), smoke, strict, night(4)});
    ASSERT_EQ(trends.size(), 3);
    EXPECT_EQ(trends[0].key, "vm"); // the page finds the runtime by it
    EXPECT_THAT(files_of(trends[0]), ElementsAre("1.json", "4.json"));
    EXPECT_EQ(trends[1].key, "vm, smoke profile");
    EXPECT_EQ(trends[1].title, "vm 1.0, smoke profile");
    EXPECT_EQ(trends[2].key, "vm, strict");
}

TEST(history, machines_of_one_name_are_told_apart) {
    FileOutcomes other = night(2);
    other.runtimes[0].identity = "s390x";
    const auto trends = trends_of({night(1), other});
    ASSERT_EQ(trends.size(), 2);
    EXPECT_EQ(trends[0].key, "vm, vm, x86_64");
    EXPECT_EQ(trends[1].key, "vm, s390x");
}

TEST(history, a_runtime_without_a_name_goes_by_its_newest_title) {
    FileOutcomes first = night(1), second = night(2);
    for (FileOutcomes* file : {&first, &second})
        file->runtimes[0].name.clear();
    second.runtimes[0].title = "vm 2.0";
    const auto trends = trends_of({second, first});
    ASSERT_EQ(trends.size(), 1);
    EXPECT_EQ(trends[0].key, "vm 2.0");
    EXPECT_EQ(trends[0].points.size(), 2);
}

TEST(history, a_file_may_have_a_runtime_twice) {
    FileOutcomes file = night(1);
    file.runtimes.push_back(file.runtimes[0]);
    const auto trends = trends_of({file, night(2)});
    ASSERT_EQ(trends.size(), 2);
    EXPECT_EQ(trends[0].points.size(), 2);
    EXPECT_EQ(trends[1].key, "vm #2");
}

TEST(history, points_have_what_the_page_shows) {
    FileOutcomes file = night(1, 2, Outcome::rejected);
    file.runtimes[0].by_id.at("v/0").tolerated = true;
    EXPECT_EQ(history_json(trends_of({file}))[0]["points"][0],
              (nlohmann::json{{"file", "1.json"},
                              {"started", "2026-11-01T08:00:00Z"},
                              {"tool", "1.0"},
                              {"digest", "d"},
                              {"partial", "2 of 3 vectors"},
                              {"vectors", 2},
                              {"tolerated", 1},
                              {"pass", 1}}));
}

TEST(history, files_that_are_no_results) {
    const TemporaryFolder folder;
    EXPECT_THAT(error_of([&] { read_history(folder.path().string()); }),
                HasSubstr("there are no results here"));
    const conformance::Suite suite = suite_of_size(2);
    folder.write("a.json", results_json(suite, passing(suite)).dump());
    folder.write("deeper/b.json", "no results");
    EXPECT_EQ(read_history(folder.path().string()).size(), 1); // folders are not looked into
    folder.write("c.json", "{}");
    EXPECT_THAT(error_of([&] { read_history(folder.path().string()); }),
                HasSubstr("c.json: is no results file"));
    EXPECT_THAT(error_of([] { read_history("/no/such"); }), HasSubstr("/no/such: "));
}

} // namespace
} // namespace bpf_assay::reports
