#include "conformance/mutants/report.hpp"

#include "conformance/mutants/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace bpf_assay::conformance::mutants {
namespace {

struct Counts {
    std::size_t generated = 0, killed = 0, by_smoke = 0, equivalent = 0, survived = 0;

    void add(const Verdict& verdict) {
        ++generated;
        killed += verdict.hunt.kill ? 1 : 0;
        by_smoke += verdict.hunt.kill && verdict.hunt.kill->smoke ? 1 : 0;
        equivalent += verdict.status == Status::equivalent ? 1 : 0;
        survived += verdict.status == Status::survived ? 1 : 0;
    }
};

/// By operator, in the order of the catalogue.
std::vector<std::pair<std::string, Counts>> counts_of(std::span<const Verdict> verdicts) {
    std::vector<std::pair<std::string, Counts>> counts;
    for (const Verdict& verdict : verdicts) {
        const std::string& mutation = verdict.mutant->mutation;
        auto at =
            std::ranges::find(counts, mutation, [](const auto& entry) { return entry.first; });
        if (at == counts.end())
            at = counts.insert(at, {mutation, {}});
        at->second.add(verdict);
    }
    return counts;
}

std::string line(std::string_view name, const Counts& counts) {
    return fmt::format("{:<26} {:>9} {:>7} {:>9} {:>11} {:>9}\n", name, counts.generated,
                       counts.killed, counts.by_smoke, counts.equivalent, counts.survived);
}

nlohmann::json verdict_json(const Verdict& verdict) {
    const Hunt& hunt = verdict.hunt;
    nlohmann::json object{{"id", verdict.mutant->id},
                          {"operator", verdict.mutant->mutation},
                          {"what", verdict.mutant->what},
                          {"status", name_of(verdict.status)}};
    object["instructions"] = nlohmann::json::array();
    for (const InstructionRow* row : verdict.mutant->rows)
        object["instructions"].push_back(row->mnemonic);
    object["tried"] = {
        {"programs", hunt.programs}, {"rows", hunt.rows}, {"executions", hunt.executions}};
    if (!verdict.proof.empty())
        object["proof"] = verdict.proof;
    if (hunt.kill)
        object["killed_by"] = {{"vector", hunt.kill->vector->id},
                               {"program", hunt.kill->program},
                               {"row", hunt.kill->row},
                               {"how", hunt.kill->how},
                               {"smoke", hunt.kill->smoke}};
    return object;
}

} // namespace

std::string_view name_of(Status status) {
    switch (status) {
    case Status::killed:
        return "killed";
    case Status::equivalent:
        return "equivalent";
    case Status::survived:
        return "survived";
    case Status::wrongly_listed:
        return "killed, but listed as equivalent";
    }
    return "";
}

std::vector<Verdict> verdicts_of(std::span<const Mutant* const> mutants, std::vector<Hunt> hunts,
                                 const Equivalents& equivalents) {
    std::vector<Verdict> verdicts;
    for (std::size_t at = 0; at < mutants.size(); ++at) {
        Verdict verdict{mutants[at], std::move(hunts[at])};
        const auto listed = equivalents.find(mutants[at]->id);
        const bool killed = verdict.hunt.kill.has_value();
        if (listed != equivalents.end())
            verdict.proof = listed->second;
        if (listed == equivalents.end())
            verdict.status = killed ? Status::killed : Status::survived;
        else
            verdict.status = killed ? Status::wrongly_listed : Status::equivalent;
        verdicts.push_back(std::move(verdict));
    }
    return verdicts;
}

bool all_caught(std::span<const Verdict> verdicts, const ExtensionNames& drafts) {
    return std::ranges::all_of(verdicts, [&](const Verdict& verdict) {
        const auto& rows = verdict.mutant->rows;
        const bool is_draft = !rows.empty() && drafts.contains(rows.front()->extension);
        return verdict.status == Status::killed || verdict.status == Status::equivalent ||
               (verdict.status == Status::survived && is_draft);
    });
}

std::string score_table(std::span<const Verdict> verdicts) {
    std::string text = fmt::format("{:<26} {:>9} {:>7} {:>9} {:>11} {:>9}\n", "operator",
                                   "generated", "killed", "by smoke", "equivalent", "survived");
    for (const auto& [name, counts] : counts_of(verdicts))
        text += line(name, counts);
    Counts sum;
    for (const Verdict& verdict : verdicts)
        sum.add(verdict);
    return text + line("all", sum);
}

std::string survivor_list(std::span<const Verdict> verdicts) {
    std::string text;
    for (const Verdict& verdict : verdicts) {
        const Hunt& hunt = verdict.hunt;
        if (verdict.status == Status::survived)
            text += fmt::format("survived: {}: {}\n          {} programs, {} rows; the wrong step "
                                "ran {} times\n",
                                verdict.mutant->id, verdict.mutant->what, hunt.programs, hunt.rows,
                                hunt.executions);
        if (verdict.status == Status::wrongly_listed)
            text += fmt::format("listed as equivalent, but killed: {} by {}\n", verdict.mutant->id,
                                hunt.kill->vector->id);
    }
    return text;
}

nlohmann::json score_json(std::span<const Verdict> verdicts, std::string_view vectors_digest) {
    nlohmann::json score{
        {"format", "bpf-assay-mutants"}, {"version", 1}, {"vectors_digest", vectors_digest}};
    score["operators"] = nlohmann::json::array();
    for (const auto& [name, counts] : counts_of(verdicts))
        score["operators"].push_back({{"operator", name},
                                      {"generated", counts.generated},
                                      {"killed", counts.killed},
                                      {"killed_by_smoke", counts.by_smoke},
                                      {"equivalent", counts.equivalent},
                                      {"survived", counts.survived}});
    score["mutants"] = nlohmann::json::array();
    for (const Verdict& verdict : verdicts)
        score["mutants"].push_back(verdict_json(verdict));
    score["bugs_without_a_mutant"] = nlohmann::json::array();
    for (const UnmodelledBug& bug : unmodelled_bugs())
        score["bugs_without_a_mutant"].push_back({{"bug", bug.name}, {"why", bug.why}});
    return score;
}

} // namespace bpf_assay::conformance::mutants
