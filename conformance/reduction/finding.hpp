// What a reduction has found, as a vector for the suite and as text for people.
#pragma once

#include "conformance/reduction/reduce_vector.hpp"

namespace bpf_assay::conformance::reduction {

/// What another runtime makes of the reduced vector.
struct Comparison {
    std::string title; // of the runtime
    std::string verdict;
};

struct Finding {
    const Suite* suite;
    const Vector* original;
    const Report* report;
    Vector vector;       // the reduced one under its new id
    std::string runtime; // title
    Hello hello;
    std::string command;   // that ran the vector
    std::string reproduce; // command line that shows the failure again
    std::string tool;      // name and version of the program that found it
    std::vector<Comparison> others;
};

/// The reduced vector as one of its own: id `found/...`, and of clauses and reasons what still
/// fits.
Vector found_vector(const Report& report, const Vector& original, const Suite& suite,
                    const Hello& hello, const std::string& runtime);

/// A name for files, from runtime and vector: "rbpf-div64-reg-zero".
std::string slug_of(const Vector& original, const Hello& hello);

/// "right", "wrong: r0 is 0x1, must be 0x0", "refused: ...".
std::string verdict_text(const VectorResult& result);

/// The file that the vector stands in.
std::string yaml_of(const Finding& finding);
/// For a terminal.
std::string text_of(const Finding& finding);
/// For a bug report, in Markdown.
std::string page_of(const Finding& finding);

} // namespace bpf_assay::conformance::reduction
