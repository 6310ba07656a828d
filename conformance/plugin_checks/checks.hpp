// The checks of `bpf-assay plugin check`, by the sections of docs/plugin-protocol.md.
#pragma once

#include "conformance/plugin_checks/subject.hpp"

namespace bpf_assay::conformance::plugin_checks {

struct Check {
    const char* title;
    const char* section; // of docs/plugin-protocol.md
    void (*perform)(Subject& subject);
    bool others_need_it = false;
};

std::span<const Check> hello_checks(); // the first one sets the subject's hello
std::span<const Check> load_checks();
std::span<const Check> run_checks();
std::span<const Check> value_checks(); // R0, memory, faults
std::span<const Check> stream_checks();
std::span<const Check> bad_request_checks();
std::span<const Check> offer_checks(); // helper functions, threads, the one-shot contract

} // namespace bpf_assay::conformance::plugin_checks
