// All mutants: systematic ones by operator, and the bugs that real runtimes had.
#pragma once

#include "conformance/mutants/mutant.hpp"

namespace bpf_assay::conformance::mutants {

using Mutants = std::vector<Mutant>;

/// The systematic mutants; each operator makes one or more of every row that it fits.
Mutants systematic_mutants();

/// The VMs that have a bug which a real runtime had.
Mutants bug_mutants();

/// A bug of a real runtime that no VM of this kind can have.
struct UnmodelledBug {
    std::string_view name;
    std::string_view why;
};
std::span<const UnmodelledBug> unmodelled_bugs();

// The parts of systematic_mutants(), by what they are about.
void add_arithmetic(Mutants& all);
void add_division(Mutants& all);
void add_immediates(Mutants& all);
void add_byte_swaps(Mutants& all);
void add_jumps(Mutants& all);
void add_memory(Mutants& all);
void add_other_rows(Mutants& all);
void add_atomics(Mutants& all);
void add_calls(Mutants& all);
void add_helper_calls(Mutants& all);
void add_wide_and_packet(Mutants& all);
void add_registers(Mutants& all);
void add_checks(Mutants& all);

// The parts of bug_mutants().
void add_composed_bugs(Mutants& all, const Mutants& systematic);
void add_special_bugs(Mutants& all);
void add_helper_bugs(Mutants& all);

} // namespace bpf_assay::conformance::mutants
