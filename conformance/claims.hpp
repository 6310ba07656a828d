// What a runtime claims of the conformance groups, held against what was found. RFC 9669 section
// 2.4: a runtime that has a group has all of its instructions.
#pragma once

#include "conformance/group_summary.hpp"

namespace bpf_assay::conformance {

/// Instructions that a group is not held for. Several stand together if only vectors that hold them
/// all failed.
struct Blamed {
    std::vector<std::string_view> instructions;                // mnemonics
    std::array<std::size_t, all_outcomes.size()> by_outcome{}; // vectors

    /// "mul64_reg (2 wrong, 1 crash)"
    std::string text() const;
    /// Whether every failure is a refusal of what is not claimed.
    bool is_unsupported() const;
};

struct GroupClaim {
    Group group = Group::base32;
    bool claimed = false;              // by the plugin's hello, or with a group that includes it
    std::vector<std::string> excluded; // its instructions that hello takes out of the claim
    GroupVerdict verdict = GroupVerdict::not_tested;
    std::vector<Blamed> because; // of the group's own instructions, the most vectors first
};

/// One entry for each conformance group, in the RFC's order.
std::vector<GroupClaim> claims_of(const RuntimeResult& runtime);

} // namespace bpf_assay::conformance
