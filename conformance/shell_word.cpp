#include "conformance/shell_word.hpp"

#include <fmt/format.h>

namespace bpf_assay::conformance {

std::string shell_word(const std::string& text) {
    static constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_/.,:=@%+-";
    static constexpr std::string_view special_in_quotes = "\"$`\\!";
    if (!text.empty() && text.find_first_not_of(plain) == std::string::npos)
        return text;
    if (text.find('\'') == std::string::npos)
        return fmt::format("'{}'", text);
    if (text.find_first_of(special_in_quotes) == std::string::npos)
        return fmt::format("\"{}\"", text);
    std::string quoted = "'";
    for (const char c : text)
        if (c == '\'')
            quoted += "'\\''";
        else
            quoted += c;
    quoted += '\'';
    return quoted;
}

} // namespace bpf_assay::conformance
