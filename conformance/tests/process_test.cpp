#include "conformance/process.hpp"

#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <thread>

namespace bpf_assay::conformance {
namespace {

using namespace test;
using namespace std::chrono_literals;
using testing::ElementsAre;

Clock::time_point in(std::chrono::milliseconds time) {
    return Clock::now() + time;
}

Process shell(const std::string& script) {
    return Process({"sh", "-c", script});
}

/// Waits until the end of the output, and then for the exit.
std::string run_to_end(Process& process) {
    while (process.wait(in(20s)) == Process::Event::output) {
    }
    return process.finish(in(20s));
}

TEST(split_command, words) {
    EXPECT_THAT(split_command(""), ElementsAre());
    EXPECT_THAT(split_command("  a  b\tc\r\n"), ElementsAre("a", "b", "c"));
    EXPECT_THAT(split_command("'a b' \"c d\""), ElementsAre("a b", "c d"));
    EXPECT_THAT(split_command("a'b c'd ''"), ElementsAre("ab cd", ""));
    EXPECT_THAT(split_command("'a\"b' \"c'd\""), ElementsAre("a\"b", "c'd"));
    EXPECT_THAT(split_command("$HOME *.c ~"), ElementsAre("$HOME", "*.c", "~"));
}

TEST(split_command, unbalanced_quotes) {
    for (const char* text : {"'a b", "a \"b", "a'"})
        EXPECT_THAT(error_of([&] { split_command(text); }),
                    testing::AllOf(testing::HasSubstr("unbalanced"), testing::HasSubstr(text)));
}

TEST(process, missing_program) {
    EXPECT_THAT(error_of([] { Process({"/no/such/program", "x"}); }),
                testing::HasSubstr("cannot start '/no/such/program': No such file"));
    EXPECT_THAT(error_of([] { Process({"no-such-program-in-path"}); }),
                testing::HasSubstr("cannot start 'no-such-program-in-path'"));
    EXPECT_FALSE(has_children());
}

TEST(process, exit_status_and_signals) {
    const struct {
        const char* script;
        const char* text;
        int status;
    } cases[] = {{"exit 0", "exit status 0", 0},
                 {"exit 3", "exit status 3", 3},
                 {"kill -SEGV $$", "SIGSEGV", -1},
                 {"kill -ABRT $$", "SIGABRT", -1}};
    for (const auto& [script, text, status] : cases) {
        Process process = shell(script);
        EXPECT_EQ(run_to_end(process), text);
        EXPECT_EQ(process.exit_status(), status);
    }
}

TEST(process, output_is_consumed_piece_by_piece) {
    Process process = shell("printf abcdef");
    run_to_end(process);
    EXPECT_EQ(process.output(), "abcdef");
    process.consume(2);
    EXPECT_EQ(process.output(), "cdef");
    process.consume(4);
    EXPECT_EQ(process.output(), "");
}

// Neither side may wait for the other to take what it has written.
TEST(process, large_payloads_both_ways) {
    std::string sent(24 << 20, '\0');
    for (std::size_t i = 0; i < sent.size(); ++i)
        sent[i] = static_cast<char>(i * 7 + i / 251);
    Process process({"cat"});
    process.write(sent);
    process.close_input_when_written();
    EXPECT_EQ(run_to_end(process), "exit status 0");
    EXPECT_TRUE(process.output() == sent);
}

TEST(process, a_child_that_does_not_read_is_no_deadlock) {
    Process process = shell("echo done");
    process.write(std::string(8 << 20, 'x'));
    EXPECT_EQ(run_to_end(process), "exit status 0");
    EXPECT_EQ(process.output(), "done\n");
}

TEST(process, of_a_flood_on_standard_error_the_end_is_kept) {
    Process process = shell("yes complaint | head -c 50000000 >&2; echo last >&2; echo done");
    EXPECT_EQ(run_to_end(process), "exit status 0");
    EXPECT_EQ(process.output(), "done\n");
    EXPECT_LE(process.errors().size(), 16'384);
    EXPECT_GE(process.errors().size(), 1'024);
    EXPECT_THAT(std::string(process.errors()), testing::EndsWith("complaint\nlast\n"));
}

TEST(process, deadline) {
    Process process = shell("sleep 100");
    const auto start = Clock::now();
    EXPECT_EQ(process.wait(in(150ms)), Process::Event::deadline);
    EXPECT_GE(Clock::now() - start, 150ms);
    EXPECT_EQ(process.finish(Clock::now()), "SIGKILL");
    EXPECT_LT(Clock::now() - start, 10s);
}

TEST(process, a_child_that_ignores_sigterm_is_killed) {
    const auto start = Clock::now();
    {
        Process process = shell("trap '' TERM INT HUP; echo ready; while :; do sleep 1; done");
        EXPECT_EQ(process.wait(in(20s)), Process::Event::output);
    }
    EXPECT_LT(Clock::now() - start, 10s);
    EXPECT_FALSE(has_children());
}

bool runs(const std::string& pid) {
    std::ifstream status("/proc/" + pid + "/stat");
    std::string number, name, state;
    return (status >> number >> name >> state) && state != "Z" && state != "X";
}

/// The number that the child prints; the child is ended or awaited.
std::string pid_of_grandchild(const std::string& script, bool awaited) {
    Process process = shell(script);
    while (process.output().find('\n') == std::string_view::npos)
        if (process.wait(in(20s)) != Process::Event::output)
            return "none";
    const std::string pid(process.output().substr(0, process.output().find('\n')));
    EXPECT_TRUE(runs(pid));
    if (awaited) {
        EXPECT_EQ(process.finish(in(20s)), "exit status 0");
    }
    return pid;
}

TEST(process, what_the_child_has_started_is_killed_with_it) {
    constexpr auto start = "sleep 1000 >/dev/null 2>&1 & echo $!; ";
    for (const bool awaited : {false, true}) {
        const auto pid =
            pid_of_grandchild(std::string(start) + (awaited ? "exit 0" : "wait"), awaited);
        for (int i = 0; i < 100 && runs(pid); ++i)
            std::this_thread::sleep_for(20ms);
        EXPECT_FALSE(runs(pid)) << (awaited ? "the child had ended" : "the child was killed");
    }
}

TEST(process, an_interrupt_ends_every_wait) {
    Process process = shell("sleep 100");
    const std::jthread signal([] {
        std::this_thread::sleep_for(100ms);
        interrupt_requested = true;
    });
    const auto start = Clock::now();
    EXPECT_THROW(process.wait(in(20s)), Interrupted);
    EXPECT_LT(Clock::now() - start, 5s);
    interrupt_requested = false;
}

TEST(process, a_child_that_dies_ends_no_program_that_has_the_default_for_sigpipe) {
    const auto before = std::signal(SIGPIPE, SIG_DFL);
    Process process = shell("exec 0<&-; sleep 0.2; echo gone");
    process.write(std::string(1 << 20, 'x')); // more than a pipe takes
    run_to_end(process);
    EXPECT_EQ(process.output(), "gone\n");
    sigset_t pending;
    sigpending(&pending);
    EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
    std::signal(SIGPIPE, before);
}

TEST(process, where_sigchld_is_ignored_no_exit_status_is_made_up) {
    const auto before = std::signal(SIGCHLD, SIG_IGN);
    Process process = shell("exit 3");
    EXPECT_EQ(run_to_end(process), "ended, its exit status is not known");
    EXPECT_EQ(process.exit_status(), -1);
    std::signal(SIGCHLD, before);
}

TEST(process, signals_that_the_runner_ignores_are_default_in_the_child) {
    // The runner ignores SIGPIPE; a child that inherited this would write for ever.
    Process process = shell("sh -c 'kill -PIPE $$; echo ignored'; true");
    run_to_end(process);
    EXPECT_EQ(process.output(), "");
}

} // namespace
} // namespace bpf_assay::conformance
