// Colours, as a terminal takes them.
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

} // namespace bpf_assay::conformance::cli
