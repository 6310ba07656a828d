#include "reports/markdown_text.hpp"

#include "conformance/printable.hpp"

#include <fmt/format.h>

namespace bpf_assay::reports {

std::string markdown_text(std::string_view text, std::size_t longest) {
    constexpr std::string_view markup = "\\`*_{}[]<>()#+!|~&@";
    std::string clean;
    for (const char c : conformance::printable(conformance::shortened(text, longest))) {
        if (markup.find(c) != std::string_view::npos)
            clean += fmt::format("&#{};", static_cast<int>(c));
        else
            clean += c;
    }
    return clean;
}

} // namespace bpf_assay::reports
