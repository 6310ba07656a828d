#include "reference_vm/instructions.hpp"

#include "reference_vm/extension_rows.hpp"
#include "reference_vm/formula.hpp"
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

/// The same of fields that hold registers, of which `any` is one of the RFC's eleven.
constexpr bool disjoint_registers(const FieldRule& a, const FieldRule& b) {
    const auto beyond = [](const FieldRule& rule) {
        return rule.kind == Kind::only && rule.value >= register_count;
    };
    return disjoint(a, b) || (beyond(a) && b.kind == Kind::any) ||
           (beyond(b) && a.kind == Kind::any);
}

constexpr bool rows_overlap(const InstructionRow& a, const InstructionRow& b) {
    return a.opcode == b.opcode && !disjoint_registers(a.dst_reg, b.dst_reg) &&
           !disjoint_registers(a.src_reg, b.src_reg) && !disjoint(a.offset, b.offset) &&
           !disjoint(a.imm, b.imm);
}

constexpr bool no_two_rows_overlap() {
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (std::size_t j = i + 1; j < rows.size(); ++j)
            if (rows_overlap(rows[i], rows[j]))
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

bool matches(const InstructionRow& row, const Slot& slot) {
    return selects(row.dst_reg, slot.dst_reg) && selects(row.src_reg, slot.src_reg) &&
           selects(row.offset, slot.offset) && selects(row.imm, slot.imm);
}

bool names_registers(const InstructionRow& row, const Slot& slot) {
    return (row.dst_reg.kind != Kind::any || slot.dst_reg < register_count) &&
           (row.src_reg.kind != Kind::any || slot.src_reg < register_count);
}

static_assert(table::extension_facts.size() <= 64, "ExtensionSet has 64 bits");

} // namespace

bool overlap(const InstructionRow& a, const InstructionRow& b) {
    return rows_overlap(a, b);
}

std::string_view name_of(Group group) {
    return group == Group::extension ? "extension" : group_names[static_cast<std::size_t>(group)];
}

std::string_view group_name_of(const InstructionRow& row) {
    return row.extension.empty() ? name_of(row.group) : row.extension;
}

std::span<const Extension> extensions() {
    return table::extension_facts;
}

std::span<const InstructionRow> extension_table() {
    return table::extension_rows;
}

ExtensionSet ExtensionSet::all() {
    ExtensionSet set;
    for (const Extension& extension : extensions())
        set.add(extension.name);
    return set;
}

bool ExtensionSet::add(std::string_view name) {
    const auto found = std::ranges::find(table::extension_facts, name, &Extension::name);
    if (found == table::extension_facts.end())
        return false;
    m_bits |= u64{1} << (found - table::extension_facts.begin());
    return true;
}

bool ExtensionSet::contains(std::string_view name) const {
    const auto found = std::ranges::find(table::extension_facts, name, &Extension::name);
    return found != table::extension_facts.end() &&
           (m_bits >> (found - table::extension_facts.begin()) & 1) != 0;
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
    if (found != by_mnemonic.end() && rows[*found].mnemonic == mnemonic)
        return &rows[*found];
    const auto extension =
        std::ranges::find(table::extension_rows, mnemonic, &InstructionRow::mnemonic);
    return extension == table::extension_rows.end() ? nullptr : &*extension;
}

const InstructionRow* find_row(const Slot& slot, ExtensionSet among) {
    const InstructionRow* row = find_row(slot);
    if (among.empty() || (row != nullptr && names_registers(*row, slot)))
        return row;
    for (const InstructionRow& candidate : table::extension_rows)
        if (candidate.opcode == slot.opcode && matches(candidate, slot) &&
            among.contains(candidate.extension))
            return &candidate;
    return row;
}

std::optional<u8> written_register(const InstructionRow& row, const Slot& slot) {
    constexpr u8 r0 = 0;
    if (!row.extension.empty())
        return written_register_of(formula_of(row), slot);
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
