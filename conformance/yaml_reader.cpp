#include "conformance/yaml_reader.hpp"

#include "conformance/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

namespace bpf_assay::conformance {

std::string Location::text() const {
    return fmt::format("{}:{}:{}", *file, line, column);
}

YamlFile::YamlFile(const std::filesystem::path& path)
    : m_name(std::make_shared<const std::string>(path.string())) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
        throw InputError(fmt::format("{}: cannot be read", *m_name));
    m_bytes.assign(std::istreambuf_iterator<char>(stream), {});
    std::istringstream lines(m_bytes);
    for (std::string line; std::getline(lines, line);)
        m_lines.push_back(line);
    try {
        const auto documents = YAML::LoadAll(m_bytes);
        if (documents.size() > 1)
            fail(documents[1], "a second document, which nobody would read");
        m_root = documents.empty() ? YAML::Node() : documents[0];
    } catch (const YAML::Exception& error) {
        throw InputError(fmt::format("{}:{}:{}: {}", *m_name, error.mark.line + 1,
                                     error.mark.column + 1, error.msg));
    }
}

Location YamlFile::location_of(const YAML::Node& node) const {
    const YAML::Mark mark = node.Mark();
    return {.file = m_name,
            .line = static_cast<std::size_t>(std::max(mark.line, 0)) + 1,
            .column = static_cast<std::size_t>(std::max(mark.column, 0)) + 1};
}

void YamlFile::fail(const YAML::Node& node, const std::string& message) const {
    throw InputError(location_of(node).text() + ": " + message);
}

void YamlFile::expect_map(const YAML::Node& node, std::string_view what,
                          std::initializer_list<std::string_view> allowed) const {
    if (!node.IsMap())
        fail(node, fmt::format("expected {}: a map", what));
    std::set<std::string> seen;
    for (const auto& entry : node) {
        const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
        if (!seen.insert(key).second)
            fail(entry.first, fmt::format("key '{}' stands twice in {}", key, what));
        if (allowed.size() != 0 && std::ranges::find(allowed, key) == allowed.end())
            fail(entry.first, fmt::format("unknown key '{}' in {}; expected one of: {}", key, what,
                                          fmt::join(allowed, ", ")));
    }
}

void YamlFile::expect_sequence(const YAML::Node& node, std::string_view what) const {
    if (!node.IsSequence())
        fail(node, fmt::format("expected {}: a list", what));
}

YAML::Node YamlFile::required(const YAML::Node& map, const char* key) const {
    const YAML::Node node = map[key];
    if (!node)
        fail(map, fmt::format("key '{}' is missing", key));
    return node;
}

std::string YamlFile::text(const YAML::Node& node, std::string_view what) const {
    if (!node.IsScalar())
        fail(node, fmt::format("expected {}: a text", what));
    return node.Scalar();
}

bool YamlFile::flag(const YAML::Node& node, std::string_view what) const {
    const std::string value = text(node, what);
    if (value != "true" && value != "false")
        fail(node, fmt::format("'{}' is not true or false", value));
    return value == "true";
}

u64 YamlFile::integer(const YAML::Node& node, std::string_view what) const {
    const auto value = parse_integer(text(node, what));
    if (!value)
        fail(node, fmt::format("'{}' is not {}: expected an integer of at most 64 bits, decimal or "
                               "0x...",
                               node.Scalar(), what));
    return *value;
}

s64 YamlFile::integer_between(const YAML::Node& node, std::string_view what, s64 low,
                              s64 high) const {
    const auto value = static_cast<s64>(integer(node, what));
    if (value < low || value > high)
        fail(node, fmt::format("{} is {}; expected {} to {}", what, value, low, high));
    return value;
}

std::vector<u8> YamlFile::hex_bytes(const YAML::Node& node, std::string_view what) const {
    auto bytes = parse_hex(text(node, what));
    if (!bytes)
        fail(node,
             fmt::format("'{}' is not {}: expected pairs of hex digits", node.Scalar(), what));
    return std::move(*bytes);
}

Location YamlFile::inside(const YAML::Node& scalar, std::size_t line, std::size_t column) const {
    Location location = location_of(scalar);
    const std::string& first = m_lines.at(location.line - 1);
    const bool block = location.column <= first.size() &&
                       (first[location.column - 1] == '|' || first[location.column - 1] == '>');
    location.line += block ? line : line - 1;
    if (location.line > m_lines.size())
        return location_of(scalar);

    std::istringstream text(scalar.Scalar());
    std::string text_line;
    for (std::size_t i = 0; i < line; ++i)
        std::getline(text, text_line);
    const std::size_t from = block || line > 1 ? 0 : location.column - 1;
    const std::size_t start = m_lines[location.line - 1].find(text_line, from);
    if (start != std::string::npos)
        location.column = start + column + 1;
    return location;
}

} // namespace bpf_assay::conformance
