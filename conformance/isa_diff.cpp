#include "conformance/isa_diff.hpp"

#include "conformance/yaml_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include <fnmatch.h>

namespace bpf_assay::conformance {
namespace {

using RuleKind = FieldRule::Kind;

std::string rule_text(const FieldRule& rule) {
    switch (rule.kind) {
    case RuleKind::any:
        return "any";
    case RuleKind::unused:
        return "unused";
    case RuleKind::only:
        return rule.value > 9 ? fmt::format("{:#x}", rule.value) : std::to_string(rule.value);
    }
    return "";
}

/// Whose the row is, for a sentence.
std::string owner(const TableRow& row) {
    return row.extension.empty() ? "RFC 9669" : row.extension;
}

/// The rows of a draft may change; the others are frozen, by section 7.3 or by what is shipped.
bool is_draft(const IsaDump& dump, const TableRow& row) {
    const auto* extension = row.extension.empty() ? nullptr : dump.extension(row.extension);
    return extension != nullptr && extension->status == ExtensionStatus::draft;
}

enum class Part { encoding, group, meaning, editorial };

struct Field {
    const char* name;
    Part part;
    std::string base, head;
};

std::vector<Field> fields_of(const TableRow& base, const TableRow& head) {
    return {{"opcode", Part::encoding, fmt::format("{:#04x}", base.opcode),
             fmt::format("{:#04x}", head.opcode)},
            {"dst_reg", Part::encoding, rule_text(base.dst_reg), rule_text(head.dst_reg)},
            {"src_reg", Part::encoding, rule_text(base.src_reg), rule_text(head.src_reg)},
            {"offset", Part::encoding, rule_text(base.offset), rule_text(head.offset)},
            {"imm", Part::encoding, rule_text(base.imm), rule_text(head.imm)},
            {"next_imm", Part::encoding, rule_text(base.next_imm), rule_text(head.next_imm)},
            {"wide", Part::encoding, base.wide ? "true" : "false", head.wide ? "true" : "false"},
            {"group", Part::group, base.group, head.group},
            {"formula", Part::meaning, base.formula, head.formula},
            {"section", Part::editorial, base.section, head.section},
            {"rfc_name", Part::editorial, base.rfc_name, head.rfc_name},
            {"syntax", Part::editorial, base.syntax, head.syntax},
            {"llvm_cpu", Part::editorial, base.llvm_cpu, head.llvm_cpu}};
}

void find_changed(const IsaDump& base_dump, const TableRow& base, const TableRow& head,
                  IsaDiff& diff) {
    ChangedRow changed{&base, &head, {}};
    std::map<Part, std::vector<std::string>> parts;
    for (const Field& field : fields_of(base, head))
        if (field.base != field.head) {
            changed.what.push_back(
                fmt::format("{}: `{}` -> `{}`", field.name, field.base, field.head));
            parts[field.part].push_back(changed.what.back());
        }
    if (changed.what.empty())
        return;
    diff.changed.push_back(std::move(changed));
    if (is_draft(base_dump, base))
        return diff.notes.push_back(
            fmt::format("`{}` of the draft {} has changed.", base.mnemonic, base.extension));
    for (const auto& [part, what] : parts) {
        const std::string list = fmt::to_string(fmt::join(what, "; "));
        switch (part) {
        case Part::encoding:
            diff.find(fmt::format("encoding: {}", base.mnemonic),
                      fmt::format("`{}` of {} has another encoding ({}): programs that hold it "
                                  "mean something else, or nothing.",
                                  base.mnemonic, owner(base), list));
            break;
        case Part::group:
            diff.find(fmt::format("group: {}", base.mnemonic),
                      fmt::format("`{}` changes its group ({}): {}.", base.mnemonic, list,
                                  base.extension.empty() || group_from_name(head.group).has_value()
                                      ? "section 7.3 of RFC 9669 freezes its groups"
                                      : "a shipped extension keeps its instructions"));
            break;
        case Part::meaning:
            diff.find(fmt::format("meaning: {}", base.mnemonic),
                      fmt::format("`{}` of {} is defined otherwise ({}).", base.mnemonic,
                                  owner(base), list));
            break;
        case Part::editorial:
            diff.find(fmt::format("editorial: {}", base.mnemonic),
                      fmt::format("`{}` of {} is written otherwise ({}).", base.mnemonic,
                                  owner(base), list));
            break;
        }
    }
}

void find_added(const IsaDump& base, const IsaDump& head, const TableRow& row, IsaDiff& diff) {
    diff.added.push_back(&row);
    if (row.extension.empty()) {
        diff.find(fmt::format("frozen-group: {}", row.mnemonic),
                  fmt::format("`{}` is added to {}: section 7.3 of RFC 9669 freezes its groups. "
                              "What comes later belongs to an extension, a group of its own.",
                              row.mnemonic, row.group));
        return;
    }
    const auto* before = base.extension(row.extension);
    if (before != nullptr && before->status != ExtensionStatus::draft)
        diff.find(fmt::format("frozen-group: {}", row.mnemonic),
                  fmt::format("`{}` is added to {}, which is {}: its rows are frozen.",
                              row.mnemonic, row.extension, name_of(before->status)));
    const auto* now = head.extension(row.extension);
    if (before == nullptr && now->status == ExtensionStatus::draft && !now->runs)
        diff.notes.push_back(
            fmt::format("`{}` is decoded and not run: nothing computes with it.", row.mnemonic));
}

void find_collisions(const IsaDump& head, const TableRow& row, std::set<std::string>& seen,
                     IsaDiff& diff) {
    for (const TableRow& other : head.rows) {
        if (&other == &row || !overlap(other.view(), row.view()))
            continue;
        const auto& [first, second] = std::minmax(row.mnemonic, other.mnemonic);
        if (seen.insert(fmt::format("{} {}", first, second)).second)
            diff.find(fmt::format("collision: {} with {}", row.mnemonic, other.mnemonic),
                      fmt::format("`{}` ({}) collides with `{}` of {} ({}): there are encodings "
                                  "that are both.",
                                  row.mnemonic, row.encoding(), other.mnemonic, owner(other),
                                  other.encoding()));
    }
    for (const TableRow& reserved : head.reserved)
        if (overlap(reserved.view(), row.view()))
            diff.find(fmt::format("reserved: {}", row.mnemonic),
                      fmt::format("`{}` ({}) collides with what {} uses: {}.", row.mnemonic,
                                  row.encoding(), reserved.section, reserved.mnemonic));
}

bool same_encoding(const TableRow& a, const TableRow& b) {
    return std::ranges::none_of(fields_of(a, b), [](const Field& field) {
        return field.part == Part::encoding && field.base != field.head;
    });
}

bool selects(const FieldRule& rule, s64 value) {
    return rule.kind != RuleKind::only || rule.value == value;
}

/// The row of the table that the slot is; registers that `any` stands for are those of the RFC.
const TableRow* row_of(const IsaDump& dump, const Slot& slot) {
    const auto fits = [&](const FieldRule& rule, u8 number) {
        return selects(rule, number) && (rule.kind != RuleKind::any || number < register_count);
    };
    for (const TableRow& row : dump.rows)
        if (row.opcode == slot.opcode && fits(row.dst_reg, slot.dst_reg) &&
            fits(row.src_reg, slot.src_reg) && selects(row.offset, slot.offset) &&
            selects(row.imm, slot.imm))
            return &row;
    return nullptr;
}

/// The first instruction of the program that the base does not have and the head does.
const TableRow* new_meaning(const IsaDump& base, const IsaDump& head,
                            std::span<const Slot> program) {
    for (std::size_t pc = 0; pc < program.size(); ++pc) {
        const TableRow* before = row_of(base, program[pc]);
        const TableRow* now = row_of(head, program[pc]);
        if (before == nullptr && now != nullptr)
            return now;
        pc += now != nullptr && now->wide ? 1 : 0;
    }
    return nullptr;
}

const Vector* vector_of(const Suite& suite, const std::string& id) {
    const auto found = std::ranges::find(suite.vectors, id, &Vector::id);
    return found == suite.vectors.end() ? nullptr : &*found;
}

bool is_tested(const TableRow& row, bool runs, const Suite& suite) {
    return std::ranges::any_of(suite.vectors, [&](const Vector& vector) {
        if (std::ranges::any_of(vector.tests, [&](const InstructionRow* tested) {
                return tested->mnemonic == row.mnemonic;
            }))
            return true;
        // What does not run can be tested only where it is not: by those who refuse it.
        IsaDump alone;
        alone.rows = {row};
        return !runs && vector.kind == Kind::encoding && vector.unless == row.extension &&
               std::ranges::any_of(vector.encoding.program(0), [&](const Slot& slot) {
                   return row_of(alone, slot) != nullptr;
               });
    });
}

} // namespace

std::string_view name_of(Reading reading) {
    switch (reading) {
    case Reading::not_tried:
        return "not tried";
    case Reading::refuses:
        return "refuses";
    case Reading::has:
        return "has it, right";
    case Reading::right:
        return "runs it right, and does not declare it";
    case Reading::accepts:
        return "accepts";
    case Reading::breaks:
        return "BREAKS";
    case Reading::misreads:
        return "MISREADS";
    }
    return "";
}

void IsaDiff::find(std::string key, std::string text) {
    const auto same = std::ranges::find(findings, key, &Finding::key);
    if (same == findings.end())
        findings.push_back({std::move(key), std::move(text)});
    else if (same->text.find(text) == std::string::npos)
        same->text += fmt::format(" {}", text);
}

bool IsaDiff::unexplained() const {
    return std::ranges::any_of(findings, [](const Finding& finding) { return !finding.because; });
}

std::vector<Explanation> load_explanations(const std::filesystem::path& path) {
    const YamlFile file(path);
    file.expect_map(file.root(), "the file", {"explained"});
    const YAML::Node list = file.required(file.root(), "explained");
    file.expect_sequence(list, "explained");
    std::vector<Explanation> explanations;
    for (const auto& node : list) {
        file.expect_map(node, "an explanation", {"change", "because"});
        explanations.push_back({file.text(file.required(node, "change"), "change"),
                                file.text(file.required(node, "because"), "because")});
        if (explanations.back().change.find(": ") == std::string::npos)
            file.fail(node["change"], "a change is named as the report prints it, such as "
                                      "'reserved: min64_reg'");
    }
    return explanations;
}

void explain(const std::vector<Explanation>& explanations, IsaDiff& diff) {
    for (Finding& finding : diff.findings)
        for (const Explanation& explanation : explanations)
            if (fnmatch(explanation.change.c_str(), finding.key.c_str(), 0) == 0)
                finding.because = explanation.because;
}

void compare_tables(const IsaDump& base, const IsaDump& head, IsaDiff& diff) {
    for (const TableRow& row : base.rows) {
        if (const TableRow* now = head.find(row.mnemonic)) {
            find_changed(base, row, *now, diff);
            continue;
        }
        diff.removed.push_back(&row);
        if (is_draft(base, row))
            diff.notes.push_back(
                fmt::format("`{}` of the draft {} is dropped.", row.mnemonic, row.extension));
        else
            diff.find(fmt::format("removed: {}", row.mnemonic),
                      fmt::format("`{}` of {} is removed: programs that hold it would be refused.",
                                  row.mnemonic, owner(row)));
    }
    std::set<std::string> seen;
    for (const TableRow& row : head.rows) {
        const TableRow* before = base.find(row.mnemonic);
        if (before == nullptr)
            find_added(base, head, row, diff);
        if (before == nullptr || !same_encoding(*before, row))
            find_collisions(head, row, seen, diff);
    }
    for (const auto& extension : base.extensions) {
        const auto* now = head.extension(extension.name);
        if (now == nullptr && extension.status != ExtensionStatus::draft)
            diff.find(fmt::format("removed: {}", extension.name),
                      fmt::format("{} is {} and goes away; 'withdrawn' keeps its encodings taken.",
                                  extension.name, name_of(extension.status)));
        if (now != nullptr && now->status != extension.status) {
            const std::string text = fmt::format("{} was {} and is {}.", extension.name,
                                                 name_of(extension.status), name_of(now->status));
            if (now->status == ExtensionStatus::draft)
                diff.find(fmt::format("status: {}", extension.name), text);
            else
                diff.notes.push_back(text);
        }
    }
}

void compare_vectors(const IsaDump& base, const IsaDump& head, const Suite* base_suite,
                     const Suite& head_suite, IsaDiff& diff) {
    for (const TableRow* row : diff.added) {
        const auto* extension = row->extension.empty() ? nullptr : head.extension(row->extension);
        if (!is_tested(*row, extension == nullptr || extension->runs, head_suite))
            diff.find(fmt::format("untested: {}", row->mnemonic),
                      fmt::format("No vector tests `{}`.", row->mnemonic));
    }
    std::set<std::string_view> named;
    for (const Vector& vector : head_suite.vectors)
        named.insert(vector.clauses.begin(), vector.clauses.end());
    for (const auto& extension : head.extensions) {
        const auto* before = base.extension(extension.name);
        for (const std::string& clause : extension.clauses)
            if (!named.contains(clause) &&
                (before == nullptr ||
                 std::ranges::find(before->clauses, clause) == before->clauses.end()))
                diff.find(
                    fmt::format("clause: {}", clause),
                    fmt::format("No vector names the clause {} of {}.", clause, extension.name));
    }
    if (base_suite == nullptr)
        return;
    for (const Vector& vector : base_suite->vectors)
        if (vector_of(head_suite, vector.id) == nullptr &&
            (vector.extension.empty() || head.extension(vector.extension) != nullptr))
            diff.find(fmt::format("vector-removed: {}", vector.id),
                      fmt::format("The vector `{}` is gone; ids are stable.", vector.id));
}

void find_turned(const IsaDump& base, const IsaDump& head, const Suite& base_suite,
                 const Suite* head_suite, IsaDiff& diff) {
    std::map<std::string, std::size_t> taken; // extension -> vectors that say so
    for (const Vector& vector : base_suite.vectors) {
        if (vector.kind != Kind::encoding || vector.encoding.image)
            continue;
        const TableRow* row = nullptr;
        for (std::size_t i = 0; row == nullptr && i < vector.encoding.count(); ++i)
            row = new_meaning(base, head, vector.encoding.program(i));
        if (row == nullptr)
            continue;
        const Vector* now = head_suite == nullptr ? &vector : vector_of(*head_suite, vector.id);
        if (now != nullptr && !row->extension.empty() && now->unless == row->extension) {
            ++taken[row->extension];
            continue;
        }
        std::string text = fmt::format("`{}` has to be refused, and is `{}` of {} now", vector.id,
                                       row->mnemonic, owner(*row));
        if (now == nullptr)
            text += "; the head does not have the vector any more.";
        else if (row->extension.empty())
            text += ".";
        else
            text += fmt::format("; the vector does not say `unless: {}`.", row->extension);
        diff.find(fmt::format("turned: {}", vector.id), text);
    }
    for (const auto& [extension, count] : taken)
        diff.notes.push_back(
            fmt::format("{} {} to be refused {} `unless: {}`, and {} so everywhere else.", count,
                        count == 1 ? "vector that has" : "vectors that have",
                        count == 1 ? "says" : "say", extension, count == 1 ? "stays" : "stay"));
}

namespace {

std::string in_cell(const std::string& text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '|')
            escaped += '\\';
        escaped += c;
    }
    return escaped;
}

std::string rows_table(const IsaDiff& diff) {
    std::string text =
        "| change | instruction | encoding | group | formula |\n|---|---|---|---|---|\n";
    const auto line = [&](const char* change, const TableRow& row, const std::string& last) {
        text += fmt::format("| {} | `{}` | {} | {} | {} |\n", change, row.mnemonic, row.encoding(),
                            row.group, in_cell(last));
    };
    for (const TableRow* row : diff.added)
        line("added", *row, fmt::format("`{}`", row->formula));
    for (const TableRow* row : diff.removed)
        line("removed", *row, fmt::format("`{}`", row->formula));
    for (const ChangedRow& row : diff.changed)
        line("changed", *row.head, fmt::to_string(fmt::join(row.what, "; ")));
    return text;
}

std::string runtimes_table(const IsaDiff& diff) {
    std::string text = "| runtime |";
    for (const TableRow* row : diff.probed)
        text += fmt::format(" `{}` |", row->mnemonic);
    text += "\n|---|";
    for (std::size_t i = 0; i < diff.probed.size(); ++i)
        text += "---|";
    text += "\n";
    for (const ProbedRuntime& runtime : diff.runtimes) {
        text += fmt::format("| {} |", in_cell(runtime.title));
        for (const Reading reading : runtime.readings)
            text += reading >= Reading::accepts ? fmt::format(" **{}** |", name_of(reading))
                                                : fmt::format(" {} |", name_of(reading));
        text += "\n";
    }
    for (const ProbedRuntime& runtime : diff.runtimes) {
        if (!runtime.unavailable.empty())
            text += fmt::format("\nNot available: {} ({})\n", runtime.title, runtime.unavailable);
        for (const std::string& detail : runtime.details)
            text += fmt::format("\n- {}\n", detail);
    }
    return text;
}

} // namespace

std::string isa_diff_markdown(const IsaDump& base, const IsaDump& head, const IsaDiff& diff) {
    const auto open = std::ranges::count_if(
        diff.findings, [](const Finding& finding) { return !finding.because; });
    std::string text = fmt::format("# The instruction set: {} -> {}\n\n", base.file, head.file);
    text += fmt::format("{} added, {} removed, {} changed. ", diff.added.size(),
                        diff.removed.size(), diff.changed.size());
    text += open == 0 ? fmt::format("Nothing is unexplained.\n")
                      : fmt::format("**{} unexplained.**\n", open);
    for (const ProbedRuntime& runtime : diff.runtimes)
        for (std::size_t i = 0; i < runtime.readings.size(); ++i)
            if (runtime.readings[i] == Reading::misreads)
                text += fmt::format("\n> [!CAUTION]\n> **{} runs `{}` as something else.** "
                                    "Programs that use it compute wrong values there, unseen.\n",
                                    runtime.title, diff.probed[i]->mnemonic);
    const auto list = [&](const char* title, bool explained) {
        bool first = true;
        for (const Finding& finding : diff.findings)
            if (finding.because.has_value() == explained) {
                if (std::exchange(first, false))
                    text += fmt::format("\n## {}\n\n", title);
                text += fmt::format("- `{}`: {}\n", finding.key, finding.text);
                if (finding.because)
                    text += fmt::format("  *{}*\n", *finding.because);
            }
    };
    list("Unexplained", false);
    list("Explained", true);
    if (!diff.added.empty() || !diff.removed.empty() || !diff.changed.empty())
        text += fmt::format("\n## Rows\n\n{}", rows_table(diff));
    if (!diff.runtimes.empty())
        text += fmt::format("\n## Runtimes\n\n{}", runtimes_table(diff));
    if (!diff.notes.empty()) {
        text += "\n## Notes\n\n";
        for (const std::string& note : diff.notes)
            text += fmt::format("- {}\n", note);
    }
    return text;
}

} // namespace bpf_assay::conformance
