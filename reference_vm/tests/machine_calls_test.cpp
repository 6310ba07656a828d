// Local functions, helpers, platform addresses and packet loads in the machine.
#include "reference_vm/machine.hpp"

#include "reference_vm/tests/slots.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace bpf_assay {
namespace {

using namespace test;

TEST(machine_calls, exit_returns_to_the_caller) {
    State state = entry_state();
    EXPECT_TRUE(returned(run_slots({slot("call_local", {.imm = 2}), // 0
                                    slot("add64_imm", {.imm = 1}),  // 1
                                    exit_slot(),                    // 2
                                    slot("mov64_imm", {.imm = 41}), // 3
                                    exit_slot()},                   // 4
                                   state),
                         42));
}

TEST(machine_calls, kept_and_clobbered_registers) {
    State state = entry_state();
    for (u8 number = 1; number < 10; ++number)
        state.registers[number] = number;
    std::vector<Slot> slots = {slot("call_local", {.imm = 1}), exit_slot()};
    for (u8 number = 0; number < 10; ++number)
        slots.push_back(slot("mov64_imm", {.dst = number, .imm = 100 + number}));
    slots.push_back(exit_slot());
    EXPECT_TRUE(returned(run_slots(slots, state), 100));
    for (u8 number = 1; number <= 5; ++number)
        EXPECT_EQ(state.registers[number], clobbered);
    for (u8 number = 6; number < 10; ++number)
        EXPECT_EQ(state.registers[number], number);
    EXPECT_EQ(state.registers[10], stack_address + stack_size);
}

TEST(machine_calls, arguments_reach_the_callee) {
    State state = entry_state();
    for (u8 number = 1; number <= 5; ++number)
        state.registers[number] = u64{1} << (8 * number);
    std::vector<Slot> slots = {slot("call_local", {.imm = 1}), exit_slot()};
    for (u8 number = 1; number <= 5; ++number)
        slots.push_back(slot("add64_reg", {.src = number}));
    slots.push_back(exit_slot());
    EXPECT_TRUE(returned(run_slots(slots, state), 0x0000'0101'0101'0100));
}

TEST(machine_calls, a_callee_has_a_frame_of_its_own_that_begins_zeroed) {
    State state = entry_state();
    state.stack.fill(0xff);
    const std::vector<Slot> slots = {
        slot("call_local", {.imm = 2}),                       // 0: first call dirties its frame
        slot("call_local", {.imm = 1}),                       // 1: second call must not see that
        exit_slot(),                                          // 2
        slot("ldxdw", {.src = 10, .offset = -8}),             // 3
        slot("stdw", {.dst = 10, .offset = -8, .imm = -1}),   // 4
        slot("stdw", {.dst = 10, .offset = -512, .imm = -1}), // 5
        exit_slot()};                                         // 6
    EXPECT_TRUE(returned(run_slots(slots, state), 0));
    EXPECT_TRUE(std::ranges::all_of(state.stack, [](u8 byte) { return byte == 0xff; }));
}

TEST(machine_calls, a_callee_may_use_its_callers_frame_but_not_the_other_way_round) {
    State state = entry_state();
    EXPECT_TRUE(returned(
        run_slots({slot("mov64_reg", {.dst = 1, .src = 10}), slot("call_local", {.imm = 2}),
                   slot("ldxb", {.src = 10, .offset = -1}), exit_slot(),
                   slot("stb", {.dst = 1, .offset = -1, .imm = 9}), exit_slot()},
                  state),
        9));
    state = entry_state();
    EXPECT_TRUE(
        faulted(run_slots({slot("call_local", {.imm = 2}), slot("ldxb", {.src = 0, .offset = -1}),
                           exit_slot(), slot("mov64_reg", {.dst = 0, .src = 10}), exit_slot()},
                          state),
                FaultReason::bad_address, 1))
        << "the frame of a function that has returned is not mapped";
}

/// Calls itself R1 more times; R0 counts the frames.
std::vector<Slot> recursion() {
    return {slot("mov64_imm", {.imm = 1}),                       // 0
            slot("jeq64_imm", {.dst = 1, .offset = 4}),          // 1
            slot("add64_imm", {.dst = 1, .imm = -1}),            // 2
            slot("stxdw", {.dst = 10, .src = 10, .offset = -8}), // 3
            slot("call_local", {.imm = -5}),                     // 4
            slot("add64_imm", {.imm = 1}),                       // 5
            exit_slot()};                                        // 6
}

TEST(machine_calls, eight_frames) {
    State state = entry_state();
    state.registers[1] = 7;
    EXPECT_TRUE(returned(run_slots(recursion(), state), 8));
    EXPECT_EQ(state.registers[10], stack_address + stack_size);
    state = entry_state();
    state.registers[1] = 8;
    EXPECT_TRUE(faulted(run_slots(recursion(), state), FaultReason::call_depth, 4));
}

TEST(machine_calls, a_call_may_be_the_last_instruction) {
    State state = entry_state();
    EXPECT_TRUE(
        faulted(run_slots({slot("ja", {.offset = 1}), exit_slot(), slot("call_local", {.imm = -2})},
                          state, {.profile = Profile::base}),
                FaultReason::outside_program, 2));
}

u64 sum(void* context, const std::array<u64, 5>& arguments) {
    *static_cast<u64*>(context) += 1;
    return arguments[0] + 10 * arguments[1] + 100 * arguments[2] + 1000 * arguments[3] +
           10000 * arguments[4];
}
u64 seven(void*, const std::array<u64, 5>&) {
    return 7;
}

TEST(machine_calls, helpers_by_static_id_and_by_btf_id) {
    u64 calls = 0;
    const std::array<Helper, 2> helpers = {
        {{.id = 3, .call = sum}, {.id = 0xffff'ffff, .call = seven}}};
    const std::array<Helper, 1> btf_helpers = {{{.id = 3, .call = seven}}};
    const RunOptions options = {
        .platform = {.context = &calls, .helpers = helpers, .btf_helpers = btf_helpers}};
    const auto call = [&](std::string_view mnemonic, s32 id, State& state) {
        state = entry_state();
        for (u8 number = 1; number < 10; ++number)
            state.registers[number] = number;
        return run_slots({slot(mnemonic, {.imm = id}), exit_slot()}, state, {}, options);
    };
    State state;
    EXPECT_TRUE(returned(call("call_helper", 3, state), 54321));
    EXPECT_EQ(calls, 1u);
    for (u8 number = 1; number <= 5; ++number)
        EXPECT_EQ(state.registers[number], clobbered);
    for (u8 number = 6; number < 10; ++number)
        EXPECT_EQ(state.registers[number], number);
    EXPECT_TRUE(returned(call("call_btf", 3, state), 7));
    EXPECT_TRUE(returned(call("call_helper", -1, state), 7));
    EXPECT_TRUE(faulted(call("call_helper", 4, state), FaultReason::unknown_helper, 0));
    EXPECT_TRUE(faulted(call("call_btf", -1, state), FaultReason::unknown_helper, 0));
}

std::optional<u64> resolve(void*, u8 subtype, s32 imm, s32 next) {
    if (imm == 0)
        return std::nullopt;
    return u64{subtype} << 56 | static_cast<u64>(static_cast<u32>(imm)) << 16 |
           static_cast<u16>(next);
}

TEST(machine_calls, platform_addresses) {
    for (u8 subtype = 1; subtype <= 6; ++subtype) {
        Slot first = slot("lddw", {.imm = -2});
        first.src_reg = subtype;
        const std::vector<Slot> slots = {first, next_imm(5), exit_slot()};
        const LoadOptions base = {.profile = Profile::base};
        State state = entry_state();
        EXPECT_TRUE(returned(run_slots(slots, state, base, {.platform = {.resolve = resolve}}),
                             u64{subtype} << 56 | 0xffff'fffe'0005));
        EXPECT_TRUE(faulted(run_slots(slots, state, base), FaultReason::no_platform, 0));
        first.imm = 0;
        EXPECT_TRUE(faulted(run_slots({first, next_imm(0), exit_slot()}, state, base,
                                      {.platform = {.resolve = resolve}}),
                            FaultReason::no_platform, 0));
    }
}

constexpr std::array<u8, 6> packet = {0x81, 0x82, 0x83, 0x84, 0x85, 0x86};

Outcome run_packet(std::vector<Slot> slots, State& state, ByteOrder order = ByteOrder::little) {
    state = State{.packet = packet};
    set_up_entry(state);
    slots.insert(slots.begin(), slot("mov64_reg", {.dst = 6, .src = 1}));
    slots.push_back(slot("add64_imm", {.imm = 1}));
    slots.push_back(exit_slot());
    return run_slots(slots, state, {.byte_order = order});
}

TEST(machine_calls, packet_loads_are_in_network_order_on_any_host) {
    State state;
    for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
        EXPECT_TRUE(returned(run_packet({slot("ldabsb", {.imm = 5})}, state, order), 0x87));
        EXPECT_TRUE(returned(run_packet({slot("ldabsh", {.imm = 4})}, state, order), 0x8587));
        EXPECT_TRUE(returned(run_packet({slot("ldabsw", {.imm = 1})}, state, order), 0x82838486));
    }
    for (u8 number = 1; number <= 5; ++number)
        EXPECT_EQ(state.registers[number], clobbered);
    EXPECT_TRUE(returned(
        run_packet({slot("mov64_imm", {.dst = 2, .imm = 3}), slot("ldindb", {.src = 2, .imm = -1})},
                   state),
        0x84));
    EXPECT_TRUE(returned(run_packet({slot("lddw", {.dst = 2, .imm = 1}), next_imm(77),
                                     slot("ldindw", {.src = 2, .imm = 1})},
                                    state),
                         0x83848587));
}

TEST(machine_calls, packet_loads_out_of_range_end_the_program_with_0) {
    State state;
    for (const s32 imm : {3, 6, -1, 2147483647, -0x100000})
        EXPECT_TRUE(returned(
            run_packet({slot("mov64_imm", {.imm = 9}), slot("ldabsw", {.imm = imm})}, state), 0));
    EXPECT_EQ(state.registers[0], 0u);
}

TEST(machine_calls, packet_load_out_of_range_in_a_local_function_returns_0_to_the_caller) {
    State state;
    EXPECT_TRUE(returned(
        run_packet({slot("call_local", {.imm = 2}), slot("add64_imm", {.imm = 5}), // R0 = 0 + 5
                    exit_slot(), slot("mov64_imm", {.imm = 9}), slot("ldabsw", {.imm = 3})},
                   state),
        5));
}

TEST(machine_calls, packet_loads_need_the_context_in_r6) {
    State state = {.packet = packet};
    set_up_entry(state);
    EXPECT_TRUE(
        faulted(run_slots({slot("ldabsb"), exit_slot()}, state), FaultReason::bad_address, 0));
}

} // namespace
} // namespace bpf_assay
