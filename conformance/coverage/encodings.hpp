// Bins of encodings that must be refused: what the encoding vectors state, nothing is executed.
#pragma once

#include "conformance/coverage/bins.hpp"

namespace bpf_assay::conformance::coverage {

/// For a row of the instruction table: each bit of each unused field, each number that is no
/// register, each bit of the second slot that has to be zero; and, with the first row of an opcode,
/// values of the selecting field that select nothing. Of an extension's row, each bit of the
/// selecting field the other way round.
Bins encoding_bins_of(const InstructionRow& row);

/// Each opcode that no row has.
Bins opcode_bins();

/// What is wrong with a program: of which instruction (none for an unassigned opcode), and the name
/// of the bin.
struct Flaw {
    const InstructionRow* row;
    std::string bin;
};

/// The flaw of a program that has exactly one. With two of them, its refusal would prove neither.
std::optional<Flaw> only_flaw(std::span<const Slot> program, ExtensionSet on = {});

} // namespace bpf_assay::conformance::coverage
