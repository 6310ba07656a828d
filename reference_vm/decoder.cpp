#include "reference_vm/decoder.hpp"

#include "reference_vm/formula.hpp"
#include "reference_vm/instructions.hpp"

#include <algorithm>
#include <vector>

namespace bpf_assay {
namespace {

using Kind = FieldRule::Kind;

bool names_no_register(const FieldRule& rule, u8 field) {
    return rule.kind == Kind::any && field >= register_count;
}

bool unused_but_set(const FieldRule& rule, s64 field) {
    return rule.kind == Kind::unused && field != 0;
}

bool runs(std::string_view extension) {
    return std::ranges::find(extensions(), extension, &Extension::name)->runs;
}

/// The checks of both profiles; `slots` begins with the instruction.
std::optional<Refused> check_meaning(std::span<const Slot> slots, u32 pc, ExtensionSet on) {
    const Slot& slot = slots[0];
    const InstructionRow* row = find_row(slot, on);
    if (row == nullptr)
        return Refused{rows_with_opcode(slot.opcode).empty() ? RefusalReason::unassigned_opcode
                                                             : RefusalReason::unassigned_variant,
                       pc, section_of(slot.opcode)};
    if (!row->extension.empty() && !runs(row->extension))
        return Refused{RefusalReason::not_executable, pc, row->section};
    if (names_no_register(row->dst_reg, slot.dst_reg) ||
        names_no_register(row->src_reg, slot.src_reg))
        return Refused{RefusalReason::register_number, pc, "3.1"};
    if (!row->wide)
        return std::nullopt;
    if (slots.size() < 2)
        return Refused{RefusalReason::truncated_wide, pc, "3.2"};
    Slot second = slots[1];
    second.imm = 0; // next_imm; all else of the second slot is zero
    if (second != Slot{})
        return Refused{RefusalReason::second_slot, pc, "3.2"};
    return std::nullopt;
}

/// What the strict profile adds for an instruction by itself.
std::optional<Refused> check_strict(std::span<const Slot> slots, const InstructionRow& row,
                                    u32 pc) {
    const Slot& slot = slots[0];
    if (unused_but_set(row.dst_reg, slot.dst_reg) || unused_but_set(row.src_reg, slot.src_reg) ||
        unused_but_set(row.offset, slot.offset) || unused_but_set(row.imm, slot.imm) ||
        (row.wide && unused_but_set(row.next_imm, slots[1].imm)))
        return Refused{RefusalReason::unused_field, pc, "3.1"};
    if (written_register(row, slot) == frame_register)
        return Refused{RefusalReason::frame_pointer, pc, "abi"};
    return std::nullopt;
}

/// The start of every instruction, as far as the program is well-formed.
std::vector<bool> instruction_starts(std::span<const Slot> program, ExtensionSet on) {
    std::vector<bool> starts(program.size(), false);
    for (std::size_t pc = 0; pc < program.size(); pc += find_row(program[pc], on)->wide ? 2 : 1)
        starts[pc] = true;
    return starts;
}

/// Where an instruction may go besides the next one; that of an extension as its formula says.
std::optional<s64> target_of(const InstructionRow& row, const Slot& slot, u32 pc) {
    if (row.extension.empty())
        return bpf_assay::target_of(slot, pc);
    const Formula& formula = formula_of(row);
    if (!formula.writes("PC"))
        return std::nullopt;
    const s64 next = s64{pc} + (row.wide ? 2 : 1);
    return next + (formula.reads("offset") ? slot.offset : slot.imm);
}

std::optional<Refused> check_flow(std::span<const Slot> program, ExtensionSet on) {
    const std::vector<bool> starts = instruction_starts(program, on);
    u32 last = 0;
    for (u32 pc = 0; pc < program.size(); ++pc) {
        if (!starts[pc])
            continue;
        last = pc;
        const InstructionRow& row = *find_row(program[pc], on);
        const std::optional<s64> target = target_of(row, program[pc], pc);
        if (!target)
            continue;
        const bool inside = *target >= 0 && *target < static_cast<s64>(program.size());
        if (!inside || !starts[static_cast<std::size_t>(*target)])
            return Refused{RefusalReason::jump_target, pc, row.section};
    }
    const InstructionRow& row = *find_row(program[last], on);
    const bool is_jump = class_of(row.opcode) == Class::JMP || class_of(row.opcode) == Class::JMP32;
    const bool ends = is_jump && row.extension.empty() &&
                      (jump_of(row.opcode) == Jump::EXIT || jump_of(row.opcode) == Jump::JA);
    if (!ends)
        return Refused{RefusalReason::runs_off_end, last, "4.3"};
    return std::nullopt;
}

} // namespace

std::optional<s64> target_of(const Slot& slot, u32 pc) {
    const Class cls = class_of(slot.opcode);
    if (cls != Class::JMP && cls != Class::JMP32)
        return std::nullopt;
    const s64 next = s64{pc} + 1;
    switch (jump_of(slot.opcode)) {
    case Jump::EXIT:
        return std::nullopt;
    case Jump::CALL:
        if (slot.src_reg != call::LOCAL)
            return std::nullopt;
        return next + slot.imm;
    case Jump::JA:
        return next + (cls == Class::JMP32 ? slot.imm : slot.offset);
    default:
        return next + slot.offset;
    }
}

std::string_view section_of(u8 opcode) {
    switch (class_of(opcode)) {
    case Class::ALU:
    case Class::ALU64:
        return code_of(opcode) == Code::END ? "4.2" : "4.1";
    case Class::JMP:
    case Class::JMP32:
        return "4.3";
    default:
        break;
    }
    switch (mode_of(opcode)) {
    case Mode::IMM:
        return "5.4";
    case Mode::ABS:
    case Mode::IND:
        return "5.5";
    case Mode::MEM:
        return "5.1";
    case Mode::MEMSX:
        return "5.2";
    case Mode::ATOMIC:
        return "5.3";
    }
    return "5";
}

std::optional<Refused> check(std::span<const Slot> program, Profile profile,
                             ExtensionSet extensions) {
    if (program.empty() || program.size() > max_program_slots)
        return Refused{RefusalReason::image_length, 0, "3"};
    for (u32 pc = 0; pc < program.size();) {
        const std::span<const Slot> slots = program.subspan(pc);
        if (const auto refused = check_meaning(slots, pc, extensions))
            return refused;
        const InstructionRow& row = *find_row(slots[0], extensions);
        if (profile == Profile::strict)
            if (const auto refused = check_strict(slots, row, pc))
                return refused;
        pc += row.wide ? 2 : 1;
    }
    return profile == Profile::strict ? check_flow(program, extensions) : std::nullopt;
}

} // namespace bpf_assay
