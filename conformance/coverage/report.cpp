#include "conformance/coverage/report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bpf_assay::conformance::coverage {
namespace {

void count(const Bins& bins, const Exemptions& exemptions, InstructionReport& report) {
    Tally& tally = report.tallies[static_cast<std::size_t>(bins.subject())];
    for (std::size_t bin = 0; bin < bins.size(); ++bin) {
        std::string name = bin_name(report.row, bins.name(bin));
        const bool exempt = exemptions.contains(name);
        tally.total += exempt ? 0 : 1;
        tally.exempt += exempt ? 1 : 0;
        tally.hit += bins.hit(bin) && !exempt ? 1 : 0;
        if (bins.hit(bin) == exempt)
            (exempt ? report.hit_though_exempt : report.gaps).push_back(std::move(name));
    }
}

std::string_view name_of(const InstructionReport& report) {
    return report.row != nullptr ? report.row->mnemonic : "unassigned";
}
std::string_view group_of(const InstructionReport& report) {
    return report.row != nullptr ? group_name_of(*report.row) : "unassigned";
}

/// "12/12", or a dot where there is nothing to hit.
std::string cell(const Tally& tally) {
    return tally.total == 0 ? "." : fmt::format("{}/{}", tally.hit, tally.total);
}

constexpr int name_width = 20;
constexpr int cell_width = 13;

std::string heading(std::string_view first) {
    std::string text = fmt::format("{:<{}}", first, name_width);
    for (std::size_t i = 0; i < subject_count; ++i)
        text += fmt::format("{:>{}}", name_of(static_cast<Subject>(i)), cell_width);
    return text + fmt::format("{:>{}}\n", "all", cell_width + 2);
}

std::string line(std::string_view name, const std::array<Tally, subject_count>& tallies) {
    std::string text = fmt::format("{:<{}}", name, name_width);
    Tally all;
    for (const Tally& tally : tallies) {
        text += fmt::format("{:>{}}", cell(tally), cell_width);
        all.add(tally);
    }
    return text + fmt::format("{:>{}}\n", cell(all), cell_width + 2);
}

void add_all(std::array<Tally, subject_count>& sums,
             const std::array<Tally, subject_count>& tallies) {
    for (std::size_t i = 0; i < subject_count; ++i)
        sums[i].add(tallies[i]);
}

/// Lines by conformance group or extension, in the order of the table, and their sum.
std::string group_table(const Report& report) {
    std::array<Tally, subject_count> sum{};
    std::string text = heading("group");
    for (const auto& [name, tallies] : tallies_by_group(report)) {
        text += line(name, tallies);
        add_all(sum, tallies);
    }
    return text + line("all", sum);
}

std::string instruction_table_text(const Report& report) {
    std::string text = heading("instruction");
    for (const InstructionReport& instruction : report.instructions)
        text += line(name_of(instruction), instruction.tallies);
    return text;
}

std::string notes(std::string_view title, const std::vector<ClauseNote>& list) {
    std::string text;
    if (!list.empty())
        text = fmt::format("\n{}:\n", title);
    for (const ClauseNote& note : list)
        text += fmt::format("  {}: {}\n", note.id, note.text);
    return text;
}

using Chosen = std::function<bool(const InstructionReport&)>;

std::string bin_list(
    const Report& report, std::string_view title,
    std::vector<std::string> InstructionReport::* bins,
    const Chosen& chosen = [](const InstructionReport&) { return true; }) {
    std::string text;
    for (const InstructionReport& instruction : report.instructions)
        for (const std::string& bin : instruction.*bins) {
            if (!chosen(instruction))
                break;
            if (text.empty())
                text = fmt::format("\n{}:\n", title);
            text += fmt::format("  {}\n", bin);
        }
    return text;
}

/// Each reason once, with the number of bins that it is for.
std::string exemption_list(const Exemptions& exemptions) {
    std::map<std::string_view, std::pair<std::size_t, std::string_view>> by_reason;
    for (const auto& [name, reason] : exemptions) {
        auto& [count, first] = by_reason[reason];
        if (count++ == 0)
            first = name;
    }
    std::string text = by_reason.empty() ? "" : "\nExempt bins:\n";
    for (const auto& [reason, entry] : by_reason)
        text += fmt::format("  {} {} ({}{}): {}\n", entry.first, entry.first == 1 ? "bin" : "bins",
                            entry.second, entry.first == 1 ? "" : ", ...", reason);
    return text;
}

nlohmann::json notes_json(const std::vector<ClauseNote>& list) {
    nlohmann::json array = nlohmann::json::array();
    for (const ClauseNote& note : list)
        array.push_back({{"id", note.id}, {"text", note.text}});
    return array;
}

nlohmann::json instruction_json(const InstructionReport& report) {
    nlohmann::json object{{"instruction", name_of(report)}, {"group", group_of(report)}};
    for (std::size_t i = 0; i < subject_count; ++i) {
        const Tally& tally = report.tallies[i];
        if (tally.total + tally.exempt != 0)
            object["bins"][std::string(name_of(static_cast<Subject>(i)))] = {
                {"hit", tally.hit}, {"total", tally.total}, {"exempt", tally.exempt}};
    }
    object["gaps"] = report.gaps;
    object["hit_though_exempt"] = report.hit_though_exempt;
    return object;
}

} // namespace

void Tally::add(const Tally& other) {
    hit += other.hit;
    total += other.total;
    exempt += other.exempt;
}

Tally InstructionReport::tally() const {
    Tally sum;
    for (const Tally& tally : tallies)
        sum.add(tally);
    return sum;
}

std::vector<std::pair<std::string_view, std::array<Tally, subject_count>>>
tallies_by_group(const Report& report) {
    std::vector<std::pair<std::string_view, std::array<Tally, subject_count>>> groups;
    for (const InstructionReport& instruction : report.instructions) {
        const auto name = group_of(instruction);
        auto at = std::ranges::find(groups, name, [](const auto& group) { return group.first; });
        if (at == groups.end())
            at = groups.insert(at, {name, {}});
        add_all(at->second, instruction.tallies);
    }
    return groups;
}

bool Report::may_have_gaps(const InstructionReport& instruction) const {
    return instruction.row != nullptr && drafts.contains(instruction.row->extension);
}

bool Report::complete() const {
    return clauses.gaps.empty() && clauses.tested_although.empty() &&
           std::ranges::all_of(instructions, [this](const InstructionReport& instruction) {
               return (instruction.gaps.empty() || may_have_gaps(instruction)) &&
                      instruction.hit_though_exempt.empty();
           });
}

Report make_report(ClauseCoverage clauses, const SuiteBins& bins, Exemptions exemptions,
                   ExtensionNames drafts) {
    Report report{std::move(clauses), {}, std::move(exemptions), std::move(drafts)};
    for (const InstructionBins& instruction : bins.instructions) {
        InstructionReport counted{instruction.row, {}, {}, {}};
        for (const Axis& axis : instruction.axes)
            count(axis.bins(), report.exemptions, counted);
        count(instruction.encodings, report.exemptions, counted);
        report.instructions.push_back(std::move(counted));
    }
    InstructionReport opcodes{nullptr, {}, {}, {}};
    count(bins.opcodes, report.exemptions, opcodes);
    report.instructions.push_back(std::move(opcodes));
    return report;
}

std::string report_text(const Report& report, bool verbose) {
    const ClauseCoverage& clauses = report.clauses;
    std::string text =
        fmt::format("{} clauses: {} named by vectors, {} untestable, {} without a vector\n\n",
                    clauses.covered + clauses.untestable.size() + clauses.gaps.size(),
                    clauses.covered, clauses.untestable.size(), clauses.gaps.size());
    text += group_table(report);
    if (verbose)
        text += fmt::format("\n{}{}{}", instruction_table_text(report),
                            notes("Untestable clauses", clauses.untestable),
                            exemption_list(report.exemptions));
    text += notes("Clauses without a vector", clauses.gaps);
    text += notes("Clauses said to be untestable that a vector tests; drop the reason",
                  clauses.tested_although);
    const auto is_draft = [&](const InstructionReport& each) { return report.may_have_gaps(each); };
    text += bin_list(report, "Bins that no vector hits", &InstructionReport::gaps,
                     std::not_fn(is_draft));
    text += bin_list(report, "Bins of drafts that no vector hits; once shipped, each has to be hit",
                     &InstructionReport::gaps, is_draft);
    text += bin_list(report, "Exempt bins that a vector hits; drop the exemption",
                     &InstructionReport::hit_though_exempt);
    return text;
}

nlohmann::json report_json(const Report& report) {
    nlohmann::json object{{"format", "bpf-assay-coverage"}, {"version", 1}};
    object["clauses"] = {
        {"covered", report.clauses.covered},
        {"untestable", notes_json(report.clauses.untestable)},
        {"gaps", notes_json(report.clauses.gaps)},
        {"tested_although_untestable", notes_json(report.clauses.tested_although)}};
    object["instructions"] = nlohmann::json::array();
    for (const InstructionReport& instruction : report.instructions)
        object["instructions"].push_back(instruction_json(instruction));
    object["drafts"] = report.drafts;
    object["exempt"] = report.exemptions;
    object["complete"] = report.complete();
    return object;
}

} // namespace bpf_assay::conformance::coverage
