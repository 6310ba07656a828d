// How requests and answers pass each other, and the end of input.
#include "conformance/plugin_checks/checks.hpp"

#include <fmt/format.h>

#include <array>

namespace bpf_assay::conformance::plugin_checks {
namespace {

constexpr std::string_view writes_r0 =
    "r0 = *(u64 *)(r1 + 0); r0 += 1; *(u64 *)(r1 + 8) = r0; exit";

void takes_pipelined_requests(Subject& subject) {
    constexpr std::size_t pairs = 200;
    Conversation talk = subject.start();
    std::string all = hello_request().bytes();
    for (std::size_t pair = 0; pair < pairs; ++pair)
        all += load_request(subject.assemble(fmt::format("r0 = {}; exit", pair))).bytes() +
               run_request(4, 64).bytes();
    talk.send(all,
              fmt::format("hello and {} pairs of load ('r0 = 0; exit', 'r0 = 1; exit', ...) and "
                          "run, all at once",
                          pairs));
    talk.receive({"hello"}, "'hello'");
    for (std::size_t pair = 0; pair < pairs; ++pair) {
        talk.receive({"loaded"}, fmt::format("'loaded' for pair {}", pair));
        for (const Row& row : take_rows(subject, talk, 4, 64))
            if (row.r0 != pair)
                talk.wrong(fmt::format("R0 = {:#x} in the answer to pair {}", row.r0, pair),
                           fmt::format("R0 = {}: answers come in the order of the requests", pair));
    }
}

void takes_requests_in_pieces(Subject& subject) {
    Conversation talk = subject.start();
    const auto zero = [](std::size_t, std::span<u8>) {};
    talk.send_in_pieces(hello_request().bytes() +
                            load_request(subject.assemble(writes_r0)).bytes() +
                            run_request(2, 16, zero).bytes(),
                        1, "hello, load and run, one byte at a time");
    talk.receive({"hello"}, "'hello'");
    talk.receive({"loaded"}, "'loaded'");
    for (const Row& row : take_rows(subject, talk, 2, 16))
        if (row.r0 != 1)
            talk.wrong(fmt::format("R0 = {:#x}", row.r0), "R0 = 1");
}

/// Answers as large as the requests, while more of these are on their way.
void passes_large_payloads(Subject& subject) {
    constexpr std::size_t requests = 12, bytes = 1 << 20;
    Conversation talk = subject.start();
    greet(talk);
    load(subject, talk, "r0 = 7; exit");
    const std::size_t size = std::min<std::size_t>(subject.hello().max_block, 1 << 16) / 8 * 8;
    const std::size_t rows = bytes / std::max<std::size_t>(size, 1);
    const std::string one = run_request(rows, size).bytes();
    for (std::size_t request = 0; request < requests; ++request)
        talk.send(one,
                  fmt::format("{} runs of {} rows of {} bytes, all at once", requests, rows, size));
    for (std::size_t request = 0; request < requests; ++request)
        for (const Row& row : take_rows(subject, talk, rows, size))
            if (row.r0 != 7)
                talk.wrong(fmt::format("R0 = {:#x}", row.r0), "R0 = 7");
}

/// Of the conversation in which all checks before were made.
void ends_with_its_input(Subject& subject) {
    constexpr auto patience = std::chrono::milliseconds(500); // the runner's
    Conversation& talk = subject.shared();
    load_and_run(subject, talk, "r0 = 7; exit", 1, 8);
    talk.describe_sent("the end of input, all requests being answered");
    talk.close_input();
    const auto start = Clock::now();
    const std::string must = "exit status 0, and nothing behind the last answer";
    const Ending ending = talk.wait_for_end(must);
    if (!talk.left_over().empty())
        talk.wrong(fmt::format("{} bytes that nobody has asked for: {}", talk.left_over().size(),
                               printable(talk.left_over(), 100)),
                   must);
    if (ending.status != 0)
        talk.wrong(ending.text, must, Wrong::Kind::ended);
    if (Clock::now() - start > patience)
        subject.remark(
            "it took more than half a second to end, and the runner does not wait for so "
            "long");
    subject.drop_shared();
}

constexpr std::array checks{
    Check{"takes 400 requests before it has answered any", "messages", takes_pipelined_requests},
    Check{"takes requests one byte at a time", "messages", takes_requests_in_pieces},
    Check{"passes large requests and large answers", "messages", passes_large_payloads},
    Check{"ends when its input does", "messages", ends_with_its_input},
};

} // namespace

std::span<const Check> stream_checks() {
    return checks;
}

} // namespace bpf_assay::conformance::plugin_checks
