// Texts of others, such as a plugin's own words, as they may stand on a terminal or in a file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bpf_assay::conformance {

/// The first character of a text that is not empty. A byte that belongs to no character of UTF-8
/// is U+FFFD, and takes one byte.
struct Character {
    char32_t code = 0;
    std::size_t size = 0; // bytes
    bool valid = true;    // false: those bytes are no UTF-8
};
Character first_character(std::string_view text);

inline constexpr std::string_view replacement_character = "\xef\xbf\xbd"; // U+FFFD

/// Whether the character moves a terminal's cursor, begins a line, or turns the direction of text.
bool is_control(char32_t code);

/// The text in one line of valid UTF-8, control characters as spaces.
std::string printable(std::string_view text);

/// The first characters that fit in so many bytes, and " ..." if that is not all.
std::string shortened(std::string_view text, std::size_t most);

} // namespace bpf_assay::conformance
