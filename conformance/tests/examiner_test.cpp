// Vectors on a plugin that misbehaves on demand (plugins/tests/fake_plugin.py).
#include "conformance/tests/examiner_fixture.hpp"

#include <gmock/gmock.h>

#include <fmt/format.h>

namespace bpf_assay::conformance {
namespace {

using namespace test;
using namespace std::chrono_literals;
using testing::HasSubstr;

// The fake plugin runs nothing: it keeps all registers, so that these vectors pass.
constexpr auto vectors_text = R"(
  - {id: v/first, clauses: [C-1], because: B, asm: r9 += 1, after: {}}
  - {id: v/single, clauses: [C-1], because: B, asm: r9 += 2, after: {}}
  - id: v/sweep
    clauses: [C-1]
    asm: "{dst} += 0"
    registers: {dst: r3-r5}
    rows: {dst: [10, 11, 12, 13, 14, 15, 16, 17]}
    digest: 0000000000000000000000000000000000000000000000000000000000000000
  - {id: v/last, clauses: [C-1], because: B, asm: r9 += 4, after: {}}
)";
constexpr auto on_single = " --program 0709000002000000"; // r9 += 2

class Breakdowns : public ExaminerTest {
protected:
    Breakdowns() : ExaminerTest(vectors_text) {}
    const VectorResult& first() { return results().at(0); }
    const VectorResult& single() { return results().at(1); }
    const VectorResult& sweep() { return results().at(2); }
    const VectorResult& last() { return results().at(3); }

    /// All but one vector pass in full.
    void expect_others_pass(const VectorResult& except) {
        for (const VectorResult& result : results())
            if (&result != &except) {
                EXPECT_EQ(result.outcome, Outcome::pass) << result.why;
                EXPECT_EQ(result.rows.passed, result.rows.total);
            }
    }
};

TEST_F(Breakdowns, a_good_plugin_passes) {
    examine("good");
    expect_others_pass(VectorResult{});
    EXPECT_EQ(sweep().rows.total, 24);
    EXPECT_EQ(sweep().programs, 3);
}

TEST_F(Breakdowns, a_wrong_row_is_named) {
    examine("wrong --r4 14");
    expect_others_pass(sweep());
    EXPECT_EQ(sweep().outcome, Outcome::wrong);
    EXPECT_EQ(sweep().rows.passed, 23);
    EXPECT_EQ(sweep().failing_rows, 1);
    const Failure& failure = sweep().failures.at(0);
    EXPECT_EQ(failure.program, 1);
    EXPECT_EQ(failure.program_text, "dst r4");
    EXPECT_EQ(failure.row, 4);
    EXPECT_EQ(failure.registers_before.at(4), "0x000000000000000e");
    ASSERT_EQ(failure.differences.size(), 1);
    EXPECT_EQ(failure.differences[0].place, "r4");
    EXPECT_EQ(failure.why, "r4 is 0x000000000000000f, must be 0x000000000000000e");
    EXPECT_FALSE(failure.slots.empty());
}

TEST_F(Breakdowns, a_fault_has_the_words_of_the_plugin) {
    examine("fault --r4 14");
    expect_others_pass(sweep());
    EXPECT_EQ(sweep().outcome, Outcome::fault);
    EXPECT_EQ(sweep().failures.at(0).row, 4);
    EXPECT_EQ(sweep().failures[0].why, "a \"fault\"\nof \ufffd bytes");
}

TEST_F(Breakdowns, the_row_that_ends_the_plugin_is_found) {
    for (const auto& [mode, words] : {std::pair{"dies --r4 14", "SIGSEGV"},
                                      {"dies --r4 14 --signal ABRT", "SIGABRT"},
                                      {"exits --r4 14", "exit status 0"}}) {
        examine(mode);
        expect_others_pass(sweep());
        EXPECT_EQ(sweep().outcome, Outcome::crash);
        EXPECT_EQ(sweep().failing_rows, 1);
        EXPECT_EQ(sweep().failures.at(0).program, 1);
        EXPECT_EQ(sweep().failures[0].row, 4);
        EXPECT_THAT(sweep().failures[0].why, HasSubstr(words));
        EXPECT_EQ(sweep().rows.passed, 23) << "the rows behind it must run";
    }
}

TEST_F(Breakdowns, the_program_that_ends_the_plugin_is_found) {
    examine("dies" + std::string(on_single));
    expect_others_pass(single());
    EXPECT_EQ(single().outcome, Outcome::crash);
    EXPECT_EQ(single().failures.at(0).row, 0);
}

TEST_F(Breakdowns, a_row_that_never_ends_is_found) {
    examine("hangs --r4 14", {.deadline = hang_deadline});
    expect_others_pass(sweep());
    EXPECT_EQ(sweep().outcome, Outcome::timeout);
    EXPECT_EQ(sweep().failures.at(0).program, 1);
    EXPECT_EQ(sweep().failures[0].row, 4);
    EXPECT_EQ(sweep().rows.passed, 23);
    EXPECT_LT(seconds(), 3 * 3 + 10);
}

TEST_F(Breakdowns, half_a_line_is_a_hang) {
    examine("half-line" + std::string(on_single), {.deadline = hang_deadline});
    expect_others_pass(single());
    EXPECT_EQ(single().outcome, Outcome::timeout);
    EXPECT_LT(seconds(), 3 * 3 + 10);
}

TEST_F(Breakdowns, broken_protocol) {
    for (const auto& [mode, words] :
         {std::pair{"not-json", "not a JSON object: segmentation fault (just kidding)"},
          {"floods-stdout", "a line of more than 65536 bytes: garbage garbage"},
          {"lies-length", "no answer within"},
          {"lies-length --by -8", "answered 1 rows of 272 bytes with 280 bytes instead of 288"},
          {"short-rows", "with 0 bytes instead of 288"}}) {
        // What a plugin announces but does not send is waited for.
        examine(mode + std::string(on_single), {.deadline = hang_deadline});
        expect_others_pass(single());
        EXPECT_EQ(single().outcome,
                  mode == std::string("lies-length") ? Outcome::timeout : Outcome::crash)
            << mode << ": " << single().why;
        EXPECT_THAT(single().why, HasSubstr(words));
    }
}

TEST_F(Breakdowns, complaints_on_standard_error_are_no_failure) {
    examine("floods-stderr" + std::string(on_single));
    expect_others_pass(VectorResult{});
}

TEST_F(Breakdowns, last_words_are_in_the_report) {
    examine("exits --r4 14");
    EXPECT_THAT(sweep().failures.at(0).why, testing::Not(HasSubstr("last words")));
    const auto script = folder().write("dies.sh", "read line\necho not good >&2\n"
                                                  "echo really bad >&2\nexit 3\n");
    EXPECT_THAT(given_up_by("sh " + script.string()),
                HasSubstr("(exit status 3); its last words: really bad"));
}

TEST_F(Breakdowns, many_in_a_row_end_the_run) {
    std::string text;
    for (int i = 0; i < 12; ++i)
        text += fmt::format("  - {{id: v/dies-{}, clauses: [C-1], because: B, asm: r9 += 2, "
                            "after: {{}}}}\n",
                            i);
    use(text);
    examine("dies", {.breakdowns_in_a_row = 10});
    EXPECT_THAT(given_up(), HasSubstr("it broke down 10 times in a row; the last time: "));
    EXPECT_EQ(results()[8].outcome, Outcome::crash);
    EXPECT_EQ(results().back().outcome, Outcome::not_run);
}

// A right answer in between counts: such a plugin is restarted as often as it takes.
TEST_F(Breakdowns, many_with_answers_in_between_do_not) {
    std::string text;
    for (int i = 0; i < 8; ++i)
        text += fmt::format("  - {{id: v/dies-{}, clauses: [C-1], because: B, asm: r9 += 2, "
                            "after: {{}}}}\n"
                            "  - {{id: v/lives-{}, clauses: [C-1], because: B, asm: r9 += 1, "
                            "after: {{}}}}\n",
                            i, i);
    use(text);
    examine("dies" + std::string(on_single));
    EXPECT_EQ(given_up(), "");
    for (std::size_t i = 0; i < results().size(); ++i)
        EXPECT_EQ(results()[i].outcome, i % 2 == 0 ? Outcome::crash : Outcome::pass);
}

TEST_F(Breakdowns, of_one_vector_the_first_three_are_recorded) {
    examine("dies --program 0704000000000000"); // r4 += 0: every row of that program
    EXPECT_EQ(sweep().outcome, Outcome::crash);
    EXPECT_EQ(sweep().failures.size(), 3);
    EXPECT_EQ(sweep().failures[2].row, 2);
    EXPECT_EQ(last().outcome, Outcome::pass);
}

TEST_F(Breakdowns, a_slow_start_is_waited_for) {
    examine("slow-start --seconds 0.5");
    expect_others_pass(VectorResult{});
}

TEST_F(Breakdowns, a_start_beyond_the_deadline_is_given_up) {
    examine("slow-start --seconds 60", {.deadline = 200ms});
    EXPECT_THAT(given_up(), HasSubstr("no answer within 0.2 s"));
    EXPECT_LT(seconds(), 10 * 0.2 + 10);
}

TEST_F(Breakdowns, unavailable) {
    EXPECT_EQ(unavailable_by(fake_plugin("unavailable")), "a fake one");
}

/// A row spoils the plugin, which shows later: the vector that it shows on is not to blame.
class LateBreakdowns : public Breakdowns {};

TEST_F(LateBreakdowns, damage_that_shows_at_the_end_of_the_plugin) {
    examine("spoilt --r4 14 --signal ABRT");
    expect_others_pass(sweep());
    ASSERT_EQ(late().size(), 1);
    EXPECT_EQ(late()[0].vector->id, "v/sweep");
    EXPECT_EQ(late()[0].failure.outcome, Outcome::crash);
    EXPECT_EQ(late()[0].failure.program, 1);
    EXPECT_EQ(late()[0].failure.row, 4);
    EXPECT_EQ(late()[0].failure.registers_before.at(4), "0x000000000000000e");
    EXPECT_THAT(late()[0].failure.why, HasSubstr("it ended with SIGABRT instead of exit status 0"));
}

TEST_F(LateBreakdowns, damage_that_shows_on_the_next_vector) {
    examine("spoilt --r4 14 --then 0709000004000000"); // r9 += 4
    expect_others_pass(sweep());
    EXPECT_EQ(last().outcome, Outcome::pass) << "it shows there, and is not to blame";
    ASSERT_EQ(late().size(), 1);
    EXPECT_EQ(late()[0].vector->id, "v/sweep");
    EXPECT_EQ(late()[0].failure.row, 4);
    EXPECT_THAT(late()[0].failure.why,
                HasSubstr("it spoils the plugin, which breaks down at v/last: "));
}

TEST_F(LateBreakdowns, what_does_not_happen_again_is_said_of_no_vector) {
    examine(fmt::format("dies-once --r4 14 --flag '{}'", (folder().path() / "flag").string()));
    expect_others_pass(VectorResult{});
    ASSERT_EQ(late().size(), 1);
    EXPECT_EQ(late()[0].vector, nullptr);
    EXPECT_THAT(late()[0].failure.why, HasSubstr("at v/sweep, and not again: "));
}

TEST_F(LateBreakdowns, a_plugin_that_always_ends_so_accuses_no_vector) {
    const auto script =
        folder().write("ends.sh", fmt::format("#!/bin/sh\n{}\nexit 3\n", fake_plugin("good")));
    examine_on("sh '" + script.string() + "'");
    expect_others_pass(VectorResult{});
    ASSERT_EQ(late().size(), 1);
    EXPECT_EQ(late()[0].vector, nullptr);
    EXPECT_THAT(late()[0].failure.why, HasSubstr("it ended with exit status 3"));
}

} // namespace
} // namespace bpf_assay::conformance
