// The rows of the RFC and those of extensions as one table.
#pragma once

#include "reference_vm/instructions.hpp"

namespace bpf_assay {

/// Numbers of rows: those of the RFC from 0 in the order of instruction_table(), behind them those
/// of extension_table().
std::size_t number_of(const InstructionRow& row);
const InstructionRow& row_numbered(std::size_t number);
inline constexpr std::size_t row_limit = 256; // every number is below

/// The extensions whose formulas can be executed.
ExtensionSet running_extensions();

/// The one that the row is of; of a row of the RFC, none.
ExtensionSet extension_of(const InstructionRow& row);

} // namespace bpf_assay
