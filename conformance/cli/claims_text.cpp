#include "conformance/claims.hpp"
#include "conformance/cli/paint.hpp"
#include "conformance/cli/table.hpp"

#include <algorithm>

namespace bpf_assay::conformance::cli {
namespace {

constexpr std::size_t shown_instructions = 5;

bool is_held(const GroupClaim& claim) {
    return claim.verdict == GroupVerdict::held ||
           claim.verdict == GroupVerdict::held_not_executed ||
           claim.verdict == GroupVerdict::held_with_tolerated;
}

/// The group that a group with 32 in its name is part of, if it has the property, too.
template <class Property>
std::string names_of(const std::vector<GroupClaim>& claims, Property&& has) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < claims.size(); ++i) {
        const bool part_of_next = name_of(claims[i].group).ends_with("32");
        if (has(claims[i]) && !(part_of_next && has(claims.at(i + 1))))
            names.push_back(name_of(claims[i].group));
    }
    return names.empty() ? "nothing" : fmt::to_string(fmt::join(names, ", "));
}

std::string instructions_text(const std::vector<Blamed>& because) {
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < std::min(because.size(), shown_instructions); ++i)
        parts.push_back(because[i].text());
    std::string text = fmt::to_string(fmt::join(parts, ", "));
    if (because.size() > shown_instructions)
        text += fmt::format(" and {} more", because.size() - shown_instructions);
    return text;
}

std::string reasons_text(const GroupClaim& claim) {
    std::string text;
    if (!claim.excluded.empty())
        text += fmt::format("    {} is claimed without {}, which is less than the group\n",
                            name_of(claim.group), fmt::join(claim.excluded, ", "));
    if (is_held(claim) || claim.verdict == GroupVerdict::not_tested)
        return text;
    if (!claim.because.empty())
        text += fmt::format("    {} is not held because of {}\n", name_of(claim.group),
                            instructions_text(claim.because));
    else
        text += fmt::format("    {} is not held, as a group that it includes is not\n",
                            name_of(claim.group));
    return text;
}

} // namespace

std::string claims_table(const RuntimeResult& runtime, bool colour) {
    const auto claims = claims_of(runtime);
    const auto claimed = [](const GroupClaim& claim) { return claim.claimed; };
    const std::string claims_what = names_of(claims, claimed);
    const std::string holds_what = names_of(claims, is_held);
    const bool less = std::ranges::any_of(
        claims, [](const GroupClaim& claim) { return claim.claimed && !is_held(claim); });
    std::string text = fmt::format("claims {}, holds {}{}", claims_what, holds_what,
                                   less && holds_what != "nothing" ? " only" : "");
    text = fmt::format("  {}\n", paint(text, less ? red : green, colour));
    for (const GroupClaim& claim : claims)
        if (claim.claimed)
            text += reasons_text(claim);
    return text;
}

} // namespace bpf_assay::conformance::cli
