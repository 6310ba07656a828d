#include "conformance/local_functions.hpp"

#include "reference_vm/decoder.hpp"
#include "reference_vm/instructions.hpp"

#include <algorithm>
#include <vector>

namespace bpf_assay::conformance {
namespace {

struct Transfer {
    std::size_t pc;
    s64 target;
    bool call;
};

struct Flow {
    std::vector<Transfer> transfers;
    std::vector<std::size_t> ends; // slots behind EXIT, JA and JA32: nothing falls into them
};

bool is(const InstructionRow& row, std::string_view mnemonic) {
    return row.mnemonic == mnemonic;
}

Flow flow_of(std::span<const Slot> body) {
    Flow flow;
    for (std::size_t pc = 0; pc < body.size(); ++pc) {
        const InstructionRow* row = find_row(body[pc]);
        if (row == nullptr)
            continue;
        if (const auto target = target_of(body[pc], static_cast<u32>(pc)))
            flow.transfers.push_back({pc, *target, is(*row, "call_local")});
        if (is(*row, "exit") || is(*row, "ja") || is(*row, "ja32"))
            flow.ends.push_back(pc + 1);
        pc += row->wide ? 1 : 0;
    }
    return flow;
}

} // namespace

std::size_t functions_begin(std::span<const Slot> body) {
    const Flow flow = flow_of(body);
    const auto end = static_cast<s64>(body.size());
    s64 begin = end;
    for (const Transfer& transfer : flow.transfers)
        if (transfer.call)
            begin = std::min(begin, transfer.target);
    const auto stays = [&](const Transfer& transfer) {
        if (transfer.call)
            return transfer.target < end; // and not before `begin`, which is the least of them
        if (static_cast<s64>(transfer.pc) >= begin)
            return transfer.target >= begin && transfer.target < end;
        return (transfer.target >= 0 && transfer.target < begin) || transfer.target == end;
    };
    const auto nothing_falls_into = [&](s64 slot) {
        return std::ranges::find(flow.ends, static_cast<std::size_t>(slot)) != flow.ends.end();
    };
    const bool parts = begin > 0 && begin < end && std::ranges::all_of(flow.transfers, stays) &&
                       nothing_falls_into(begin) && nothing_falls_into(end);
    return static_cast<std::size_t>(parts ? begin : end);
}

void part_functions(std::span<Slot> front, std::size_t body_size, std::size_t gap) {
    if (front.size() == body_size)
        return;
    const std::size_t functions = body_size - front.size();
    for (const Transfer& transfer : flow_of(front).transfers) {
        Slot& slot = front[transfer.pc];
        if (transfer.call)
            slot.imm += static_cast<s32>(gap);
        else if (transfer.target != static_cast<s64>(body_size))
            continue;
        else if (is(*find_row(slot), "ja32"))
            slot.imm -= static_cast<s32>(functions);
        else
            slot.offset = static_cast<s16>(slot.offset - static_cast<s64>(functions));
    }
}

} // namespace bpf_assay::conformance
