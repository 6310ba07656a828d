// The one-shot contract: a process per program, which shows R0 only.
#include "conformance/one_shot.hpp"

#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <set>

namespace bpf_assay::conformance {
namespace {

using namespace test;
using testing::HasSubstr;

constexpr auto reference_vm = "'" ASSAY_PLUGINS_DIR "/reference_vm'";

TEST(one_shot, all_explicit_and_program_vectors_pass) {
    OneShotExaminer examiner({.command = reference_vm, .one_shot = OneShot{}}, {});
    std::size_t passed = 0;
    for (const Vector& vector : suite().vectors) {
        if (vector.kind != Kind::explicit_state && vector.kind != Kind::program)
            continue;
        if (!vector.helpers.empty() || vector.concurrency.threads > 1 || !vector.extension.empty())
            continue; // the contract has no way to offer them, so that a run leaves them out
        const VectorResult result = examiner.examine(vector);
        const bool too_large = result.outcome == Outcome::unsupported &&
                               (vector.memory_size > 50'000 || vector.body.size() > 100'000);
        EXPECT_TRUE(result.outcome == Outcome::pass || too_large)
            << vector.id << ": " << name_of(result.outcome) << ", " << result.why;
        passed += result.outcome == Outcome::pass ? 1 : 0;
    }
    EXPECT_GT(passed, 900);
    EXPECT_FALSE(has_children());
}

TEST(one_shot, sweeps_run_in_full) {
    OneShotExaminer examiner({.command = reference_vm, .one_shot = OneShot{}}, {});
    const Vector vector = vector_of("    asm: \"{dst} s/= {src}\"\n"
                                    "    registers: {dst: r0-r4, src: r5}\n"
                                    "    rows: {dst: odd, src: odd}\n    digest: " +
                                    std::string(64, '0') + "\n");
    const VectorResult result = examiner.examine(vector);
    EXPECT_EQ(result.outcome, Outcome::pass) << result.why;
    EXPECT_EQ(result.programs, 5);
    EXPECT_EQ(result.rows.run, 45);
    EXPECT_EQ(result.rows.passed, 45);
    EXPECT_EQ(result.rows.total, 45);
}

class OneShotStub : public testing::Test {
protected:
    /// A vector on a shell script with this text; memory comes as its first argument.
    VectorResult examine(const std::string& script, unsigned bits = 64,
                         const std::string& vector = "    asm: r3 = 7\n    after: {r3: 7}\n",
                         std::chrono::milliseconds deadline = std::chrono::seconds(20)) {
        const auto file = m_folder.write("stub with space.sh", "#!/bin/sh\n" + script);
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
        OneShotExaminer examiner({.command = fmt::format("'{}'", file.string()),
                                  .options = "--option",
                                  .one_shot = OneShot{.r0_bits = bits}},
                                 {.deadline = deadline});
        const VectorResult result = examiner.examine(vector_of(vector));
        EXPECT_FALSE(has_children());
        return result;
    }
    TemporaryFolder m_folder;
};

TEST_F(OneShotStub, nothing_printed_is_no_zero) {
    const VectorResult result = examine("cat >/dev/null\n");
    EXPECT_EQ(result.outcome, Outcome::fault);
    EXPECT_EQ(result.why, "exit status 0, but no value");
}

TEST_F(OneShotStub, what_is_no_value) {
    for (const char* text : {"garbage", "7g", "-1", "+1", "0x", "1 2", "10000000000000000"}) {
        const VectorResult result = examine("cat >/dev/null; echo '" + std::string(text) + "'\n");
        EXPECT_EQ(result.outcome, Outcome::fault) << text;
        EXPECT_EQ(result.why, "not a value: " + std::string(text));
    }
}

TEST_F(OneShotStub, forms_of_a_value) {
    const std::string program = "    program: r0 = 31; exit\n    after: {r0: 31}\n";
    for (const char* text : {"1f", "1F", "0x1f", "000000000000001f", "\\n1f", "1f \\r\\n"})
        EXPECT_EQ(
            examine("cat >/dev/null; printf '" + std::string(text) + "'\n", 64, program).outcome,
            Outcome::pass)
            << text;
}

TEST_F(OneShotStub, a_wrong_value) {
    const VectorResult result = examine("cat >/dev/null; echo 1f\n");
    EXPECT_EQ(result.outcome, Outcome::wrong);
    EXPECT_THAT(result.why, HasSubstr("r0 (fold of the state) is 0x000000000000001f, must be 0x"));
    EXPECT_EQ(result.failures.at(0).registers_before.size(), 10);
}

TEST_F(OneShotStub, of_a_vector_that_fails_eight_rows_are_enough) {
    const VectorResult result =
        examine("cat >/dev/null; echo 1f\n", 64,
                "    asm: \"{dst} += 0\"\n    registers: {dst: r0-r4}\n"
                "    rows: {dst: [1, 2, 3, 4, 5, 6, 7, 8, 9]}\n    digest: " +
                    std::string(64, '0') + "\n");
    std::set<std::size_t> rows;
    for (const Failure& failure : result.failures)
        rows.insert(failure.row.value());
    EXPECT_EQ(result.failing_rows, 8);
    EXPECT_EQ(rows, (std::set<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST_F(OneShotStub, two_folds_where_r0_has_32_bits) {
    // The right fold to the first question only; the second one finds it out.
    const Vector vector = vector_of("    asm: r3 = 7\n    after: {r3: 7}\n");
    const auto experiment = make_experiment(vector, 0, {.r0_bits = 32, .fold = Fold::add});
    const u64 right = run_row(*experiment, 0, ByteOrder::little).r0 & 0xffff'ffff;
    const VectorResult result =
        examine("cat >/dev/null; printf '%x\\n' " + std::to_string(right) + "\n", 32);
    EXPECT_EQ(result.outcome, Outcome::wrong);
    EXPECT_EQ(result.failing_rows, 1);
    EXPECT_EQ(result.rows.passed, 1);
}

TEST_F(OneShotStub, a_failure_is_a_refusal_with_its_words) {
    const VectorResult result = examine("echo 'bad opcode' >&2; echo more >&2; exit 1\n");
    EXPECT_EQ(result.outcome, Outcome::rejected);
    EXPECT_EQ(result.why, "exit status 1: bad opcode");
    EXPECT_EQ(result.rows.run, 0);
}

TEST_F(OneShotStub, killed) {
    const VectorResult result = examine("kill -SEGV $$\n");
    EXPECT_EQ(result.outcome, Outcome::crash);
    EXPECT_EQ(result.why, "SIGSEGV");
}

TEST_F(OneShotStub, no_end) {
    const VectorResult result = examine("sleep 100\n", 64, "    asm: r3 = 7\n    after: {r3: 7}\n",
                                        std::chrono::milliseconds(300));
    EXPECT_EQ(result.outcome, Outcome::timeout);
}

TEST_F(OneShotStub, gets_memory_as_first_argument_and_the_program_as_one_line) {
    constexpr auto script = R"(read program
[ "$program" = 'b7 00 00 00 1f 00 00 00 95 00 00 00 00 00 00 00' ] || exit 3
case "$1" in '01 02 03 04 05 06 07 08 a2 c7 '*) ;; *) exit 4 ;; esac
[ ${#1} = 95 ] || exit 5 # 16 bytes and the guard behind, spaces between
[ "$2" = --option ] || exit 6
echo 1f
)";
    const VectorResult result =
        examine(script, 64,
                "    program: r0 = 31; exit\n    memory_size: 16\n"
                "    before: {memory: {u64@0: 0x0807060504030201, bytes@8: a2c7}}\n"
                "    after: {r0: 31}\n");
    EXPECT_EQ(result.outcome, Outcome::pass) << result.why;
}

TEST_F(OneShotStub, what_the_contract_cannot_say_is_unsupported) {
    for (const char* vector : {"    program: r0 = 1; exit\n    packet: 00\n    after: {r0: 1}\n",
                               "    slots: [r0 = 1]\n    expect: refused\n",
                               "    asm: r3 = 7\n    memory_size: 65536\n    after: {r3: 7}\n"}) {
        const VectorResult result = examine("echo 7\n", 64, vector);
        EXPECT_EQ(result.outcome, Outcome::unsupported);
        EXPECT_TRUE(result.tolerated);
    }
}

/// Rows that are chained run in one process: a script counts its starts.
class Chains : public testing::Test {
protected:
    /// The vectors of the text on the reference VM behind a script; what it does to the program or
    /// the answer is the script's.
    std::vector<VectorResult> examine(const std::string& script, std::string_view vectors) {
        m_suite = suite_of(vectors);
        const auto file = m_folder.write(
            "counting.sh", fmt::format("#!/bin/sh\necho >>'{}'\n{}\n", counter(), script));
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
        OneShotExaminer examiner(
            {.command = fmt::format("'{}'", file.string()), .one_shot = OneShot{}}, {});
        std::vector<const Vector*> list;
        for (const Vector& vector : m_suite.vectors)
            list.push_back(&vector);
        auto results = examiner.examine(list);
        m_late = examiner.take_late_findings();
        return results;
    }
    std::string counter() const { return (m_folder.path() / "starts").string(); }
    std::uintmax_t starts() const { return std::filesystem::file_size(counter()); }

    static constexpr auto run_it = "exec '" ASSAY_PLUGINS_DIR "/reference_vm' \"$@\"";
    static std::string many() {
        std::string text;
        for (int i = 0; i < 20; ++i)
            text += fmt::format("  - {{id: v/number-{}, clauses: [C-1], because: B, asm: r9 += {}, "
                                "before: {{r9: 1}}, after: {{r9: {}}}}}\n",
                                i, i, i + 1);
        return text;
    }

    TemporaryFolder m_folder;
    Suite m_suite;
    std::vector<LateFinding> m_late;
};

TEST_F(Chains, many_rows_in_one_process) {
    for (const VectorResult& result : examine(run_it, many()))
        EXPECT_EQ(result.outcome, Outcome::pass) << result.why;
    EXPECT_EQ(starts(), 1);
}

TEST_F(Chains, the_row_that_is_wrong_is_found) {
    // r9 += 7 adds 8: wrong in a chain and alone.
    const auto results =
        examine("sed 's/07 09 00 00 07 00 00 00/07 09 00 00 08 00 00 00/' | '" ASSAY_PLUGINS_DIR
                "/reference_vm' \"$@\"",
                many());
    for (std::size_t i = 0; i < results.size(); ++i)
        EXPECT_EQ(results[i].outcome, i == 7 ? Outcome::wrong : Outcome::pass) << i;
    EXPECT_LE(starts(), 1 + 2 * 5);
    EXPECT_TRUE(m_late.empty());
}

TEST_F(Chains, what_is_wrong_in_a_chain_only_is_said_of_no_vector) {
    // Programs of more than 2,000 bytes add 8 instead of 7.
    const auto results = examine("read -r p; [ ${#p} -le 12000 ] || p=$(echo \"$p\" | sed 's/07 09 "
                                 "00 00 07 00 00 00/07 09 00 00 08 00 00 00/'); "
                                 "echo \"$p\" | '" ASSAY_PLUGINS_DIR "/reference_vm' \"$@\"",
                                 many());
    for (const VectorResult& result : results)
        EXPECT_EQ(result.outcome, Outcome::pass) << result.why;
    ASSERT_EQ(m_late.size(), 1);
    EXPECT_EQ(m_late[0].vector, nullptr);
    EXPECT_EQ(m_late[0].failure.outcome, Outcome::wrong);
    EXPECT_THAT(m_late[0].failure.why,
                testing::AllOf(HasSubstr(" rows in one program, from v/number-"),
                               HasSubstr("each half of which is right")));
}

TEST_F(Chains, a_runtime_that_takes_short_programs_only) {
    for (const VectorResult& result :
         examine("read -r p; [ ${#p} -le 6000 ] || { echo too long >&2; exit 1; }; "
                 "echo \"$p\" | '" ASSAY_PLUGINS_DIR "/reference_vm' \"$@\"",
                 many()))
        EXPECT_EQ(result.outcome, Outcome::pass) << result.why;
    EXPECT_TRUE(m_late.empty());
}

TEST_F(OneShotStub, the_line_that_says_most) {
    const auto why_of = [&](const std::string& script) { return examine(script).why; };
    EXPECT_EQ(why_of("echo on stdout; exit 1\n"), "exit status 1: on stdout");
    EXPECT_EQ(
        why_of("echo \"thread 'main' panicked at x.rs:1:\" >&2; echo reason >&2; echo note >&2; "
               "exit 101\n"),
        "exit status 101: reason");
    EXPECT_EQ(why_of("printf '0: (b7) r0 = 1\\nR1 is bad\\nprocessed 1 insns\\n' >&2; exit 1\n"),
              "exit status 1: R1 is bad");
}

TEST_F(OneShotStub, refusals_of_some_programs_hide_nothing_in_others) {
    // Refuses r0 to r2, and answers anything for r3 and r4.
    const VectorResult result =
        examine("read -r p; case \"$p\" in *'07 00 00 00 00 00 00 00'*|*'07 01 00 00 00 00 00 "
                "00'*|*'07 02 00 "
                "00 00 00 00 00'*) echo no >&2; exit 1 ;; esac; echo 1f\n",
                64,
                "    asm: \"{dst} += 0\"\n    registers: {dst: r0-r4}\n"
                "    rows: {dst: [1, 2, 3, 4, 5, 6, 7, 8, 9]}\n    digest: " +
                    std::string(64, '0') + "\n");
    EXPECT_EQ(result.outcome, Outcome::wrong);
    EXPECT_TRUE(result.seen[static_cast<std::size_t>(Outcome::rejected)]);
}

TEST_F(OneShotStub, a_row_that_never_ends_costs_its_vector_only) {
    const VectorResult result =
        examine("sleep 100\n", 64,
                "    asm: \"{dst} += 0\"\n    registers: {dst: r0-r4}\n"
                "    rows: {dst: [1, 2, 3, 4, 5, 6, 7, 8, 9]}\n    digest: " +
                    std::string(64, '0') + "\n",
                std::chrono::milliseconds(100));
    EXPECT_EQ(result.outcome, Outcome::timeout);
    EXPECT_EQ(result.failing_rows, 1);
}

} // namespace
} // namespace bpf_assay::conformance
