#include "reports/page.hpp"

#include "reports/page_assets.hpp" // made of reports/html by embed.cmake

#include <fmt/format.h>

#include <openssl/evp.h>
#include <zlib.h>

#include <new>
#include <stdexcept>
#include <vector>

namespace bpf_assay::reports {
namespace {

/// The data as the page unpacks it: JSON, compressed (RFC 1950), in base64. Programs and states of
/// rows repeat so much that it becomes a tenth, and nothing in it can be taken for markup.
std::string embedded(const nlohmann::json& data) {
    const std::string json = data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    uLongf size = compressBound(json.size());
    std::vector<unsigned char> bytes(size);
    if (compress2(bytes.data(), &size, reinterpret_cast<const Bytef*>(json.data()), json.size(),
                  Z_BEST_COMPRESSION) != Z_OK)
        throw std::bad_alloc();
    std::string text((size + 2) / 3 * 4 + 1, '\0');
    text.resize(static_cast<std::size_t>(EVP_EncodeBlock(
        reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(size))));
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
