// The mutation score for people and programs.
#pragma once

#include "conformance/drafts.hpp"
#include "conformance/mutants/equivalents.hpp"
#include "conformance/mutants/hunt.hpp"

#include <nlohmann/json.hpp>

namespace bpf_assay::conformance::mutants {

enum class Status { killed, equivalent, survived, wrongly_listed };
std::string_view name_of(Status status);

/// A mutant, what became of it, and what that means.
struct Verdict {
    const Mutant* mutant = nullptr;
    Hunt hunt;
    Status status = Status::survived;
    std::string_view proof = {}; // of an equivalent
};

/// A killed mutant that is listed as equivalent is a mistake in the list.
std::vector<Verdict> verdicts_of(std::span<const Mutant* const> mutants, std::vector<Hunt> hunts,
                                 const Equivalents& equivalents);

/// Whether every mutant was caught or is equivalent. Those of drafts may survive.
bool all_caught(std::span<const Verdict> verdicts, const ExtensionNames& drafts = {});

/// One line per operator and a sum.
std::string score_table(std::span<const Verdict> verdicts);

/// Survivors with what was tried, and mutants that are listed as equivalent but were killed.
std::string survivor_list(std::span<const Verdict> verdicts);

nlohmann::json score_json(std::span<const Verdict> verdicts, std::string_view vectors_digest);

} // namespace bpf_assay::conformance::mutants
