// An executed instruction, as the bins see it.
#pragma once

#include "reference_vm/trace.hpp"

namespace bpf_assay::conformance::coverage {

/// One execution of an instruction under test. Nothing here is what a vector claims: it is what the
/// reference VM had in its registers.
struct Observation {
    std::span<const Slot> program;
    u32 pc = 0; // in slots
    const InstructionRow* row = nullptr;
    Registers before = {};
    Registers after = {};
    std::size_t depth = 0; // callers of the running function
    std::optional<MemoryWrite> write;
    std::optional<u32> next_pc; // what was executed next; none if this was the last
    bool before_exit = false;   // next is the EXIT that ends the program
    bool after_wide = false;    // the instruction before stood, and ran, in front of this one
    std::size_t packet_size = 0;

    const Slot& slot() const { return program[pc]; }
    u64 dst() const { return before[slot().dst_reg]; }
    u64 src() const { return before[slot().src_reg]; }
    s64 imm() const { return slot().imm; }
    s64 offset() const { return slot().offset; }
    u64 result() const { return after[slot().dst_reg]; }
    /// Of a wide instruction: both immediates as it puts them together.
    u64 wide_imm() const {
        return static_cast<u64>(static_cast<u32>(program[pc + 1].imm)) << 32 |
               static_cast<u32>(slot().imm);
    }
    /// How far a jump or call says that it goes, in slots.
    s64 distance() const;
    bool taken() const;
    /// Neither is true of a jump by 0: it arrives at the same place if the condition does not hold.
    bool not_taken() const;
    /// Of a load, store or atomic operation: the register with the address, and where it reaches
    /// to.
    u8 base() const;
    u64 address() const;
    /// Of an atomic operation: the value in memory, zero extended, and as it was before.
    u64 memory_before() const;
};

} // namespace bpf_assay::conformance::coverage
