// Comparisons for people, and for the page.
#include "reports/compare.hpp"
#include "reports/markdown_text.hpp"

#include "conformance/printable.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace bpf_assay::reports {
namespace {

using nlohmann::json;

constexpr std::size_t most_shown = 50; // of one kind of change

/// Lines of one form or the other; texts of others stay texts in both.
class Writer {
public:
    explicit Writer(bool markdown) : m_markdown(markdown) {}

    void title(const std::string& words) {
        m_text +=
            m_markdown ? fmt::format("### {}\n\n", text(words)) : fmt::format("{}\n", text(words));
    }
    void remark(std::string_view kind, const std::string& words) {
        m_text += m_markdown ? fmt::format("- **{}**: {}\n", kind, text(words))
                             : fmt::format("  {}: {}\n", kind, text(words));
    }
    void heading(const std::string& words) {
        m_text += m_markdown ? fmt::format("\n**{}**\n\n", words) : fmt::format("  {}\n", words);
    }
    void change(const Change& change) {
        const std::string words =
            !change.before  ? change.after->text()
            : !change.after ? change.before->text()
                            : fmt::format("{} -> {}", change.before->text(), change.after->text());
        const char* mark = change.kind == ChangeKind::added && change.is_worse() ? " (worse)" : "";
        m_text += m_markdown ? fmt::format("- {}: {}{}\n", text(change.id), text(words), mark)
                             : fmt::format("    {:<40} {}{}\n", text(change.id), text(words), mark);
    }
    void line(const std::string& words) {
        m_text += m_markdown ? fmt::format("\n{}\n", words) : fmt::format("  {}\n", words);
    }
    void end_of_part() { m_text += '\n'; }
    std::string take() { return std::move(m_text); }

private:
    std::string text(const std::string& words) const {
        return m_markdown ? markdown_text(words) : conformance::printable(words);
    }

    bool m_markdown;
    std::string m_text;
};

void write_kind(Writer& writer, const RuntimeComparison& runtime, ChangeKind kind) {
    std::vector<const Change*> changes;
    for (const Change& change : runtime.changes)
        if (change.kind == kind)
            changes.push_back(&change);
    if (changes.empty())
        return;
    // Of vectors that are new, the ones that diverge are what a reader looks for.
    std::ranges::stable_partition(changes, &Change::is_worse);
    const auto worse = std::ranges::count_if(changes, &Change::is_worse);
    writer.heading(
        kind == ChangeKind::added && worse != 0
            ? fmt::format("added: {}, of which {} diverge, which is worse", changes.size(), worse)
            : fmt::format("{}: {}", name_of(kind), changes.size()));
    for (std::size_t index = 0; index < std::min(changes.size(), most_shown); ++index)
        writer.change(*changes[index]);
    if (changes.size() > most_shown)
        writer.line(fmt::format("  and {} more", changes.size() - most_shown));
}

void write_runtime(Writer& writer, const RuntimeComparison& runtime) {
    writer.title(runtime.after.empty() ? runtime.before : runtime.after);
    if (!runtime.before.empty() && !runtime.after.empty() && runtime.before != runtime.after)
        writer.remark("before", runtime.before);
    for (const std::string& worse : runtime.worse)
        writer.remark("worse", worse);
    for (const std::string& note : runtime.notes)
        writer.remark("note", note);
    for (const ChangeKind kind : all_change_kinds)
        write_kind(writer, runtime, kind);
    if (runtime.changes.empty() && runtime.worse.empty())
        writer.line(runtime.notes.empty() ? "no change" : "no change in any vector");
    writer.end_of_part();
}

std::string summary_of(const Comparison& comparison) {
    std::vector<std::string> parts;
    const auto part = [&](std::size_t count, std::string_view what) {
        if (count != 0)
            parts.push_back(fmt::format("{} {}", count, what));
    };
    std::size_t runtimes = 0, diverging = 0;
    for (const RuntimeComparison& runtime : comparison.runtimes) {
        runtimes += runtime.worse.empty() ? 0 : 1;
        diverging += static_cast<std::size_t>(
            std::ranges::count_if(runtime.changes, [](const Change& change) {
                return change.kind == ChangeKind::added && change.is_worse();
            }));
    }
    part(runtimes, runtimes == 1 ? "runtime" : "runtimes");
    for (const ChangeKind kind : {ChangeKind::regressed, ChangeKind::lost, ChangeKind::gone}) {
        std::size_t count = 0;
        for (const RuntimeComparison& runtime : comparison.runtimes)
            count += runtime.count(kind);
        part(count, name_of(kind));
    }
    part(diverging, "added that diverge");
    return parts.empty() ? "nothing is worse" : fmt::format("worse: {}", fmt::join(parts, ", "));
}

/// The outcome's number, or in words why there is none.
void put(json& entry, const std::string& side, const std::optional<VectorOutcome>& outcome) {
    if (!outcome)
        return;
    if (outcome->left_out.empty())
        entry[side] = static_cast<std::size_t>(outcome->outcome);
    else
        entry[side] = outcome->left_out;
    if (outcome->tolerated)
        entry[side + "_tolerated"] = true;
}

json changes_json(const RuntimeComparison& runtime, ChangeKind kind) {
    json list = json::array();
    for (const Change& change : runtime.changes) {
        if (change.kind != kind)
            continue;
        json entry{{"id", change.id}};
        put(entry, "old", change.before);
        put(entry, "new", change.after);
        list.push_back(std::move(entry));
    }
    return list;
}

} // namespace

std::string comparison_text(const Comparison& comparison, bool markdown) {
    Writer writer(markdown);
    for (const std::string& note : comparison.notes)
        writer.remark("note", note);
    if (!comparison.notes.empty())
        writer.end_of_part();
    for (const RuntimeComparison& runtime : comparison.runtimes)
        write_runtime(writer, runtime);
    writer.line(summary_of(comparison));
    return writer.take();
}

json comparison_json(const Comparison& comparison, const std::vector<std::string>& keys) {
    json list = json::array();
    for (const RuntimeComparison& runtime : comparison.runtimes) {
        json notes = runtime.worse;
        for (const std::string& note : runtime.notes)
            notes.push_back(note);
        json entry{{"old_run", comparison.before},
                   {"new_run", comparison.after},
                   {"worse", runtime.is_worse()},
                   {"notes", std::move(notes)}};
        if (!runtime.before.empty())
            entry["old"] = runtime.before;
        if (!runtime.after.empty())
            entry["new"] = runtime.after;
        if (runtime.after_index)
            entry["key"] = keys.at(*runtime.after_index);
        for (const ChangeKind kind : all_change_kinds)
            entry[std::string(name_of(kind))] = changes_json(runtime, kind);
        list.push_back(std::move(entry));
    }
    return list;
}

} // namespace bpf_assay::reports
