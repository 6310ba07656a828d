// What a runtime's verdicts do not rest on: said in every form of a report, in the same words.
#pragma once

#include "conformance/claims.hpp"
#include "conformance/results_json.hpp"

namespace bpf_assay::conformance {

/// Why no group of the runtime was tested in full, each in a few words: a selection or a shard of
/// the vectors, the smoke profile, a one-shot plugin, a run that ended early. Empty: it was.
std::vector<std::string> partly_because(const RuntimeResult& runtime, const RunDescription& run,
                                        std::size_t suite_size);

/// What was compared less closely than usual, because the plugin says so.
std::vector<std::string> caveats_of(const RuntimeResult& runtime);

/// "machine code was shown for 12 of 12 loaded programs"; empty if there is nothing to show.
struct MachineCode {
    std::string text;
    bool in_full = false;
};
MachineCode machine_code_of(const RuntimeResult& runtime);

/// What was not tested in full is not held; that it is not held, a part can show.
constexpr GroupVerdict verdict_of(GroupVerdict found, bool in_full) {
    return in_full || found == GroupVerdict::not_held ? found : GroupVerdict::not_tested;
}

/// The summary and the claims with the verdicts that may be given. Encodings are no conformance
/// group, and nothing is held for them: their line says what was found.
std::vector<GroupSummary> summarise(const RuntimeResult& runtime, bool in_full);
std::vector<GroupClaim> claims_of(const RuntimeResult& runtime, bool in_full);

} // namespace bpf_assay::conformance
