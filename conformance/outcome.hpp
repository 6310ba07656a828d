// The closed set of outcomes of a vector on a runtime (docs/plugin-protocol.md).
#pragma once

#include <array>
#include <string_view>

namespace bpf_assay::conformance {

enum class Outcome {
    pass,
    pass_not_executed, // right, but the tested instruction was not in the program that ran
    wrong,             // a value differs
    rejected,          // a claimed instruction was refused at load
    unsupported,       // an instruction that is not claimed was refused at load
    accepted,          // a program that must be refused was loaded
    fault,             // the runtime reports a trap
    crash,             // the plugin died, or broke the protocol
    timeout,
    expected_failure, // as a list of known divergences says
    unexpected_pass,  // a pass where the list says otherwise
    not_run,          // no verdict: out of memory, no permission, runtime given up, interrupted
};
inline constexpr std::array all_outcomes{
    Outcome::pass,        Outcome::pass_not_executed, Outcome::wrong,           Outcome::rejected,
    Outcome::unsupported, Outcome::accepted,          Outcome::fault,           Outcome::crash,
    Outcome::timeout,     Outcome::expected_failure,  Outcome::unexpected_pass, Outcome::not_run,
};

constexpr std::string_view name_of(Outcome outcome) {
    constexpr std::array<std::string_view, all_outcomes.size()> names{
        "pass",        "pass, not executed", "wrong",           "rejected",
        "unsupported", "accepted",           "fault",           "crash",
        "timeout",     "expected-failure",   "unexpected-pass", "not run",
    };
    return names[static_cast<std::size_t>(outcome)];
}

constexpr bool is_pass(Outcome outcome) {
    return outcome == Outcome::pass || outcome == Outcome::pass_not_executed;
}

/// Whether it is a divergence: not a pass, known, without verdict, or tolerated.
constexpr bool is_divergence(Outcome outcome, bool tolerated) {
    return !is_pass(outcome) && outcome != Outcome::not_run &&
           outcome != Outcome::expected_failure && !tolerated;
}

} // namespace bpf_assay::conformance
