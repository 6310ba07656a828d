// RFC 9669 section 2: types, sign extension and byte swaps.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace bpf_assay {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using s8 = std::int8_t;
using s16 = std::int16_t;
using s32 = std::int32_t;
using s64 = std::int64_t;

template <class T>
concept Unsigned =
    std::same_as<T, u8> || std::same_as<T, u16> || std::same_as<T, u32> || std::same_as<T, u64>;

/// The signed type of the same width.
template <Unsigned U>
using Signed = std::make_signed_t<U>;

/// The order of bytes of the machine that runs the program (RFC 9669 sections 2.2 and 3.1).
enum class ByteOrder { little, big };

inline constexpr ByteOrder native_byte_order =
    std::endian::native == std::endian::little ? ByteOrder::little : ByteOrder::big;

/// Sign Extend (RFC 9669 section 2.3): `a` below, copies of its most significant bit above.
template <Unsigned To, Unsigned From>
    requires(sizeof(To) >= sizeof(From))
constexpr To sign_extend(From a) {
    return static_cast<To>(static_cast<Signed<To>>(static_cast<Signed<From>>(a)));
}

/// bswap16, bswap32, bswap64 (RFC 9669 section 2.2); one byte is its own swap.
template <Unsigned U>
constexpr U byte_swap(U value) {
    if constexpr (sizeof(U) == 1) {
        return value;
    } else if constexpr (sizeof(U) == 2) {
        return static_cast<U>(value << 8 | value >> 8);
    } else if constexpr (sizeof(U) == 4) {
        return (value & 0xff) << 24 | (value & 0xff00) << 8 | (value >> 8 & 0xff00) | value >> 24;
    } else {
        const auto low = static_cast<u32>(value);
        const auto high = static_cast<u32>(value >> 32);
        return static_cast<U>(byte_swap(low)) << 32 | byte_swap(high);
    }
}

/// trunc(a / n) of two's complement numbers, n != 0. MIN / -1 does not fit and wraps to MIN
/// (RFC 9669 section 4.1).
template <Unsigned U>
constexpr U truncated_quotient(U a, U n) {
    if (static_cast<Signed<U>>(n) == -1)
        return 0 - a; // undefined in C++ for MIN
    return static_cast<U>(static_cast<Signed<U>>(a) / static_cast<Signed<U>>(n));
}

/// a % n = a - n * trunc(a / n) of two's complement numbers, n != 0 (RFC 9669 section 4.1).
template <Unsigned U>
constexpr U truncated_remainder(U a, U n) {
    return a - n * truncated_quotient(a, n);
}

} // namespace bpf_assay
