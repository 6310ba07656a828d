// The mutation score of `bpf-assay mutants --json`.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace bpf_assay::reports {

/// Sums, counts by operator and survivors, for the coverage that the page shows; it says so if the
/// score is of other vectors. Throws InputError, naming the file, if it is no score.
nlohmann::json read_mutation_score(const std::string& path);

} // namespace bpf_assay::reports
