#include "conformance/claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace bpf_assay::conformance {
namespace {

/// Whether a vector with this result keeps its group from being held.
bool counts_against(const VectorResult& result) {
    return diverges(result) || result.outcome == Outcome::expected_failure ||
           result.outcome == Outcome::unsupported;
}

std::vector<std::string_view> mnemonics_of(const Vector& vector) {
    std::vector<std::string_view> mnemonics;
    for (const InstructionRow* row : vector.tests)
        mnemonics.push_back(row->mnemonic);
    return mnemonics;
}

void blame(std::vector<Blamed>& blamed, const std::vector<std::string_view>& instructions,
           Outcome outcome) {
    auto found = std::ranges::find(blamed, instructions, &Blamed::instructions);
    if (found == blamed.end())
        found = blamed.insert(blamed.end(), Blamed{.instructions = instructions});
    ++found->by_outcome[static_cast<std::size_t>(outcome)];
}

std::size_t vectors_of(const Blamed& blamed) {
    return std::accumulate(blamed.by_outcome.begin(), blamed.by_outcome.end(), std::size_t{0});
}

/// What fails alone is to blame for what fails together with it.
std::vector<Blamed> blamed_for(const RuntimeResult& runtime, Group group) {
    std::vector<Blamed> alone;
    std::vector<std::string_view> explained; // instructions of any group that fail alone
    std::vector<Blamed> together;
    for (std::size_t index = 0; index < runtime.vectors.size(); ++index) {
        const Vector& vector = *runtime.vectors[index];
        const VectorResult& result = runtime.results[index];
        if (vector.tests.size() != 1 || vector.kind == Kind::encoding || !counts_against(result))
            continue;
        explained.push_back(vector.tests[0]->mnemonic);
        if (group_of(vector) == group)
            blame(alone, mnemonics_of(vector), result.outcome);
    }
    for (std::size_t index = 0; index < runtime.vectors.size(); ++index) {
        const Vector& vector = *runtime.vectors[index];
        const VectorResult& result = runtime.results[index];
        if (vector.tests.size() < 2 || group_of(vector) != group || !counts_against(result))
            continue;
        const auto instructions = mnemonics_of(vector);
        if (std::ranges::none_of(instructions, [&](std::string_view mnemonic) {
                return std::ranges::find(explained, mnemonic) != explained.end();
            }))
            blame(together, instructions, result.outcome);
    }
    std::ranges::move(together, std::back_inserter(alone));
    std::ranges::stable_sort(alone, std::greater{}, vectors_of);
    return alone;
}

} // namespace

std::string Blamed::text() const {
    std::vector<std::string> counts;
    for (const Outcome outcome : all_outcomes)
        if (const std::size_t count = by_outcome[static_cast<std::size_t>(outcome)]; count != 0)
            counts.push_back(fmt::format("{} {}", count, name_of(outcome)));
    return fmt::format("{} ({})", fmt::join(instructions, " with "), fmt::join(counts, ", "));
}

bool Blamed::is_unsupported() const {
    return vectors_of(*this) == by_outcome[static_cast<std::size_t>(Outcome::unsupported)];
}

std::vector<GroupClaim> claims_of(const RuntimeResult& runtime) {
    std::vector<GroupClaim> claims;
    for (const GroupSummary& summary : summarise(runtime)) {
        const auto group = group_from_name(summary.name);
        if (!group)
            continue; // encodings are no conformance group
        GroupClaim claim{
            .group = *group, .excluded = {}, .verdict = summary.verdict, .because = {}};
        claim.claimed =
            std::ranges::find(runtime.hello.groups, *group) != runtime.hello.groups.end();
        for (const std::string& mnemonic : runtime.hello.excluded)
            if (const InstructionRow* row = find_row(mnemonic);
                row != nullptr && row->group == *group)
                claim.excluded.push_back(mnemonic);
        claim.because = blamed_for(runtime, *group);
        claims.push_back(std::move(claim));
    }
    return claims;
}

} // namespace bpf_assay::conformance
