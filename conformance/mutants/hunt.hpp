// Runs vectors on mutants until one of them shows the mistake.
#pragma once

#include "conformance/experiment.hpp"
#include "conformance/mutants/mutant.hpp"

#include "reference_vm/all_rows.hpp"

#include <bitset>
#include <memory>
#include <optional>

namespace bpf_assay::conformance::mutants {

/// The vector that tells a mutant from the reference VM.
struct Kill {
    const Vector* vector = nullptr;
    std::size_t program = 0; // of a sweep, or of a table of encodings
    std::size_t row = 0;
    std::string how;    // "wrong", "fault", "rejected", "accepted" or "timeout"
    bool smoke = false; // the smoke profile has it
};

/// What became of a mutant. Without a kill: all that was tried.
struct Hunt {
    std::optional<Kill> kill;
    std::size_t programs = 0;
    std::size_t rows = 0;
    std::size_t executions = 0; // of replaced steps
};

/// The vectors, lowered and loaded; for use by one thread. Those of an extension are for mutants of
/// its instructions, the others for mutants of the RFC's.
class Hunter {
public:
    Hunter(std::span<const Vector* const> vectors, ByteOrder order, RunProfile profile);
    ~Hunter();

    /// Short programs before long ones, of them what is in the smoke profile first, and of that
    /// what is about the mutant's instructions.
    Hunt hunt(const Mutant& mutant);

private:
    struct Trial;
    /// Which trials take their turn: long programs, of the smoke profile, about the mutant.
    struct Turn {
        bool is_long, smoke, affected;
    };
    using RowSet = std::bitset<row_limit>; // by number_of

    static RowSet row_set(const std::vector<const InstructionRow*>& rows);
    void add_trials(const Vector& vector, RunProfile profile);
    void try_vectors(const Mutant& mutant, Hunt& hunt, const Turn& turn);
    void try_program(const Mutant& mutant, Trial& trial, Hunt& hunt);
    void try_rows(Trial& trial, Hunt& hunt);
    void try_encoding(const Mutant& mutant, const Vector& vector, Hunt& hunt) const;
    bool loads_wrongly(const Mutant& mutant, const Vector& vector, std::size_t index) const;
    std::optional<std::string> judge(Trial& trial, std::size_t row);
    std::optional<std::string> judge(Trial& trial, std::size_t row, Choices choices);

    ByteOrder m_order;
    std::vector<Trial> m_trials;
    std::vector<const Vector*> m_encodings;
    std::vector<u8> m_block;
};

/// One Hunt for each mutant, by `jobs` threads.
std::vector<Hunt> hunt_all(std::span<const Mutant* const> mutants,
                           std::span<const Vector* const> vectors, ByteOrder order,
                           RunProfile profile, unsigned jobs);

/// Whether a VM with this leniency loads the program, each overlooked fault made good.
bool accepts(const Leniency& overlooks, std::vector<Slot> program, ExtensionSet on = {});

} // namespace bpf_assay::conformance::mutants
