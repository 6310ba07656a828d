#include "reports/compare.hpp"

#include "conformance/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>

namespace bpf_assay::reports {
namespace {

using conformance::InputError;
using nlohmann::json;

constexpr std::size_t most_shown = 50; // of one kind of change

struct Entry {
    std::string text;
    bool diverges = false;
};

/// A runtime's outcomes in the order of the file.
struct Side {
    std::string title;
    std::vector<std::string> ids;
    std::map<std::string, Entry> by_id;
};

json read(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    const json file = json::parse(stream, nullptr, /*allow_exceptions=*/false);
    if (!file.is_object() || file.value("format", json()) != "bpf-assay-results" ||
        !file.contains("runtimes") || !file["runtimes"].is_array())
        throw InputError(fmt::format("{}: is no results file of `bpf-assay run --output`", path));
    return file;
}

Entry entry_of(const json& vector) {
    static constexpr std::array<std::string_view, 4> fine{"pass", "pass, not executed", "not run",
                                                          "expected-failure"};
    const std::string outcome = vector.at("outcome");
    const bool tolerated = vector.value("tolerated", false);
    return {.text = tolerated ? outcome + " (tolerated)" : outcome,
            .diverges = !tolerated && std::ranges::find(fine, outcome) == fine.end()};
}

/// By what tells a runtime from others of the same file.
std::map<std::string, Side> sides_of(const json& file, std::vector<std::string>& order) {
    std::map<std::string, Side> sides;
    for (const json& runtime : file.at("runtimes")) {
        const std::string base = runtime.value("name", runtime.at("command").get<std::string>());
        std::string key = base;
        for (int number = 2; sides.contains(key); ++number)
            key = fmt::format("{} #{}", base, number);
        Side& side = sides[key];
        side.title = runtime.at("title");
        for (const json& vector : runtime.at("vectors")) {
            const std::string id = vector.at("id");
            side.ids.push_back(id);
            side.by_id[id] = entry_of(vector);
        }
        if (std::ranges::find(order, key) == order.end())
            order.push_back(key);
    }
    return sides;
}

RuntimeComparison compare_sides(const Side& before, const Side& after) {
    RuntimeComparison comparison{.before = before.title, .after = after.title};
    for (const std::string& id : after.ids) {
        const Entry& now = after.by_id.at(id);
        const auto then = before.by_id.find(id);
        if (then == before.by_id.end()) {
            comparison.appeared.push_back({id, "", now.text});
            continue;
        }
        if (then->second.text == now.text)
            continue;
        auto& list = now.diverges && !then->second.diverges   ? comparison.regressed
                     : !now.diverges && then->second.diverges ? comparison.fixed
                                                              : comparison.changed;
        list.push_back({id, then->second.text, now.text});
    }
    for (const std::string& id : before.ids)
        if (!after.by_id.contains(id))
            comparison.gone.push_back({id, before.by_id.at(id).text, ""});
    return comparison;
}

std::string list_text(const char* what, const std::vector<Change>& changes, bool markdown) {
    if (changes.empty())
        return {};
    std::string text = markdown ? fmt::format("\n**{}: {}**\n\n", what, changes.size())
                                : fmt::format("  {}: {}\n", what, changes.size());
    for (std::size_t index = 0; index < std::min(changes.size(), most_shown); ++index) {
        const Change& change = changes[index];
        const std::string arrow = change.before.empty()  ? change.after
                                  : change.after.empty() ? change.before
                                                         : change.before + " -> " + change.after;
        text += markdown ? fmt::format("- `{}`: {}\n", change.id, arrow)
                         : fmt::format("    {:<40} {}\n", change.id, arrow);
    }
    if (changes.size() > most_shown)
        text +=
            fmt::format("{}and {} more\n", markdown ? "\n" : "    ", changes.size() - most_shown);
    return text;
}

/// A title may hold what Markdown takes for markup.
std::string title_text(const std::string& title, bool markdown) {
    if (!markdown)
        return title;
    std::string text;
    for (const char c : title)
        text += std::string_view("\\`*_[]<>#|&@").find(c) != std::string_view::npos
                    ? fmt::format("&#{};", static_cast<int>(c))
                    : std::string(1, c == '\n' ? ' ' : c);
    return text;
}

} // namespace

bool Comparison::is_worse() const {
    return std::ranges::any_of(runtimes, [](const RuntimeComparison& runtime) {
        return runtime.after.empty() || !runtime.regressed.empty() || !runtime.gone.empty() ||
               std::ranges::any_of(runtime.changed,
                                   [](const Change& change) { return change.after == "not run"; });
    });
}

Comparison compare(const std::string& old_file, const std::string& new_file) {
    const json before = read(old_file), after = read(new_file);
    Comparison comparison;
    std::string at = old_file;
    try {
        std::vector<std::string> order;
        auto old_sides = sides_of(before, order);
        at = new_file;
        auto new_sides = sides_of(after, order);
        comparison.same_vectors =
            before.at("vectors").at("digest") == after.at("vectors").at("digest");
        if (old_sides.size() == 1 && new_sides.size() == 1) {
            comparison.runtimes.push_back(
                compare_sides(old_sides.begin()->second, new_sides.begin()->second));
            return comparison;
        }
        for (const std::string& key : order) {
            const auto then = old_sides.find(key), now = new_sides.find(key);
            if (now == new_sides.end())
                comparison.runtimes.push_back({.before = then->second.title, .after = {}});
            else if (then == old_sides.end())
                comparison.runtimes.push_back({.before = {}, .after = now->second.title});
            else
                comparison.runtimes.push_back(compare_sides(then->second, now->second));
        }
    } catch (const json::exception& error) {
        throw InputError(fmt::format("{}: {}", at, error.what()));
    }
    return comparison;
}

std::string comparison_text(const Comparison& comparison, bool markdown) {
    std::string text;
    if (!comparison.same_vectors)
        text += "The results are about different versions of the vectors.\n\n";
    for (const RuntimeComparison& runtime : comparison.runtimes) {
        const std::string title =
            title_text(runtime.after.empty() ? runtime.before : runtime.after, markdown);
        text += markdown ? fmt::format("### {}\n", title) : fmt::format("{}\n", title);
        if (!runtime.before.empty() && !runtime.after.empty() && runtime.before != runtime.after)
            text += fmt::format("{}before: {}\n", markdown ? "\n" : "  ",
                                title_text(runtime.before, markdown));
        std::string changes;
        if (runtime.before.empty())
            changes = fmt::format("{}a new runtime\n", markdown ? "\n" : "  ");
        else if (runtime.after.empty())
            changes = fmt::format("{}gone: it has no results any more\n", markdown ? "\n" : "  ");
        changes += list_text("regressed", runtime.regressed, markdown);
        changes += list_text("fixed", runtime.fixed, markdown);
        changes += list_text("changed", runtime.changed, markdown);
        changes += list_text("new", runtime.appeared, markdown);
        changes += list_text("gone", runtime.gone, markdown);
        text += changes.empty() ? fmt::format("{}no change\n", markdown ? "\n" : "  ") : changes;
        text += "\n";
    }
    return text;
}

} // namespace bpf_assay::reports
