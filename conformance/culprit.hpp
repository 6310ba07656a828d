// Which row spoilt a plugin that broke down later: damaged memory, say, shows where it is used
// next, or when the process ends. To blame the row that it shows on would be wrong.
#pragma once

#include "conformance/examiner.hpp"

namespace bpf_assay::conformance {

/// A program that ran, with its rows; of an encoding vector, one that was put to load.
struct Piece {
    const Vector* vector = nullptr;
    ProgramRows rows;
};

struct Culprit {
    Piece piece;                      // one program, of one row if a row did it
    const Vector* shown_by = nullptr; // where the plugin broke down; null: when it ended
    std::string words;                // of the breakdown
};

/// Looks for the first and the last piece that it takes, in plugins started anew, and then for the
/// one row of the first. None if the pieces do not break a plugin again, or not these two alone, or
/// not in time. Throws Interrupted.
std::optional<Culprit> find_culprit(const Runtime& runtime, const ExamineOptions& options,
                                    const std::vector<Piece>& history);

/// The programs that the profile runs of the vector.
std::vector<Piece> pieces_of(const Vector& vector, RunProfile profile);

} // namespace bpf_assay::conformance
