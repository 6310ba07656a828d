// Known divergences: what a runtime is known to do wrong, since when, and why (docs/policy.md).
#pragma once

#include "conformance/profile.hpp"
#include "conformance/result.hpp"

#include <filesystem>

namespace bpf_assay::conformance {

struct KnownDivergence {
    std::vector<std::string> runtimes;      // hello's name is one of them
    std::string versions = "*";             // pattern of hello's version
    std::string engine = "*";               // pattern of hello's engine
    std::string machine = "*";              // pattern of hello's environment.machine
    std::string options = "*";              // pattern of hello's environment.options
    RunProfile profile = RunProfile::smoke; // the smallest that shows it; a smaller one may pass
    bool sometimes = false;           // a pass is no news: it depends on chance, or the machine
    std::vector<std::string> vectors; // patterns of ids
    Outcome outcome = Outcome::wrong; // what is known to happen
    std::string reason;               // with a link, where there is one
    std::string date;                 // when it was last seen, YYYY-MM-DD
};

/// Whether the text is as the pattern of a shell says, '*' standing for '/', too.
bool matches_pattern(const std::string& pattern, const std::string& text);

/// Reads a file of known divergences. Throws InputError with file:line:column.
std::vector<KnownDivergence> load_divergences(const std::filesystem::path& path);

/// The entry that says this outcome of the vector; null if there is none.
const KnownDivergence* find_divergence(const std::vector<KnownDivergence>& known,
                                       const Hello& hello, const Vector& vector, Outcome outcome);

/// Turns the known outcome into expected_failure, and a pass where this profile should have shown
/// one into unexpected_pass: the list is then to be cleaned.
void apply_divergences(const std::vector<KnownDivergence>& known, const Hello& hello,
                       RunProfile profile, const Vector& vector, VectorResult& result);

} // namespace bpf_assay::conformance
