#include "conformance/coverage/encodings.hpp"

#include "reference_vm/all_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace bpf_assay::conformance::coverage {
namespace {

using Names = std::vector<std::string>;

/// A field of one or two slots, with its width and what the table says of it.
struct Field {
    const char* name;
    unsigned bits;
    FieldRule rule;
    u64 (*value)(std::span<const Slot> slots);
    bool is_register = false;
};

constexpr FieldRule zero = {FieldRule::Kind::unused};

std::vector<Field> fields_of(const InstructionRow& row) {
    using Slots = std::span<const Slot>;
    std::vector<Field> fields{
        {"dst", 4, row.dst_reg, [](Slots s) -> u64 { return s[0].dst_reg; }, true},
        {"src", 4, row.src_reg, [](Slots s) -> u64 { return s[0].src_reg; }, true},
        {"offset", 16, row.offset, [](Slots s) -> u64 { return static_cast<u16>(s[0].offset); }},
        {"imm", 32, row.imm, [](Slots s) -> u64 { return static_cast<u32>(s[0].imm); }}};
    if (row.wide) {
        fields.push_back({"next_opcode", 8, zero, [](Slots s) -> u64 { return s[1].opcode; }});
        fields.push_back({"next_dst", 4, zero, [](Slots s) -> u64 { return s[1].dst_reg; }});
        fields.push_back({"next_src", 4, zero, [](Slots s) -> u64 { return s[1].src_reg; }});
        fields.push_back({"next_offset", 16, zero,
                          [](Slots s) -> u64 { return static_cast<u16>(s[1].offset); }});
        fields.push_back({"next_imm", 32, row.next_imm,
                          [](Slots s) -> u64 { return static_cast<u32>(s[1].imm); }});
    }
    return fields;
}

std::string bit_name(const Field& field, u64 value) {
    return fmt::format("{}-unused=bit{}", field.name, std::countr_zero(value));
}
std::string register_name(const Field& field, u64 value) {
    return fmt::format("{}=r{}", field.name, value);
}
std::string variant_name(const Field& field, u64 value) {
    return fmt::format("{}={:#x}", field.name, value);
}

/// A slot in which the field that selects among the rows of the opcode has this value.
Slot with_selector(const InstructionRow& row, const Field& field, u64 value) {
    Slot slot{.opcode = row.opcode};
    if (field.bits == 4)
        slot.src_reg = static_cast<u8>(value);
    else if (field.bits == 16)
        slot.offset = static_cast<s16>(value);
    else
        slot.imm = static_cast<s32>(value);
    return slot;
}

/// Values of a selecting field that are worth a try: all of a register's field; each bit alone of
/// the others, zero, and of an atomic operation's imm each code of 4 bits with and without FETCH.
std::vector<u64> candidates(const InstructionRow& row, const Field& field) {
    std::vector<u64> values{0};
    if (field.bits == 4) {
        for (u64 value = 1; value < 16; ++value)
            values.push_back(value);
        return values;
    }
    const Class cls = class_of(row.opcode);
    if (cls == Class::STX)
        for (u64 code = 0; code < 0x100; code += 0x10)
            values.insert(values.end(), {code, code | atomic::FETCH});
    for (unsigned bit = 0; bit < field.bits; ++bit)
        values.push_back(u64{1} << bit);
    std::ranges::sort(values);
    values.erase(std::ranges::unique(values).begin(), values.end());
    return values;
}

/// Of an extension: all of a register's field, and each bit of the others the other way round.
std::vector<u64> near_values(const Field& field) {
    std::vector<u64> values;
    if (field.bits == 4)
        for (u64 value = 0; value < 16; ++value)
            values.push_back(value);
    const u64 right = static_cast<u64>(field.rule.value) & (~u64{0} >> (64 - field.bits));
    for (unsigned bit = 0; field.bits != 4 && bit < field.bits; ++bit)
        values.push_back(right ^ u64{1} << bit);
    std::ranges::sort(values);
    return values;
}

/// A slot of an extension's row, but for this field.
bool selects_nothing(const InstructionRow& row, const Field& field, u64 value) {
    Slot slot{.opcode = row.opcode};
    for (const Field& each : fields_of(row)) {
        if (each.rule.kind != FieldRule::Kind::only)
            continue;
        const u64 set =
            std::string_view(each.name) == field.name ? value : static_cast<u64>(each.rule.value);
        if (std::string_view(each.name) == "dst")
            slot.dst_reg = static_cast<u8>(set);
        else if (std::string_view(each.name) == "src")
            slot.src_reg = static_cast<u8>(set);
        else if (std::string_view(each.name) == "offset")
            slot.offset = static_cast<s16>(set);
        else if (std::string_view(each.name) == "imm")
            slot.imm = static_cast<s32>(set);
    }
    return find_row(slot, extension_of(row)) == nullptr;
}

bool is_first_of_opcode(const InstructionRow& row) {
    return &rows_with_opcode(row.opcode).front() == &row;
}

void add_names(const InstructionRow& row, const Field& field, Names& names) {
    switch (field.rule.kind) {
    case FieldRule::Kind::unused:
        for (unsigned bit = 0; bit < field.bits; ++bit)
            names.push_back(bit_name(field, u64{1} << bit));
        return;
    case FieldRule::Kind::any:
        for (u64 number = register_count; field.is_register && number < 16; ++number)
            names.push_back(register_name(field, number));
        return;
    case FieldRule::Kind::only:
        if (!row.extension.empty()) {
            for (const u64 value : near_values(field))
                if (selects_nothing(row, field, value))
                    names.push_back(variant_name(field, value));
            return;
        }
        for (const u64 value : candidates(row, field))
            if (is_first_of_opcode(row) && find_row(with_selector(row, field, value)) == nullptr)
                names.push_back(variant_name(field, value));
        return;
    }
}

/// What is wrong with an instruction, as names of bins; more than one if several things are.
Names flaws_of(const InstructionRow& row, std::span<const Slot> slots) {
    Names flaws;
    for (const Field& field : fields_of(row)) {
        const u64 value = field.value(slots);
        if (field.rule.kind == FieldRule::Kind::unused && value != 0)
            // Two bits at once say nothing about either.
            flaws.push_back(std::has_single_bit(value) ? bit_name(field, value) : std::string());
        if (field.rule.kind == FieldRule::Kind::any && field.is_register && value >= register_count)
            flaws.push_back(register_name(field, value));
    }
    return flaws;
}

/// Of an opcode that is assigned, where no row has the selecting field's value.
Names variant_flaws(const InstructionRow& first, std::span<const Slot> slots) {
    Names flaws;
    for (const Field& field : fields_of(first))
        if (field.rule.kind == FieldRule::Kind::only)
            flaws.push_back(variant_name(field, field.value(slots)));
    return flaws;
}

} // namespace

Bins encoding_bins_of(const InstructionRow& row) {
    Names names;
    for (const Field& field : fields_of(row))
        add_names(row, field, names);
    return {Subject::encodings, std::move(names)};
}

Bins opcode_bins() {
    Names names;
    for (unsigned opcode = 0; opcode < 0x100; ++opcode)
        if (rows_with_opcode(static_cast<u8>(opcode)).empty())
            names.push_back(fmt::format("opcode={:#04x}", opcode));
    return {Subject::encodings, std::move(names)};
}

namespace {

/// Of an extension's opcode, where no row has the selecting field's value: of the row that is next
/// to it.
std::optional<Flaw> near_flaw(std::span<const Slot> slots, ExtensionSet on) {
    for (const InstructionRow& row : extension_table()) {
        if (row.opcode != slots[0].opcode || !on.contains(row.extension))
            continue;
        for (const Field& field : fields_of(row)) {
            if (field.rule.kind != FieldRule::Kind::only)
                continue;
            const u64 value = field.value(slots);
            if (std::ranges::count(near_values(field), value) != 0 &&
                selects_nothing(row, field, value))
                return Flaw{&row, variant_name(field, value)};
        }
    }
    return std::nullopt;
}

} // namespace

std::optional<Flaw> only_flaw(std::span<const Slot> program, ExtensionSet on) {
    std::vector<Flaw> flaws;
    for (std::size_t at = 0; at < program.size(); ++at) {
        const auto slots = program.subspan(at);
        const InstructionRow* row = find_row(slots[0], on);
        if (row != nullptr && !row->extension.empty()) {
            for (std::string& name : flaws_of(*row, slots))
                flaws.push_back({row, std::move(name)});
            at += row->wide ? 1 : 0;
            continue;
        }
        if (row == nullptr)
            if (std::optional<Flaw> flaw = near_flaw(slots, on)) {
                flaws.push_back(std::move(*flaw));
                continue;
            }
        const auto rows = rows_with_opcode(slots[0].opcode);
        if (rows.empty()) {
            flaws.push_back({nullptr, fmt::format("opcode={:#04x}", slots[0].opcode)});
            continue;
        }
        const bool wide = rows.front().wide;
        if (wide && slots.size() < 2)
            return std::nullopt; // cut short: another flaw, which has no bin
        for (std::string& name :
             row != nullptr ? flaws_of(*row, slots) : variant_flaws(rows.front(), slots))
            flaws.push_back({row != nullptr ? row : &rows.front(), std::move(name)});
        at += wide ? 1 : 0;
    }
    if (flaws.size() != 1)
        return std::nullopt;
    return flaws.front();
}

} // namespace bpf_assay::conformance::coverage
