#include "reports/page.hpp"

#include "reports/page_assets.hpp" // made of reports/html by embed.cmake

#include <fmt/format.h>

#include <stdexcept>

namespace bpf_assay::reports {
namespace {

/// JSON that is safe inside an element: '<' begins all that HTML could take for its own.
std::string embedded(const nlohmann::json& data) {
    const std::string json = data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    std::string text;
    text.reserve(json.size() + json.size() / 50);
    for (const char c : json) {
        if (c == '<')
            text += "\\u003c";
        else
            text += c;
    }
    return text;
}

} // namespace

std::string page(const nlohmann::json& data) {
    std::string text;
    std::string_view rest = page_template;
    // Data comes in once, and is not looked at for further places.
    for (const auto& [place, content] :
         {std::pair<std::string_view, std::string>{"<!-- assay:style -->", page_style},
          {"<!-- assay:data -->", embedded(data)},
          {"<!-- assay:scripts -->", page_scripts}}) {
        const auto at = rest.find(place);
        if (at == std::string_view::npos)
            throw std::logic_error(fmt::format("the template has no {}", place));
        text.append(rest.substr(0, at)).append(content);
        rest.remove_prefix(at + place.size());
    }
    return text.append(rest);
}

} // namespace bpf_assay::reports
