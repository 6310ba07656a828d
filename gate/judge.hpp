// Results held against a baseline and a policy: what keeps the gate shut, and why.
#pragma once

#include "gate/policy.hpp"

#include "reports/compare.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bpf_assay::gate {

/// Why the gate stays shut.
enum class Cause {
    nothing_ran,      // no results, or a runtime that took nothing of what it was asked
    runtime_gone,     // the baseline has it, the results do not
    runtime_broken,   // not available, cut short, or broke down
    other_conditions, // not run as the baseline was: it cannot be compared
    regressed,        // diverges, and did not, or does in more of its rows
    lost,             // passed, and is excused, not executed or not asked now
    otherwise,        // diverged before, but not like this
    fewer_rows,       // passes, but less of it was run
    new_failure,      // diverges, and the baseline has no verdict on the vector
    no_verdict,       // was not run: nobody knows what that hides
    vector_gone,      // the baseline has it, the results do not
    group_not_held,   // the policy says that it must be
    expired,          // a tolerance whose last day is over
    unexpected_pass,  // listed as a divergence, or tolerated, and passes
};
inline constexpr std::size_t cause_count = 14;
std::string_view name_of(Cause cause); // "regressed", "group not held"

/// One thing that keeps the gate shut.
struct Finding {
    Cause cause = Cause::regressed;
    std::string runtime = {};  // title; empty: about all of them
    std::size_t result = 0;    // of a vector: index in Results::runtimes
    std::string id = {};       // of the vector; empty: about none
    std::string text = {};     // what is wrong, in a sentence
    std::string location = {}; // file:line:column of the policy or list that is to be changed
    std::vector<std::string> clauses = {}; // "RFC9669-4.1-ADD (section 4.1): ..."
    std::vector<std::string> seen = {};    // row, registers and bytes
    std::string reproduce = {};            // a command
    std::string outcome = {};              // "wrong"; empty: of no vector
    std::vector<std::string> again = {};   // outcomes when it was run again, if it was

    /// It came out in different ways: a failure all the same.
    bool is_flaky() const;
};

/// What does not keep it shut, but should be known.
struct Counts {
    std::size_t vectors = 0; // of all runtimes
    std::size_t passed = 0;
    std::size_t tolerated = 0; // by the vectors' policies, the suite's lists, the gate's policy
    std::size_t unchanged = 0; // diverge as they do in the baseline
};

struct Judgement {
    bool has_baseline = false;
    Counts counts;
    std::vector<Finding> findings;
    std::vector<std::string> notes; // of the comparison

    bool is_open() const { return findings.empty(); }
    std::size_t count(Cause cause) const;
};

struct Question {
    const conformance::Suite& suite;
    const conformance::Results& results;
    std::string results_file;                      // its name
    std::optional<reports::FileOutcomes> baseline; // none: a first run
    const Policy& policy;
    std::string today; // YYYY-MM-DD, UTC
};

Judgement judge(const Question& question);

/// The words that run the vector on the runtime again.
std::string reproducer(const conformance::RuntimeResult& runtime,
                       const conformance::RunDescription& run, const std::string& id);

} // namespace bpf_assay::gate
