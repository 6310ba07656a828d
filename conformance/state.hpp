// A vector's state in full: what it states, and sentinels for all the rest (docs/vector-format.md).
#pragma once

#include "conformance/vector.hpp"

#include <span>

namespace bpf_assay::conformance {

/// What register `number` holds where a vector does not say.
constexpr u64 register_sentinel(std::size_t number) {
    return 0x9e3779b97f4a7c15 * (static_cast<u64>(number) + 1);
}
/// Byte `at` of the memory; -16..-1 and from the size on: of the guards.
constexpr u8 memory_sentinel(s64 at) {
    return static_cast<u8>(0x5a + 37 * at);
}
/// Byte R10 + `at` of the stack.
constexpr u8 stack_sentinel(s64 at) {
    return static_cast<u8>(0xc3 + 29 * at);
}

struct FullState {
    std::array<RegisterValue, general_registers> registers;
    std::vector<u8> memory;                // guard, the vector's memory, guard
    std::array<u8, frame_size> stack = {}; // from R10 - 512 to R10 - 1
};

struct StatePair {
    FullState before;
    FullState after;
    std::vector<s64> observed; // 8-byte stack slots that are filled and compared: offsets from R10
};

/// Both states of an explicit or program vector, in the byte order of a runtime. Throws InputError
/// if the vector names so many stack slots that none is left for the lowering.
StatePair full_states(const Vector& vector, ByteOrder order);

/// Stores the `bytes.size()` low bytes of the value.
void store(std::span<u8> bytes, u64 value, ByteOrder order);
u64 load(std::span<const u8> bytes, ByteOrder order);

} // namespace bpf_assay::conformance
