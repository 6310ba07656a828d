// A run counted by conformance group: what the table, the results and the exit status say.
#pragma once

#include "conformance/result.hpp"

namespace bpf_assay::conformance {

/// held_not_executed: every value is right, but no tested instruction was in a program that ran.
/// From best to worst: a group is as good as the worst of itself and what it includes.
enum class GroupVerdict { held, held_not_executed, held_with_tolerated, not_tested, not_held };
std::string_view name_of(GroupVerdict verdict);

/// Of the RFC, in its order.
inline constexpr std::array conformance_groups{Group::base32,   Group::base64,   Group::divmul32,
                                               Group::divmul64, Group::atomic32, Group::atomic64,
                                               Group::packet};
std::size_t place_of(Group group); // in conformance_groups

struct GroupSummary {
    std::string name; // a conformance group of RFC 9669 section 2.4, "encoding", or an extension
    GroupVerdict verdict = GroupVerdict::not_tested;
    std::size_t vectors = 0;
    RowCounts rows;
    std::array<std::size_t, all_outcomes.size()> by_outcome{}; // vectors
    std::size_t tolerated = 0;

    std::size_t count(Outcome outcome) const {
        return by_outcome[static_cast<std::size_t>(outcome)];
    }
};

/// One entry per conformance group in the RFC's order, then "encoding", then one per extension
/// whose vectors ran.
std::vector<GroupSummary> summarise(const RuntimeResult& runtime);

/// Whether the runtime took anything of what it was asked. Refused encodings count only where
/// nothing else was asked: what refuses every program refuses them, too.
bool ran_anything(const RuntimeResult& runtime);

/// 0: all as expected, tolerated outcomes included; 1: a divergence; 2: nothing ran, or a vector
/// has no verdict.
int exit_status(const std::vector<RuntimeResult>& runtimes);

} // namespace bpf_assay::conformance
