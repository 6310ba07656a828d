#include "reports/page_data.hpp"

#include "reports/vector_yaml.hpp"

#include "conformance/caveats.hpp"
#include "conformance/extension.hpp"
#include "conformance/instruction_json.hpp"
#include "conformance/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ranges>
#include <unordered_map>

namespace bpf_assay::reports {
namespace {

using namespace conformance;
using conformance::Outcome; // the reference VM has one, too
using nlohmann::json;

constexpr std::size_t most_slots = 4096; // of a program that is shown
constexpr std::size_t most_failures = 3; // rows of a vector; a tolerated one shows one

constexpr std::array verdicts{GroupVerdict::held, GroupVerdict::held_not_executed,
                              GroupVerdict::held_with_tolerated, GroupVerdict::not_held,
                              GroupVerdict::not_tested};

/// The RFC's own titles.
constexpr std::array<std::pair<std::string_view, std::string_view>, 13> titles{{
    {"2.4", "Conformance Groups"},
    {"3", "Instruction Encoding"},
    {"4.1", "Arithmetic Instructions"},
    {"4.2", "Byte Swap Instructions"},
    {"4.3", "Jump Instructions"},
    {"4.3.1", "Helper Functions"},
    {"4.3.2", "Program-Local Functions"},
    {"5.1", "Regular Load and Store Operations"},
    {"5.2", "Sign-Extension Load Operations"},
    {"5.3", "Atomic Operations"},
    {"5.4", "64-bit Immediate Instructions"},
    {"5.5", "Legacy BPF Packet Access Instructions"},
    {"abi", "Calling convention (ABI profile)"},
}};

std::size_t code_of(Outcome outcome) {
    return static_cast<std::size_t>(outcome);
}

std::size_t code_of(GroupVerdict verdict) {
    return static_cast<std::size_t>(std::ranges::find(verdicts, verdict) - verdicts.begin());
}

json rows_json(const RowCounts& rows) {
    return {rows.total, rows.run, rows.passed, rows.not_executed};
}

/// Of an object of texts, numbers and flags: everything as text.
json facts_of(const json& hello) {
    json facts = json::object();
    if (!hello.is_object() || !hello.contains("environment") || !hello["environment"].is_object())
        return facts;
    for (const auto& [key, value] : hello["environment"].items())
        facts[key] = value.is_string() ? value.get<std::string>() : value.dump();
    return facts;
}

class Builder {
public:
    Builder(const Suite& suite, const Results& results, const coverage::Report& coverage)
        : m_suite(suite), m_results(results), m_coverage(coverage) {
        for (const Group group : conformance_groups)
            m_groups.emplace_back(name_of(group));
        m_groups.emplace_back("encoding");
        for (const auto& extension : suite.extensions)
            m_groups.push_back(extension->name);
    }

    json build(const PageHead& head, const PageExtras& extras);

private:
    json sections() const;
    /// Whether the suite has vectors of the row's extension.
    bool in_suite(const InstructionRow& row) const {
        return std::ranges::find(m_suite.extensions, row.extension, [](const auto& extension) {
                   return std::string_view(extension->name);
               }) != m_suite.extensions.end();
    }
    /// Of the conformance groups, then encodings, then extensions.
    std::size_t group_place(std::string_view name) const {
        return static_cast<std::size_t>(std::ranges::find(m_groups, name) - m_groups.begin());
    }

    json runs(const PageHead& head) const;
    json instructions();
    json clauses();
    json vector_list();
    std::vector<bool> shown_failing() const;
    json coverage_json() const;
    json runtime(const RuntimeResult& runtime);
    std::string cells(const RuntimeResult& runtime) const;
    json failures(const RuntimeResult& runtime);
    json failure(const Failure& failure, ByteOrder order);
    std::size_t program_index(const Failure& failure, ByteOrder order);
    std::size_t index_of(const Vector* vector) const {
        return static_cast<std::size_t>(vector - m_suite.vectors.data());
    }

    const Suite& m_suite;
    const Results& m_results;
    const coverage::Report& m_coverage;
    std::vector<std::string> m_groups;
    std::map<std::string_view, std::size_t> m_instructions; // by mnemonic
    std::map<std::string_view, std::size_t> m_clauses;
    std::vector<std::string> m_keys;                              // of the runtimes
    std::unordered_map<std::string, std::size_t> m_program_index; // by image and byte order
    json m_programs = json::array();
};

json Builder::sections() const {
    json list = json::array();
    for (const auto& [number, title] : titles)
        list.push_back({{"number", number}, {"title", title}});
    for (const auto& extension : m_suite.extensions)
        list.push_back({{"number", extension->name}, {"title", extension->title}});
    return list;
}

json Builder::runs(const PageHead& head) const {
    json list = json::array();
    for (const RunDescription& run : m_results.runs)
        list.push_back({{"file", head.files},
                        {"started", run.started},
                        {"seconds", run.seconds},
                        {"profile", run.profile},
                        {"strict", run.strict},
                        {"command", run.command_line},
                        {"tool", run.tool},
                        {"environment", run.environment}});
    return list;
}

json Builder::instructions() {
    std::vector<const InstructionRow*> rows;
    for (const InstructionRow& row : instruction_table())
        rows.push_back(&row);
    for (const InstructionRow& row : extension_table())
        if (in_suite(row))
            rows.push_back(&row);
    std::ranges::stable_sort(rows, {}, [](const InstructionRow* row) {
        return std::ranges::find(titles, row->section,
                                 [](const auto& title) { return title.first; });
    });
    json list = json::array();
    for (const InstructionRow* row : rows) {
        m_instructions.emplace(row->mnemonic, list.size());
        json object = instruction_json(*row);
        const auto bins =
            std::ranges::find(m_coverage.instructions, row, &coverage::InstructionReport::row);
        if (bins != m_coverage.instructions.end())
            object["bins"] = {bins->tally().hit, bins->tally().total};
        list.push_back(std::move(object));
    }
    return list;
}

json Builder::clauses() {
    json list = json::array();
    for (const auto& [id, clause] : m_suite.clauses) {
        m_clauses.emplace(id, list.size());
        json object{{"id", id}, {"section", clause.section}, {"text", clause.text}};
        if (!clause.untestable.empty())
            object["untestable"] = clause.untestable;
        list.push_back(std::move(object));
    }
    return list;
}

/// Vectors of which the page shows a failure, known ones among them.
std::vector<bool> Builder::shown_failing() const {
    std::vector<bool> failing(m_suite.vectors.size());
    for (const RuntimeResult& runtime : m_results.runtimes)
        for (std::size_t index = 0; index < runtime.vectors.size(); ++index)
            if (!runtime.results[index].failures.empty())
                failing[index_of(runtime.vectors[index])] = true;
    return failing;
}

json Builder::vector_list() {
    const std::vector<bool> failing = shown_failing();
    VectorSources sources(m_suite);
    json list = json::array();
    for (const Vector& vector : m_suite.vectors) {
        json tests = json::array(), named = json::array();
        for (const InstructionRow* row : vector.tests)
            tests.push_back(m_instructions.at(row->mnemonic));
        for (const std::string& clause : vector.clauses)
            named.push_back(m_clauses.at(clause));
        json object{{"id", vector.id},           {"kind", name_of(vector.kind)},
                    {"section", vector.section}, {"group", group_place(group_name_of(vector))},
                    {"tests", std::move(tests)}, {"clauses", std::move(named)}};
        const std::string& text = vector.kind == Kind::sweep ? vector.sweep.text : vector.text;
        if (!text.empty())
            object["statement"] = text;
        if (!vector.because.empty())
            object["because"] = vector.because;
        if (failing[index_of(&vector)])
            object["yaml"] = vector_yaml(sources, vector);
        list.push_back(std::move(object));
    }
    return list;
}

json Builder::coverage_json() const {
    json gaps = json::array();
    for (const coverage::ClauseNote& gap : m_coverage.clauses.gaps)
        gaps.push_back(gap.id);
    json object{{"clauses",
                 {{"covered", m_coverage.clauses.covered},
                  {"untestable", m_coverage.clauses.untestable.size()},
                  {"gaps", std::move(gaps)}}}};
    object["subjects"] = json::array();
    for (std::size_t subject = 0; subject < coverage::subject_count; ++subject)
        object["subjects"].push_back(name_of(static_cast<coverage::Subject>(subject)));
    auto groups = coverage::tallies_by_group(m_coverage);
    // In the order of the summary; what belongs to no group of the RFC stands behind.
    const auto place = [](const auto& group) {
        return std::ranges::find(conformance_groups, group.first,
                                 [](Group each) { return name_of(each); });
    };
    std::ranges::stable_sort(groups, {}, place);
    object["groups"] = json::array();
    for (const auto& [name, tallies] : groups) {
        json cells = json::array();
        for (const coverage::Tally& tally : tallies)
            cells.push_back(tally.total == 0 ? json() : json{tally.hit, tally.total});
        object["groups"].push_back({{"name", name}, {"cells", std::move(cells)}});
    }
    return object;
}

/// Of each runtime one: unique, and the same for the same results.
std::vector<std::string> keys_of(const Results& results) {
    std::vector<std::string> keys;
    for (const RuntimeResult& runtime : results.runtimes) {
        const std::string base = runtime.name.empty() ? runtime.title() : runtime.name;
        std::string key = base;
        for (std::size_t number = 2; std::ranges::find(keys, key) != keys.end(); ++number)
            key = fmt::format("{} #{}", base, number);
        keys.push_back(key);
    }
    return keys;
}

std::string Builder::cells(const RuntimeResult& runtime) const {
    std::string text(m_suite.vectors.size(), '.');
    for (std::size_t index = 0; index < runtime.vectors.size(); ++index) {
        const VectorResult& result = runtime.results[index];
        text[index_of(runtime.vectors[index])] = static_cast<char>(
            (result.tolerated ? 'A' : 'a') + static_cast<int>(code_of(result.outcome)));
    }
    for (const Vector* vector : runtime.switched_off)
        text[index_of(vector)] = '-';
    for (const NotOffered& left_out : runtime.not_offered)
        text[index_of(left_out.vector)] = '~';
    return text;
}

/// Runtimes often fail with the same program: each stands once.
std::size_t Builder::program_index(const Failure& failure, ByteOrder order) {
    json program = program_json(failure.slots, order);
    const std::string key = fmt::format("{} {}", order == ByteOrder::big ? "big" : "little",
                                        program["image"].get<std::string>());
    const auto [place, is_new] = m_program_index.emplace(key, m_programs.size());
    if (is_new)
        m_programs.push_back(std::move(program));
    return place->second;
}

json Builder::failure(const Failure& failure, ByteOrder order) {
    json object = seen_json(failure);
    object["outcome"] = code_of(failure.outcome);
    // A program of a megabyte would make the page one; the vector's statement says what it is.
    if (!failure.slots.empty() && failure.slots.size() <= most_slots)
        object["program_index"] = program_index(failure, order);
    return object;
}

json Builder::failures(const RuntimeResult& runtime) {
    json object = json::object();
    for (std::size_t index = 0; index < runtime.vectors.size(); ++index) {
        const VectorResult& result = runtime.results[index];
        if (result.outcome == Outcome::pass)
            continue;
        json entry{{"why", result.why}, {"rows", rows_json(result.rows)}};
        if (!is_pass(result.outcome) && !runtime.vectors[index]->policy->name.empty())
            entry["policy"] = runtime.vectors[index]->policy->name;
        if (result.failing_rows != 0)
            entry["failing"] = result.failing_rows;
        const std::size_t shown = result.tolerated ? 1 : most_failures;
        for (const Failure& each : result.failures | std::views::take(shown))
            entry["first"].push_back(failure(each, runtime.hello.byte_order));
        object[std::to_string(index_of(runtime.vectors[index]))] = std::move(entry);
    }
    return object;
}

json outcomes_json(const std::array<std::size_t, all_outcomes.size()>& by_outcome) {
    return json(by_outcome);
}

json Builder::runtime(const RuntimeResult& runtime) {
    json object{{"key", m_keys.at(static_cast<std::size_t>(&runtime - m_results.runtimes.data()))},
                {"title", runtime.title()},
                {"command", runtime.command},
                {"protocol", runtime.one_shot ? "one-shot" : "persistent"},
                {"status", name_of(runtime.status)},
                {"run", runtime.run},
                {"seconds", runtime.seconds},
                {"facts", facts_of(runtime.hello.message)},
                {"cells", cells(runtime)},
                {"failures", failures(runtime)},
                {"groups", json::array()},
                {"claims", json::array()}};
    if (!runtime.name.empty())
        object["name"] = runtime.name;
    if (!runtime.why.empty())
        object["why"] = runtime.why;
    if (!runtime.unexplained.empty())
        object["unexplained"] = runtime.unexplained;
    if (!runtime.hello.name.empty()) {
        object["version"] = runtime.hello.version;
        object["engine"] = runtime.hello.engine;
        object["byte_order"] = runtime.hello.byte_order == ByteOrder::big ? "big" : "little";
    }
    std::size_t loaded = 0, machine_code = 0;
    for (const VectorResult& result : runtime.results) {
        loaded += result.loaded_programs;
        machine_code += result.machine_code_programs;
    }
    if (machine_code != 0)
        object["machine_code"] = {machine_code, loaded};
    const auto partly = partly_because(runtime, m_results.runs.at(runtime.run), m_suite);
    object["partly"] = partly;
    object["caveats"] = caveats_of(runtime);
    const auto summaries = summarise(runtime, partly.empty(), m_suite);
    for (const std::string& group : m_groups) {
        const auto found = std::ranges::find(summaries, group, &GroupSummary::name);
        const GroupSummary summary =
            found == summaries.end() ? GroupSummary{.name = group, .rows = {}} : *found;
        object["groups"].push_back({{"verdict", code_of(summary.verdict)},
                                    {"vectors", summary.vectors},
                                    {"outcomes", outcomes_json(summary.by_outcome)},
                                    {"tolerated", summary.tolerated},
                                    {"rows", rows_json(summary.rows)}});
    }
    for (const GroupClaim& claim : claims_of(runtime, partly.empty())) {
        json because = json::array();
        for (const Blamed& blamed : claim.because)
            because.push_back({{"instructions", blamed.instructions},
                               {"outcomes", outcomes_json(blamed.by_outcome)}});
        object["claims"].push_back({{"claimed", claim.claimed},
                                    {"excluded", claim.excluded},
                                    {"verdict", code_of(claim.verdict)},
                                    {"because", std::move(because)}});
    }
    return object;
}

json Builder::build(const PageHead& head, const PageExtras& extras) {
    json page{{"format", "bpf-assay-report"},
              {"version", 1},
              {"tool", "bpf-assay " + RunDescription::this_version()},
              {"made", head.made},
              {"command", head.command_line},
              {"vectors", {{"count", m_suite.vectors.size()}, {"digest", m_suite.digest}}}};
    for (const Outcome outcome : all_outcomes)
        page["outcomes"].push_back(name_of(outcome));
    for (const GroupVerdict verdict : verdicts)
        page["verdicts"].push_back(name_of(verdict));
    page["groups"] = m_groups;
    for (const Policy& policy : policies())
        if (!policy.name.empty())
            page["policies"].push_back({{"name", policy.name}, {"reason", policy.reason}});
    page["sections"] = sections();
    page["runs"] = runs(head);
    page["instructions"] = instructions();
    page["clauses"] = clauses();
    page["vector_list"] = vector_list();
    m_keys = keys_of(m_results);
    page["runtimes"] = json::array();
    for (const RuntimeResult& each : m_results.runtimes)
        page["runtimes"].push_back(runtime(each));
    page["programs"] = std::move(m_programs);
    page["coverage"] = coverage_json();
    if (!extras.mutants.is_null())
        page["coverage"]["mutants"] = extras.mutants;
    if (extras.comparison) {
        page["comparison_notes"] = extras.comparison->notes;
        page["comparisons"] = comparison_json(*extras.comparison, m_keys);
    }
    if (!extras.trends.empty())
        page["history"] = history_json(extras.trends);
    return page;
}

} // namespace

json page_data(const Suite& suite, const Results& results, const coverage::Report& coverage,
               const PageHead& head, const PageExtras& extras) {
    return Builder(suite, results, coverage).build(head, extras);
}

} // namespace bpf_assay::reports
