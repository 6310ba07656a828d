// What a plugin may offer: helper functions, threads, the one-shot contract.
#include "conformance/plugin_checks/checks.hpp"

#include <fmt/format.h>

#include <array>

namespace bpf_assay::conformance::plugin_checks {
namespace {

/// Bytes 0..7 of the block after one row of a program that calls the helper.
u64 call_helper(Subject& subject, HelperRole role, std::string_view before,
                std::string_view after) {
    const auto id = subject.hello().helpers[role];
    if (!id)
        throw NotOffered{"not offered"};
    const auto rows =
        load_and_run(subject, subject.shared(),
                     fmt::format("r6 = r1; {}; call {}; {}; *(u64 *)(r6 + 0) = r0; r0 = 0; exit",
                                 before, static_cast<s32>(*id), after),
                     1, 64);
    return subject.number(std::span(rows.at(0).block).first(8));
}

void calls_mix(Subject& subject) {
    const u64 seen = call_helper(subject, HelperRole::mix,
                                 "r1 = 1; r2 = 256; r3 = 65536; r4 = 16777216; r5 = -1", "");
    constexpr u64 expected = 0x7050301 - 11;
    if (seen != expected)
        subject.shared().wrong(fmt::format("mix(1, 0x100, 0x10000, 0x1000000, -1) = {:#x}", seen),
                               fmt::format("{:#x}", expected));
}

void calls_copy(Subject& subject) {
    const u64 seen =
        call_helper(subject, HelperRole::copy, "r3 = r1; r3 += 8; r1 += 16; r2 = 8",
                    "r1 = *(u64 *)(r6 + 8); r2 = *(u64 *)(r6 + 16); r0 |= r1; r0 -= r2");
    if (seen != 0)
        subject.shared().wrong("bytes 8..15 of the block are not in 16..23, or R0 is not 0",
                               "the 8 bytes copied, and R0 = 0");
}

void calls_unstated(Subject& subject) {
    const u64 seen = call_helper(subject, HelperRole::unstated, "r7 = 7", "r0 = r7");
    if (seen != 7)
        subject.shared().wrong(fmt::format("after the call R7 is {:#x}, was 7", seen),
                               "R6 to R9 as before the call");
}

/// As with vectors, the threads are two; a plugin that offers more has to take fewer.
void runs_threads(Subject& subject) {
    constexpr u64 times = 1000;
    if (subject.hello().threads < 2)
        throw NotOffered{"not offered"};
    Conversation& talk = subject.shared();
    load(subject, talk, "r2 = 1; lock *(u64 *)(r1 + 8) += r2; r0 = 5; exit");
    Request request = run_request(2, 64, {}, {.threads = 2, .times = times});
    const auto before = std::span(request.payload);
    talk.send(request);
    const auto rows = take_rows(subject, talk, 2, 64);
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const u64 runs = subject.number(std::span(rows[row].block).subspan(8, 8)) -
                         subject.number(before.subspan(64 * row + 8, 8));
        if (runs != 2 * times)
            talk.wrong(
                fmt::format("two threads that each run a program {} times, which adds 1 to the "
                            "block, have added {} (row {})",
                            times, runs, row),
                fmt::format("{}: runs are missing or too many, or the runtime's addition is "
                            "not atomic",
                            2 * times));
        if (rows[row].r0 != 5)
            talk.wrong(fmt::format("R0 = {:#x}", rows[row].r0),
                       "R0 = 5, the OR of what all return");
    }
}

std::string hex(std::span<const u8> bytes) {
    return fmt::format("{:02x}", fmt::join(bytes, " "));
}

void speaks_one_shot(Subject& subject) {
    std::array<u8, 8> memory{};
    subject.put_number(memory, 0x1234'5678'9abc'def0);
    auto command = subject.command();
    command.insert(command.begin() + 1, hex(memory));
    Process process(command);
    const std::string program = hex(subject.assemble("r0 = *(u64 *)(r1 + 0); exit").image);
    process.write(program + "\n");
    process.close_input_when_written();
    const auto deadline = Clock::now() + subject.deadline();
    Process::Event event{};
    do
        event = process.wait(deadline);
    while (event == Process::Event::output && process.output().size() < 65536);
    const std::string end = process.finish(Clock::now() + std::chrono::milliseconds(500));
    if (process.exit_status() != 0) {
        subject.remark("the one-shot contract is not spoken (" + end +
                       "); only other suites need it");
        return;
    }
    std::string_view value = process.output();
    while (value.ends_with('\n') || value.ends_with('\r') || value.ends_with(' '))
        value.remove_suffix(1);
    const std::string_view low = "9abcdef0", all = "123456789abcdef0";
    if (value == low && subject.hello().r0_bits == 32)
        return;
    if (value != all)
        throw Wrong{.sent =
                        fmt::format("the memory '{}' as the first argument, '{}' (r0 = *(u64 *)(r1 "
                                    "+ 0); exit) on standard input",
                                    hex(memory), program),
                    .came = "exit status 0, and on standard output: " + printable(process.output()),
                    .must = std::string(all) + "; or, if the contract is not spoken, another exit "
                                               "status than 0"};
}

constexpr std::array checks{
    Check{"calls the helper function 'mix'", "helper-functions", calls_mix},
    Check{"calls the helper function 'copy'", "helper-functions", calls_copy},
    Check{"calls the helper function 'unstated'", "helper-functions", calls_unstated},
    Check{"runs two threads on one block", "threads", runs_threads},
    Check{"speaks the one-shot contract", "the-one-shot-contract", speaks_one_shot},
};

} // namespace

std::span<const Check> offer_checks() {
    return checks;
}

} // namespace bpf_assay::conformance::plugin_checks
