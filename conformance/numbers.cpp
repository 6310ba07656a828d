#include "conformance/numbers.hpp"

#include <fmt/format.h>

#include <cctype>
#include <charconv>

namespace bpf_assay::conformance {

std::optional<u64> parse_integer(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative)
        text.remove_prefix(1);
    const int base = text.starts_with("0x") ? 16 : 10;
    if (base == 16)
        text.remove_prefix(2);
    u64 value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size() || text.empty())
        return std::nullopt;
    if (!negative)
        return value;
    if (value > u64{1} << 63)
        return std::nullopt;
    return ~value + 1;
}

std::optional<std::vector<u8>> parse_hex(std::string_view text) {
    std::string digits;
    for (const char c : text)
        if (std::isspace(static_cast<unsigned char>(c)) == 0)
            digits += c;
    if (digits.size() % 2 != 0)
        return std::nullopt;
    std::vector<u8> bytes;
    for (std::size_t at = 0; at < digits.size(); at += 2) {
        const auto byte = parse_integer("0x" + digits.substr(at, 2));
        if (!byte)
            return std::nullopt;
        bytes.push_back(static_cast<u8>(*byte));
    }
    return bytes;
}

std::string hex_of(std::span<const u8> bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const u8 byte : bytes)
        text += fmt::format("{:02x}", byte);
    return text;
}

} // namespace bpf_assay::conformance
