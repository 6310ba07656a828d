// Results in memory, for the tests of what is made of them.
#pragma once

#include "conformance/policy.hpp"
#include "conformance/results_json.hpp"
#include "conformance/tests/support.hpp"

#include <fmt/format.h>

namespace bpf_assay::reports::test {

using namespace conformance::test;

/// A suite of `count` vectors test/v1, test/v2, ... of the group base64.
inline conformance::Suite suite_of_size(std::size_t count) {
    std::string text;
    for (std::size_t number = 1; number <= count; ++number)
        text += fmt::format("  - id: test/v{0}\n    clauses: [C-1]\n    because: It adds.\n"
                            "    asm: r1 += {0}\n    before: {{r1: 0}}\n    after: {{r1: {0}}}\n",
                            number);
    return suite_of(text);
}

/// One run of the whole suite, in which every vector passes on a runtime that claims base64.
inline conformance::Results passing(const conformance::Suite& suite) {
    conformance::Results results;
    results.runs.push_back({.command_line = {"bpf-assay", "run"},
                            .profile = "default",
                            .started = "2026-11-27T13:54:50Z"});
    conformance::RuntimeResult& runtime = results.runtimes.emplace_back();
    runtime.command = "./my-vm";
    runtime.hello.name = "my-vm";
    runtime.hello.version = "1.0";
    runtime.hello.engine = "interpreter";
    runtime.hello.groups = {Group::base64};
    runtime.hello.message = {
        {"name", "my-vm"}, {"version", "1.0"}, {"engine", "interpreter"}, {"byte_order", "little"}};
    for (const conformance::Vector& vector : suite.vectors) {
        runtime.vectors.push_back(&vector);
        runtime.results.emplace_back();
    }
    return results;
}

} // namespace bpf_assay::reports::test
