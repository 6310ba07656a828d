#include "conformance/caveats.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bpf_assay::conformance {

namespace {

std::size_t of_the_rfc(const std::vector<const Vector*>& vectors) {
    return static_cast<std::size_t>(std::ranges::count_if(
        vectors, [](const Vector* vector) { return vector->extension.empty(); }));
}

/// What the runtime does not offer or has switched off is known not to be for it.
std::size_t asked_of_the_rfc(const RuntimeResult& runtime) {
    return of_the_rfc(runtime.vectors) + of_the_rfc(runtime.switched_off) +
           static_cast<std::size_t>(
               std::ranges::count_if(runtime.not_offered, [](const NotOffered& left_out) {
                   return left_out.vector->extension.empty();
               }));
}

} // namespace

std::vector<std::string> partly_because(const RuntimeResult& runtime, const RunDescription& run,
                                        const Suite& suite) {
    std::vector<std::string> reasons;
    if (runtime.status != RuntimeStatus::ran)
        reasons.push_back(fmt::format("{}: {}", name_of(runtime.status), runtime.why));
    if (runtime.status == RuntimeStatus::unavailable)
        return reasons; // the rest would be about a run that there was not
    if (run.shard && run.shard->count > 1)
        reasons.push_back(fmt::format("shard {} of {}", run.shard->number, run.shard->count));
    const auto all = static_cast<std::size_t>(std::ranges::count_if(
        suite.vectors, [](const Vector& vector) { return vector.extension.empty(); }));
    if (const std::size_t asked = asked_of_the_rfc(runtime); asked != all)
        reasons.push_back(fmt::format("{} of {} vectors", asked, all));
    if (run.profile == "smoke")
        reasons.emplace_back("smoke profile: the fewest rows of each sweep");
    if (runtime.one_shot)
        reasons.emplace_back("one-shot plugin: all state is folded into R0, and encodings and "
                             "packet loads are not tested");
    return reasons;
}

std::vector<std::string> caveats_of(const RuntimeResult& runtime) {
    std::vector<std::string> caveats;
    if (runtime.hello.r0_bits == 32)
        caveats.emplace_back("of R0 at EXIT 32 bits are compared: the runtime returns no more");
    if (!runtime.hello.stores_pointers)
        caveats.emplace_back("registers that hold addresses are not compared: the runtime forbids "
                             "storing them");
    if (const MachineCode shown = machine_code_of(runtime); !shown.text.empty() && !shown.in_full)
        caveats.push_back(shown.text);
    return caveats;
}

MachineCode machine_code_of(const RuntimeResult& runtime) {
    std::size_t loaded = 0;
    std::size_t shown = 0;
    for (const VectorResult& result : runtime.results) {
        loaded += result.loaded_programs;
        shown += result.machine_code_programs;
    }
    if (runtime.hello.engine != "jit" || loaded == 0)
        return {};
    if (shown == 0)
        return {.text = fmt::format("no machine code was shown for any of {} loaded programs: that "
                                    "a JIT compiler made some is the plugin's word",
                                    loaded)};
    return {.text = fmt::format("machine code was shown for {} of {} loaded programs{}", shown,
                                loaded, shown == loaded ? "" : " only"),
            .in_full = shown == loaded};
}

std::vector<GroupSummary> summarise(const RuntimeResult& runtime, bool in_full,
                                    const Suite& suite) {
    const auto all_of = [&](const std::string& extension) {
        return static_cast<std::size_t>(
            std::ranges::count_if(suite.vectors, [&](const Vector& vector) {
                return vector.extension == extension && vector.kind != Kind::encoding;
            }));
    };
    auto groups = summarise(runtime);
    for (GroupSummary& group : groups)
        if (group_from_name(group.name))
            group.verdict = verdict_of(group.verdict, in_full);
        else if (group.name != "encoding")
            group.verdict = verdict_of(group.verdict, group.vectors == all_of(group.name));
    return groups;
}

std::vector<GroupClaim> claims_of(const RuntimeResult& runtime, bool in_full) {
    auto claims = claims_of(runtime);
    for (GroupClaim& claim : claims)
        claim.verdict = verdict_of(claim.verdict, in_full);
    return claims;
}

} // namespace bpf_assay::conformance
