// Colours and a plugin's own words, as a terminal takes them.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace bpf_assay::conformance::cli {

inline constexpr const char* red = "31";
inline constexpr const char* green = "32";
inline constexpr const char* yellow = "33";
inline constexpr const char* bold = "1";

inline std::string paint(std::string_view text, const char* code, bool colour) {
    return colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

/// A plugin's own words, without what would move a terminal's cursor.
inline std::string printable(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            c = ' ';
    return text;
}

} // namespace bpf_assay::conformance::cli
