#include "reports/markdown_text.hpp"
#include "reports/writers.hpp"

#include "conformance/caveats.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bpf_assay::reports {
namespace {

using namespace conformance;

constexpr std::size_t most_divergences = 25;  // of a runtime
constexpr std::size_t most_bytes = 1'000'000; // GitHub takes a mebibyte

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
        return "not tested in full";
    }
    return "";
}

std::vector<std::string> partly_of(const Suite& suite, const Results& results,
                                   const RuntimeResult& runtime) {
    return partly_because(runtime, results.runs.at(runtime.run), suite);
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
        const auto partly = partly_of(suite, results, runtime);
        text += fmt::format("| {} | {} |", markdown_text(runtime.title()), name_of(runtime.status));
        for (const GroupClaim& claim : claims_of(runtime, partly.empty()))
            text += fmt::format(" {} |", runtime.vectors.empty() ? "" : sign_of(claim.verdict));
        text += fmt::format(" {} |\n", count == 0 ? "" : std::to_string(count));
    }
    return text;
}

/// What the verdicts of the table do not rest on, a line for each runtime that has such.
std::string caveats(const Suite& suite, const Results& results) {
    std::string text;
    for (const RuntimeResult& runtime : results.runtimes) {
        const auto partly = partly_of(suite, results, runtime);
        if (!partly.empty())
            text += fmt::format("- {}: partly tested: {}\n", markdown_text(runtime.title()),
                                markdown_text(fmt::format("{}", fmt::join(partly, "; ")), 400));
        for (const std::string& caveat : caveats_of(runtime))
            text +=
                fmt::format("- {}: {}\n", markdown_text(runtime.title()), markdown_text(caveat));
    }
    return text.empty() ? text : fmt::format("\n{}", text);
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
                            markdown_text(result.why), fmt::join(vector.clauses, " "));
    }
    for (const std::string& why : runtime.unexplained)
        text += fmt::format("| | crash | {} | |\n", markdown_text(why));
    if (text.empty() && runtime.status == RuntimeStatus::ran)
        return {};
    std::string head = fmt::format("\n### {}\n\n", markdown_text(runtime.title()));
    if (!runtime.why.empty())
        head += fmt::format("{}: {}\n\n", name_of(runtime.status), markdown_text(runtime.why));
    if (text.empty())
        return head;
    text = head + "| vector | outcome | seen | clauses |\n|---|---|---|---|\n" + text;
    if (count > most_divergences)
        text += fmt::format("\nand {} more\n", count - most_divergences);
    return text;
}

} // namespace

std::string markdown(const Suite& suite, const Results& results,
                     const std::optional<Comparison>& comparison) {
    std::string text = fmt::format("## RFC 9669 conformance\n\n{}{}", verdict_table(suite, results),
                                   caveats(suite, results));
    if (comparison)
        text += fmt::format("\n## What changed since {}\n\n{}", markdown_text(comparison->before),
                            comparison_text(*comparison, true));
    for (const RuntimeResult& runtime : results.runtimes) {
        const std::string more = divergences(runtime);
        if (text.size() + more.size() > most_bytes)
            return text + "\nMore runtimes diverge; the results have them all.\n";
        text += more;
    }
    return text;
}

} // namespace bpf_assay::reports
