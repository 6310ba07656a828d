// Registers, memory, jumps and limits. Calls are in machine_calls_test.cpp.
#include "reference_vm/machine.hpp"

#include "reference_vm/tests/slots.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace bpf_assay {
namespace {

using namespace test;

constexpr LoadOptions base = {.profile = Profile::base};
constexpr LoadOptions big = {.byte_order = ByteOrder::big};

/// R0 after the instructions, with R2 and R3 preset.
u64 result(std::vector<Slot> slots, u64 r2 = 0, u64 r3 = 0, LoadOptions options = {}) {
    State state = entry_state();
    state.registers[2] = r2;
    state.registers[3] = r3;
    slots.push_back(exit_slot());
    const Outcome outcome = run_slots(slots, state, options);
    EXPECT_TRUE(std::holds_alternative<Returned>(outcome));
    return state.registers[0];
}

TEST(machine, images_of_both_byte_orders_are_the_same_program) {
    const std::vector<Slot> slots = {slot("lddw", {.dst = 0, .imm = 5}), next_imm(-2), exit_slot()};
    for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
        std::vector<u8> image;
        for (const Slot& each : slots)
            for (const u8 byte : encode_slot(each, order))
                image.push_back(byte);
        auto loaded = Program::load(image, {.byte_order = order});
        ASSERT_TRUE(std::holds_alternative<Program>(loaded));
        const Program& program = std::get<Program>(loaded);
        EXPECT_TRUE(std::ranges::equal(program.slots(), slots));
        EXPECT_EQ(program.byte_order(), order);
        State state = entry_state();
        EXPECT_TRUE(returned(run(program, state), 0xffff'fffe'0000'0005));
        image.pop_back();
        auto broken = Program::load(image, {.byte_order = order});
        ASSERT_TRUE(std::holds_alternative<Refused>(broken));
        EXPECT_EQ(std::get<Refused>(broken).reason, RefusalReason::image_length);
    }
}

TEST(machine, an_empty_image_is_refused) {
    auto loaded = Program::load(std::span<const u8>());
    ASSERT_TRUE(std::holds_alternative<Refused>(loaded));
    EXPECT_EQ(std::get<Refused>(loaded).reason, RefusalReason::image_length);
}

TEST(machine, entry_state) {
    State state;
    state.registers.fill(7);
    set_up_entry(state);
    EXPECT_EQ(state.registers[0], 0u);
    EXPECT_EQ(state.registers[1], memory_address);
    EXPECT_EQ(state.registers[9], 0u);
    EXPECT_EQ(state.registers[10], stack_address + stack_size);
    const std::array<u8, 1> packet = {};
    state.packet = packet;
    set_up_entry(state);
    EXPECT_EQ(state.registers[1], context_address);
}

TEST(machine, results_of_32_bits_zero_the_upper_half) {
    constexpr u64 garbage = 0xdead'beef'0000'0000;
    for (const InstructionRow& row : instruction_table()) {
        if (class_of(row.opcode) != Class::ALU || row.section != "4.1")
            continue;
        SCOPED_TRACE(row.mnemonic);
        EXPECT_EQ(result({slot(row, {.dst = 2, .src = 3}), slot("mov64_reg", {.src = 2})},
                         garbage | 6, garbage | 1, base) >>
                      32,
                  0u);
    }
}

TEST(machine, operands_of_32_bits_ignore_the_upper_half) {
    constexpr u64 garbage = 0xdead'beef'0000'0000;
    const auto binary = [&](std::string_view mnemonic, u64 dst, u64 src) {
        return result({slot(mnemonic, {.dst = 2, .src = 3}), slot("mov64_reg", {.src = 2})},
                      garbage | dst, garbage | src);
    };
    EXPECT_EQ(binary("div32_reg", 6, 0), 0u);
    EXPECT_EQ(binary("mod32_reg", 6, 0), 6u);
    EXPECT_EQ(binary("rsh32_reg", 0x8000'0000, 32), 0x8000'0000u);
    EXPECT_EQ(binary("arsh32_reg", 0x8000'0000, 31), 0xffff'ffffu);
    EXPECT_EQ(binary("movsx32_8_reg", 0, 0x80), 0xffff'ff80u);
    EXPECT_EQ(binary("sdiv32_reg", 0x8000'0000, 0xffff'ffff), 0x8000'0000u);
}

TEST(machine, imm_is_sign_extended_to_64_bits) {
    const auto with_imm = [](std::string_view mnemonic, u64 dst, s32 imm) {
        return result({slot(mnemonic, {.dst = 2, .imm = imm}), slot("mov64_reg", {.src = 2})}, dst);
    };
    constexpr u64 two_to_32 = u64{1} << 32;
    EXPECT_EQ(with_imm("mov64_imm", 0, -1), ~u64{0});
    EXPECT_EQ(with_imm("mov32_imm", 0, -1), 0xffff'ffffu);
    EXPECT_EQ(with_imm("div64_imm", two_to_32, -1), 0u);
    EXPECT_EQ(with_imm("mod64_imm", two_to_32, -1), two_to_32);
    EXPECT_EQ(with_imm("sdiv64_imm", two_to_32, -1), 0 - two_to_32);
    EXPECT_EQ(with_imm("div32_imm", 0xffff'fffe, -1), 0u);
    EXPECT_EQ(with_imm("and64_imm", ~u64{0}, -2), ~u64{1});
    EXPECT_EQ(with_imm("lsh64_imm", 1, -1), u64{1} << 63);
    EXPECT_EQ(with_imm("div64_imm", 5, 0), 0u);
    EXPECT_EQ(with_imm("mod64_imm", two_to_32 + 5, 0), two_to_32 + 5);
}

TEST(machine, byte_swaps_know_the_byte_order_and_zero_the_rest) {
    constexpr u64 value = 0x0123'4567'89ab'cdef;
    const auto swapped = [](std::string_view mnemonic, LoadOptions options) {
        return result({slot(mnemonic, {.dst = 2}), slot("mov64_reg", {.src = 2})}, value, 0,
                      options);
    };
    const LoadOptions little = {};
    EXPECT_EQ(swapped("le16", little), 0xcdefu);
    EXPECT_EQ(swapped("le16", big), 0xefcdu);
    EXPECT_EQ(swapped("be16", little), 0xefcdu);
    EXPECT_EQ(swapped("be16", big), 0xcdefu);
    EXPECT_EQ(swapped("le32", big), 0xefcd'ab89u);
    EXPECT_EQ(swapped("be32", little), 0xefcd'ab89u);
    EXPECT_EQ(swapped("le64", little), value);
    EXPECT_EQ(swapped("be64", little), 0xefcd'ab89'6745'2301u);
    for (const LoadOptions& options : {little, big}) {
        EXPECT_EQ(swapped("bswap16", options), 0xefcdu);
        EXPECT_EQ(swapped("bswap32", options), 0xefcd'ab89u);
        EXPECT_EQ(swapped("bswap64", options), 0xefcd'ab89'6745'2301u);
    }
}

TEST(machine, unused_fields_do_nothing_in_the_base_profile) {
    Slot add = slot("add64_imm", {.dst = 2, .imm = 3});
    add.src_reg = 3;
    add.offset = 1;
    EXPECT_EQ(result({add, slot("mov64_reg", {.src = 2})}, 4, 100, base), 7u);
    Slot jump = slot("ja32", {.imm = 1});
    jump.offset = 5;
    EXPECT_EQ(result({jump, slot("mov64_imm", {.imm = 9}), exit_slot()}, 0, 0, base), 0u);
}

TEST(machine, conditional_jumps_compare_in_their_width) {
    const auto taken = [](std::string_view mnemonic, u64 dst, u64 src, s32 imm = 0) {
        return result({slot(mnemonic, {.dst = 2, .src = 3, .offset = 1, .imm = imm}), exit_slot(),
                       slot("mov64_imm", {.imm = 1})},
                      dst, src, base) == 1;
    };
    constexpr u64 garbage = 0xdead'beef'0000'0000;
    EXPECT_TRUE(taken("jeq32_reg", garbage | 5, 5));
    EXPECT_FALSE(taken("jeq64_reg", garbage | 5, 5));
    EXPECT_TRUE(taken("jeq32_imm", 0xffff'ffff, 0, -1));
    EXPECT_FALSE(taken("jeq64_imm", 0xffff'ffff, 0, -1));
    EXPECT_TRUE(taken("jeq64_imm", ~u64{0}, 0, -1));
    EXPECT_TRUE(taken("jsgt32_imm", garbage | 1, 0, -1));
    EXPECT_FALSE(taken("jgt32_imm", garbage | 1, 0, -1));
    EXPECT_TRUE(taken("jsle64_reg", ~u64{0}, 0));
    EXPECT_FALSE(taken("jset32_reg", garbage, garbage));
    EXPECT_TRUE(taken("jset64_reg", garbage, garbage));
}

TEST(machine, jumps_count_slots_from_the_next_instruction) {
    EXPECT_EQ(result({slot("ja", {.offset = 0}), slot("mov64_imm", {.imm = 1})}), 1u);
    EXPECT_EQ(result({slot("ja", {.offset = 2}), slot("mov64_imm", {.imm = 1}), exit_slot(),
                      slot("ja32", {.imm = -3})}),
              1u);
    // over a wide instruction: two slots
    EXPECT_EQ(result({slot("ja", {.offset = 2}), slot("lddw", {.imm = 1}), next_imm(1)}), 0u);
}

TEST(machine, instruction_limit_counts_every_instruction) {
    const Program program = load({slot("mov64_imm"), slot("mov64_imm"), exit_slot()});
    const auto outcome = [&](u64 limit) {
        State state = entry_state();
        return run(program, state, {.instruction_limit = limit});
    };
    EXPECT_TRUE(returned(outcome(3), 0));
    EXPECT_TRUE(std::holds_alternative<InstructionLimit>(outcome(2)));
    EXPECT_TRUE(std::holds_alternative<InstructionLimit>(outcome(0)));
    State state = entry_state();
    EXPECT_TRUE(std::holds_alternative<InstructionLimit>(
        run(load({slot("ja", {.offset = -1})}), state, {.instruction_limit = 1000})));
}

TEST(machine, leaving_the_program_is_a_fault) {
    State state = entry_state();
    const auto expect = [&](const std::vector<Slot>& slots, FaultReason reason, u32 pc) {
        EXPECT_TRUE(faulted(run_slots(slots, state, base), reason, pc));
    };
    expect({slot("mov64_imm")}, FaultReason::outside_program, 0);
    expect({slot("mov64_imm"), slot("lddw"), next_imm(0)}, FaultReason::outside_program, 1);
    expect({slot("ja", {.offset = 1}), exit_slot()}, FaultReason::outside_program, 0);
    expect({slot("ja", {.offset = -2}), exit_slot()}, FaultReason::outside_program, 0);
    expect({slot("ja32", {.imm = 2147483647}), exit_slot()}, FaultReason::outside_program, 0);
    expect({slot("ja32", {.imm = -2147483647 - 1}), exit_slot()}, FaultReason::outside_program, 0);
    expect({slot("call_local", {.imm = 7}), exit_slot()}, FaultReason::outside_program, 0);
    expect({slot("ja", {.offset = 1}), slot("lddw"), next_imm(0), exit_slot()},
           FaultReason::into_wide, 0);
}

TEST(machine, a_jump_that_is_not_taken_may_go_anywhere) {
    State state = entry_state();
    EXPECT_TRUE(
        returned(run_slots({slot("jne64_imm", {.offset = 999}), exit_slot()}, state, base), 0));
}

} // namespace
} // namespace bpf_assay
