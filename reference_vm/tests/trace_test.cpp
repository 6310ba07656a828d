#include "reference_vm/trace.hpp"

#include "reference_vm/tests/slots.hpp"

#include <gtest/gtest.h>

namespace bpf_assay {
namespace {

using namespace test;

struct Seen {
    u32 pc;
    std::string_view mnemonic;
    std::size_t depth;
    bool is_after;
    Registers before;
    Registers after;
    std::optional<MemoryWrite> write;
};

class Recorder : public TraceHook {
public:
    void on_step(const TraceStep& step) override {
        seen.push_back({step.pc, step.row.mnemonic, step.depth, step.after != nullptr, step.before,
                        step.after != nullptr ? *step.after : Registers{}, step.write});
    }
    std::vector<Seen> seen;
};

Outcome traced(const std::vector<Slot>& slots, Recorder& recorder, LoadOptions options = {}) {
    State state = entry_state();
    return run_slots(slots, state, options, {.trace = &recorder});
}

TEST(trace, every_instruction_before_and_after) {
    Recorder recorder;
    EXPECT_TRUE(returned(
        traced({slot("mov64_imm", {.imm = 5}), slot("lddw", {.dst = 2}), next_imm(1), exit_slot()},
               recorder),
        5));
    ASSERT_EQ(recorder.seen.size(), 6u);
    const std::array<u32, 3> pcs = {0, 1, 3};
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(recorder.seen[i].pc, pcs[i / 2]);
        EXPECT_EQ(recorder.seen[i].is_after, i % 2 == 1);
        EXPECT_EQ(recorder.seen[i].write, std::nullopt);
    }
    EXPECT_EQ(recorder.seen[1].mnemonic, "mov64_imm");
    EXPECT_EQ(recorder.seen[1].before[0], 0u);
    EXPECT_EQ(recorder.seen[1].after[0], 5u);
    EXPECT_EQ(recorder.seen[3].after[2], 0x1'0000'0000u);
}

TEST(trace, calls_show_their_depth) {
    Recorder recorder;
    traced({slot("call_local", {.imm = 1}), exit_slot(), exit_slot()}, recorder);
    ASSERT_EQ(recorder.seen.size(), 6u);
    EXPECT_EQ(recorder.seen[1].depth, 0u); // the call
    EXPECT_EQ(recorder.seen[2].depth, 1u); // the callee's EXIT
    EXPECT_EQ(recorder.seen[4].depth, 0u);
}

TEST(trace, memory_writes) {
    constexpr u64 place = stack_address + stack_size - 8;
    const auto write_of = [](Slot store, u64 r0 = 0) {
        Recorder recorder;
        State state = entry_state();
        state.stack.fill(0x11);
        state.registers[0] = r0;
        state.registers[2] = 3;
        run_slots({store, exit_slot()}, state, {}, {.trace = &recorder});
        EXPECT_EQ(recorder.seen[0].write, std::nullopt) << "not before it took place";
        return recorder.seen[1].write;
    };
    EXPECT_EQ(write_of(slot("stxdw", {.dst = 10, .src = 2, .offset = -8})),
              (MemoryWrite{place, 8, 0x1111'1111'1111'1111, 3}));
    EXPECT_EQ(write_of(slot("sth", {.dst = 10, .offset = -8, .imm = -1})),
              (MemoryWrite{place, 2, 0x1111, 0xffff}));
    EXPECT_EQ(write_of(slot("stb", {.dst = 10, .offset = -8, .imm = 0x11})),
              (MemoryWrite{place, 1, 0x11, 0x11}))
        << "a store of the same value is a store";
    EXPECT_EQ(write_of(slot("atomic_fetch_add32", {.dst = 10, .src = 2, .offset = -8})),
              (MemoryWrite{place, 4, 0x1111'1111, 0x1111'1114}));
    const Slot cmpxchg = slot("cmpxchg32", {.dst = 10, .src = 2, .offset = -8});
    EXPECT_EQ(write_of(cmpxchg, 0xffff'ffff'1111'1111), (MemoryWrite{place, 4, 0x1111'1111, 3}));
    EXPECT_EQ(write_of(cmpxchg, 0), std::nullopt) << "no match, no write";
}

TEST(trace, a_fault_has_no_after) {
    Recorder recorder;
    EXPECT_TRUE(faulted(traced({slot("stw", {.dst = 0}), exit_slot()}, recorder),
                        FaultReason::bad_address, 0));
    ASSERT_EQ(recorder.seen.size(), 1u);
    EXPECT_FALSE(recorder.seen[0].is_after);
}

TEST(trace, outcomes_are_those_of_a_run_without_trace) {
    Recorder recorder;
    EXPECT_TRUE(faulted(traced({slot("mov64_imm")}, recorder, {.profile = Profile::base}),
                        FaultReason::outside_program, 0));
    EXPECT_EQ(recorder.seen.size(), 2u) << "running off the end is no instruction";
    State state = entry_state();
    EXPECT_TRUE(std::holds_alternative<InstructionLimit>(run_slots(
        {slot("ja", {.offset = -1})}, state, {}, {.instruction_limit = 3, .trace = &recorder})));
    EXPECT_EQ(recorder.seen.size(), 2u + 6u);
}

} // namespace
} // namespace bpf_assay
