#include "reports/outcomes.hpp"

#include "conformance/error.hpp"
#include "conformance/printable.hpp"
#include "conformance/results_words.hpp"

#include "reports/run_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

namespace bpf_assay::reports {
namespace {

using conformance::InputError;
using conformance::Malformed;
using conformance::RunDescription;
using nlohmann::json;

/// What a runtime says of itself that is the same in its next version: not its version, nor that
/// of the kernel under it.
std::string identity_of(const json& hello, const json& run_environment) {
    if (!hello.is_object() || hello.empty())
        return {};
    std::vector<std::string> words;
    const auto add = [&](const json& object, const char* key) {
        if (const auto found = object.find(key); found != object.end() && found->is_string() &&
                                                 !found->get_ref<const std::string&>().empty())
            words.push_back(found->get<std::string>());
    };
    for (const char* key : {"name", "engine", "byte_order"})
        add(hello, key);
    const json environment = hello.value("environment", json::object());
    const std::size_t before = words.size();
    if (environment.is_object())
        add(environment, "machine");
    if (words.size() == before && run_environment.is_object())
        add(run_environment, "machine"); // it runs where the runner does
    if (environment.is_object())
        for (const char* key : {"program_type", "options"})
            add(environment, key);
    return fmt::format("{}", fmt::join(words, ", "));
}

void add(RuntimeOutcomes& runtime, const std::string& id, VectorOutcome outcome) {
    if (!runtime.by_id.emplace(id, std::move(outcome)).second)
        throw Malformed{fmt::format("vector '{}' stands twice", id)};
    runtime.ids.push_back(id);
}

/// "--group base32", "v/*", in sorted order.
std::vector<std::string> selection_of(const RunDescription::Arguments& selection) {
    std::vector<std::string> words;
    for (const auto& [option, values] : chosen_by(selection))
        for (const std::string& value : values)
            words.push_back(option == "ids" ? value : fmt::format("{} {}", option, value));
    std::ranges::sort(words);
    return words;
}

void add_run(RuntimeOutcomes& runtime, const json& run) {
    runtime.started = run.at("started");
    runtime.profile = run.at("profile");
    runtime.tool = run.at("tool");
    runtime.strict = run.at("strict");
    if (run.contains("shard"))
        runtime.shard = {.number = run.at("shard").at("number"),
                         .count = run.at("shard").at("count")};
    runtime.options = selection_of(run.at("selection"));
}

/// A file whose sums are not those of its vectors was changed, or cut.
void check_counts(const json& runtime) {
    std::map<std::string, std::size_t> counted, stated;
    for (const json& vector : runtime.at("vectors"))
        ++counted[vector.at("outcome").get<std::string>()];
    for (const json& group : runtime.at("groups"))
        for (const auto& [outcome, count] : group.at("outcomes").items())
            stated[outcome] += count.get<std::size_t>();
    if (counted != stated)
        throw Malformed{"its counts by group are not those of its vectors"};
}

RuntimeOutcomes runtime_from(const json& object, const json& runs) {
    RuntimeOutcomes runtime;
    runtime.title = object.at("title");
    runtime.name = object.value("name", "");
    runtime.command = object.at("command");
    runtime.one_shot = object.at("protocol") == "one-shot";
    runtime.status = conformance::status_from(object.at("status"));
    runtime.why = object.value("why", "");
    runtime.unexplained = object.value("unexplained", std::vector<std::string>{});
    const json& run = runs.at(object.at("run").get<std::size_t>());
    add_run(runtime, run);
    runtime.identity = identity_of(object.at("hello"), run.at("environment"));
    for (const json& vector : object.at("vectors"))
        add(runtime, vector.at("id"),
            {.outcome = conformance::outcome_from(vector.at("outcome")),
             .tolerated = vector.value("tolerated", false),
             .passed_rows = vector.at("rows").at("passed"),
             .total_rows = vector.at("rows").at("total")});
    for (const json& id : object.at("switched_off"))
        add(runtime, id, {.left_out = "off"});
    for (const json& entry : object.at("not_offered"))
        add(runtime, entry.at("id"),
            {.left_out =
                 fmt::format("not offered: {}", entry.at("needs").get_ref<const std::string&>())});
    check_counts(object);
    return runtime;
}

json parsed(const std::string& path) {
    if (std::filesystem::is_directory(path))
        throw InputError(fmt::format("{}: is a folder", path));
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
        throw InputError(fmt::format("{}: cannot be read", path));
    const std::string text(std::istreambuf_iterator<char>(stream), {}); // parses faster than it
    json file = json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!file.is_object() || file.value("format", json()) != "bpf-assay-results" ||
        !file.contains("runtimes") || !file["runtimes"].is_array())
        throw InputError(fmt::format("{}: is no results file of `bpf-assay run --output`", path));
    return file;
}

} // namespace

std::string VectorOutcome::text() const {
    if (!left_out.empty())
        return left_out;
    return fmt::format("{}{}", name_of(outcome), tolerated ? " (tolerated)" : "");
}

FileOutcomes read_outcomes(const std::string& path) {
    const json file = parsed(path);
    std::string where = "its head";
    try {
        conformance::check_results_version(file);
        FileOutcomes outcomes{.file = path,
                              .digest = file.at("vectors").at("digest"),
                              .vectors = file.at("vectors").at("count"),
                              .runtimes = {}};
        for (const json& runtime : file.at("runtimes")) {
            where = fmt::format(
                "runtime '{}'",
                conformance::printable(runtime.at("title").get_ref<const std::string&>()));
            outcomes.runtimes.push_back(runtime_from(runtime, file.at("runs")));
        }
        if (outcomes.runtimes.empty())
            throw Malformed{"holds no runtime"};
        return outcomes;
    } catch (const Malformed& malformed) {
        throw InputError(fmt::format("{}: {}: {}", path, where, malformed.what));
    } catch (const json::exception& error) {
        throw InputError(fmt::format("{}: {}: {}", path, where, error.what()));
    }
}

FileOutcomes outcomes_of(const std::string& name, const conformance::Suite& suite,
                         const conformance::Results& results) {
    FileOutcomes outcomes{
        .file = name, .digest = suite.digest, .vectors = suite.vectors.size(), .runtimes = {}};
    for (const conformance::RuntimeResult& result : results.runtimes) {
        const RunDescription& run = results.runs.at(result.run);
        RuntimeOutcomes& runtime = outcomes.runtimes.emplace_back();
        runtime.title = result.title();
        runtime.name = result.name;
        runtime.command = result.command;
        runtime.identity = identity_of(result.hello.message, run.environment);
        runtime.one_shot = result.one_shot;
        runtime.status = result.status;
        runtime.why = result.why;
        runtime.unexplained = result.unexplained;
        runtime.started = run.started;
        runtime.profile = run.profile;
        runtime.tool = run.tool;
        runtime.strict = run.strict;
        runtime.shard = run.shard;
        runtime.options = selection_of(run.selection);
        for (std::size_t index = 0; index < result.vectors.size(); ++index)
            add(runtime, result.vectors[index]->id,
                {.outcome = result.results[index].outcome,
                 .tolerated = result.results[index].tolerated,
                 .passed_rows = result.results[index].rows.passed,
                 .total_rows = result.results[index].rows.total});
        for (const conformance::Vector* vector : result.switched_off)
            add(runtime, vector->id, {.left_out = "off"});
        for (const conformance::NotOffered& left_out : result.not_offered)
            add(runtime, left_out.vector->id,
                {.left_out = fmt::format("not offered: {}", left_out.needs)});
    }
    return outcomes;
}

} // namespace bpf_assay::reports
