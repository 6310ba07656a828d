// What changed from one file of results to another.
#pragma once

#include "reports/outcomes.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace bpf_assay::reports {

/// How a vector changed, from what matters most to what matters least.
enum class ChangeKind {
    regressed, // diverges, and did not
    lost,      // had a verdict, and has none
    gone,      // is in the old results only
    added,     // is in the new results only
    fixed,     // passes, and did not
    changed,   // none of these, but not the same
};
inline constexpr std::array all_change_kinds{ChangeKind::regressed, ChangeKind::lost,
                                             ChangeKind::gone,      ChangeKind::added,
                                             ChangeKind::fixed,     ChangeKind::changed};
std::string_view name_of(ChangeKind kind);

struct Change {
    std::string id;
    ChangeKind kind = ChangeKind::changed;
    std::optional<VectorOutcome> before = {}; // none: not in the old results
    std::optional<VectorOutcome> after = {};

    bool is_worse() const;
};

struct RuntimeComparison {
    std::string before = {};                      // title; empty: the runtime is new
    std::string after = {};                       // title; empty: it is gone
    std::optional<std::size_t> before_index = {}; // in the old file
    std::optional<std::size_t> after_index = {};  // in the new file
    std::vector<std::string> worse = {};          // what is worse of the runtime as a whole
    std::vector<std::string> notes = {};          // what makes the two hard to compare
    std::vector<std::string> other_way = {};      // of the notes: not run in the same way
    std::vector<Change> changes = {};             // by kind, then in the order of the files

    std::size_t count(ChangeKind kind) const;
    bool is_worse() const;
};

struct Comparison {
    std::string before, after;           // names of the files
    std::vector<std::string> notes = {}; // about the files as a whole
    std::vector<RuntimeComparison> runtimes = {};

    bool is_worse() const;
};

/// Runtimes are told apart by their name or command, and by what they say of themselves; those of
/// which more than one fits are compared with a note that says so.
Comparison compare(const FileOutcomes& before, const FileOutcomes& after);

/// For people: plain text for a terminal, or Markdown.
std::string comparison_text(const Comparison& comparison, bool markdown);

/// For the report's page, which knows the new file's runtimes by these keys.
nlohmann::json comparison_json(const Comparison& comparison, const std::vector<std::string>& keys);

} // namespace bpf_assay::reports
