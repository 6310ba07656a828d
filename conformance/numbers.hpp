// Numbers and bytes as text.
#pragma once

#include "reference_vm/numeric.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bpf_assay::conformance {

/// "0x1f", "-3", "7": two's complement of an integer from -2^63 to 2^64-1; none if it is not one.
std::optional<u64> parse_integer(std::string_view text);

/// Pairs of hex digits, white space allowed anywhere; none if it is anything else.
std::optional<std::vector<u8>> parse_hex(std::string_view text);

/// "b700..."
std::string hex_of(std::span<const u8> bytes);

} // namespace bpf_assay::conformance
