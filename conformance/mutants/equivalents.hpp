// The mutants that no vector can tell from the reference VM, each with a proof.
#pragma once

#include "conformance/mutants/catalogue.hpp"

#include <filesystem>
#include <map>

namespace bpf_assay::conformance::mutants {

/// Proofs by the id of the mutant.
using Equivalents = std::map<std::string, std::string, std::less<>>;

/// Reads a file as conformance/mutants/equivalent.yaml, which describes itself, for VMs of a byte
/// order. Throws InputError with file:line:column, also for a pattern that fits no mutant.
Equivalents load_equivalents(const std::filesystem::path& path, const Mutants& mutants,
                             ByteOrder order);

} // namespace bpf_assay::conformance::mutants
