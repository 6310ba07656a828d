// Loads, stores, atomic operations, packet loads and platform addresses in the machine.
#include "reference_vm/machine.hpp"

#include "reference_vm/tests/slots.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace bpf_assay {
namespace {

using namespace test;
using Memory = std::array<u8, 32>;

Memory counting() {
    Memory memory;
    std::iota(memory.begin(), memory.end(), u8{0x80});
    return memory;
}

TEST(machine_memory, loads_of_every_size_in_both_orders) {
    Memory memory = counting();
    const auto loaded = [&](std::string_view mnemonic, s16 offset, ByteOrder order) {
        State state = entry_state(memory);
        run_slots({slot(mnemonic, {.dst = 0, .src = 1, .offset = offset}), exit_slot()}, state,
                  {.byte_order = order});
        return state.registers[0];
    };
    EXPECT_EQ(loaded("ldxb", 3, ByteOrder::little), 0x83u);
    EXPECT_EQ(loaded("ldxh", 3, ByteOrder::little), 0x8483u); // unaligned
    EXPECT_EQ(loaded("ldxh", 3, ByteOrder::big), 0x8384u);
    EXPECT_EQ(loaded("ldxw", 5, ByteOrder::little), 0x88878685u);
    EXPECT_EQ(loaded("ldxw", 5, ByteOrder::big), 0x85868788u);
    EXPECT_EQ(loaded("ldxdw", 9, ByteOrder::little), 0x908f8e8d8c8b8a89u);
    EXPECT_EQ(loaded("ldxdw", 9, ByteOrder::big), 0x898a8b8c8d8e8f90u);
    EXPECT_EQ(loaded("ldxsb", 3, ByteOrder::little), 0xffff'ffff'ffff'ff83u);
    EXPECT_EQ(loaded("ldxsh", 3, ByteOrder::big), 0xffff'ffff'ffff'8384u);
    EXPECT_EQ(loaded("ldxsw", 5, ByteOrder::little), 0xffff'ffff'8887'8685u);
}

TEST(machine_memory, stores_of_every_size_in_both_orders) {
    const auto stored = [](std::string_view mnemonic, ByteOrder order) {
        Memory memory = {};
        State state = entry_state(memory);
        state.registers[2] = 0x1122334455667788;
        const s32 imm = -2;
        EXPECT_TRUE(returned(
            run_slots({slot(mnemonic, {.dst = 1, .src = 2, .offset = 1, .imm = imm}), exit_slot()},
                      state, {.byte_order = order, .profile = Profile::base}),
            0));
        return std::array<u8, 10>{memory[0], memory[1], memory[2], memory[3], memory[4],
                                  memory[5], memory[6], memory[7], memory[8], memory[9]};
    };
    using Bytes = std::array<u8, 10>;
    EXPECT_EQ(stored("stxb", ByteOrder::little), (Bytes{0, 0x88}));
    EXPECT_EQ(stored("stxh", ByteOrder::little), (Bytes{0, 0x88, 0x77}));
    EXPECT_EQ(stored("stxh", ByteOrder::big), (Bytes{0, 0x77, 0x88}));
    EXPECT_EQ(stored("stxw", ByteOrder::big), (Bytes{0, 0x55, 0x66, 0x77, 0x88}));
    EXPECT_EQ(stored("stxdw", ByteOrder::little),
              (Bytes{0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11}));
    EXPECT_EQ(stored("stb", ByteOrder::little), (Bytes{0, 0xfe}));
    EXPECT_EQ(stored("sth", ByteOrder::big), (Bytes{0, 0xff, 0xfe}));
    EXPECT_EQ(stored("stw", ByteOrder::little), (Bytes{0, 0xfe, 0xff, 0xff, 0xff}));
    EXPECT_EQ(stored("stdw", ByteOrder::big),
              (Bytes{0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe}));
}

TEST(machine_memory, every_access_is_checked_against_its_region) {
    Memory memory = {};
    const auto access = [&](u64 address, s16 offset, std::string_view mnemonic) {
        State state = entry_state(memory);
        state.registers[2] = address;
        return run_slots({slot(mnemonic, {.dst = 2, .src = 2, .offset = offset}), exit_slot()},
                         state, {.profile = Profile::base});
    };
    constexpr u64 memory_end = memory_address + sizeof(Memory);
    constexpr u64 stack_end = stack_address + stack_size;
    struct Case {
        u64 address;
        s16 offset;
    };
    for (const char* name : {"ldxw", "ldxsw", "stw", "stxw", "atomic_add32", "xchg32"}) {
        SCOPED_TRACE(name);
        for (const Case& in :
             {Case{memory_address, 0}, Case{memory_end, -4}, Case{stack_address, 0},
              Case{stack_end, -4}, Case{stack_end, -512}, Case{memory_address - 3, 3}})
            EXPECT_TRUE(std::holds_alternative<Returned>(access(in.address, in.offset, name)));
        for (const Case& out :
             {Case{memory_address, -1}, Case{memory_end, -3}, Case{memory_end, 0},
              Case{stack_address, -1}, Case{stack_end, -3}, Case{stack_end, 0}, Case{0, 0},
              Case{~u64{0}, 0}, Case{~u64{0} - 2, 0}, Case{~u64{0}, 1}, Case{packet_address, 0},
              Case{context_address, 0}, Case{stack_address - frame_stride, 0}})
            EXPECT_TRUE(faulted(access(out.address, out.offset, name), FaultReason::bad_address, 0))
                << std::hex << out.address << std::dec << " + " << out.offset;
    }
}

TEST(machine_memory, addresses_wrap_at_2_to_the_64) {
    Memory memory = counting();
    State state = entry_state(memory);
    state.registers[2] = 5; // 5 - 6 wraps to the last byte, and that is not mapped
    EXPECT_TRUE(faulted(run_slots({slot("ldxb", {.src = 2, .offset = -6}), exit_slot()}, state),
                        FaultReason::bad_address, 0));
}

TEST(machine_memory, without_memory_no_address_is_mapped) {
    State state = entry_state();
    EXPECT_TRUE(faulted(run_slots({slot("ldxb", {.src = 1}), exit_slot()}, state),
                        FaultReason::bad_address, 0));
}

TEST(machine_memory, the_first_frame_is_seen_before_and_after) {
    State state = entry_state();
    state.stack[stack_size - 1] = 7;
    EXPECT_TRUE(
        returned(run_slots({slot("ldxb", {.src = 10, .offset = -1}),
                            slot("stb", {.dst = 10, .offset = -512, .imm = 9}), exit_slot()},
                           state),
                 7));
    EXPECT_EQ(state.stack[0], 9);
}

struct AtomicCase {
    const char* name;
    u64 memory; // after, where it was 0xf0f0'f0f0'f0f0'f0f0 and src 0x3333'3333'3333'3333
    bool fetches;
};

TEST(machine_memory, atomic_operations) {
    constexpr u64 old = 0xf0f0'f0f0'f0f0'f0f0;
    constexpr u64 src = 0x3333'3333'3333'3333;
    for (const AtomicCase& each : {AtomicCase{"atomic_add64", old + src, false},
                                   {"atomic_fetch_add64", old + src, true},
                                   {"atomic_or64", old | src, false},
                                   {"atomic_fetch_or64", old | src, true},
                                   {"atomic_and64", old & src, false},
                                   {"atomic_fetch_and64", old & src, true},
                                   {"atomic_xor64", old ^ src, false},
                                   {"atomic_fetch_xor64", old ^ src, true},
                                   {"xchg64", src, true}}) {
        for (const bool narrow : {false, true}) {
            std::string name = each.name;
            if (narrow)
                name.replace(name.size() - 2, 2, "32");
            SCOPED_TRACE(name);
            State state = entry_state();
            state.stack.fill(0xf0);
            state.registers[2] = src;
            state.registers[0] = 1;
            run_slots({slot(name, {.dst = 10, .src = 2, .offset = -8}),
                       slot("ldxdw", {.src = 10, .offset = -8}), exit_slot()},
                      state);
            constexpr u64 low = 0xffff'ffff;
            const u64 expected = narrow ? (old & ~low) | (each.memory & low) : each.memory;
            EXPECT_EQ(state.registers[0], expected);
            const u64 fetched = narrow ? old & low : old;
            EXPECT_EQ(state.registers[2], each.fetches ? fetched : src);
        }
    }
}

TEST(machine_memory, compare_and_exchange) {
    constexpr u64 garbage = 0xdead'beef'0000'0000;
    const auto exchange = [](std::string_view name, u64 r0, u64 src, State& state) {
        state = entry_state();
        state.stack.fill(0xf0);
        state.registers[0] = r0;
        state.registers[2] = src;
        run_slots({slot(name, {.dst = 10, .src = 2, .offset = -8}),
                   slot("ldxdw", {.dst = 3, .src = 10, .offset = -8}), exit_slot()},
                  state);
        EXPECT_EQ(state.registers[2], src) << "src is left alone";
    };
    State state;
    exchange("cmpxchg32", garbage | 0xf0f0'f0f0, garbage | 5, state); // compares the low half
    EXPECT_EQ(state.registers[0], 0xf0f0'f0f0u);
    EXPECT_EQ(state.registers[3], 0xf0f0'f0f0'0000'0005u);
    exchange("cmpxchg32", 1, 5, state);
    EXPECT_EQ(state.registers[0], 0xf0f0'f0f0u);
    EXPECT_EQ(state.registers[3], 0xf0f0'f0f0'f0f0'f0f0u);
    exchange("cmpxchg64", 0xf0f0'f0f0'f0f0'f0f0, garbage | 5, state);
    EXPECT_EQ(state.registers[0], 0xf0f0'f0f0'f0f0'f0f0u);
    EXPECT_EQ(state.registers[3], garbage | 5);
    exchange("cmpxchg64", 0xf0f0'f0f0, 5, state);
    EXPECT_EQ(state.registers[0], 0xf0f0'f0f0'f0f0'f0f0u);
    EXPECT_EQ(state.registers[3], 0xf0f0'f0f0'f0f0'f0f0u);
}

TEST(machine_memory, operands_that_alias) {
    State state = entry_state();
    state.stack.fill(0);
    // FETCH with src == dst: the address is replaced by the old value
    run_slots({slot("mov64_reg", {.dst = 2, .src = 10}), slot("add64_imm", {.dst = 2, .imm = -8}),
               slot("atomic_fetch_add64", {.dst = 2, .src = 2}),
               slot("ldxdw", {.src = 10, .offset = -8}), exit_slot()},
              state);
    EXPECT_EQ(state.registers[2], 0u);
    EXPECT_EQ(state.registers[0], stack_address + stack_size - 8);
    // CMPXCHG with src == R0: R0 is both
    state = entry_state();
    run_slots({slot("cmpxchg64", {.dst = 10, .src = 0, .offset = -8}), exit_slot()}, state);
    EXPECT_EQ(state.registers[0], 0u);
    // a load into its own address register
    state.stack[stack_size - 8] = 5;
    run_slots({slot("mov64_reg", {.dst = 2, .src = 10}),
               slot("ldxb", {.dst = 2, .src = 2, .offset = -8}), exit_slot()},
              state);
    EXPECT_EQ(state.registers[2], 5u);
}

TEST(machine_memory, data_have_the_byte_order_of_the_program) {
    Memory memory = {};
    State state = entry_state(memory);
    run_slots({slot("mov64_imm", {.dst = 2, .imm = 1}),
               slot("atomic_add32", {.dst = 1, .src = 2, .offset = 0}), exit_slot()},
              state, {.byte_order = ByteOrder::big});
    EXPECT_EQ(memory[3], 1);
}

} // namespace
} // namespace bpf_assay
