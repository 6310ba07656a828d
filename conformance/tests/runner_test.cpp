// Whole runs: several runtimes, several processes.
#include "conformance/runner.hpp"

#include "conformance/group_summary.hpp"
#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <thread>

namespace bpf_assay::conformance {
namespace {

using namespace test;
using namespace std::chrono_literals;

class RunnerTest : public testing::Test {
protected:
    RunnerTest() {
        std::string text;
        for (int i = 1; i <= 40; ++i)
            text += fmt::format("  - {{id: v/number-{}, clauses: [C-1], because: B, "
                                "asm: r9 += {}, after: {{}}{}}}\n",
                                i, i, i % 10 == 0 ? ", unless: x-tens" : "");
        m_suite = suite_of(text);
        for (const Vector& vector : m_suite.vectors)
            m_vectors.push_back(&vector);
    }
    void TearDown() override {
        EXPECT_FALSE(has_children());
        interrupt_requested = false;
    }

    std::vector<RuntimeResult> run(const std::vector<std::string>& modes, RunOptions options = {}) {
        std::vector<Runtime> runtimes;
        for (const std::string& mode : modes)
            runtimes.push_back({.command = fake_plugin(mode)});
        return run_vectors(m_vectors, runtimes, options);
    }
    static std::size_t count(const RuntimeResult& result, Outcome outcome) {
        return static_cast<std::size_t>(
            std::ranges::count(result.results, outcome, &VectorResult::outcome));
    }

    Suite m_suite;
    std::vector<const Vector*> m_vectors;
};

TEST_F(RunnerTest, results_come_in_order_whatever_ran_first) {
    std::size_t last = 0;
    const auto results =
        run({"good", "unavailable", "wrong --program 0709000005000000"},
            {.examine = {}, .jobs = 4, .progress = [&](std::size_t done, auto all) {
                 EXPECT_EQ(done, ++last);
                 EXPECT_EQ(all, 80);
             }});
    ASSERT_EQ(results.size(), 3);
    EXPECT_EQ(last, 80);
    EXPECT_EQ(results[0].vectors, m_vectors);
    EXPECT_EQ(count(results[0], Outcome::pass), 40);
    EXPECT_EQ(results[1].status, RuntimeStatus::unavailable);
    EXPECT_EQ(results[1].why, "a fake one");
    EXPECT_TRUE(results[1].results.empty());
    EXPECT_EQ(count(results[2], Outcome::pass), 39);
    EXPECT_EQ(results[2].results[4].outcome, Outcome::wrong);
    EXPECT_EQ(exit_status(results), 1);
}

TEST_F(RunnerTest, a_declared_extension_switches_vectors_off) {
    const auto results =
        run({"bad-hello --hello '{\"hello\": {\"protocol\": 1, \"name\": \"n\", \"version\": "
             "\"1\", \"engine\": \"jit\", \"byte_order\": \"little\", \"extensions\": "
             "[\"x-tens\"]}}'"});
    EXPECT_EQ(results[0].vectors.size(), 36);
    ASSERT_EQ(results[0].switched_off.size(), 4);
    EXPECT_EQ(results[0].switched_off[0]->id, "v/number-10");
    EXPECT_EQ(count(results[0], Outcome::pass), 36);
}

TEST_F(RunnerTest, a_runtime_that_is_given_up_leaves_the_others_alone) {
    const auto results =
        run({"dies", "good"}, {.examine = {.breakdowns_in_a_row = 10}, .jobs = 2, .progress = {}});
    EXPECT_EQ(results[0].status, RuntimeStatus::given_up);
    EXPECT_GE(count(results[0], Outcome::crash), 9);
    EXPECT_GE(count(results[0], Outcome::not_run), 30);
    EXPECT_EQ(results[0].results.back().why, results[0].why);
    EXPECT_EQ(count(results[1], Outcome::pass), 40);
    EXPECT_EQ(exit_status(results), 1);
}

TEST_F(RunnerTest, a_bad_hello_is_given_up_before_any_vector) {
    const auto results = run({"bad-hello"});
    EXPECT_EQ(results[0].status, RuntimeStatus::given_up);
    EXPECT_EQ(count(results[0], Outcome::not_run), 40);
    EXPECT_THAT(results[0].why, testing::HasSubstr("hello: 'name' must be a text"));
    EXPECT_EQ(exit_status(results), 2);
}

TEST_F(RunnerTest, an_interrupt_keeps_what_was_run) {
    const std::jthread signal([] {
        std::this_thread::sleep_for(1500ms);
        interrupt_requested = true;
    });
    const auto start = Clock::now();
    const auto results = run({"hangs --program 0709000014000000"}); // number 20
    EXPECT_LT(Clock::now() - start, 8s);
    EXPECT_EQ(results[0].status, RuntimeStatus::interrupted);
    EXPECT_EQ(count(results[0], Outcome::pass), 19);
    EXPECT_EQ(count(results[0], Outcome::not_run), 21);
    EXPECT_EQ(results[0].results.back().why, "interrupted");
    EXPECT_EQ(exit_status(results), 2);
}

TEST_F(RunnerTest, a_plugin_that_does_not_exist_is_an_error) {
    EXPECT_THAT(error_of([&] { run_vectors(m_vectors, {{.command = "/no/such/plugin"}}, {}); }),
                testing::HasSubstr("cannot start '/no/such/plugin'"));
}

TEST_F(RunnerTest, a_wrong_digest_is_an_error_before_anything_runs) {
    const Suite suite = suite_of("  - id: v/sweep\n    clauses: [C-1]\n    asm: r3 += 0\n"
                                 "    registers: {dst: r3}\n    rows: {dst: few}\n    digest: " +
                                 std::string(64, '0') + "\n");
    EXPECT_THAT(
        error_of([&] { run_vectors({&suite.vectors[0]}, {{.command = fake_plugin("good")}}, {}); }),
        testing::HasSubstr("disagree on v/sweep (little-endian)"));
}

} // namespace
} // namespace bpf_assay::conformance
