// The helper functions that docs/plugin-protocol.md defines, for an embedder whose programs are
// vectors: RFC 9669 leaves to the platform which functions there are.
#pragma once

#include "reference_vm/machine.hpp"

namespace bpf_assay {

/// R1 + 3 * R2 + 5 * R3 + 7 * R4 + 11 * R5, modulo 2^64.
u64 helper_mix(void* context, const std::array<u64, 5>& arguments);

/// Copies R2 bytes from R3 to R1 and returns 0. `context` is the State that runs. Beyond its memory
/// and its first frame nothing is copied, and the result is -14 (EFAULT).
u64 helper_copy(void* context, const std::array<u64, 5>& arguments);

/// Returns a number that no program can rely on.
u64 helper_unstated(void* context, const std::array<u64, 5>& arguments);

} // namespace bpf_assay
