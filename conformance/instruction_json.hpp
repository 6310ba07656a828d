// A row of the instruction table as JSON: for generators, and for the report.
#pragma once

#include "reference_vm/instructions.hpp"

#include <nlohmann/json.hpp>

namespace bpf_assay::conformance {

/// Fields are "any", "unused", or the one number that they may have.
nlohmann::json instruction_json(const InstructionRow& row);

} // namespace bpf_assay::conformance
