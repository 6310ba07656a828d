// From a vector of the suite that fails on a runtime to the smallest statement that still does.
#pragma once

#include "conformance/reduction/observer.hpp"
#include "conformance/reduction/trial.hpp"

namespace bpf_assay::conformance::reduction {

struct Request {
    std::optional<std::size_t> program; // of a sweep or a table; with a row: exactly this one
    std::optional<std::size_t> row;
    std::chrono::milliseconds budget{60'000};
    std::chrono::milliseconds deadline{10'000}; // per request
};

struct Sizes {
    std::size_t programs = 1;
    std::size_t rows = 1;
    std::size_t instructions = 0;
    std::size_t registers = 0; // stated before
    std::size_t cells = 0;     // bytes of memory, stack and packet that are stated before
};

struct Report {
    enum class Status { reduced, passes, not_reproducible } status = Status::passes;
    VectorResult whole;               // what the vector itself came to, if all of it was run
    FailureKind kind;                 // from here on: of `reduced`
    std::size_t program = 0, row = 0; // of the vector, that the reduction began with
    Sizes before, after;
    Vector vector;              // the reduced one; with the id of the first
    std::optional<Facts> facts; // of its run; not of an encoding
    VectorResult result;        // of the reduced one
    std::string obstacle;       // why no step was tried; empty: they were
    std::size_t tried = 0, kept = 0;
    bool finished = true; // else the budget was used up
    double seconds = 0;
};

/// Throws InputError for a vector that cannot be reduced (threads) or does not run on the runtime,
/// and what Examiner throws.
Report reduce_vector(Trials& trials, const Vector& vector, const Request& request);

} // namespace bpf_assay::conformance::reduction
