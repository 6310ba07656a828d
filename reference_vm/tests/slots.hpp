// Programs from mnemonics, for tests and benchmarks.
#pragma once

#include "reference_vm/instructions.hpp"
#include "reference_vm/machine.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace bpf_assay::test {

/// Fields that do not select the row.
struct Fields {
    u8 dst = 0;
    u8 src = 0;
    s16 offset = 0;
    s32 imm = 0;
};

/// The first slot of the instruction; what selects its row comes from the row.
inline Slot slot(const InstructionRow& row, Fields fields = {}) {
    const auto choose = [](const FieldRule& rule, auto field) {
        return rule.kind == FieldRule::Kind::only ? static_cast<decltype(field)>(rule.value)
                                                  : field;
    };
    return {.opcode = row.opcode,
            .dst_reg = choose(row.dst_reg, fields.dst),
            .src_reg = choose(row.src_reg, fields.src),
            .offset = choose(row.offset, fields.offset),
            .imm = choose(row.imm, fields.imm)};
}

inline Slot slot(std::string_view mnemonic, Fields fields = {}) {
    const InstructionRow* row = find_row(mnemonic);
    if (row == nullptr) {
        ADD_FAILURE() << "no row " << mnemonic;
        return {};
    }
    return slot(*row, fields);
}

inline Slot exit_slot() {
    return slot("exit");
}

/// A lddw takes two slots: this is the second.
inline Slot next_imm(s32 imm) {
    return {.imm = imm};
}

/// Loads what must load.
inline Program load(const std::vector<Slot>& slots, LoadOptions options = {}) {
    auto loaded = Program::load(slots, options);
    if (const auto* refused = std::get_if<Refused>(&loaded)) {
        ADD_FAILURE() << describe(refused->reason) << " at " << refused->pc;
        return std::get<Program>(Program::load(std::vector<Slot>{exit_slot()}));
    }
    return std::get<Program>(std::move(loaded));
}

/// Runs in a state that set_up_entry made, with memory; the registers after it are in `state`.
inline Outcome run_slots(const std::vector<Slot>& slots, State& state, LoadOptions options = {},
                         const RunOptions& run_options = {}) {
    return run(load(slots, options), state, run_options);
}

inline State entry_state(std::span<u8> memory = {}) {
    State state;
    state.memory = memory;
    set_up_entry(state);
    return state;
}

inline ::testing::AssertionResult returned(const Outcome& outcome, u64 r0) {
    if (const auto* result = std::get_if<Returned>(&outcome))
        return (result->r0 == r0 ? ::testing::AssertionSuccess() : ::testing::AssertionFailure())
               << "returned 0x" << std::hex << result->r0;
    if (const auto* fault = std::get_if<Fault>(&outcome))
        return ::testing::AssertionFailure() << describe(fault->reason) << " at " << fault->pc;
    return ::testing::AssertionFailure() << "outcome " << outcome.index();
}

inline ::testing::AssertionResult faulted(const Outcome& outcome, FaultReason reason, u32 pc) {
    if (const auto* fault = std::get_if<Fault>(&outcome))
        return (fault->reason == reason && fault->pc == pc ? ::testing::AssertionSuccess()
                                                           : ::testing::AssertionFailure())
               << describe(fault->reason) << " at " << fault->pc;
    return ::testing::AssertionFailure() << "outcome " << outcome.index();
}

} // namespace bpf_assay::test
