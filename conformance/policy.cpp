#include "conformance/policy.hpp"

#include <algorithm>
#include <array>

namespace bpf_assay::conformance {
namespace {

constexpr std::array table{
    Policy{.name = "", .reason = "The RFC defines the value."},
    Policy{.name = "imm-zero-divisor",
           .rejected = true,
           .reason = "Section 4.1 defines division by an immediate zero, yet a verifier may refuse "
                     "a program that can only be a mistake."},
    Policy{.name = "imm-shift-count",
           .rejected = true,
           .reason = "Section 4.1's mask defines an immediate count of at least the width, yet a "
                     "verifier may refuse it."},
    Policy{.name = "verifier",
           .rejected = true,
           .reason = "Valid by the RFC, but of a shape that a static verifier (section 6) may "
                     "refuse."},
    Policy{.name = "unaligned",
           .rejected = true,
           .fault = true,
           .reason = "Section 5.1 is silent on alignment: the right value, a refusal or a fault."},
    Policy{.name = "platform",
           .rejected = true,
           .fault = true,
           .accepted = true,
           .reason = "Maps, variables, code addresses, helpers and BTF ids are the platform's to "
                     "offer (4.3.1, 5.4)."},
    Policy{.name = "unused-field",
           .accepted = true,
           .strict = true,
           .reason = "Unused fields SHALL be zero (3.1), but no sentence makes a runtime refuse "
                     "them."},
    Policy{.name = "abi",
           .accepted = true,
           .strict = true,
           .reason = "R10 is read-only by the calling convention, not by the RFC."},
    Policy{.name = "silent",
           .rejected = true,
           .fault = true,
           .accepted = true,
           .reason = "The RFC says nothing, or 'undefined'."},
};

} // namespace

std::span<const Policy> policies() {
    return table;
}

const Policy* find_policy(std::string_view name) {
    const auto found = std::ranges::find(table, name, &Policy::name);
    return found == table.end() ? nullptr : &*found;
}

bool tolerates(const Policy& policy, Outcome outcome, bool strict_run) {
    if (outcome == Outcome::unsupported)
        return true; // a group that is not claimed is not owed; the groups' verdicts say it
    if (policy.strict && strict_run)
        return false;
    switch (outcome) {
    case Outcome::rejected:
        return policy.rejected;
    case Outcome::fault:
        return policy.fault;
    case Outcome::accepted:
        return policy.accepted;
    default:
        return false;
    }
}

} // namespace bpf_assay::conformance
