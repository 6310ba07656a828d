#include "reports/merge.hpp"

#include "conformance/error.hpp"

#include "reports/run_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

namespace bpf_assay::reports {
namespace {

using namespace conformance;

/// Begins the names of what a runtime said of itself.
constexpr std::string_view in_hello = "hello";

/// What must agree in the shards of a runtime, by name. Of `hello` each value has a name.
std::map<std::string, std::string> way_of(const RunDescription& run, const RuntimeResult& runtime) {
    auto way = deciding_options(run);
    way["version of bpf-assay"] = run.tool;
    way["number of shards"] = std::to_string(run.shard ? run.shard->count : 1);
    if (runtime.status == RuntimeStatus::unavailable)
        return way;
    nlohmann::json hello = runtime.hello.message;
    if (hello.is_object())
        hello.erase("boot_seconds"); // of each start
    const nlohmann::json flat = hello.flatten();
    for (const auto& [pointer, value] : flat.items())
        way[std::string(in_hello) + pointer] = value.dump();
    return way;
}

/// A runtime's result in one file.
struct Part {
    const std::string* file;
    const RunDescription* run;
    const RuntimeResult* runtime;

    std::size_t number() const { return run->shard ? run->shard->number : 1; }
    std::size_t count() const { return run->shard ? run->shard->count : 1; }
};

void check_same_way(const Part& first, const Part& part) {
    const auto before = way_of(*first.run, *first.runtime);
    const auto now = way_of(*part.run, *part.runtime);
    std::set<std::string> names;
    for (const auto* way : {&before, &now})
        for (const auto& [name, value] : *way)
            names.insert(name);
    const auto value_in = [](const auto& way, const std::string& name) {
        const auto found = way.find(name);
        return found == way.end() ? std::string("none") : found->second;
    };
    const bool both_spoke = first.runtime->status != RuntimeStatus::unavailable &&
                            part.runtime->status != RuntimeStatus::unavailable;
    for (const std::string& name : names)
        if (const std::string one = value_in(before, name), other = value_in(now, name);
            one != other && (both_spoke || !name.starts_with(in_hello)))
            throw InputError(fmt::format("{} and {}: the shards of {} differ in {}: {} and {}",
                                         *first.file, *part.file, first.runtime->title(), name, one,
                                         other));
}

void check_parts(const std::vector<Part>& parts) {
    const Part& first = parts.front();
    std::set<std::size_t> numbers;
    for (const Part& part : parts) {
        if (part.count() == 1 && parts.size() > 1)
            throw InputError(fmt::format("{} and {}: both hold {}", *parts[0].file, *parts[1].file,
                                         part.runtime->title()));
        if (!numbers.insert(part.number()).second)
            throw InputError(fmt::format("{}: shard {}/{} of {} stands in another file, too",
                                         *part.file, part.number(), part.count(),
                                         part.runtime->title()));
        check_same_way(first, part);
    }
    for (std::size_t number = 1; number <= first.count(); ++number)
        if (!numbers.contains(number))
            throw InputError(fmt::format("shard {}/{} of {} is missing", number, first.count(),
                                         first.runtime->title()));
}

/// Which of two says more of how far a run came: what did not run is the worst.
bool is_worse(RuntimeStatus one, RuntimeStatus other) {
    return static_cast<int>(one) > static_cast<int>(other);
}

/// A runtime that was there for some shards only ran a part of the vectors: that is no runtime that
/// is not available, of which nothing is judged, and no whole run either.
std::pair<RuntimeStatus, std::string> status_in_whole(const Part& part, bool all_unavailable) {
    const RuntimeResult& runtime = *part.runtime;
    if (runtime.status != RuntimeStatus::unavailable || all_unavailable)
        return {runtime.status, runtime.why};
    return {RuntimeStatus::given_up, fmt::format("shard {}/{} was not available: {}", part.number(),
                                                 part.count(), runtime.why)};
}

RuntimeResult joined(const std::vector<Part>& parts) {
    if (parts.size() == 1)
        return *parts.front().runtime; // most files hold no shards, and many programs
    RuntimeResult whole = *parts.front().runtime;
    const bool all_unavailable = std::ranges::all_of(
        parts, [](const Part& part) { return part.runtime->status == RuntimeStatus::unavailable; });
    std::tie(whole.status, whole.why) = status_in_whole(parts.front(), all_unavailable);
    whole.seconds = 0;
    whole.unexplained.clear();
    std::vector<std::pair<const Vector*, const VectorResult*>> results;
    whole.switched_off.clear();
    whole.not_offered.clear();
    for (const Part& part : parts) {
        const RuntimeResult& runtime = *part.runtime;
        if (const auto [status, why] = status_in_whole(part, all_unavailable);
            is_worse(status, whole.status)) {
            whole.status = status;
            whole.why = why;
        }
        if (whole.hello.name.empty())
            whole.hello = runtime.hello;
        whole.seconds += runtime.seconds;
        std::ranges::copy(runtime.unexplained, std::back_inserter(whole.unexplained));
        for (std::size_t index = 0; index < runtime.vectors.size(); ++index)
            results.emplace_back(runtime.vectors[index], &runtime.results[index]);
        std::ranges::copy(runtime.switched_off, std::back_inserter(whole.switched_off));
        std::ranges::copy(runtime.not_offered, std::back_inserter(whole.not_offered));
    }
    // Vectors of a suite stand in one array, in its order.
    std::ranges::sort(results, {}, &std::pair<const Vector*, const VectorResult*>::first);
    std::ranges::sort(whole.switched_off);
    std::ranges::sort(whole.not_offered, {}, &NotOffered::vector);
    std::vector<const Vector*> vectors;
    std::vector<VectorResult> copies;
    for (const auto& [vector, result] : results) {
        vectors.push_back(vector);
        copies.push_back(*result);
    }
    whole.vectors = std::move(vectors);
    whole.results = std::move(copies);
    return whole;
}

RunDescription joined_run(const std::vector<Part>& parts) {
    RunDescription run = without_bystanders(*parts.front().run);
    run.shard.reset();
    run.seconds = 0;
    for (const Part& part : parts) {
        run.seconds += part.run->seconds;
        run.started = std::min(run.started, part.run->started);
    }
    return run;
}

/// Runs of which nothing but the times may differ are one.
std::size_t place_of(const RunDescription& run, std::vector<RunDescription>& runs) {
    const auto same = std::ranges::find_if(runs, [&](const RunDescription& other) {
        return other.command_line == run.command_line && other.selection == run.selection &&
               other.options == run.options && other.profile == run.profile &&
               other.strict == run.strict && other.tool == run.tool &&
               other.started == run.started && other.environment == run.environment;
    });
    if (same != runs.end())
        return static_cast<std::size_t>(same - runs.begin());
    runs.push_back(run);
    return runs.size() - 1;
}

/// What tells runtimes apart: two machines may have the same kernel.
std::string key_of(const RunDescription& run, const RuntimeResult& runtime) {
    return fmt::format("{}\n{}\n{}\n{}", runtime.name, runtime.command,
                       runtime.status == RuntimeStatus::unavailable ? "" : runtime.title(),
                       run.shard ? "" : run.environment.dump());
}

/// The key of another runtime with that name and command, of which this shard is missing; an
/// InputError if there are several.
std::optional<std::string> owner_of(const std::string& key, const std::vector<Part>& orphans,
                                    const std::map<std::string, std::vector<Part>>& parts) {
    const RuntimeResult& runtime = *orphans.front().runtime;
    const std::string suffix = key.substr(key.rfind('\n'));
    std::vector<std::string> owners;
    for (const auto& [other, others] : parts) {
        const Part& first = others.front();
        const bool lacks = std::ranges::none_of(others, [&](const Part& part) {
            return std::ranges::find(orphans, part.number(), &Part::number) != orphans.end();
        });
        if (first.runtime->status != RuntimeStatus::unavailable && first.run->shard && lacks &&
            first.runtime->name == runtime.name && first.runtime->command == runtime.command &&
            other.ends_with(suffix))
            owners.push_back(other);
    }
    if (owners.size() > 1)
        throw InputError(fmt::format("{}: {} was not available, and it cannot be told which of {} "
                                     "runtimes of that command it is a shard of",
                                     *orphans.front().file, runtime.title(), owners.size()));
    return owners.empty() ? std::nullopt : std::optional(owners.front());
}

/// A runtime that was not available said nothing of itself: its shards go by their command.
void adopt_unavailable(std::map<std::string, std::vector<Part>>& parts) {
    std::vector<std::string> keys;
    for (const auto& [key, these] : parts)
        if (these.front().runtime->status == RuntimeStatus::unavailable && these.front().run->shard)
            keys.push_back(key);
    for (const std::string& key : keys)
        if (const auto owner = owner_of(key, parts.at(key), parts)) {
            std::ranges::copy(parts.at(key), std::back_inserter(parts.at(*owner)));
            parts.erase(key);
        }
}

} // namespace

Results merge(const std::vector<NamedResults>& files) {
    std::vector<std::string> order;
    std::map<std::string, std::vector<Part>> parts;
    for (const NamedResults& file : files) {
        std::map<std::string, std::size_t> times; // a run may have the same runtime twice
        for (const RuntimeResult& runtime : file.results.runtimes) {
            const RunDescription& run = file.results.runs.at(runtime.run);
            const std::string base = key_of(run, runtime);
            const std::string key = fmt::format("{}\n{}", base, ++times[base]);
            if (!parts.contains(key))
                order.push_back(key);
            parts[key].push_back({&file.name, &run, &runtime});
        }
    }
    adopt_unavailable(parts);
    std::erase_if(order, [&](const std::string& key) { return !parts.contains(key); });
    Results merged;
    for (const std::string& key : order) {
        auto& these = parts[key];
        std::ranges::sort(these, {}, &Part::number);
        check_parts(these);
        RuntimeResult runtime = joined(these);
        runtime.run = place_of(joined_run(these), merged.runs);
        merged.runtimes.push_back(std::move(runtime));
    }
    return merged;
}

} // namespace bpf_assay::reports
