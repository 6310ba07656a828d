#include "reports/history.hpp"

#include "conformance/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

namespace bpf_assay::reports {
namespace {

namespace fs = std::filesystem;
using conformance::InputError;
using conformance::RuntimeStatus;

/// Why the run says less than one of all vectors; empty if it does not.
std::string partial_of(const RuntimeOutcomes& runtime, std::size_t suite_size) {
    if (runtime.status != RuntimeStatus::ran)
        return fmt::format("{}: {}", name_of(runtime.status), runtime.why);
    if (runtime.shard && runtime.shard->count > 1)
        return fmt::format("shard {}/{}", runtime.shard->number, runtime.shard->count);
    if (runtime.ids.size() != suite_size)
        return fmt::format("{} of {} vectors", runtime.ids.size(), suite_size);
    return runtime.one_shot ? "one-shot plugin" : "";
}

TrendPoint point_of(const FileOutcomes& file, const RuntimeOutcomes& runtime) {
    TrendPoint point{.file = fs::path(file.file).filename().string(),
                     .started = runtime.started,
                     .tool = runtime.tool,
                     .digest = file.digest,
                     .partial = partial_of(runtime, file.vectors)};
    for (const auto& [id, outcome] : runtime.by_id) {
        if (!outcome.left_out.empty())
            continue;
        ++point.vectors;
        if (outcome.tolerated)
            ++point.tolerated;
        else
            ++point.outcomes[std::string(name_of(outcome.outcome))];
    }
    return point;
}

/// ", smoke profile, strict": what makes a run another one than those of a runtime's name.
std::string way_of(const RuntimeOutcomes& runtime) {
    std::string way;
    if (runtime.profile != "default")
        way += fmt::format(", {} profile", runtime.profile);
    if (runtime.strict)
        way += ", strict";
    return way;
}

/// Names that stand for runtimes of several machines.
std::set<std::string> shared_names(const std::vector<FileOutcomes>& files) {
    std::map<std::string, std::string> identities;
    std::set<std::string> shared;
    for (const FileOutcomes& file : files)
        for (const RuntimeOutcomes& runtime : file.runtimes) {
            if (runtime.identity.empty())
                continue; // it was not available, and said nothing
            const auto [known, fresh] = identities.emplace(runtime.base(), runtime.identity);
            if (!fresh && known->second != runtime.identity)
                shared.insert(runtime.base());
        }
    return shared;
}

} // namespace

std::vector<FileOutcomes> read_history(const std::string& folder) {
    std::error_code error;
    std::vector<fs::path> paths;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        if (it->is_regular_file())
            paths.push_back(it->path());
    if (error)
        throw InputError(fmt::format("{}: {}", folder, error.message()));
    if (paths.empty())
        throw InputError(fmt::format("{}: there are no results here", folder));
    std::ranges::sort(paths);
    std::vector<FileOutcomes> files;
    for (const fs::path& path : paths)
        files.push_back(read_outcomes(path.string()));
    return files;
}

std::vector<Trend> trends_of(std::vector<FileOutcomes> files) {
    std::ranges::stable_sort(
        files, {}, [](const FileOutcomes& file) { return file.runtimes.front().started; });
    const auto shared = shared_names(files);
    std::vector<Trend> trends;
    std::map<std::string, std::size_t> places; // in `trends`
    for (const FileOutcomes& file : files) {
        std::map<std::string, int> times; // a file may have the same runtime twice
        for (const RuntimeOutcomes& runtime : file.runtimes) {
            const std::string machine =
                shared.contains(runtime.base()) ? fmt::format(", {}", runtime.identity) : "";
            const std::string which =
                fmt::format("{}{}{}", runtime.base(), machine, way_of(runtime));
            const int number = ++times[which];
            const std::string again = number == 1 ? "" : fmt::format(" #{}", number);
            const auto [place, fresh] = places.emplace(which + again, trends.size());
            if (fresh)
                trends.emplace_back();
            Trend& trend = trends[place->second];
            // The page knows runtimes without a name by their title.
            trend.key = runtime.name.empty()
                            ? fmt::format("{}{}{}", runtime.title, way_of(runtime), again)
                            : which + again;
            trend.title = fmt::format("{}{}", runtime.title, way_of(runtime));
            trend.points.push_back(point_of(file, runtime));
        }
    }
    return trends;
}

nlohmann::json history_json(const std::vector<Trend>& trends) {
    using nlohmann::json;
    json list = json::array();
    for (const Trend& trend : trends) {
        json points = json::array();
        for (const TrendPoint& point : trend.points) {
            json entry = point.outcomes;
            entry.update({{"file", point.file},
                          {"started", point.started},
                          {"tool", point.tool},
                          {"digest", point.digest},
                          {"vectors", point.vectors},
                          {"tolerated", point.tolerated}});
            if (!point.partial.empty())
                entry["partial"] = point.partial;
            points.push_back(std::move(entry));
        }
        list.push_back({{"key", trend.key}, {"title", trend.title}, {"points", std::move(points)}});
    }
    return list;
}

} // namespace bpf_assay::reports
