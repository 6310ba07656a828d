// run: numbers and sizes of rows, and what a row must not know of the one before.
#include "conformance/plugin_checks/checks.hpp"

#include <fmt/format.h>

#include <array>

namespace bpf_assay::conformance::plugin_checks {
namespace {

constexpr std::string_view copies = "r2 = *(u64 *)(r1 + 0); *(u64 *)(r1 + 8) = r2; r0 = 0; exit";

void expect_r0(const Conversation& talk, const std::vector<Row>& rows, u64 expected) {
    for (const Row& row : rows)
        if (row.r0 != expected)
            talk.wrong(fmt::format("R0 = {:#x}", row.r0), fmt::format("R0 = {:#x}", expected));
}

void expect_copied(const Conversation& talk, const std::vector<Row>& rows) {
    for (std::size_t row = 0; row < rows.size(); ++row)
        for (std::size_t at = 0; at < rows[row].block.size(); ++at) {
            const u8 expected = pattern(row, at >= 8 && at < 16 ? at - 8 : at);
            if (rows[row].block[at] != expected)
                talk.wrong(
                    fmt::format("byte {} of the block of row {} is {:#04x} after it", at, row,
                                rows[row].block[at]),
                    fmt::format("{:#04x}: bytes 0..7 were copied to 8..15, all others are as "
                                "they were",
                                expected));
        }
}

void returns_the_block(Subject& subject) {
    Conversation& talk = subject.shared();
    expect_copied(talk, load_and_run(subject, talk, copies, 3, 64));
}

void runs_no_rows(Subject& subject) {
    Conversation& talk = subject.shared();
    load_and_run(subject, talk, "r0 = 7; exit", 0, 64);
    talk.send(run_request(1, 64));
    expect_r0(talk, take_rows(subject, talk, 1, 64), 7);
}

void runs_on_blocks_of_0_bytes(Subject& subject) {
    Conversation& talk = subject.shared();
    expect_r0(talk, load_and_run(subject, talk, "r0 = 7; exit", 3, 0), 7);
}

void runs_on_the_largest_block(Subject& subject) {
    Conversation& talk = subject.shared();
    const std::size_t size = std::min<std::size_t>(subject.hello().max_block, 1 << 20) / 8 * 8;
    const auto rows = load_and_run(
        subject, talk,
        fmt::format("r2 = 99; r1 += {}; *(u64 *)(r1 + 0) = r2; r0 = 7; exit", size - 8), 1, size);
    const auto& block = rows.at(0).block;
    if (subject.number(std::span(block).last(8)) != 99)
        talk.wrong("the block's last 8 bytes are not what the program stored", "99");
    for (std::size_t at = 0; at < size - 8; ++at)
        if (block[at] != pattern(0, at))
            talk.wrong(fmt::format("byte {} of the block differs", at),
                       "all bytes but the last 8 as they were");
}

void runs_many_rows(Subject& subject) {
    constexpr std::size_t count = 4096, size = 16;
    Conversation& talk = subject.shared();
    const auto fill = [&](std::size_t row, std::span<u8> block) {
        subject.put_number(block.first(8), row * 3);
    };
    const auto rows =
        load_and_run(subject, talk, "r0 = *(u64 *)(r1 + 0); r0 += 1; *(u64 *)(r1 + 8) = r0; exit",
                     count, size, fill);
    for (std::size_t row = 0; row < count; ++row)
        if (rows[row].r0 != row * 3 + 1 ||
            subject.number(std::span(rows[row].block).subspan(8, 8)) != row * 3 + 1)
            talk.wrong(
                fmt::format("row {}: R0 = {:#x}", row, rows[row].r0),
                fmt::format("R0 = {:#x}, and the same in bytes 8..15 of its block", row * 3 + 1));
}

void keeps_no_memory(Subject& subject) {
    Conversation& talk = subject.shared();
    load(subject, talk, "r0 = *(u64 *)(r1 + 8); r2 = 99; *(u64 *)(r1 + 8) = r2; r0 += 1; exit");
    const auto zero = [](std::size_t, std::span<u8>) {};
    for (const std::size_t size : {64U, 16U, 128U, 64U}) {
        talk.send(run_request(3, size, zero));
        const auto rows = take_rows(subject, talk, 3, size);
        for (const Row& row : rows)
            if (row.r0 != 1)
                talk.wrong(fmt::format("a row whose bytes are 0 reads {:#x} from them", row.r0 - 1),
                           "each row begins with its own block, whatever ran before");
    }
}

/// No vector reads what it has not written, so this is for the author to know.
void keeps_no_registers_or_stack(Subject& subject) {
    static constexpr std::array programs{
        std::pair{"r0 = r6; r6 = 7731; exit", "R6"},
        std::pair{"r0 = *(u64 *)(r10 - 8); r2 = 7731; *(u64 *)(r10 - 8) = r2; exit", "the stack"}};
    Conversation& talk = subject.shared();
    for (const auto& [text, place] : programs) {
        if (talk.ask(load_request(subject.assemble(text)),
                     {"loaded", "rejected", "unsupported", "unable"}, "a verdict")
                .name != "loaded")
            continue;
        talk.send(run_request(3, 8));
        const auto rows = rows_of(subject, talk, talk.receive("'ran'"), 3, 8);
        if (rows[1].r0 == 7731 || rows[2].r0 == 7731)
            subject.remark(fmt::format("a row that reads {} before it writes it finds what the row "
                                       "before has left; no vector does so",
                                       place));
    }
}

constexpr std::array checks{
    Check{"runs on the row's block, and returns it", "run", returns_the_block},
    Check{"answers a run of no rows", "run", runs_no_rows},
    Check{"runs on blocks of 0 bytes", "run", runs_on_blocks_of_0_bytes},
    Check{"runs on a block of 'max_block' bytes", "run", runs_on_the_largest_block},
    Check{"runs 4,096 rows of one request", "run", runs_many_rows},
    Check{"keeps no memory between rows and runs", "rules", keeps_no_memory},
    Check{"keeps no registers and no stack between rows", "rules", keeps_no_registers_or_stack},
};

} // namespace

std::span<const Check> run_checks() {
    return checks;
}

} // namespace bpf_assay::conformance::plugin_checks
