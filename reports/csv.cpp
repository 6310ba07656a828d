#include "reports/writers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace bpf_assay::reports {
namespace {

using namespace conformance;

/// RFC 4180; a text that a spreadsheet would take for a formula is no number either.
std::string field(std::string text) {
    if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos)
        text = fmt::format("'{}", text);
    if (text.find_first_of(",\"\r\n") == std::string::npos)
        return text;
    std::string quoted = "\"";
    for (const char c : text)
        quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    quoted += '"';
    return quoted;
}

std::string outcome_text(const VectorResult& result) {
    return fmt::format("{}{}", name_of(result.outcome), result.tolerated ? " (tolerated)" : "");
}

} // namespace

std::string csv(const Results& results) {
    std::map<const Vector*, std::vector<std::string>> lines; // in the order of the suite
    const std::size_t columns = results.runtimes.size();
    std::string text = "vector,section,group";
    for (std::size_t column = 0; column < columns; ++column) {
        const RuntimeResult& runtime = results.runtimes[column];
        text += fmt::format(",{}", field(runtime.title()));
        const auto put = [&](const Vector* vector, std::string outcome) {
            auto& line = lines[vector];
            line.resize(columns);
            line[column] = std::move(outcome);
        };
        for (std::size_t index = 0; index < runtime.vectors.size(); ++index)
            put(runtime.vectors[index], outcome_text(runtime.results[index]));
        for (const Vector* vector : runtime.switched_off)
            put(vector, "off");
        for (const NotOffered& left_out : runtime.not_offered)
            put(left_out.vector, fmt::format("not offered: {}", left_out.needs));
    }
    text += "\r\n";
    for (const auto& [vector, outcomes] : lines) {
        text += fmt::format("{},{},{}", vector->id, vector->section, group_name_of(*vector));
        for (const std::string& outcome : outcomes)
            text += fmt::format(",{}", field(outcome));
        text += "\r\n";
    }
    return text;
}

} // namespace bpf_assay::reports
