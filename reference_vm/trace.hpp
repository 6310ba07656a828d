// A look at every instruction of a run.
#pragma once

#include "reference_vm/instructions.hpp"
#include "reference_vm/machine.hpp"

#include <optional>
#include <span>

namespace bpf_assay {

/// A store, or an atomic operation, that took place. Of a CMPXCHG only one that found a match.
struct MemoryWrite {
    u64 address;
    std::size_t size; // bytes: 1, 2, 4, 8
    u64 old_value;
    u64 new_value;

    friend bool operator==(const MemoryWrite&, const MemoryWrite&) = default;
};

/// One instruction, before (`after` is null) or after it was executed.
struct TraceStep {
    std::span<const Slot> program; // disassemble(program, pc) gives the text
    u32 pc;                        // in slots
    const InstructionRow& row;
    std::size_t depth; // callers of the running function: 0 in the entry function
    const Registers& before;
    const Registers* after;
    std::optional<MemoryWrite> write; // after the instruction only
};

/// Called before and after every instruction. An instruction that faults has no call after it.
class TraceHook {
public:
    virtual ~TraceHook() = default;
    virtual void on_step(const TraceStep& step) = 0;
};

} // namespace bpf_assay
