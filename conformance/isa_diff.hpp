// What a change of the instruction set does: to the table, to the vectors, and to runtimes.
#pragma once

#include "conformance/isa_dump.hpp"
#include "conformance/left_out.hpp"
#include "conformance/result.hpp"
#include "conformance/runtime.hpp"

namespace bpf_assay::conformance {

/// Something that must not pass unseen. It is explained in a file, or the change is not to be
/// merged.
struct Finding {
    std::string key;  // what an explanation names: "collision: min64_reg with max64_reg"
    std::string text; // a sentence
    std::optional<std::string> because = {}; // the explanation
};

struct ChangedRow {
    const TableRow* base;
    const TableRow* head;
    std::vector<std::string> what; // "formula: `a` -> `b`"
};

/// What a runtime makes of an instruction that it may not know. From harmless to dangerous.
enum class Reading { not_tried, refuses, has, right, accepts, faults, breaks, misreads };
std::string_view name_of(Reading reading);

struct ProbedRuntime {
    std::string title;
    std::string unavailable;          // why, or empty
    std::vector<Reading> readings;    // of IsaDiff::probed[i]
    std::vector<std::string> details; // what was seen, where it is not `refuses` or `has`
};

struct IsaDiff {
    std::vector<const TableRow*> added, removed;
    std::vector<ChangedRow> changed;
    std::vector<Finding> findings;
    std::vector<std::string> notes; // what needs no explanation
    std::vector<const TableRow*> probed;
    std::vector<ProbedRuntime> runtimes;

    void find(std::string key, std::string text);
    bool unexplained() const;
};

/// An intended change: keys of findings, as patterns.
struct Explanation {
    std::string change;
    std::string because;
};
/// Throws InputError with file:line:column.
std::vector<Explanation> load_explanations(const std::filesystem::path& path);
/// An explanation of nothing becomes a note.
void explain(const std::vector<Explanation>& explanations, IsaDiff& diff);

/// Rows that were added, removed or changed; encodings in common, or reserved; frozen groups; what
/// extensions say of themselves. Throws InputError if only the base has extensions at all.
void compare_tables(const IsaDump& base, const IsaDump& head, IsaDiff& diff);

struct BaseSuite {
    Suite suite;
    std::vector<LeftOut> left_out;
};

/// New rows and clauses without a vector; vectors and clauses of the RFC that went away or say
/// something else; what of the base could not be compared.
void compare_vectors(const IsaDump& base, const IsaDump& head, const BaseSuite* base_suite,
                     const Suite& head_suite, IsaDiff& diff);

/// What of the base's vectors this build could not use.
void report_left_out(const IsaDump& base, const IsaDump& head, const std::vector<LeftOut>& left_out,
                     IsaDiff& diff);

/// Vectors of the base that must be refused, and mean an instruction now. `head_suite` may be null.
void find_turned(const IsaDump& base, const IsaDump& head, const Suite& base_suite,
                 const Suite* head_suite, IsaDiff& diff);

/// The report for a pull request.
std::string isa_diff_markdown(const IsaDump& base, const IsaDump& head, const IsaDiff& diff);

// isa_diff_runs.cpp

/// The VM of each revision, with the same options; either may be missing.
struct VmPair {
    std::optional<Runtime> base, head;
};

/// Runs the base's vectors on the head's VMs, and the head's on the base's, where there are such.
struct CrossRuns {
    const IsaDump& head;
    const Suite* base_suite = nullptr;
    const Suite* head_suite = nullptr;
    std::vector<VmPair> vms;
    unsigned jobs = 1;
};
void find_changed_meanings(const CrossRuns& runs, IsaDiff& diff);

/// Runs the vectors of the extensions of `rows` on runtimes, whether they declare them or not.
void probe(const std::vector<const TableRow*>& rows, const Suite& suite,
           const std::vector<Runtime>& runtimes, IsaDiff& diff);

} // namespace bpf_assay::conformance
