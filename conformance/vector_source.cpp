#include "conformance/vector_source.hpp"

#include "conformance/yaml_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace bpf_assay::conformance {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

std::size_t indent_of(std::string_view line) {
    return std::min(line.find_first_not_of(' '), line.size());
}

bool is_blank(std::string_view line) {
    return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// A comment that stands left of the item's keys is about what follows the item.
bool is_outer_comment(std::string_view line, std::size_t dash) {
    return indent_of(line) <= dash && indent_of(line) < line.size() && line[indent_of(line)] == '#';
}

/// Lines of an item of a block sequence.
struct Extent {
    std::size_t first = 0, end = 0; // line numbers from 0
    std::size_t dash = 0;           // column
};

std::optional<Extent> extent_of(std::span<const std::string_view> lines, const YAML::Node& item) {
    const auto line = static_cast<std::size_t>(std::max(item.Mark().line, 0));
    if (line >= lines.size())
        return std::nullopt;
    Extent extent{.first = line, .dash = indent_of(lines[line])};
    if (!lines[line].substr(extent.dash).starts_with("- "))
        return std::nullopt; // a list in braces, or a dash on a line of its own
    extent.end = line + 1;
    while (extent.end < lines.size() &&
           (is_blank(lines[extent.end]) || indent_of(lines[extent.end]) > extent.dash))
        ++extent.end;
    while (is_blank(lines[extent.end - 1]) || is_outer_comment(lines[extent.end - 1], extent.dash))
        --extent.end;
    return extent;
}

/// A name of a list, where it stands.
struct Use {
    std::size_t line, column; // from 0
    std::size_t size;
    std::string values;
};

/// The scalars that may name lists: of these keys, and of those of `rows`.
void find_uses(const YAML::Node& item, const std::map<std::string, std::vector<u64>>& lists,
               std::vector<Use>& uses) {
    const auto add = [&](const YAML::Node& scalar, bool in_list) {
        if (!scalar.IsScalar())
            return;
        const auto list = lists.find(scalar.Scalar());
        if (list == lists.end())
            return;
        std::vector<std::string> values;
        for (const u64 value : list->second) {
            const auto number = static_cast<s64>(value);
            values.push_back(number < 0 && number > -0x10000 ? std::to_string(number)
                             : value < 0x10000               ? std::to_string(value)
                                                             : fmt::format("{:#x}", value));
        }
        uses.push_back({.line = static_cast<std::size_t>(scalar.Mark().line),
                        .column = static_cast<std::size_t>(scalar.Mark().column),
                        .size = scalar.Scalar().size(),
                        .values = in_list ? fmt::format("{}", fmt::join(values, ", "))
                                          : fmt::format("[{}]", fmt::join(values, ", "))});
    };
    const auto add_all = [&](const YAML::Node& node) {
        if (!node)
            return;
        add(node, false);
        if (node.IsSequence())
            for (const auto& value : node)
                add(value, true);
    };
    for (const char* key : {"imm", "at", "offset", "values"})
        add_all(item[key]);
    if (const YAML::Node rows = item["rows"]; rows && rows.IsMap())
        for (const auto& entry : rows)
            add_all(entry.second);
}

std::string text_of(const Suite& suite, const YamlFile& file, const YAML::Node& item) {
    const auto lines = lines_of(file.bytes());
    const auto extent = extent_of(lines, item);
    if (!extent)
        file.fail(item, "the vector does not stand in lines of its own");
    std::vector<Use> uses;
    find_uses(item, suite.lists, uses);
    std::string text;
    for (std::size_t number = extent->first; number < extent->end; ++number) {
        std::string line(lines[number]);
        std::erase_if(line, [](char c) { return c == '\r'; });
        // From the right, so that places stay what they are.
        for (auto use = uses.rbegin(); use != uses.rend(); ++use)
            if (use->line == number)
                line.replace(use->column, use->size, use->values);
        text += is_blank(line) ? "\n" : "  " + line.substr(extent->dash) + "\n";
    }
    return text;
}

} // namespace

VectorSources::VectorSources(const Suite& suite) : m_suite(suite) {}
VectorSources::~VectorSources() = default;

const YamlFile& VectorSources::file(const std::string& path) {
    auto& file = m_files[path];
    if (!file)
        file = std::make_unique<YamlFile>(path);
    return *file;
}

std::string VectorSources::file_with(const Vector& vector) {
    const YamlFile& source = file(*vector.location.file);
    const YAML::Node list = source.root()["vectors"];
    for (const auto& item : list)
        if (item["id"] && item["id"].IsScalar() && item["id"].Scalar() == vector.id)
            return fmt::format("section: \"{}\"\nvectors:\n{}", vector.section,
                               text_of(m_suite, source, item));
    throw InputError(
        fmt::format("{}: vector '{}' is not in it any more", *vector.location.file, vector.id));
}

} // namespace bpf_assay::conformance
