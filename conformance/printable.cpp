#include "conformance/printable.hpp"

#include <array>

namespace bpf_assay::conformance {
namespace {

constexpr char32_t replacement = 0xfffd;

/// What a lead byte says: the length, the bits it gives, and the least code that needs the length.
struct Lead {
    std::size_t size;
    unsigned char mask;
    char32_t least;
};

Lead lead_of(unsigned char byte) {
    if (byte < 0x80)
        return {.size = 1, .mask = 0x7f, .least = 0};
    if ((byte & 0xe0) == 0xc0)
        return {.size = 2, .mask = 0x1f, .least = 0x80};
    if ((byte & 0xf0) == 0xe0)
        return {.size = 3, .mask = 0x0f, .least = 0x800};
    if ((byte & 0xf8) == 0xf0)
        return {.size = 4, .mask = 0x07, .least = 0x10000};
    return {.size = 0, .mask = 0, .least = 0};
}

} // namespace

Character first_character(std::string_view text) {
    constexpr Character invalid{.code = replacement, .size = 1, .valid = false};
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const Lead lead = lead_of(byte(0));
    if (lead.size == 0 || lead.size > text.size())
        return invalid;
    char32_t code = byte(0) & lead.mask;
    for (std::size_t at = 1; at < lead.size; ++at) {
        if ((byte(at) & 0xc0) != 0x80)
            return invalid;
        code = code << 6 | (byte(at) & 0x3f);
    }
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (code < lead.least || code > 0x10ffff || surrogate)
        return invalid;
    return {.code = code, .size = lead.size};
}

bool is_control(char32_t code) {
    struct Range {
        char32_t first, last;
    };
    static constexpr std::array<Range, 6> ranges{{
        {0x00, 0x1f},
        {0x7f, 0x9f},
        {0x061c, 0x061c}, // direction marks
        {0x200e, 0x200f}, // the same
        {0x2028, 0x202e}, // ends of lines and paragraphs, and embedded directions
        {0x2066, 0x2069}, // isolated directions
    }};
    for (const Range& range : ranges)
        if (code >= range.first && code <= range.last)
            return true;
    return false;
}

std::string printable(std::string_view text) {
    std::string clean;
    clean.reserve(text.size());
    while (!text.empty()) {
        const Character character = first_character(text);
        if (!character.valid)
            clean += replacement_character;
        else if (is_control(character.code))
            clean += ' ';
        else
            clean += text.substr(0, character.size);
        text.remove_prefix(character.size);
    }
    return clean;
}

std::string shortened(std::string_view text, std::size_t most) {
    if (text.size() <= most)
        return std::string(text);
    std::size_t end = 0;
    while (end + first_character(text.substr(end)).size <= most)
        end += first_character(text.substr(end)).size;
    return std::string(text.substr(0, end)) + " ...";
}

} // namespace bpf_assay::conformance
