// What came of a vector on a runtime, of a runtime, and of a run.
#pragma once

#include "conformance/experiment.hpp"
#include "conformance/loader.hpp"
#include "conformance/outcome.hpp"
#include "conformance/session.hpp"

namespace bpf_assay::conformance {

/// A row that came out wrong, or ended the plugin; or a program that did not load as it should.
struct Failure {
    Outcome outcome = Outcome::wrong;
    std::size_t program = 0;       // index
    std::string program_text = {}; // "dst r3, src r4" in a sweep
    std::optional<std::size_t> row = {};
    std::string why = {};                 // the runtime's or the runner's words
    std::vector<std::string> errors = {}; // of a breakdown: the last lines of standard error
    std::vector<std::string> registers_before = {};
    std::string memory_before = {}; // the cell of a sweep
    std::vector<Difference> differences = {};
    std::vector<Slot> slots = {}; // the program as it was loaded
};

struct RowCounts {
    std::size_t total = 0;        // what the vector has
    std::size_t run = 0;          // what was answered
    std::size_t passed = 0;       // right, executed or not
    std::size_t not_executed = 0; // of those, in programs without the tested instruction
};

struct VectorResult {
    Outcome outcome = Outcome::pass;
    bool tolerated = false; // not a pass, but the vector's policy tolerates it
    RowCounts rows;
    std::vector<Outcome> untolerated;      // every outcome but passes that no policy tolerates
    std::string why;                       // of the first program with this outcome
    std::optional<std::string> incomplete; // why there is no verdict on one of its programs
    std::vector<std::string> not_executed; // instructions that were not in some program that ran
    std::vector<Failure> failures;         // the first few
    std::size_t failing_rows = 0;
    std::size_t programs = 0;
    std::size_t loaded_programs = 0;
    std::size_t machine_code_programs = 0; // of those, the ones that machine code was shown for

    std::array<bool, all_outcomes.size()> seen{}; // outcomes of its programs and rows

    /// Takes note of an outcome: the worst one stays.
    void add(Outcome found, const std::string& reason);
};

/// A vector that was not run, because the runtime does not offer what it needs.
struct NotOffered {
    const Vector* vector;
    std::string needs; // "helper mix", "2 threads", "extension x-acqrel"
};

/// The first thing that the vector needs and the runtime does not offer.
std::optional<std::string> lacking(const Hello& hello, const Vector& vector);

enum class RuntimeStatus { ran, unavailable, given_up, interrupted };
std::string_view name_of(RuntimeStatus status); // "given up"

struct RuntimeResult {
    std::string name; // in the file of runtimes; empty if it was given by command
    std::string command;
    std::size_t run = 0; // index in Results::runs
    RuntimeStatus status = RuntimeStatus::ran;
    std::string why; // of a status that is not `ran`
    Hello hello;
    bool one_shot = false;
    double seconds = 0;
    std::vector<const Vector*> vectors;
    std::vector<VectorResult> results;       // of vectors[i]
    std::vector<const Vector*> switched_off; // by a declared extension
    std::vector<NotOffered> not_offered;
    std::vector<std::string> unexplained; // breakdowns that could not be brought home to a vector

    /// "linux 6.18.44 (jit)"
    std::string title() const;
};

/// Whether the result is a divergence: not a pass, tolerated, known, or without verdict.
bool diverges(const VectorResult& result);

/// The group that a vector is counted in: that of its instructions that comes last in the order
/// of Group; none for encoding vectors.
std::optional<Group> group_of(const Vector& vector);
/// Its name, that of the extension, or "encoding".
std::string_view group_name_of(const Vector& vector);

} // namespace bpf_assay::conformance
