#include "conformance/reduction/steps.hpp"

#include "conformance/reduction/code.hpp"

#include <algorithm>
#include <utility>

namespace bpf_assay::conformance::reduction {
namespace {

/// Pairs of instructions are tried in programs up to this length only.
constexpr std::size_t pairs_of_up_to = 32;

/// The vector with other instructions; unchanged if a jump does not reach its target.
Vector with_code(const Statement& current, const Code& code) {
    Vector vector = current.vector;
    if (auto slots = slots_of(code))
        vector.body = std::move(*slots);
    return vector;
}

/// The index-th of all (chunk, position): first the halves of the list, at last single elements.
std::optional<std::pair<std::size_t, std::size_t>> chunk_of(std::size_t count, std::size_t index) {
    for (std::size_t size = count / 2; size != 0; size /= 2) {
        const std::size_t chunks = (count + size - 1) / size;
        if (index < chunks)
            return std::pair{index * size, std::min(count, (index + 1) * size)};
        index -= chunks;
    }
    return std::nullopt;
}

std::size_t cell_count(const Vector& vector) {
    return vector.before.memory.size() + vector.before.stack.size();
}

bool fits(const Vector& vector) {
    return std::ranges::all_of(vector.before.memory, [&](const Cell& cell) {
        return cell.at >= 0 &&
               cell.at + static_cast<s64>(cell.size) <= static_cast<s64>(vector.memory_size);
    });
}

/// Everything in memory moved towards its start.
Vector moved_down(const Statement& current, s64 by) {
    Vector vector = current.vector;
    for (Cell& cell : vector.before.memory)
        cell.at -= by;
    for (auto& reg : vector.before.registers)
        if (reg)
            if (auto* address = std::get_if<Address>(&*reg);
                address != nullptr && address->base == Address::Base::memory)
                address->offset -= by;
    return vector;
}

/// The lowest byte of memory that is stated, read or written, rounded down to 8.
s64 lowest_place(const Statement& current) {
    s64 lowest = static_cast<s64>(current.vector.memory_size);
    for (const Cell& cell : current.vector.before.memory)
        lowest = std::min(lowest, cell.at);
    for (const auto* extents : {&current.facts.read_cells, &current.facts.written})
        for (const Extent& extent : *extents)
            if (!extent.stack)
                lowest = std::min(lowest, extent.at);
    return lowest & ~s64{7};
}

u8 exchanged(u8 number, u8 a, u8 b) {
    return number == a ? b : number == b ? a : number;
}

} // namespace

std::optional<Vector> without_instructions(const Statement& current, std::size_t index) {
    const auto code = code_of(current.vector.body);
    const auto chunk = code ? chunk_of(code->size(), index) : std::nullopt;
    if (!chunk)
        return std::nullopt;
    std::vector<bool> gone(code->size(), false);
    std::fill(gone.begin() + static_cast<s64>(chunk->first),
              gone.begin() + static_cast<s64>(chunk->second), true);
    return with_code(current, without(*code, gone));
}

std::optional<Vector> without_pairs(const Statement& current, std::size_t index) {
    const auto code = code_of(current.vector.body);
    if (!code || code->size() > pairs_of_up_to || index >= code->size() * code->size())
        return std::nullopt;
    const std::size_t first = index / code->size(), second = index % code->size();
    if (first >= second)
        return current.vector;
    std::vector<bool> gone(code->size(), false);
    gone[first] = gone[second] = true;
    return with_code(current, without(*code, gone));
}

std::optional<Vector> shorter_packet(const Statement& current, std::size_t index) {
    const std::size_t size = current.vector.packet.size();
    std::vector<std::size_t> sizes;
    for (std::size_t shorter = 1; shorter < size; shorter *= 2)
        sizes.push_back(shorter);
    if (size > 1)
        sizes.push_back(size - 1);
    if (index >= sizes.size())
        return std::nullopt;
    Vector vector = current.vector;
    vector.packet.resize(sizes[index]);
    return vector;
}

std::optional<Vector> without_cells(const Statement& current, std::size_t index) {
    if (index >= cell_count(current.vector))
        return std::nullopt;
    Vector vector = current.vector;
    auto& cells = index < vector.before.memory.size() ? vector.before.memory : vector.before.stack;
    const std::size_t at =
        &cells == &vector.before.memory ? index : index - current.vector.before.memory.size();
    cells.erase(cells.begin() + static_cast<s64>(at));
    return vector;
}

std::optional<Vector> with_stated_cells(const Statement& current, std::size_t index) {
    constexpr std::array<u64, 3> values{0, 1, ~u64{0}};
    const std::size_t number = index / values.size();
    if (number >= current.facts.read_cells.size())
        return std::nullopt;
    const Extent& extent = current.facts.read_cells[number];
    Vector vector = current.vector;
    auto& cells = extent.stack ? vector.before.stack : vector.before.memory;
    const auto end = extent.at + static_cast<s64>(extent.size);
    const bool overlaps = std::ranges::any_of(cells, [&](const Cell& cell) {
        return cell.at < end && extent.at < cell.at + static_cast<s64>(cell.size);
    });
    if (overlaps || extent.size > 8 || (extent.size & (extent.size - 1)) != 0)
        return current.vector;
    const u64 mask = ~u64{0} >> (64 - 8 * extent.size);
    cells.push_back(
        {.at = extent.at, .size = extent.size, .content = values[index % values.size()] & mask});
    std::ranges::sort(cells, {}, &Cell::at);
    return vector;
}

std::optional<Vector> smaller_memory(const Statement& current, std::size_t index) {
    const std::size_t size = current.vector.memory_size;
    if (current.vector.kind == Kind::packet)
        return std::nullopt;
    if (index == 0) {
        const s64 lowest = lowest_place(current);
        Vector vector = moved_down(current, lowest);
        const auto smaller = static_cast<s64>(size) - lowest;
        vector.memory_size = std::max<std::size_t>(8, static_cast<std::size_t>(smaller));
        return fits(vector) ? vector : current.vector;
    }
    const std::size_t smaller = std::size_t{8} << (index - 1);
    if (smaller >= size)
        return std::nullopt;
    Vector vector = current.vector;
    vector.memory_size = smaller;
    return fits(vector) ? vector : current.vector;
}

std::optional<Vector> without_registers(const Statement& current, std::size_t index) {
    if (index > general_registers)
        return std::nullopt;
    Vector vector = current.vector;
    for (std::size_t number = 0; number < general_registers; ++number)
        if (index == 0 ? !current.facts.read[number] : number == index - 1)
            vector.before.registers[number].reset();
    return vector;
}

std::optional<Vector> lower_registers(const Statement& current, std::size_t index) {
    const auto low = static_cast<u8>(index / general_registers);
    const auto high = static_cast<u8>(index % general_registers);
    if (low >= general_registers)
        return std::nullopt;
    if (low >= high)
        return current.vector;
    Vector vector = current.vector;
    std::swap(vector.before.registers[low], vector.before.registers[high]);
    for (std::size_t pc = 0; pc < vector.body.size(); ++pc) {
        Slot& slot = vector.body[pc];
        const InstructionRow* row = find_row(slot);
        if (row == nullptr)
            continue;
        if (row->dst_reg.kind == FieldRule::Kind::any)
            slot.dst_reg = exchanged(slot.dst_reg, low, high);
        if (row->src_reg.kind == FieldRule::Kind::any)
            slot.src_reg = exchanged(slot.src_reg, low, high);
        pc += row->wide ? 1 : 0;
    }
    return vector;
}

std::vector<Step> all_steps() {
    return {
        {"instructions", without_instructions},
        {"pairs of instructions", without_pairs},
        {"packet", shorter_packet},
        {"registers", without_registers},
        {"cells", without_cells},
        {"cells that are read", with_stated_cells},
        {"memory", smaller_memory},
        {"values of registers", simpler_registers},
        {"immediates", simpler_immediates},
        {"offsets", simpler_offsets},
        {"contents", simpler_contents},
        {"pairs of values", familiar_pairs},
        {"register numbers", lower_registers},
    };
}

} // namespace bpf_assay::conformance::reduction
