// RFC 9669 section 2: types, sign extension and byte swaps.
#pragma once

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
concept Unsigned = std::same_as<T, u8> || std::same_as<T, u16> || std::same_as<T, u32> ||
                   std::same_as<T, u64>;

/// The order of bytes of the machine that runs the program (RFC 9669 sections 2.2 and 3.1).
enum class ByteOrder { little, big };

} // namespace bpf_assay
