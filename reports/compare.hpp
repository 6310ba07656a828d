// What changed from one file of results to another.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace bpf_assay::reports {

/// A vector's outcome before and after: "wrong", "rejected (tolerated)"; empty if it has none.
struct Change {
    std::string id;
    std::string before;
    std::string after;
};

struct RuntimeComparison {
    std::string before;                 // title; empty: the runtime is new
    std::string after;                  // title; empty: it is gone
    std::vector<Change> regressed = {}; // diverges, and did not
    std::vector<Change> fixed = {};     // does not diverge, and did
    std::vector<Change> changed = {};   // neither, but not the same
    std::vector<Change> appeared = {};  // vectors that only the new results have
    std::vector<Change> gone = {};      // vectors that only the old ones have
};

struct Comparison {
    bool same_vectors = true; // of the suite, by digest
    std::vector<RuntimeComparison> runtimes;

    /// A regression, a vector that has no result any more, or a runtime that has none.
    bool is_worse() const;
};

/// Results may be about other versions of the vectors: ids are stable. Runtimes are told by their
/// name or command; a single one in each file is the same one. Throws InputError, naming the file,
/// if it is no results.
Comparison compare(const std::string& old_file, const std::string& new_file);

std::string comparison_text(const Comparison& comparison, bool markdown);

} // namespace bpf_assay::reports
