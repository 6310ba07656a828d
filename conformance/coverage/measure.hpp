// Runs the vectors on the reference VM and sees which bins are hit.
#pragma once

#include "conformance/coverage/axes.hpp"
#include "conformance/loader.hpp"
#include "conformance/profile.hpp"

#include <span>

namespace bpf_assay::conformance::coverage {

/// The bins of one instruction.
struct InstructionBins {
    const InstructionRow* row;
    std::vector<Axis> axes; // hit by executions
    Bins encodings;         // hit by encoding vectors
};

struct SuiteBins {
    std::vector<InstructionBins> instructions; // in the order of the table, then of extensions
    Bins opcodes;                              // unassigned ones

    /// Null for a row of an extension that does not run.
    InstructionBins* of(const InstructionRow& row);
};

/// No bin is hit.
SuiteBins all_bins();

/// Runs the programs and rows of the profile, and hits the bins of the instructions of the vectors;
/// what the lowering puts around them does not count. Throws InputError if the reference VM refuses
/// a program.
void execute(std::span<const Vector> vectors, RunProfile profile, ByteOrder order, SuiteBins& bins);

/// Hits the bins of the encoding vectors.
void examine_encodings(std::span<const Vector> vectors, SuiteBins& bins);

/// All of it: an execution counts if it took place on a little-endian and on a big-endian machine.
SuiteBins measure(std::span<const Vector> vectors, RunProfile profile);

} // namespace bpf_assay::conformance::coverage
