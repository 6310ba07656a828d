// Vector files to vectors (docs/vector-format.md).
#pragma once

#include "conformance/vector.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace bpf_assay::conformance {

/// A clause of docs/clauses.yaml.
struct Clause {
    std::string section;
    std::string text;
    std::string untestable; // why no vector can test it; empty: one can
};

/// Everything that the suite states.
struct Suite {
    std::vector<Vector> vectors; // by file name, then in the order of the file
    std::map<std::string, Clause> clauses;
    std::map<std::string, std::vector<u64>> lists; // of operands.yaml, by name
    std::string
        digest; // SHA-256 (hex) over the vector files: names which vectors a result is about
};

/// Loads every *.yaml under `vectors` and the clauses. Throws InputError with file:line:column for
/// the first thing that is not as the format says.
Suite load_suite(const std::filesystem::path& vectors, const std::filesystem::path& clauses);

} // namespace bpf_assay::conformance
