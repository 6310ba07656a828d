#include "reports/writers.hpp"
#include "reports/xml_text.hpp"

#include "conformance/caveats.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pugixml.hpp>

#include <cctype>
#include <set>
#include <sstream>

namespace bpf_assay::reports {
namespace {

using namespace conformance;

/// Tells badges of this program from other files of a folder: those of an earlier report are
/// removed.
constexpr const char* badge_marker = " a badge of bpf-assay report ";
constexpr std::size_t most_before_marker = 100; // bytes

/// Colours with white text on them at a contrast of 4.5 and more.
const char* colour_of(GroupVerdict verdict) {
    switch (verdict) {
    case GroupVerdict::held:
        return "#1a7f37";
    case GroupVerdict::not_held:
        return "#b3261e";
    case GroupVerdict::held_not_executed:
    case GroupVerdict::held_with_tolerated:
        return "#806000";
    case GroupVerdict::not_tested:
        return "#57606a";
    }
    return "";
}

/// About how wide the text is in a font of 11 pixels.
int width_of(std::string_view text) {
    return static_cast<int>(text.size()) * 7 + 12;
}

std::string badge(const std::string& label, const std::string& word, GroupVerdict verdict,
                  const std::string& explanation) {
    const int left = width_of(label), right = width_of(word);
    pugi::xml_document document;
    document.append_child(pugi::node_comment).set_value(badge_marker);
    pugi::xml_node svg = document.append_child("svg");
    svg.append_attribute("xmlns") = "http://www.w3.org/2000/svg";
    svg.append_attribute("width") = left + right;
    svg.append_attribute("height") = 20;
    svg.append_attribute("role") = "img";
    svg.append_attribute("aria-label") = fmt::format("{}: {}", label, word).c_str();
    svg.append_child("title").text().set(fmt::format("{}: {}{}", label, word, explanation).c_str());
    const auto half = [&](int at, int width, const char* colour, const std::string& text) {
        pugi::xml_node box = svg.append_child("rect");
        box.append_attribute("x") = at;
        box.append_attribute("width") = width;
        box.append_attribute("height") = 20;
        box.append_attribute("fill") = colour;
        pugi::xml_node words = svg.append_child("text");
        words.append_attribute("x") = at + width / 2;
        words.append_attribute("y") = 14;
        words.append_attribute("fill") = "#fff";
        words.append_attribute("text-anchor") = "middle";
        words.append_attribute("font-family") = "Verdana,DejaVu Sans,sans-serif";
        words.append_attribute("font-size") = 11;
        words.append_attribute("textLength") = width - 12;
        words.text().set(text.c_str());
    };
    half(0, left, "#444c56", label);
    half(left, right, colour_of(verdict), word);
    std::ostringstream stream;
    document.save(stream, "", pugi::format_raw | pugi::format_no_declaration);
    return stream.str() + "\n";
}

/// What a badge says of a group, in the word of the group's verdict unless it tells too little.
std::string word_of(GroupVerdict verdict, const std::vector<std::string>& partly) {
    return verdict == GroupVerdict::not_tested && !partly.empty() ? "partly tested"
                                                                  : std::string(name_of(verdict));
}

/// A name for a file: what is no letter, digit, dot or hyphen becomes a hyphen.
std::string file_name(const std::string& text) {
    std::string name;
    for (const char c : text)
        name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' ? c : '-';
    return name.substr(0, 100);
}

} // namespace

std::vector<std::pair<std::string, std::string>> badges(const Suite& suite,
                                                        const Results& results) {
    std::vector<std::pair<std::string, std::string>> files;
    std::set<std::string> used;
    for (const RuntimeResult& runtime : results.runtimes) {
        const std::string base = file_name(runtime.name.empty() ? runtime.title() : runtime.name);
        std::string name = base;
        for (int number = 2; !used.insert(name).second; ++number)
            name = fmt::format("{}-{}", base, number);
        const auto partly =
            partly_because(runtime, results.runs.at(runtime.run), suite.vectors.size());
        const std::string explanation =
            partly.empty() ? ""
                           : xml_text(fmt::format(" (partly tested: {})", fmt::join(partly, "; ")));
        for (const GroupClaim& claim : claims_of(runtime, partly.empty())) {
            const std::string group(bpf_assay::name_of(claim.group));
            const std::string word = runtime.status == RuntimeStatus::unavailable
                                         ? "not available"
                                         : word_of(claim.verdict, partly);
            files.emplace_back(fmt::format("{}-{}.svg", name, group),
                               badge(group, word, claim.verdict, explanation));
        }
    }
    return files;
}

bool is_badge(std::string_view svg) {
    return svg.substr(0, most_before_marker).find(badge_marker) != std::string_view::npos;
}

} // namespace bpf_assay::reports
