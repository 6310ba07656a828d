// What a gate asks for: gate/policy.schema.json and docs/ci-gate.md describe the file.
#pragma once

#include "conformance/loader.hpp"
#include "conformance/outcome.hpp"

#include "reference_vm/instructions.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bpf_assay::gate {

/// What is no failure.
struct Tolerated {
    std::vector<conformance::Outcome> outcomes = {};
    bool not_offered = false; // nor switched off: the vector was not asked

    bool empty() const { return outcomes.empty() && !not_offered; }
    /// Nothing stands for a vector that was not asked.
    bool holds(std::optional<conformance::Outcome> seen) const;
    std::string_view first_name() const;
};

/// Outcomes that are no failure for some vectors, for a reason and until a day.
struct Tolerance {
    std::string runtime = "*";        // pattern of its title, name or command
    std::vector<std::string> vectors; // patterns of ids
    Tolerated outcomes;               // at least one
    std::string reason;
    std::string until;      // the last day, YYYY-MM-DD, UTC
    bool sometimes = false; // a pass is no news
    conformance::Location location;

    bool is_about(const std::string& id) const;
};

struct Policy {
    std::vector<Group> must_hold;      // with the groups that they include
    bool claimed_must_hold = false;    // what the runtime's hello claims, too
    Tolerated tolerated;               // of every vector
    bool new_vectors_may_fail = false; // that are new to a runtime which the baseline has
    std::vector<Tolerance> tolerances;
};

/// Whether the text is a day of the calendar, YYYY-MM-DD.
bool is_day(std::string_view text);

/// Throws InputError with file:line:column. A pattern that matches no vector of the suite is a
/// mistake.
Policy load_policy(const std::filesystem::path& path, const conformance::Suite& suite);

} // namespace bpf_assay::gate
