#include "reference_vm/decoder.hpp"

#include "reference_vm/tests/slots.hpp"

#include <gtest/gtest.h>

namespace bpf_assay {
namespace {

using test::exit_slot;
using test::Fields;
using test::next_imm;
using test::slot;
using Slots = std::vector<Slot>;

::testing::AssertionResult refused(const Slots& program, Profile profile, RefusalReason reason,
                                   u32 pc, std::string_view section) {
    const std::optional<Refused> result = check(program, profile);
    if (!result)
        return ::testing::AssertionFailure() << "accepted";
    if (result->reason == reason && result->pc == pc && result->section == section)
        return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure()
           << describe(result->reason) << " at " << result->pc << ", section " << result->section;
}

::testing::AssertionResult accepted(const Slots& program, Profile profile) {
    if (const std::optional<Refused> result = check(program, profile))
        return ::testing::AssertionFailure() << describe(result->reason) << " at " << result->pc;
    return ::testing::AssertionSuccess();
}

void expect_refused_by_both(const Slots& program, RefusalReason reason, u32 pc,
                            std::string_view section) {
    EXPECT_TRUE(refused(program, Profile::base, reason, pc, section));
    EXPECT_TRUE(refused(program, Profile::strict, reason, pc, section));
}

void expect_refused_if_strict(const Slots& program, RefusalReason reason, u32 pc,
                              std::string_view section) {
    EXPECT_TRUE(accepted(program, Profile::base));
    EXPECT_TRUE(refused(program, Profile::strict, reason, pc, section));
}

/// The instruction, its second slot if it is wide, and EXIT.
Slots with_exit(Slot first, s32 second_imm = 0) {
    const InstructionRow* row = find_row(first);
    if (row != nullptr && row->wide)
        return {first, next_imm(second_imm), exit_slot()};
    return {first, exit_slot()};
}

TEST(decoder, every_row_is_accepted) {
    for (const InstructionRow& row : instruction_table()) {
        Fields fields = {.dst = 9, .src = 9, .offset = -1, .imm = -1};
        fields.dst = row.dst_reg.kind == FieldRule::Kind::any ? fields.dst : u8{0};
        fields.src = row.src_reg.kind == FieldRule::Kind::any ? fields.src : u8{0};
        fields.offset = row.offset.kind == FieldRule::Kind::any ? fields.offset : s16{0};
        fields.imm = row.imm.kind == FieldRule::Kind::any ? fields.imm : 0;
        const s32 second = row.next_imm.kind == FieldRule::Kind::any ? -1 : 0;
        EXPECT_TRUE(accepted(with_exit(slot(row, fields), second), Profile::strict))
            << row.mnemonic;
    }
}

TEST(decoder, image_length) {
    expect_refused_by_both({}, RefusalReason::image_length, 0, "3");
    EXPECT_TRUE(accepted(Slots(max_program_slots, exit_slot()), Profile::strict));
    expect_refused_by_both(Slots(max_program_slots + 1, exit_slot()), RefusalReason::image_length,
                           0, "3");
}

TEST(decoder, every_unassigned_opcode) {
    for (unsigned value = 0; value < 256; ++value) {
        const auto opcode = static_cast<u8>(value);
        if (rows_with_opcode(opcode).empty())
            expect_refused_by_both({exit_slot(), {.opcode = opcode}, exit_slot()},
                                   RefusalReason::unassigned_opcode, 1, section_of(opcode));
    }
}

TEST(decoder, unassigned_opcodes_by_section) {
    const auto expect = [](u8 opcode, std::string_view section) {
        expect_refused_by_both({{.opcode = opcode}}, RefusalReason::unassigned_opcode, 0, section);
    };
    expect(0x8c, "4.1"); // NEG, X
    expect(0x8f, "4.1");
    expect(0xe7, "4.1"); // code 0xe
    expect(0xdf, "4.2"); // END in ALU64 with the reserved bit
    expect(0x0d, "4.3"); // JA, X
    expect(0x8d, "4.3"); // CALL, X
    expect(0x86, "4.3"); // CALL in JMP32
    expect(0x9d, "4.3"); // EXIT, X
    expect(0xe5, "4.3");
    expect(0x99, "5.2"); // MEMSX, DW
    expect(0xcb, "5.3"); // ATOMIC, H
    expect(0xd3, "5.3"); // ATOMIC, B
    expect(0x00, "5.4"); // second slot of a wide instruction alone
    expect(0x38, "5.5"); // ABS, DW
    expect(0x58, "5.5"); // IND, DW
    expect(0xa1, "5");   // mode 5
}

TEST(decoder, unassigned_variants_by_section) {
    const auto expect = [](std::string_view mnemonic, auto change, std::string_view section) {
        Slots program = with_exit(slot(mnemonic));
        change(program[0]);
        expect_refused_by_both(program, RefusalReason::unassigned_variant, 0, section);
    };
    expect("sdiv32_reg", [](Slot& s) { s.offset = 2; }, "4.1");
    expect("smod64_imm", [](Slot& s) { s.offset = -1; }, "4.1");
    expect("movsx32_8_reg", [](Slot& s) { s.offset = 32; }, "4.1");
    expect("mov64_imm", [](Slot& s) { s.offset = 8; }, "4.1");
    expect("le16", [](Slot& s) { s.imm = 8; }, "4.2");
    expect("bswap64", [](Slot& s) { s.imm = 0; }, "4.2");
    expect("call_btf", [](Slot& s) { s.src_reg = 3; }, "4.3");
    expect("xchg32", [](Slot& s) { s.imm = 0xe0; }, "5.3");
    expect("atomic_or64", [](Slot& s) { s.imm = 0x141; }, "5.3");
    expect("lddw", [](Slot& s) { s.src_reg = 7; }, "5.4");
}

TEST(decoder, register_numbers_wherever_a_field_names_a_register) {
    for (const InstructionRow& row : instruction_table())
        for (u8 number = 11; number < 16; ++number) {
            SCOPED_TRACE(row.mnemonic);
            if (row.dst_reg.kind == FieldRule::Kind::any)
                expect_refused_by_both(with_exit(slot(row, {.dst = number})),
                                       RefusalReason::register_number, 0, "3.1");
            if (row.src_reg.kind == FieldRule::Kind::any)
                expect_refused_by_both(with_exit(slot(row, {.src = number})),
                                       RefusalReason::register_number, 0, "3.1");
        }
}

TEST(decoder, unused_fields_are_refused_if_strict) {
    const auto strict_only = [](const InstructionRow& row, Slot changed, s32 second = 0) {
        SCOPED_TRACE(row.mnemonic);
        expect_refused_if_strict(with_exit(changed, second), RefusalReason::unused_field, 0, "3.1");
    };
    for (const InstructionRow& row : instruction_table()) {
        const auto unused = [](const FieldRule& rule) {
            return rule.kind == FieldRule::Kind::unused;
        };
        Slot changed = slot(row);
        if (unused(row.dst_reg))
            changed.dst_reg = 12, strict_only(row, changed), changed = slot(row);
        if (unused(row.src_reg))
            changed.src_reg = 1, strict_only(row, changed), changed = slot(row);
        if (unused(row.offset))
            changed.offset = -1, strict_only(row, changed), changed = slot(row);
        if (unused(row.imm))
            changed.imm = 1, strict_only(row, changed), changed = slot(row);
        if (row.wide && unused(row.next_imm))
            strict_only(row, changed, 1);
    }
}

TEST(decoder, wide_instructions) {
    expect_refused_by_both({exit_slot(), slot("lddw")}, RefusalReason::truncated_wide, 1, "3.2");
    for (const Slot& second : {Slot{.opcode = 0x95}, Slot{.dst_reg = 1}, Slot{.src_reg = 1},
                               Slot{.offset = 1}, Slot{.opcode = 0x18, .imm = 5}})
        expect_refused_by_both({slot("lddw"), second, exit_slot()}, RefusalReason::second_slot, 0,
                               "3.2");
    EXPECT_TRUE(accepted({slot("lddw"), next_imm(-1), exit_slot()}, Profile::strict));
}

TEST(decoder, jump_targets) {
    const auto refuse = [](const Slots& program, std::string_view section) {
        expect_refused_if_strict(program, RefusalReason::jump_target, 0, section);
    };
    refuse({slot("ja", {.offset = 1}), exit_slot()}, "4.3");
    refuse({slot("ja", {.offset = -2}), exit_slot()}, "4.3");
    refuse({slot("ja32", {.imm = 2147483647}), exit_slot()}, "4.3");
    refuse({slot("ja32", {.imm = -2147483647 - 1}), exit_slot()}, "4.3");
    refuse({slot("jeq64_imm", {.offset = 1}), exit_slot()}, "4.3");
    refuse({slot("jset32_reg", {.offset = 32767}), exit_slot()}, "4.3");
    refuse({slot("call_local", {.imm = 1}), exit_slot()}, "4.3.2");
    refuse({slot("ja", {.offset = 1}), slot("lddw"), next_imm(0), exit_slot()}, "4.3");
    refuse({slot("call_local", {.imm = 1}), slot("lddw"), next_imm(0), exit_slot()}, "4.3.2");

    for (const Slot& jump : {slot("ja", {.offset = 2}), slot("ja32", {.imm = 2}),
                             slot("jne32_reg", {.offset = -1}), slot("call_local", {.imm = 2}),
                             slot("call_helper", {.imm = 1000}), slot("call_btf", {.imm = 1})})
        EXPECT_TRUE(accepted({jump, slot("lddw"), next_imm(0), exit_slot()}, Profile::strict));
}

TEST(decoder, frame_pointer_is_read_only_if_strict) {
    for (const InstructionRow& row : instruction_table()) {
        SCOPED_TRACE(row.mnemonic);
        const Fields both = {.dst = 10, .src = 10};
        Slot changed = slot(row, both);
        if (row.dst_reg.kind == FieldRule::Kind::unused)
            changed.dst_reg = 0;
        if (row.src_reg.kind == FieldRule::Kind::unused)
            changed.src_reg = 0;
        const bool writes = written_register(row, changed) == 10;
        if (writes)
            expect_refused_if_strict(with_exit(changed), RefusalReason::frame_pointer, 0, "abi");
        else
            EXPECT_TRUE(accepted(with_exit(changed), Profile::strict));
    }
}

TEST(decoder, the_last_instruction_must_not_fall_off_the_end) {
    const auto refuse = [](const Slots& program, u32 pc) {
        expect_refused_if_strict(program, RefusalReason::runs_off_end, pc, "4.3");
    };
    refuse({slot("mov64_imm")}, 0);
    refuse({exit_slot(), slot("lddw"), next_imm(0)}, 1);
    refuse({exit_slot(), slot("jeq64_imm", {.offset = -2})}, 1);
    refuse({exit_slot(), slot("call_local", {.imm = -2})}, 1);
    refuse({exit_slot(), slot("call_helper")}, 1);
    EXPECT_TRUE(accepted({exit_slot(), slot("ja", {.offset = -2})}, Profile::strict));
    EXPECT_TRUE(accepted({exit_slot(), slot("ja32", {.imm = -2})}, Profile::strict));
}

TEST(decoder, the_first_bad_instruction_is_named) {
    const Slot bad = {.opcode = 0xff};
    expect_refused_by_both({exit_slot(), bad, slot("mov64_imm", {.dst = 11})},
                           RefusalReason::unassigned_opcode, 1, "4.1");
    EXPECT_TRUE(refused({slot("ja", {.offset = 9}), slot("mov64_imm", {.dst = 10}), exit_slot()},
                        Profile::strict, RefusalReason::frame_pointer, 1, "abi"));
}

} // namespace
} // namespace bpf_assay
