#include "conformance/coverage/clauses.hpp"

namespace bpf_assay::conformance::coverage {

ClauseCoverage clause_coverage(const Suite& suite) {
    std::map<std::string_view, const Vector*> first_vector;
    for (const Vector& vector : suite.vectors)
        for (const std::string& clause : vector.clauses)
            first_vector.emplace(clause, &vector);

    ClauseCoverage coverage;
    for (const auto& [id, clause] : suite.clauses) {
        const auto vector = first_vector.find(id);
        if (vector != first_vector.end()) {
            ++coverage.covered;
            if (!clause.untestable.empty())
                coverage.tested_although.push_back({id, vector->second->id});
        } else if (!clause.untestable.empty()) {
            coverage.untestable.push_back({id, clause.untestable});
        } else {
            coverage.gaps.push_back({id, clause.text});
        }
    }
    return coverage;
}

} // namespace bpf_assay::conformance::coverage
