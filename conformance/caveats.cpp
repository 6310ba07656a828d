#include "conformance/caveats.hpp"

#include <fmt/format.h>

namespace bpf_assay::conformance {

std::vector<std::string> partly_because(const RuntimeResult& runtime, const RunDescription& run,
                                        std::size_t suite_size) {
    std::vector<std::string> reasons;
    if (runtime.status != RuntimeStatus::ran)
        reasons.push_back(fmt::format("{}: {}", name_of(runtime.status), runtime.why));
    if (runtime.status == RuntimeStatus::unavailable)
        return reasons; // the rest would be about a run that there was not
    if (run.shard && run.shard->count > 1)
        reasons.push_back(fmt::format("shard {} of {}", run.shard->number, run.shard->count));
    // What the runtime does not offer or has switched off is known not to be for it.
    const std::size_t asked =
        runtime.vectors.size() + runtime.switched_off.size() + runtime.not_offered.size();
    if (asked != suite_size)
        reasons.push_back(fmt::format("{} of {} vectors", asked, suite_size));
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

std::vector<GroupSummary> summarise(const RuntimeResult& runtime, bool in_full) {
    auto groups = summarise(runtime);
    for (GroupSummary& group : groups)
        if (group.name != "encoding")
            group.verdict = verdict_of(group.verdict, in_full);
    return groups;
}

std::vector<GroupClaim> claims_of(const RuntimeResult& runtime, bool in_full) {
    auto claims = claims_of(runtime);
    for (GroupClaim& claim : claims)
        claim.verdict = verdict_of(claim.verdict, in_full);
    return claims;
}

} // namespace bpf_assay::conformance
