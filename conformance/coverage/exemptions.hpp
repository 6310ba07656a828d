// Bins that no vector can hit, each with a reason.
#pragma once

#include "conformance/coverage/measure.hpp"

#include <filesystem>

namespace bpf_assay::conformance::coverage {

/// "add64_reg: dst=r3 src=r4". Of an opcode that no row has: "unassigned: opcode=0x8d".
std::string bin_name(const InstructionRow* row, const std::string& bin);

/// Reasons by the name of the bin.
using Exemptions = std::map<std::string, std::string, std::less<>>;

/// Reads a file as conformance/coverage/exempt.yaml, which describes itself. Throws InputError with
/// file:line:column, also for a pattern that fits no bin.
Exemptions load_exemptions(const std::filesystem::path& path, const SuiteBins& bins);

} // namespace bpf_assay::conformance::coverage
