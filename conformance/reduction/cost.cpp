#include "conformance/reduction/statement.hpp"

#include <algorithm>
#include <bit>

namespace bpf_assay::conformance::reduction {
namespace {

constexpr std::size_t sentinel_penalty = 300; // more than any value that is stated costs
constexpr std::size_t unstated_bytes = 16;    // more than a cell has

std::size_t runs_of_ones(u64 value) {
    return static_cast<std::size_t>(std::popcount(value & ~(value << 1)));
}

std::size_t bits_cost(u64 value) {
    return 16 * runs_of_ones(value) + static_cast<std::size_t>(std::bit_width(value));
}

std::size_t distance_cost(s64 distance) {
    return cost_of(static_cast<u64>(distance < 0 ? -distance : distance)) + (distance < 0 ? 1 : 0);
}

bool covers(const std::vector<Cell>& cells, const Extent& extent) {
    for (s64 at = extent.at; at < extent.at + static_cast<s64>(extent.size); ++at)
        if (std::ranges::none_of(cells, [&](const Cell& cell) {
                return at >= cell.at && at < cell.at + static_cast<s64>(cell.size);
            }))
            return false;
    return true;
}

std::size_t content_cost(const Cell& cell) {
    if (const auto* value = std::get_if<u64>(&cell.content)) {
        const unsigned unused = 64 - 8 * static_cast<unsigned>(cell.size);
        const auto extended = static_cast<s64>(*value << unused) >> unused;
        return std::min(cost_of(*value), cost_of(static_cast<u64>(extended)) + 1);
    }
    std::size_t cost = 1;
    for (const u8 byte : std::get<std::vector<u8>>(cell.content))
        cost += cost_of(u64{byte});
    return cost;
}

void add_cells(const Statement& statement, Cost& cost) {
    for (const auto* cells : {&statement.vector.before.memory, &statement.vector.before.stack})
        for (const Cell& cell : *cells) {
            cost.cells += cell.size;
            cost.values += content_cost(cell);
        }
    for (const Extent& extent : statement.facts.read_cells) {
        const StatedState& before = statement.vector.before;
        if (!covers(extent.stack ? before.stack : before.memory, extent))
            cost.cells += unstated_bytes;
    }
}

void add_registers(const Statement& statement, Cost& cost) {
    for (std::size_t number = 0; number < general_registers; ++number) {
        const auto& stated = statement.vector.before.registers[number];
        const bool read = statement.facts.read[number];
        if (!stated) {
            cost.registers += read ? 2 : 0;
            cost.values += read ? sentinel_penalty : 0;
        } else {
            cost.registers += read ? 0 : 1;
            const auto* address = std::get_if<Address>(&*stated);
            cost.values += address != nullptr ? distance_cost(address->offset)
                                              : cost_of(std::get<u64>(*stated));
        }
    }
}

void add_instructions(std::span<const Slot> body, Cost& cost) {
    for (std::size_t pc = 0; pc < body.size(); ++pc) {
        const InstructionRow* row = find_row(body[pc]);
        if (row == nullptr)
            continue;
        if (row->wide)
            cost.values += cost_of(static_cast<u64>(static_cast<u32>(body[pc + 1].imm)) << 32 |
                                   static_cast<u32>(body[pc].imm));
        else if (row->imm.kind == FieldRule::Kind::any)
            cost.values += cost_of(static_cast<u64>(s64{body[pc].imm}));
        if (row->offset.kind == FieldRule::Kind::any)
            cost.values += distance_cost(body[pc].offset);
        pc += row->wide ? 1 : 0;
    }
}

} // namespace

std::size_t cost_of(u64 value) {
    switch (static_cast<s64>(value)) {
    case 0:
    case 1:
    case 2:
        return value == 2 ? 3 : value;
    case -1:
        return 2;
    default:
        return 4 + std::min(bits_cost(value), bits_cost(~value) + 1);
    }
}

std::vector<u8> named_registers(std::span<const Slot> body) {
    std::vector<u8> numbers;
    const auto add = [&](const FieldRule& rule, u8 number) {
        if (rule.kind == FieldRule::Kind::any && number < general_registers &&
            std::ranges::find(numbers, number) == numbers.end())
            numbers.push_back(number);
    };
    for (std::size_t pc = 0; pc < body.size(); ++pc) {
        const InstructionRow* row = find_row(body[pc]);
        if (row == nullptr)
            continue;
        add(row->dst_reg, body[pc].dst_reg);
        add(row->src_reg, body[pc].src_reg);
        pc += row->wide ? 1 : 0;
    }
    return numbers;
}

Cost cost_of(const Statement& statement) {
    const Vector& vector = statement.vector;
    Cost cost{.slots = vector.body.size(),
              .packet = vector.packet.size(),
              .memory = vector.kind == Kind::packet ? 0 : vector.memory_size};
    add_cells(statement, cost);
    add_registers(statement, cost);
    add_instructions(vector.body, cost);
    for (const u8 byte : vector.packet)
        cost.values += cost_of(u64{byte});
    std::vector<u8> numbers = named_registers(vector.body);
    for (u8 number = 0; number < general_registers; ++number)
        if (vector.before.registers[number] && std::ranges::find(numbers, number) == numbers.end())
            numbers.push_back(number);
    std::size_t weight = general_registers;
    for (const u8 number : numbers)
        cost.numbers += number * weight--;
    return cost;
}

} // namespace bpf_assay::conformance::reduction
