#include "reports/compare.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace bpf_assay::reports {
namespace {

using conformance::Outcome; // the reference VM has one, too
using conformance::RuntimeStatus;

/// What an outcome says, as far as better and worse go.
enum class Standing { passes, excused, diverges, no_verdict };

Standing standing_of(const VectorOutcome& outcome) {
    if (outcome.outcome == Outcome::not_run)
        return Standing::no_verdict;
    // The runtime does what it should: that a list says otherwise is the list's matter.
    if (is_pass(outcome.outcome) || outcome.outcome == Outcome::unexpected_pass)
        return Standing::passes;
    return outcome.diverges() ? Standing::diverges : Standing::excused;
}

ChangeKind kind_of(const VectorOutcome& before, const VectorOutcome& after) {
    const Standing then = standing_of(before), now = standing_of(after);
    if (now == then)
        return ChangeKind::changed;
    switch (now) {
    case Standing::diverges:
        return ChangeKind::regressed;
    case Standing::no_verdict:
        return ChangeKind::lost;
    case Standing::passes:
        return ChangeKind::fixed;
    case Standing::excused:
        break;
    }
    return ChangeKind::changed;
}

std::vector<Change> changes_of(const RuntimeOutcomes& before, const RuntimeOutcomes& after) {
    std::vector<Change> changes;
    for (const std::string& id : after.ids) {
        const VectorOutcome& now = after.by_id.at(id);
        const auto then = before.by_id.find(id);
        if (then == before.by_id.end())
            changes.push_back({.id = id, .kind = ChangeKind::added, .after = now});
        else if (then->second != now)
            changes.push_back({.id = id,
                               .kind = kind_of(then->second, now),
                               .before = then->second,
                               .after = now});
    }
    for (const std::string& id : before.ids)
        if (!after.by_id.contains(id))
            changes.push_back({.id = id, .kind = ChangeKind::gone, .before = before.by_id.at(id)});
    std::ranges::stable_sort(changes, {}, &Change::kind);
    return changes;
}

std::string vectors_text(std::size_t count) {
    return fmt::format("{} {}", count, count == 1 ? "vector" : "vectors");
}

std::size_t verdicts_in(const RuntimeOutcomes& runtime) {
    return static_cast<std::size_t>(std::ranges::count_if(runtime.by_id, [](const auto& entry) {
        return standing_of(entry.second) != Standing::no_verdict;
    }));
}

std::string shard_text(const RuntimeOutcomes& runtime) {
    return runtime.shard ? fmt::format("shard {}/{}", runtime.shard->number, runtime.shard->count)
                         : "no shard";
}

/// What of the way they were run keeps two results from being about the same.
std::vector<std::string> differences_in_way(const RuntimeOutcomes& before,
                                            const RuntimeOutcomes& after) {
    std::vector<std::string> notes;
    const auto differ = [&](std::string_view what, const std::string& then,
                            const std::string& now) {
        if (then != now)
            notes.push_back(fmt::format("another {}: {} before, {} now", what, then, now));
    };
    const auto plugin = [](const RuntimeOutcomes& runtime) {
        return std::string(runtime.one_shot ? "one-shot" : "persistent");
    };
    const auto strictness = [](const RuntimeOutcomes& runtime) {
        return std::string(runtime.strict ? "--strict" : "not strict");
    };
    const auto options = [](const RuntimeOutcomes& runtime) {
        return runtime.options.empty() ? std::string("none")
                                       : fmt::format("{}", fmt::join(runtime.options, " "));
    };
    if (!before.identity.empty() && !after.identity.empty())
        differ("runtime or machine", before.identity, after.identity);
    differ("profile", before.profile, after.profile);
    differ("kind of plugin", plugin(before), plugin(after));
    differ("strictness", strictness(before), strictness(after));
    differ("part of the vectors", shard_text(before), shard_text(after));
    differ("selection", options(before), options(after));
    return notes;
}

/// That a run ended early, or broke down: the vectors alone may not show it.
std::vector<std::string> worse_as_a_whole(const RuntimeOutcomes& before,
                                          const RuntimeOutcomes& after) {
    std::vector<std::string> worse;
    if (after.status == RuntimeStatus::unavailable && before.status != RuntimeStatus::unavailable)
        worse.push_back(fmt::format("it is not available: {}; {} had a verdict", after.why,
                                    vectors_text(verdicts_in(before))));
    else if (after.status != RuntimeStatus::ran && after.status != before.status)
        worse.push_back(
            fmt::format("its run was cut short ({}): {}", name_of(after.status), after.why));
    if (after.unexplained.size() > before.unexplained.size())
        worse.push_back(fmt::format("it broke down {} times that no vector explains, before {}: {}",
                                    after.unexplained.size(), before.unexplained.size(),
                                    after.unexplained.front()));
    return worse;
}

RuntimeComparison compare_runtimes(const RuntimeOutcomes& before, const RuntimeOutcomes& after) {
    RuntimeComparison comparison{.before = before.title, .after = after.title};
    comparison.worse = worse_as_a_whole(before, after);
    comparison.other_way = differences_in_way(before, after);
    comparison.notes = comparison.other_way;
    if (before.base() != after.base())
        comparison.notes.push_back(
            fmt::format("another name or command: {} before, {} now", before.base(), after.base()));
    if (after.status == RuntimeStatus::unavailable) {
        if (before.status == RuntimeStatus::unavailable)
            comparison.notes.push_back(fmt::format("it is still not available: {}", after.why));
        return comparison; // `worse` says it of all vectors at once
    }
    comparison.changes = changes_of(before, after);
    if (before.status != RuntimeStatus::ran)
        comparison.notes.push_back(before.status == RuntimeStatus::unavailable
                                       ? fmt::format("it was not available: {}", before.why)
                                       : fmt::format("its earlier run was cut short ({}): {}",
                                                     name_of(before.status), before.why));
    if (after.status == before.status && after.status != RuntimeStatus::ran)
        comparison.notes.push_back(
            fmt::format("its run was cut short again ({}): {}", name_of(after.status), after.why));
    return comparison;
}

RuntimeComparison gone(const RuntimeOutcomes& before) {
    RuntimeComparison comparison{.before = before.title};
    comparison.worse.push_back(fmt::format("gone: it has no results any more; {} had a verdict",
                                           vectors_text(verdicts_in(before))));
    return comparison;
}

/// Of a new runtime, what diverges is listed: the rest was not there before either.
RuntimeComparison fresh(const RuntimeOutcomes& after) {
    RuntimeComparison comparison{.after = after.title};
    if (after.status == RuntimeStatus::ran)
        comparison.notes.push_back(
            fmt::format("a new runtime, with {}", vectors_text(after.ids.size())));
    else
        comparison.worse.push_back(
            fmt::format("a new runtime, and its run did not end well ({}): {}",
                        name_of(after.status), after.why));
    for (const std::string& text : after.unexplained)
        comparison.worse.push_back(
            fmt::format("it broke down, and no vector explains it: {}", text));
    for (const std::string& id : after.ids)
        if (after.by_id.at(id).diverges())
            comparison.changes.push_back(
                {.id = id, .kind = ChangeKind::added, .after = after.by_id.at(id)});
    return comparison;
}

using Runtimes = std::vector<const RuntimeOutcomes*>;

/// Finds for each runtime the one to compare it with.
class Pairing {
public:
    Pairing(const FileOutcomes& before, const FileOutcomes& after) {
        for (const RuntimeOutcomes& runtime : before.runtimes)
            m_before.push_back(&runtime);
        for (const RuntimeOutcomes& runtime : after.runtimes)
            m_after.push_back(&runtime);
        if (m_before.size() == 1 && m_after.size() == 1)
            join(m_before[0], m_after[0], {});
        else
            join_alike();
    }

    std::vector<RuntimeComparison> comparisons() const {
        std::vector<RuntimeComparison> all;
        for (const RuntimeOutcomes* before : m_before) {
            const auto pair = m_pairs.find(before);
            if (pair == m_pairs.end()) {
                all.push_back(gone(*before));
            } else {
                all.push_back(compare_runtimes(*before, *pair->second.after));
                all.back().before_index = index_in(m_before, before);
                all.back().after_index = index_in(m_after, pair->second.after);
                if (!pair->second.note.empty())
                    all.back().notes.insert(all.back().notes.begin(), pair->second.note);
            }
        }
        for (const RuntimeOutcomes* after : m_after)
            if (!m_taken.contains(after)) {
                all.push_back(fresh(*after));
                all.back().after_index = index_in(m_after, after);
            }
        return all;
    }

private:
    struct Partner {
        const RuntimeOutcomes* after;
        std::string note;
    };
    struct Sides {
        Runtimes before, after;
    };

    void join(const RuntimeOutcomes* before, const RuntimeOutcomes* after, std::string note) {
        m_pairs.emplace(before, Partner{after, std::move(note)});
        m_taken.emplace(after, before);
    }

    /// Those that are not joined yet, by what `key` makes of them.
    template <class Key>
    std::map<std::string, Sides> open(Key&& key) const {
        std::map<std::string, Sides> sides;
        for (const RuntimeOutcomes* runtime : m_before)
            if (!m_pairs.contains(runtime))
                sides[key(*runtime)].before.push_back(runtime);
        for (const RuntimeOutcomes* runtime : m_after)
            if (!m_taken.contains(runtime))
                sides[key(*runtime)].after.push_back(runtime);
        return sides;
    }

    void join_alike() {
        // First what agrees in all that tells runtimes apart, then by the name alone.
        const auto exact = [](const RuntimeOutcomes& runtime) {
            return fmt::format("{}\n{}", runtime.base(), runtime.identity);
        };
        for (const auto& [key, sides] : open(exact))
            join_in_order(sides, "cannot be told apart");
        for (const auto& [base, sides] :
             open([](const RuntimeOutcomes& runtime) { return runtime.base(); })) {
            const bool single = sides.before.size() == 1 && sides.after.size() == 1;
            const bool silent = std::ranges::any_of(sides.before, has_no_identity) ||
                                std::ranges::any_of(sides.after, has_no_identity);
            if (single || silent)
                join_in_order(sides, "did not say which machine they are on");
        }
    }

    /// All of a file's stand in `runtimes`, as they do in the file.
    static std::size_t index_in(const Runtimes& runtimes, const RuntimeOutcomes* runtime) {
        return static_cast<std::size_t>(runtime - runtimes.front());
    }

    static bool has_no_identity(const RuntimeOutcomes* runtime) {
        return runtime->identity.empty();
    }

    void join_in_order(const Sides& sides, std::string_view reason) {
        const std::size_t before = sides.before.size(), after = sides.after.size();
        std::string note;
        if (before > 1 || after > 1)
            note = fmt::format("{} runtimes of this name before and {} now {}: they are compared "
                               "in the order of the files",
                               before, after, reason);
        for (std::size_t index = 0; index < std::min(before, after); ++index)
            join(sides.before[index], sides.after[index], note);
    }

    Runtimes m_before, m_after;
    std::map<const RuntimeOutcomes*, Partner> m_pairs;                // by the old one
    std::map<const RuntimeOutcomes*, const RuntimeOutcomes*> m_taken; // by the new one
};

std::string tools_of(const FileOutcomes& file) {
    std::vector<std::string> tools;
    for (const RuntimeOutcomes& runtime : file.runtimes)
        if (std::ranges::find(tools, runtime.tool) == tools.end())
            tools.push_back(runtime.tool);
    return fmt::format("{}", fmt::join(tools, ", "));
}

} // namespace

std::string_view name_of(ChangeKind kind) {
    switch (kind) {
    case ChangeKind::regressed:
        return "regressed";
    case ChangeKind::lost:
        return "lost";
    case ChangeKind::gone:
        return "gone";
    case ChangeKind::added:
        return "added";
    case ChangeKind::fixed:
        return "fixed";
    case ChangeKind::changed:
        return "changed";
    }
    return "";
}

bool Change::is_worse() const {
    return kind == ChangeKind::regressed || kind == ChangeKind::lost || kind == ChangeKind::gone ||
           (kind == ChangeKind::added && after->diverges());
}

std::size_t RuntimeComparison::count(ChangeKind kind) const {
    return static_cast<std::size_t>(std::ranges::count(changes, kind, &Change::kind));
}

bool RuntimeComparison::is_worse() const {
    return !worse.empty() || std::ranges::any_of(changes, &Change::is_worse);
}

bool Comparison::is_worse() const {
    return std::ranges::any_of(runtimes, &RuntimeComparison::is_worse);
}

Comparison compare(const FileOutcomes& before, const FileOutcomes& after) {
    Comparison comparison{.before = before.file, .after = after.file};
    if (before.digest != after.digest)
        comparison.notes.push_back(fmt::format(
            "the results are about different versions of the vectors: {} of digest {:.12} before, "
            "{} of {:.12} now",
            before.vectors, before.digest, after.vectors, after.digest));
    if (const auto then = tools_of(before), now = tools_of(after); then != now)
        comparison.notes.push_back(
            fmt::format("another version of bpf-assay: {} before, {} now", then, now));
    comparison.runtimes = Pairing(before, after).comparisons();
    return comparison;
}

} // namespace bpf_assay::reports
