#include "conformance/claims.hpp"
#include "conformance/cli/paint.hpp"
#include "conformance/cli/table.hpp"

#include <algorithm>
#include <span>

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

std::string first_of(const std::vector<std::string>& texts) {
    const auto shown = std::span(texts).first(std::min(texts.size(), shown_instructions));
    std::string text = fmt::to_string(fmt::join(shown, ", "));
    if (texts.size() > shown.size())
        text += fmt::format(" and {} more", texts.size() - shown.size());
    return text;
}

/// What fails, and what is only missing, as a group is held only as a whole.
std::string reasons_text(const GroupClaim& claim) {
    std::vector<std::string> failing;
    std::vector<std::string> missing;
    for (const Blamed& blamed : claim.because) {
        if (blamed.is_unsupported())
            missing.push_back(fmt::to_string(fmt::join(blamed.instructions, " with ")));
        else
            failing.push_back(blamed.text());
    }
    std::vector<std::string> parts;
    if (!failing.empty())
        parts.push_back("fails for " + first_of(failing));
    if (!missing.empty())
        parts.push_back("does not support " + first_of(missing));
    if (!claim.excluded.empty())
        parts.push_back(
            fmt::format("leaves {} of its instructions out of the claim", claim.excluded.size()));
    if (parts.empty())
        parts.emplace_back("does not hold a group that it includes");
    return fmt::format("    {}: it {}\n", name_of(claim.group), fmt::join(parts, "; "));
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
        if (claim.claimed && !is_held(claim) && claim.verdict != GroupVerdict::not_tested)
            text += reasons_text(claim);
    return text;
}

} // namespace bpf_assay::conformance::cli
