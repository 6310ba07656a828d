// Runs vectors on mutants until one of them shows the mistake.
#pragma once

#include "conformance/experiment.hpp"
#include "conformance/mutants/mutant.hpp"

#include <bitset>
#include <memory>
#include <optional>

namespace bpf_assay::conformance::mutants {

/// The vector that tells a mutant from the reference VM.
struct Kill {
    const Vector* vector = nullptr;
    std::size_t program = 0; // of a sweep
    std::size_t row = 0;
    std::string how; // "wrong", "fault", "rejected", "accepted" or "timeout"
};

/// What became of a mutant. Without a kill: all that was tried.
struct Hunt {
    std::optional<Kill> kill;
    std::size_t programs = 0;
    std::size_t rows = 0;
    std::size_t executions = 0; // of replaced steps
};

/// A vector that is small enough for the smoke profile: everything but sweeps.
bool in_smoke(const Vector& vector);

/// The vectors, lowered and loaded; for use by one thread.
class Hunter {
public:
    Hunter(std::span<const Vector* const> vectors, ByteOrder order);
    ~Hunter();

    /// Vectors of the smoke profile first, and of those the ones about the mutant's instructions.
    Hunt hunt(const Mutant& mutant);

private:
    struct Trial;
    using RowSet = std::bitset<instruction_count>;

    static RowSet row_set(const std::vector<const InstructionRow*>& rows);
    void try_vectors(const Mutant& mutant, Hunt& hunt, bool smoke, bool affected);
    void try_program(const Mutant& mutant, Trial& trial, Hunt& hunt);
    void try_rows(Trial& trial, Hunt& hunt);
    void try_encoding(const Mutant& mutant, const Vector& vector, Hunt& hunt) const;
    std::optional<std::string> judge(Trial& trial, std::size_t row);

    ByteOrder m_order;
    std::vector<Trial> m_trials;
    std::vector<const Vector*> m_encodings;
    std::vector<u8> m_block;
};

/// One Hunt for each mutant, by `jobs` threads.
std::vector<Hunt> hunt_all(std::span<const Mutant* const> mutants,
                           std::span<const Vector* const> vectors, ByteOrder order, unsigned jobs);

/// Whether a VM with this leniency loads the program, each overlooked fault made good.
bool accepts(const Leniency& overlooks, std::vector<Slot> program);

} // namespace bpf_assay::conformance::mutants
