#include "reference_vm/instructions.hpp"

#include "reference_vm/instruction_rows.hpp"

#include <algorithm>
#include <numeric>

namespace bpf_assay {
namespace {

using table::rows;
using Kind = FieldRule::Kind;

constexpr bool disjoint(const FieldRule& a, const FieldRule& b) {
    return a.kind == Kind::only && b.kind == Kind::only && a.value != b.value;
}

/// True if some encoding would select both rows.
constexpr bool overlap(const InstructionRow& a, const InstructionRow& b) {
    return a.opcode == b.opcode && !disjoint(a.src_reg, b.src_reg) &&
           !disjoint(a.offset, b.offset) && !disjoint(a.imm, b.imm);
}

constexpr bool no_two_rows_overlap() {
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (std::size_t j = i + 1; j < rows.size(); ++j)
            if (overlap(rows[i], rows[j]))
                return false;
    return true;
}

static_assert(no_two_rows_overlap());
static_assert(std::ranges::is_sorted(rows, {}, &InstructionRow::opcode));

/// Index of the first row of each opcode; the rows of opcode o are [first[o], first[o + 1]).
constexpr auto first_row = [] {
    std::array<std::size_t, 257> first{};
    for (std::size_t opcode = 0; opcode < first.size(); ++opcode)
        first[opcode] = static_cast<std::size_t>(
            std::ranges::count_if(rows, [&](const auto& row) { return row.opcode < opcode; }));
    return first;
}();

/// Indices of the rows in the order of their mnemonics.
constexpr auto by_mnemonic = [] {
    std::array<std::size_t, instruction_count> order{};
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [](std::size_t i) { return rows[i].mnemonic; });
    return order;
}();

constexpr bool selects(const FieldRule& rule, s64 value) {
    return rule.kind != Kind::only || rule.value == value;
}

constexpr std::array<std::string_view, 7> group_names = {
    "base32", "base64", "divmul32", "divmul64", "atomic32", "atomic64", "packet"};

} // namespace

std::string_view name_of(Group group) {
    return group_names[static_cast<std::size_t>(group)];
}

std::optional<Group> group_from_name(std::string_view name) {
    const auto found = std::ranges::find(group_names, name);
    if (found == group_names.end())
        return std::nullopt;
    return static_cast<Group>(found - group_names.begin());
}

std::span<const InstructionRow, instruction_count> instruction_table() {
    return rows;
}

std::span<const InstructionRow> rows_with_opcode(u8 opcode) {
    const std::size_t first = first_row[opcode];
    return std::span(rows).subspan(first, first_row[opcode + std::size_t{1}] - first);
}

const InstructionRow* find_row(const Slot& slot) {
    for (const InstructionRow& row : rows_with_opcode(slot.opcode))
        if (selects(row.src_reg, slot.src_reg) && selects(row.offset, slot.offset) &&
            selects(row.imm, slot.imm))
            return &row;
    return nullptr;
}

const InstructionRow* find_row(std::string_view mnemonic) {
    const auto found = std::ranges::lower_bound(by_mnemonic, mnemonic, {},
                                                [](std::size_t i) { return rows[i].mnemonic; });
    if (found == by_mnemonic.end() || rows[*found].mnemonic != mnemonic)
        return nullptr;
    return &rows[*found];
}

std::optional<u8> written_register(const InstructionRow& row, const Slot& slot) {
    constexpr u8 r0 = 0;
    switch (class_of(row.opcode)) {
    case Class::ALU:
    case Class::ALU64:
    case Class::LDX:
        return slot.dst_reg;
    case Class::LD:
        return row.wide ? slot.dst_reg : r0;
    case Class::STX:
        if (mode_of(row.opcode) != Mode::ATOMIC || (row.imm.value & atomic::FETCH) == 0)
            return std::nullopt;
        return row.imm.value == atomic::CMPXCHG ? r0 : slot.src_reg;
    case Class::JMP:
        if (jump_of(row.opcode) == Jump::CALL)
            return r0;
        return std::nullopt;
    case Class::ST:
    case Class::JMP32:
        return std::nullopt;
    }
    return std::nullopt;
}

} // namespace bpf_assay
