// How much of the suite a run takes: by rule, never by a list (docs/vector-format.md, Profiles).
#pragma once

#include "conformance/vector.hpp"

#include <optional>

namespace bpf_assay::conformance {

/// Named RunProfile because the reference VM has a Profile of its own.
enum class RunProfile { smoke, standard, full };

std::string_view name_of(RunProfile profile); // "smoke", "default", "full"
std::optional<RunProfile> run_profile_from_name(std::string_view name);

/// A program of a vector, and which of its rows: numbers in ascending order, or all if empty.
struct ProgramRows {
    std::size_t program = 0;
    std::vector<u32> rows;
};

/// The programs of the vector that the profile runs, in order. Only sweeps are ever cut:
/// smoke    programs in which each register, immediate, place and offset stands at least once, and
///          rows in which each value does;
/// standard every program, `standard_rows` of its rows or as many more as have each value;
/// full     everything.
/// Encoding vectors have no programs that run, and no selection.
std::vector<ProgramRows> selection(const Vector& vector, RunProfile profile);

inline constexpr std::size_t standard_rows = 64;

} // namespace bpf_assay::conformance
