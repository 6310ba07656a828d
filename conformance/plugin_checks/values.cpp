// R0 and faults.
#include "conformance/plugin_checks/checks.hpp"

#include <fmt/format.h>

#include <array>

namespace bpf_assay::conformance::plugin_checks {
namespace {

// Adds the row's first 8 bytes to R1 and reads there: far away, or the number itself.
constexpr const char* reads_at_distance =
    "r2 = *(u64 *)(r1 + 0); r2 += r1; r0 = *(u64 *)(r2 + 0); exit";
constexpr u64 far_away = u64{1} << 44;

void returns_r0(Subject& subject) {
    constexpr u64 all = 0x8877'6655'9433'2211, low = 0x9433'2211;
    Conversation& talk = subject.shared();
    const u64 r0 = load_and_run(subject, talk, "r0 = -8613303244578151919 ll; exit", 1, 8).at(0).r0;
    const bool whole = subject.hello().r0_bits == 64;
    if (r0 == (whole ? all : low))
        return;
    const std::string must =
        whole ? fmt::format("R0 = {:#x}; or \"r0_bits\": 32 in hello, if the runtime returns less",
                            all)
              : fmt::format("R0 = {:#x}: hello says 32 bits, the rest is zero", low);
    talk.wrong(fmt::format("R0 = {:#x}", r0), must);
}

/// Rows of a program of which those with an even number read far outside of the block; NotOffered
/// if the runtime refuses that, or does not trap it.
std::vector<Row> run_into_faults(Subject& subject, std::size_t count) {
    if (subject.dies_of_faults)
        throw NotOffered{"as before"};
    Conversation& talk = subject.shared();
    if (talk.ask(load_request(subject.assemble(reads_at_distance)),
                 {"loaded", "rejected", "unsupported"}, "a verdict")
            .name != "loaded")
        throw NotOffered{"it refuses the program: r2 = a number; r2 += r1; r0 = *(u64 *)(r2 + 0)"};
    talk.send(run_request(count, 16, [&](std::size_t row, std::span<u8> block) {
        subject.put_number(block.first(8), row % 2 == 0 ? far_away : 0);
    }));
    try {
        const Reply reply = talk.receive("'ran', with status 1 for every other row");
        auto rows = rows_of(subject, talk, reply, count, 16);
        if (!rows.at(0).fault)
            throw NotOffered{fmt::format(
                "a load far outside of the block is no fault here: R0 = {:#x}", rows[0].r0)};
        return rows;
    } catch (const Wrong& wrong) {
        if (wrong.kind == Wrong::Kind::answer)
            throw;
        subject.drop_shared();
        subject.dies_of_faults = true;
        subject.remark(fmt::format("{}; the runner copes, but the vector is lost", wrong.came));
        throw NotOffered{"the runtime does not survive a load far outside of the block"};
    }
}

void reports_faults(Subject& subject) {
    const auto rows = run_into_faults(subject, 4);
    const auto& talk = subject.shared();
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const u64 left = row % 2 == 0 ? far_away : 0;
        if (subject.number(std::span(rows[row].block).first(8)) != left)
            talk.wrong(fmt::format("the block of row {} differs after the run", row),
                       "the block as it is after the run; the program stores nothing");
        if (rows[row].fault != (row % 2 == 0) || rows[row].r0 != 0)
            talk.wrong(
                fmt::format("row {}: status {}, R0 = {:#x}", row, rows[row].fault ? 1 : 0,
                            rows[row].r0),
                "rows 0 and 2 read far outside of the block (status 1), rows 1 and 3 read 0");
    }
    if (rows[0].why.empty())
        subject.remark(R"(no 'faults' says why the rows faulted: {"row": 0, "why": "..."})");
}

void keeps_faults_in_a_line(Subject& subject) {
    run_into_faults(subject, 4000); // receive() refuses a longer line
}

void goes_on_after_a_fault(Subject& subject) {
    run_into_faults(subject, 1);
    Conversation& talk = subject.shared();
    Request request = run_request(1, 16, [](std::size_t, std::span<u8>) {});
    request.note = "the program is still loaded";
    talk.send(request);
    take_rows(subject, talk, 1, 16);
}

constexpr std::array checks{
    Check{"returns all of R0", "hello", returns_r0},
    Check{"reports faults", "run", reports_faults},
    Check{"keeps the list of faults within a line", "messages", keeps_faults_in_a_line},
    Check{"goes on after a fault", "rules", goes_on_after_a_fault},
};

} // namespace

std::span<const Check> value_checks() {
    return checks;
}

} // namespace bpf_assay::conformance::plugin_checks
