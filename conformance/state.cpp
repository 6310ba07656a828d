#include "conformance/state.hpp"

#include <algorithm>
#include <set>

namespace bpf_assay::conformance {
namespace {

void write_cells(const std::vector<Cell>& cells, std::span<u8> area, s64 origin, ByteOrder order) {
    for (const Cell& cell : cells) {
        const auto bytes = area.subspan(static_cast<std::size_t>(cell.at + origin), cell.size);
        if (const auto* value = std::get_if<u64>(&cell.content))
            store(bytes, *value, order);
        else
            std::ranges::copy(std::get<std::vector<u8>>(cell.content), bytes.begin());
    }
}

void apply(const StatedState& stated, FullState& state, ByteOrder order) {
    for (std::size_t number = 0; number < general_registers; ++number)
        if (stated.registers[number])
            state.registers[number] = *stated.registers[number];
    write_cells(stated.memory, state.memory, guard_size, order);
    write_cells(stated.stack, state.stack, frame_size, order);
}

/// The 8-byte slots that the vector names, and one on each side.
std::vector<s64> observed_slots(const StatedState& before, const StatedState& after) {
    std::set<s64> slots;
    for (const auto* stated : {&before, &after})
        for (const Cell& cell : stated->stack)
            for (s64 at = cell.at & ~s64{7}; at < cell.at + static_cast<s64>(cell.size); at += 8)
                for (const s64 slot : {at - 8, at, at + 8})
                    if (slot >= -static_cast<s64>(frame_size) && slot < 0)
                        slots.insert(slot);
    return {slots.begin(), slots.end()};
}

} // namespace

void store(std::span<u8> bytes, u64 value, ByteOrder order) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::size_t at = order == ByteOrder::little ? i : bytes.size() - 1 - i;
        bytes[at] = static_cast<u8>(value >> (8 * i));
    }
}

u64 load(std::span<const u8> bytes, ByteOrder order) {
    u64 value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::size_t at = order == ByteOrder::little ? i : bytes.size() - 1 - i;
        value |= static_cast<u64>(bytes[at]) << (8 * i);
    }
    return value;
}

StatePair full_states(const Vector& vector, ByteOrder order) {
    StatePair pair;
    FullState& before = pair.before;
    for (std::size_t number = 0; number < general_registers; ++number)
        before.registers[number] = register_sentinel(number);
    before.memory.resize(vector.memory_size + 2 * guard_size);
    for (std::size_t at = 0; at < before.memory.size(); ++at)
        before.memory[at] = memory_sentinel(static_cast<s64>(at) - static_cast<s64>(guard_size));
    for (std::size_t at = 0; at < frame_size; ++at)
        before.stack[at] = stack_sentinel(static_cast<s64>(at) - static_cast<s64>(frame_size));
    apply(vector.before, before, order);

    const StatedState& after = vector.after[index_of(order)];
    pair.after = before;
    apply(after, pair.after, order);
    pair.observed = observed_slots(vector.before, after);
    return pair;
}

} // namespace bpf_assay::conformance
