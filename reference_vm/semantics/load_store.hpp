// RFC 9669 sections 5.1 and 5.2: loads and stores. U is the unsigned type of the size: u8, u16, u32
// or u64. The bytes are those at src + offset or dst + offset, in any alignment; `order` is the
// byte order of the machine that runs the program.
#pragma once

#include "reference_vm/numeric.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <span>

namespace bpf_assay::semantics {

/// {MEM, <size>, LDX}    dst = *(unsigned size *) (src + offset)
template <Unsigned U>
constexpr U load(std::span<const u8, sizeof(U)> bytes, ByteOrder order) {
    std::array<u8, sizeof(U)> copy{};
    std::copy(bytes.begin(), bytes.end(), copy.begin());
    const U value = std::bit_cast<U>(copy);
    return order == native_byte_order ? value : byte_swap(value);
}

/// {MEM, <size>, ST}     *(size *) (dst + offset) = imm
/// {MEM, <size>, STX}    *(size *) (dst + offset) = src
template <Unsigned U>
constexpr void store(std::span<u8, sizeof(U)> bytes, U value, ByteOrder order) {
    const U ordered = order == native_byte_order ? value : byte_swap(value);
    const auto copy = std::bit_cast<std::array<u8, sizeof(U)>>(ordered);
    std::copy(copy.begin(), copy.end(), bytes.begin());
}

/// The same for a size that is known at run time only: 1, 2, 4 or 8 bytes.
constexpr u64 load(const u8* at, std::size_t size, ByteOrder order) {
    switch (size) {
    case 1:
        return *at;
    case 2:
        return load<u16>(std::span<const u8, 2>(at, 2), order);
    case 4:
        return load<u32>(std::span<const u8, 4>(at, 4), order);
    default:
        return load<u64>(std::span<const u8, 8>(at, 8), order);
    }
}

/// {MEMSX, <size>, LDX}  dst = *(signed size *) (src + offset)
template <Unsigned U>
constexpr u64 load_sign_extended(std::span<const u8, sizeof(U)> bytes, ByteOrder order) {
    return sign_extend<u64>(load<U>(bytes, order));
}

} // namespace bpf_assay::semantics
