// The local functions of a vector's instructions, which may have to stand behind its epilogue: a
// verifier can insist that no function lies between two parts of another.
#pragma once

#include "reference_vm/encoding.hpp"

#include <span>

namespace bpf_assay::conformance {

/// The slot at which the local functions begin that follow everything else. Up to it, all jumps
/// stay in front or go to the end of the body, and none falls through; behind it, all stay behind.
/// body.size() if the body has no functions, or does not fall into two such parts.
std::size_t functions_begin(std::span<const Slot> body);

/// Adapts the slots in front of the functions to a gap of `gap` slots between the two parts: calls
/// go beyond it, and jumps to the end of the body (slot `body_size`) to its start. Changes nothing
/// where the part is the whole body.
void part_functions(std::span<Slot> front, std::size_t body_size, std::size_t gap);

} // namespace bpf_assay::conformance
