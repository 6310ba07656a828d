// Vectors as YAML that the loader reads.
#pragma once

#include "conformance/vector.hpp"

#include <span>
#include <string>

namespace bpf_assay::conformance::reduction {

/// Assembly, an instruction a line, that LLVM makes the same slots of: what it has no words for is
/// written as .quad, and local functions get labels.
std::string assembly_of(std::span<const Slot> slots);

/// A register's value as the format writes it.
std::string value_text(const RegisterValue& value);
/// 12, -1, 0xffffffff: whatever is easiest to read.
std::string number_text(u64 value, std::size_t bytes = 8);
/// "u32@8: 1"
std::string cell_text(const Cell& cell);
/// "r1: 0x1, memory: {u8@0: 1}", without braces.
std::string state_text(const StatedState& state);

/// A whole file with this vector in it, of any kind but sweep; the comment stands above. What the
/// vector's `text` says is not used.
std::string yaml_of(const Vector& vector, const std::string& comment);

} // namespace bpf_assay::conformance::reduction
