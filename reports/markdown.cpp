#include "reports/whole.hpp"
#include "reports/writers.hpp"

#include "conformance/claims.hpp"
#include "conformance/group_summary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bpf_assay::reports {
namespace {

using namespace conformance;

constexpr std::size_t most_divergences = 25;  // of a runtime
constexpr std::size_t longest_text = 200;     // characters
constexpr std::size_t most_bytes = 1'000'000; // GitHub takes a mebibyte

/// Text of a plugin as text: no markup, no end of the cell, one line.
std::string plain(const std::string& text) {
    std::string clean;
    for (const char c : text.substr(0, longest_text)) {
        if (c == '\n' || c == '\r')
            clean += ' ';
        else if (std::string_view("\\`*_{}[]<>()#+!|~&@").find(c) != std::string_view::npos)
            clean += fmt::format("&#{};", static_cast<int>(c));
        else if (static_cast<unsigned char>(c) >= 0x20)
            clean += c;
    }
    return clean + (text.size() > longest_text ? " ..." : "");
}

std::string sign_of(GroupVerdict verdict) {
    switch (verdict) {
    case GroupVerdict::held:
        return "held";
    case GroupVerdict::not_held:
        return "**not held**";
    case GroupVerdict::held_not_executed:
        return "not executed";
    case GroupVerdict::held_with_tolerated:
        return "held, tolerated";
    case GroupVerdict::not_tested:
        return "not tested";
    }
    return "";
}

std::string verdict_table(const Suite& suite, const Results& results) {
    std::string text = "| runtime | status |";
    for (const Group group : conformance_groups)
        text += fmt::format(" {} |", name_of(group));
    text += " divergences |\n|---|---|" + std::string();
    for (std::size_t column = 0; column <= conformance_groups.size(); ++column)
        text += "---|";
    text += "\n";
    for (const RuntimeResult& runtime : results.runtimes) {
        const auto count = std::ranges::count_if(runtime.results, diverges);
        const bool whole = is_whole(runtime, suite.vectors.size());
        text += fmt::format("| {} | {} |", plain(runtime.title()), name_of(runtime.status));
        for (const GroupClaim& claim : claims_of(runtime))
            text += fmt::format(
                " {} |", runtime.vectors.empty() ? "" : sign_of(verdict_of(claim.verdict, whole)));
        text += fmt::format(" {} |\n", count == 0 ? "" : std::to_string(count));
    }
    return text;
}

std::string divergences(const RuntimeResult& runtime) {
    std::string text;
    std::size_t count = 0;
    for (std::size_t index = 0; index < runtime.vectors.size(); ++index) {
        const Vector& vector = *runtime.vectors[index];
        const VectorResult& result = runtime.results[index];
        if (!diverges(result) || ++count > most_divergences)
            continue;
        text += fmt::format("| `{}` | {} | {} | {} |\n", vector.id, name_of(result.outcome),
                            plain(result.why), fmt::join(vector.clauses, " "));
    }
    for (const std::string& why : runtime.unexplained)
        text += fmt::format("| | crash | {} | |\n", plain(why));
    if (text.empty() && runtime.status == RuntimeStatus::ran)
        return {};
    std::string head = fmt::format("\n### {}\n\n", plain(runtime.title()));
    if (!runtime.why.empty())
        head += fmt::format("{}: {}\n\n", name_of(runtime.status), plain(runtime.why));
    if (text.empty())
        return head;
    text = head + "| vector | outcome | seen | clauses |\n|---|---|---|---|\n" + text;
    if (count > most_divergences)
        text += fmt::format("\nand {} more\n", count - most_divergences);
    return text;
}

} // namespace

std::string markdown(const Suite& suite, const Results& results) {
    std::string text = "## RFC 9669 conformance\n\n" + verdict_table(suite, results);
    for (const RuntimeResult& runtime : results.runtimes) {
        const std::string more = divergences(runtime);
        if (text.size() + more.size() > most_bytes)
            return text + "\nMore runtimes diverge; the results have them all.\n";
        text += more;
    }
    return text;
}

} // namespace bpf_assay::reports
