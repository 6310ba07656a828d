// Which clauses of the RFC the vectors name.
#pragma once

#include "conformance/loader.hpp"

#include <string>
#include <vector>

namespace bpf_assay::conformance::coverage {

/// A clause id, and what is said of it.
struct ClauseNote {
    std::string id;
    std::string text;
};

struct ClauseCoverage {
    std::size_t covered = 0;                 // named by a vector
    std::vector<ClauseNote> untestable;      // with the reason
    std::vector<ClauseNote> gaps;            // neither, with the clause's text
    std::vector<ClauseNote> tested_although; // said to be untestable, with a vector that tests it
};

ClauseCoverage clause_coverage(const Suite& suite);

} // namespace bpf_assay::conformance::coverage
