// A VM that is wrong on purpose: the reference VM with some of its steps, or one of its checks,
// replaced.
#pragma once

#include "reference_vm/execution.hpp"

#include <functional>
#include <string>
#include <vector>

namespace bpf_assay::conformance::mutants {

/// Executes an instruction in place of `original`, which is what the reference VM would do.
using Behaviour = std::function<bool(Machine& vm, const Instruction& in, Step original)>;

/// Whether the VM overlooks this fault of the program.
using Leniency = std::function<bool(const Refused& refused, std::span<const Slot> program)>;

/// Whether the VM refuses a program that is right.
using Severity = std::function<bool(std::span<const Slot> program)>;

struct Mutant {
    std::string id;       // operator/row or operator/row/detail; of a bug: bug/name
    std::string mutation; // the operator, or "bug"
    std::string what;     // is wrong, for a person
    std::vector<const InstructionRow*>
        rows;            // whose steps are replaced; of a check: that it is about
    Behaviour step = {}; // one of these three is not empty
    Leniency overlooks = {};
    Severity refuses = {};
};

} // namespace bpf_assay::conformance::mutants
