#include "reports/xml_text.hpp"

#include "conformance/printable.hpp"

#include <fmt/format.h>

namespace bpf_assay::reports {

std::string xml_text(std::string_view text) {
    std::string clean;
    while (!text.empty()) {
        const auto character = conformance::first_character(text);
        const char32_t code = character.code;
        if (code < 0x20 && code != '\n' && code != '\t')
            clean += fmt::format("\\x{:02x}", static_cast<unsigned>(code));
        else if (!character.valid || code == 0xfffe || code == 0xffff)
            clean += conformance::replacement_character;
        else
            clean += text.substr(0, character.size);
        text.remove_prefix(character.size);
    }
    return clean;
}

} // namespace bpf_assay::reports
