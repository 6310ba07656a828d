// The steps that replace a value by one that is easier to read.
#include "conformance/reduction/steps.hpp"

#include "conformance/state.hpp"

#include <algorithm>

namespace bpf_assay::conformance::reduction {
namespace {

constexpr u64 low_half = 0xffff'ffff;

constexpr std::array<u64, 26> familiar_values{0,
                                              1,
                                              ~u64{0},
                                              2,
                                              ~u64{1},
                                              3,
                                              4,
                                              8,
                                              16,
                                              32,
                                              64,
                                              0x7f,
                                              0x80,
                                              0xff,
                                              0x7fff,
                                              0x8000,
                                              0xffff,
                                              0x10000,
                                              0x7fff'ffff,
                                              0x8000'0000,
                                              0xffff'ffff,
                                              0x1'0000'0000,
                                              ~low_half,
                                              u64{1} << 63,
                                              ~u64{0} >> 1,
                                              ~u64{0} << 31};

u64 sign_extended(u64 value, std::size_t bytes) {
    const unsigned unused = 64 - 8 * static_cast<unsigned>(bytes);
    return static_cast<u64>(static_cast<s64>(value << unused) >> unused);
}

/// Numbers the variants of several things in a row: the part of the index that is left is of this
/// one if it is less than `count`.
bool is_here(std::size_t& index, std::size_t count) {
    if (index < count)
        return true;
    index -= count;
    return false;
}

/// An immediate that is an operand, not a distance or the name of something.
bool has_immediate(const InstructionRow& row) {
    return row.imm.kind == FieldRule::Kind::any && row.mnemonic != "ja32" &&
           !row.mnemonic.starts_with("call");
}

bool has_offset(const Slot& slot, const InstructionRow& row) {
    const Class cls = class_of(slot.opcode);
    return row.offset.kind == FieldRule::Kind::any &&
           (cls == Class::LDX || cls == Class::ST || cls == Class::STX);
}

/// Offsets and distances in memory: multiples of 8 are as good as it gets where 0 does not do.
std::vector<s64> simpler_distances(s64 distance) {
    std::vector<s64> found;
    for (const s64 simpler : {s64{0}, s64{8}, s64{-8}, s64{4}, s64{-4}, s64{1}, s64{-1},
                              distance / 2, distance & ~s64{7}})
        if (simpler != distance && std::ranges::find(found, simpler) == found.end())
            found.push_back(simpler);
    return found;
}

std::optional<Vector> simpler_address(const Statement& current, std::size_t number,
                                      const Address& address, std::size_t index) {
    const auto distances = simpler_distances(address.offset);
    Vector vector = current.vector;
    if (index < distances.size())
        vector.before.registers[number] = Address{address.base, distances[index]};
    else
        vector.before.registers[number] = u64{index - distances.size()}; // 0 or 1: no address
    return vector;
}

std::optional<Vector> with_content(const Statement& current, std::size_t index, bool stack) {
    const auto& cells = stack ? current.vector.before.stack : current.vector.before.memory;
    for (std::size_t number = 0; number < cells.size(); ++number) {
        Vector vector = current.vector;
        Cell& cell = (stack ? vector.before.stack : vector.before.memory)[number];
        if (auto* value = std::get_if<u64>(&cell.content)) {
            const auto values = simpler_values(sign_extended(*value, cell.size));
            if (is_here(index, values.size())) {
                *value = cell.size == 8 ? values[index]
                                        : values[index] & ((u64{1} << (8 * cell.size)) - 1);
                return vector;
            }
        } else {
            auto& bytes = std::get<std::vector<u8>>(cell.content);
            if (is_here(index, bytes.size())) {
                bytes[index] = 0;
                return vector;
            }
        }
    }
    return std::nullopt;
}

std::size_t content_count(const std::vector<Cell>& cells) {
    std::size_t count = 0;
    for (const Cell& cell : cells)
        if (const auto* value = std::get_if<u64>(&cell.content))
            count += simpler_values(sign_extended(*value, cell.size)).size();
        else
            count += cell.size;
    return count;
}

/// A register or an immediate that holds a number.
struct Place {
    bool is_register;
    std::size_t at; // its number, or the slot
};

std::vector<Place> places_of(const Statement& current) {
    std::vector<Place> places;
    const Vector& vector = current.vector;
    for (std::size_t number = 0; number < general_registers; ++number)
        if (vector.before.registers[number] &&
            std::holds_alternative<u64>(*vector.before.registers[number]))
            places.push_back({true, number});
    for (std::size_t pc = 0; pc < vector.body.size(); ++pc) {
        const InstructionRow* row = find_row(vector.body[pc]);
        if (row == nullptr)
            continue;
        if (!row->wide && has_immediate(*row))
            places.push_back({false, pc});
        pc += row->wide ? 1 : 0;
    }
    return places;
}

/// False if the value does not fit.
bool put(Vector& vector, const Place& place, u64 value) {
    if (place.is_register) {
        vector.before.registers[place.at] = value;
        return true;
    }
    vector.body[place.at].imm = static_cast<s32>(value);
    return static_cast<u64>(s64{vector.body[place.at].imm}) == value;
}

} // namespace

/// Two values at once, each the simplest of its kind: neither alone may keep the vector failing.
std::optional<Vector> familiar_pairs(const Statement& current, std::size_t index) {
    constexpr std::size_t most_places = 4;
    constexpr std::array<u64, 12> values{0,           1,           ~u64{0},     2,
                                         ~u64{1},     3,           0x80,        0x8000,
                                         0x7fff'ffff, 0x8000'0000, 0xffff'ffff, u64{1} << 63};
    const auto places = places_of(current);
    if (places.size() < 2 || places.size() > most_places)
        return std::nullopt;
    const std::size_t combination = index % (values.size() * values.size());
    std::size_t pair = index / (values.size() * values.size());
    for (std::size_t first = 0; first < places.size(); ++first)
        for (std::size_t second = first + 1; second < places.size(); ++second)
            if (pair-- == 0) {
                Vector vector = current.vector;
                const bool fits = put(vector, places[first], values[combination / values.size()]) &&
                                  put(vector, places[second], values[combination % values.size()]);
                return fits ? vector : current.vector;
            }
    return std::nullopt;
}

std::vector<u64> simpler_values(u64 value) {
    std::vector<u64> found(familiar_values.begin(), familiar_values.end());
    found.push_back(value & low_half);
    found.push_back(value & ~low_half);
    found.push_back(sign_extended(value, 4));
    found.push_back(value >> 1);
    found.push_back(value >> 32);
    for (unsigned bit = 0; bit < 64; ++bit) {
        found.push_back(value & ~(u64{1} << bit));
        found.push_back(value & (u64{1} << bit));
        found.push_back(value & (~u64{0} << bit));
        found.push_back(value & (~u64{0} >> bit));
    }
    std::erase_if(found, [&](u64 other) { return cost_of(other) >= cost_of(value); });
    std::ranges::sort(found, {}, [](u64 other) { return std::pair(cost_of(other), other); });
    const auto repeated = std::ranges::unique(found);
    found.erase(repeated.begin(), repeated.end());
    return found;
}

std::optional<Vector> simpler_registers(const Statement& current, std::size_t index) {
    for (std::size_t number = 0; number < general_registers; ++number) {
        const auto& stated = current.vector.before.registers[number];
        if (!stated && !current.facts.read[number])
            continue;
        if (current.vector.kind != Kind::explicit_state)
            continue;
        const RegisterValue value = stated.value_or(RegisterValue(register_sentinel(number)));
        if (const auto* address = std::get_if<Address>(&value)) {
            if (is_here(index, simpler_distances(address->offset).size() + 2))
                return simpler_address(current, number, *address, index);
            continue;
        }
        const auto values = simpler_values(std::get<u64>(value));
        if (is_here(index, values.size())) {
            Vector vector = current.vector;
            vector.before.registers[number] = values[index];
            return vector;
        }
    }
    return std::nullopt;
}

std::optional<Vector> simpler_immediates(const Statement& current, std::size_t index) {
    const auto& body = current.vector.body;
    for (std::size_t pc = 0; pc < body.size(); ++pc) {
        const InstructionRow* row = find_row(body[pc]);
        if (row == nullptr)
            continue;
        const std::size_t at = pc;
        pc += row->wide ? 1 : 0;
        if (!has_immediate(*row))
            continue;
        const u64 value = row->wide ? static_cast<u64>(static_cast<u32>(body[at + 1].imm)) << 32 |
                                          static_cast<u32>(body[at].imm)
                                    : static_cast<u64>(s64{body[at].imm});
        const auto values = simpler_values(value);
        if (!is_here(index, values.size()))
            continue;
        Vector vector = current.vector;
        vector.body[at].imm = static_cast<s32>(values[index]);
        if (row->wide)
            vector.body[at + 1].imm = static_cast<s32>(values[index] >> 32);
        else if (static_cast<u64>(s64{vector.body[at].imm}) != values[index])
            return current.vector; // does not fit
        return vector;
    }
    return std::nullopt;
}

std::optional<Vector> simpler_offsets(const Statement& current, std::size_t index) {
    const auto& body = current.vector.body;
    for (std::size_t pc = 0; pc < body.size(); ++pc) {
        const InstructionRow* row = find_row(body[pc]);
        if (row == nullptr)
            continue;
        const std::size_t at = pc;
        pc += row->wide ? 1 : 0;
        if (!has_offset(body[at], *row))
            continue;
        const auto distances = simpler_distances(body[at].offset);
        if (!is_here(index, 2 * distances.size()))
            continue;
        // By itself, and with an address that makes up for it.
        Vector vector = current.vector;
        const s64 distance = distances[index / 2];
        const u8 base =
            class_of(body[at].opcode) == Class::LDX ? body[at].src_reg : body[at].dst_reg;
        if (index % 2 == 1 && base < general_registers && vector.before.registers[base])
            if (auto* address = std::get_if<Address>(&*vector.before.registers[base]))
                address->offset += body[at].offset - distance;
        vector.body[at].offset = static_cast<s16>(distance);
        return vector;
    }
    return std::nullopt;
}

std::optional<Vector> simpler_contents(const Statement& current, std::size_t index) {
    constexpr std::array<u8, 3> bytes{0, 1, 0xff};
    if (index < bytes.size() * current.vector.packet.size()) {
        Vector vector = current.vector;
        vector.packet[index / bytes.size()] = bytes[index % bytes.size()];
        return vector;
    }
    index -= bytes.size() * current.vector.packet.size();
    const std::size_t in_memory = content_count(current.vector.before.memory);
    if (index < in_memory)
        return with_content(current, index, /*stack=*/false);
    return with_content(current, index - in_memory, /*stack=*/true);
}

} // namespace bpf_assay::conformance::reduction
