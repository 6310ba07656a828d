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

using Lists = std::map<std::string, std::vector<u64>>;

std::vector<std::string> texts_of(const std::vector<u64>& values) {
    std::vector<std::string> texts;
    for (const u64 value : values) {
        const auto number = static_cast<s64>(value);
        texts.push_back(number < 0 && number > -0x10000 ? std::to_string(number)
                        : value < 0x10000               ? std::to_string(value)
                                                        : fmt::format("{:#x}", value));
    }
    return texts;
}

/// The values of these keys, and of those of `rows`, may be names of lists.
constexpr std::array value_keys{"imm", "at", "offset", "values"};

void find_uses(const YAML::Node& item, const Lists& lists, std::vector<Use>& uses) {
    const auto add = [&](const YAML::Node& scalar, bool in_list) {
        if (!scalar.IsScalar())
            return;
        const auto list = lists.find(scalar.Scalar());
        if (list == lists.end())
            return;
        const auto values = texts_of(list->second);
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
    for (const char* key : value_keys)
        add_all(item[key]);
    if (const YAML::Node rows = item["rows"]; rows && rows.IsMap())
        for (const auto& entry : rows)
            add_all(entry.second);
}

/// The values of a key with every name replaced, as a list in brackets.
YAML::Node expanded(const YAML::Node& node, const Lists& lists) {
    YAML::Node values(YAML::NodeType::Sequence);
    values.SetStyle(YAML::EmitterStyle::Flow);
    const auto add = [&](const YAML::Node& scalar) {
        const auto list = lists.find(scalar.Scalar());
        if (list == lists.end())
            values.push_back(scalar.Scalar());
        else
            for (const std::string& text : texts_of(list->second))
                values.push_back(text);
    };
    if (!node.IsSequence())
        add(node);
    else
        for (const auto& scalar : node)
            add(scalar);
    return values;
}

/// The vector in one line, where it does not stand in lines of its own: its words, not its layout.
std::string line_of(const YAML::Node& item, const Lists& lists) {
    YAML::Node copy = YAML::Clone(item);
    copy.SetStyle(YAML::EmitterStyle::Flow);
    for (const char* key : value_keys)
        if (item[key])
            copy[key] = expanded(item[key], lists);
    if (const YAML::Node rows = item["rows"]; rows && rows.IsMap())
        for (const auto& entry : rows)
            copy["rows"][entry.first.Scalar()] = expanded(entry.second, lists);
    YAML::Emitter emitter;
    emitter << copy;
    return fmt::format("  - {}\n", emitter.c_str());
}

/// Whether the text means something by itself: it may use an anchor that stands elsewhere.
bool is_whole(const std::string& text) {
    try {
        YAML::Load(text);
        return true;
    } catch (const YAML::Exception&) {
        return false;
    }
}

std::string text_of(const Suite& suite, const YamlFile& file, const YAML::Node& item) {
    const auto lines = lines_of(file.bytes());
    const auto extent = extent_of(lines, item);
    if (!extent)
        return line_of(item, suite.lists);
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
    return is_whole(text) ? text : line_of(item, suite.lists);
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
