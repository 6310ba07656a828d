#include "gate/writers.hpp"

#include "reports/markdown_text.hpp"
#include "reports/xml_text.hpp"

#include "conformance/printable.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pugixml.hpp>

#include <algorithm>
#include <sstream>

namespace bpf_assay::gate {
namespace {

using conformance::printable;
using reports::markdown_text;
using reports::xml_text;

constexpr std::size_t most_annotations = 9;   // GitHub keeps 10 of a kind for a step
constexpr std::size_t most_bytes = 1'000'000; // GitHub takes a mebibyte as a summary
constexpr std::size_t most_detailed = 50;     // findings of one cause with all that was seen
constexpr std::size_t longest_text = 1000;    // bytes

std::string title_of(const Finding& finding) {
    std::string title(name_of(finding.cause));
    if (finding.is_flaky())
        title += ", flaky";
    return title;
}

/// What came out when it was run again; empty if it was not.
std::string again_text(const Finding& finding) {
    if (finding.again.empty())
        return {};
    return finding.is_flaky()
               ? fmt::format("flaky: {} first, then {}", finding.outcome,
                             fmt::join(finding.again, ", "))
               : fmt::format("the same when it was run again ({} times)", finding.again.size());
}

std::string subject_of(const Finding& finding) {
    if (!finding.id.empty())
        return finding.id;
    if (!finding.runtime.empty())
        return finding.runtime;
    return finding.location.empty() ? "the results" : finding.location;
}

std::string ending(const Judgement& judgement) {
    const Counts& counts = judgement.counts;
    std::string sums =
        fmt::format("{} vectors: {} pass, {} tolerated, {} diverge as before", counts.vectors,
                    counts.passed, counts.tolerated, counts.unchanged);
    if (!judgement.has_baseline)
        sums = fmt::format("{} vectors: {} pass, {} tolerated, {} diverge, which the next run is "
                           "held against",
                           counts.vectors, counts.passed, counts.tolerated, counts.unchanged);
    const auto flaky = std::ranges::count_if(judgement.findings, &Finding::is_flaky);
    return fmt::format(
        "{}\n{}", sums,
        judgement.is_open()
            ? std::string("The gate is open.")
            : fmt::format("The gate is shut: {} {}{}.", judgement.findings.size(),
                          judgement.findings.size() == 1 ? "finding" : "findings",
                          flaky == 0 ? std::string() : fmt::format(", {} of them flaky", flaky)));
}

std::string details(const Finding& finding, std::string_view indent) {
    std::string lines;
    const auto add = [&](const std::string& line) {
        lines += fmt::format("{}{}\n", indent, printable(line));
    };
    for (const std::string& line : finding.seen)
        add(line);
    for (const std::string& line : finding.clauses)
        add(line);
    if (const std::string line = again_text(finding); !line.empty())
        add(line);
    if (!finding.location.empty())
        add(finding.location);
    if (!finding.reproduce.empty())
        add(finding.reproduce);
    return lines;
}

} // namespace

std::string text(const Judgement& judgement) {
    std::string lines;
    for (const std::string& note : judgement.notes)
        lines += fmt::format("note: {}\n", printable(note));
    std::size_t of_cause = 0;
    for (std::size_t index = 0; index < judgement.findings.size(); ++index) {
        const Finding& finding = judgement.findings[index];
        of_cause =
            index != 0 && judgement.findings[index - 1].cause == finding.cause ? of_cause + 1 : 0;
        lines += fmt::format("{}: {}\n", title_of(finding), printable(subject_of(finding)));
        if (!finding.id.empty())
            lines += fmt::format("    {}\n", printable(finding.runtime));
        lines +=
            fmt::format("    {}\n", conformance::shortened(printable(finding.text), longest_text));
        if (of_cause < most_detailed)
            lines += details(finding, "    ");
    }
    return fmt::format("{}{}{}\n", lines, lines.empty() ? "" : "\n", ending(judgement));
}

std::string markdown(const Judgement& judgement) {
    std::string page = fmt::format("## The gate is {}\n\n", judgement.is_open() ? "open" : "shut");
    page += fmt::format("{}\n", markdown_text(ending(judgement)));
    for (const std::string& note : judgement.notes)
        page += fmt::format("\n> {}\n", markdown_text(note, longest_text));
    if (judgement.findings.empty())
        return page;
    page += "\n| why | vector or runtime | what | clauses | again |\n|---|---|---|---|---|\n";
    std::string commands;
    std::size_t left = judgement.findings.size();
    for (const Finding& finding : judgement.findings) {
        const std::string row = fmt::format(
            "| {} | {} | {} | {} | {} |\n", title_of(finding), markdown_text(subject_of(finding)),
            markdown_text(finding.text, longest_text),
            markdown_text(fmt::format("{}", fmt::join(finding.clauses, " ")), longest_text),
            markdown_text(again_text(finding)));
        std::string command;
        if (!finding.reproduce.empty()) // indented: as it stands
            command = fmt::format("    {}\n", printable(finding.reproduce));
        if (page.size() + commands.size() + row.size() + command.size() > most_bytes)
            break;
        page += row;
        commands += command;
        --left;
    }
    if (left != 0)
        page += fmt::format("\nand {} more findings, for which there is no room here\n", left);
    if (!commands.empty())
        page += fmt::format("\nTo see it:\n\n{}", commands);
    return page;
}

std::string junit(const Judgement& judgement) {
    pugi::xml_document document;
    pugi::xml_node suite = document.append_child("testsuites").append_child("testsuite");
    const auto failures = judgement.findings.size();
    suite.append_attribute("name") = "bpf-assay gate";
    suite.append_attribute("tests") = failures + 1;
    suite.append_attribute("failures") = failures + (judgement.is_open() ? 0 : 1);
    suite.append_attribute("errors") = 0;
    suite.append_attribute("skipped") = 0;
    suite.append_attribute("time") = "0";
    const auto add_case = [&](const std::string& kind, const std::string& name) {
        pugi::xml_node test = suite.append_child("testcase");
        test.append_attribute("classname") = kind.c_str();
        test.append_attribute("name") = xml_text(name).c_str();
        test.append_attribute("time") = "0";
        return test;
    };
    const auto fail = [](pugi::xml_node test, const std::string& message, const std::string& more) {
        pugi::xml_node failure = test.append_child("failure");
        failure.append_attribute("message") = xml_text(message).c_str();
        if (!more.empty())
            failure.text().set(xml_text(more).c_str());
    };
    pugi::xml_node gate = add_case("gate", "the gate is open");
    if (!judgement.is_open())
        fail(gate, ending(judgement), {});
    for (const Finding& finding : judgement.findings)
        fail(add_case(fmt::format("gate.{}", name_of(finding.cause)),
                      finding.id.empty() ? subject_of(finding)
                                         : fmt::format("{} on {}", finding.id, finding.runtime)),
             fmt::format("{}: {}", title_of(finding), finding.text), details(finding, ""));
    std::ostringstream stream;
    document.save(stream, " ");
    return stream.str();
}

namespace {

/// A workflow command ends with its line; these are GitHub's own escapes.
std::string escaped(std::string_view text, bool is_property) {
    std::string clean;
    for (const char c : text)
        if (c == '%' || c == '\r' || c == '\n' || (is_property && (c == ':' || c == ',')))
            clean += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        else
            clean += c;
    return clean;
}

std::string annotation(const Finding& finding) {
    const std::string title =
        printable(fmt::format("{}: {}", title_of(finding), subject_of(finding)));
    const std::string message = fmt::format(
        "{}{}\n{}",
        finding.id.empty() ? std::string() : fmt::format("{}: ", printable(finding.runtime)),
        printable(finding.text), details(finding, ""));
    return fmt::format("::error title={}::{}\n", escaped(title, true), escaped(message, false));
}

} // namespace

std::string github(const Judgement& judgement, const std::string& token) {
    const std::size_t all = judgement.findings.size();
    std::string lines = fmt::format("::stop-commands::{0}\n{1}::{0}::\n", token, text(judgement));
    if (all > most_annotations)
        lines += fmt::format("::error title=bpf-assay gate::{} findings, of which the first {} are "
                             "annotations\n",
                             all, most_annotations);
    for (std::size_t index = 0; index < std::min(all, most_annotations); ++index)
        lines += annotation(judgement.findings[index]);
    if (!judgement.has_baseline)
        lines += "::warning title=bpf-assay gate::There was no baseline: nothing was compared.\n";
    return lines;
}

} // namespace bpf_assay::gate
