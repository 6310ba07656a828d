// A program as a list of instructions whose jumps name instructions, so that some can be taken out.
#pragma once

#include "reference_vm/instructions.hpp"

#include <optional>
#include <span>
#include <vector>

namespace bpf_assay::conformance::reduction {

struct CodeInstruction {
    Slot slot;
    std::optional<Slot> second; // of a wide instruction
    std::optional<std::size_t>
        target; // which instruction it jumps to or calls; code.size(): the end

    std::size_t slots() const { return second ? 2 : 1; }
};
using Code = std::vector<CodeInstruction>;

/// None if a slot is no instruction, or a jump goes elsewhere than to an instruction or the end.
std::optional<Code> code_of(std::span<const Slot> slots);

/// With the distances that lead to the targets. None if one of them is too far for its field.
std::optional<std::vector<Slot>> slots_of(const Code& code);

/// The code without the instructions whose `gone` is true. What jumped to one of them goes to the
/// first one behind that is left.
Code without(const Code& code, const std::vector<bool>& gone);

/// Whether every instruction can be reached from the first, whatever the conditions are.
bool all_reachable(const Code& code);

} // namespace bpf_assay::conformance::reduction
