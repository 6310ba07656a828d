// What a gate asks for: gate/policy.schema.json and docs/ci-gate.md describe the file.
#pragma once

#include "conformance/loader.hpp"
#include "conformance/outcome.hpp"

#include "reference_vm/instructions.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace bpf_assay::gate {

/// Outcomes that are no failure for some vectors, for a reason and until a day.
struct Tolerance {
    std::string runtime = "*";                  // pattern of its title, name or command
    std::vector<std::string> vectors;           // patterns of ids
    std::vector<conformance::Outcome> outcomes; // at least one
    std::string reason;
    std::string until;      // the last day, YYYY-MM-DD, UTC
    bool sometimes = false; // a pass is no news
    conformance::Location location;

    bool is_about(const std::string& id) const;
};

struct Policy {
    std::vector<Group> must_hold;                // with the groups that they include
    bool claimed_must_hold = false;              // what the runtime's hello claims, too
    std::vector<conformance::Outcome> tolerated; // of every vector that diverges
    bool new_vectors_may_fail = false;           // vectors that the baseline does not have
    std::vector<Tolerance> tolerances;
};

/// Throws InputError with file:line:column. A pattern that matches no vector of the suite is a
/// mistake.
Policy load_policy(const std::filesystem::path& path, const conformance::Suite& suite);

} // namespace bpf_assay::gate
