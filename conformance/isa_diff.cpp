#include "conformance/isa_diff.hpp"

#include "conformance/error.hpp"
#include "conformance/policy.hpp"
#include "conformance/yaml_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

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
                      fmt::format("`{}` changes its group ({}): section 7.3 of RFC 9669 freezes "
                                  "its groups.",
                                  base.mnemonic, list));
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

/// What tells the two apart where every runtime checks the fields that an instruction does not use:
/// a value of one in a field that the other has to have zero in. Empty if that is not all.
std::string unchecked_fields(const TableRow& a, const TableRow& b) {
    const std::array<std::tuple<const char*, const FieldRule*, const FieldRule*>, 4> fields{
        {{"dst_reg", &a.dst_reg, &b.dst_reg},
         {"src_reg", &a.src_reg, &b.src_reg},
         {"offset", &a.offset, &b.offset},
         {"imm", &a.imm, &b.imm}}};
    std::string text;
    const auto add = [&](const char* field, const TableRow& unused, const TableRow& other) {
        text += fmt::format("{}`{}` ignores {}, which has to be zero there, and runtimes that do "
                            "not check it will misread `{}`",
                            text.empty() ? "" : "; ", unused.mnemonic, field, other.mnemonic);
    };
    for (const auto& [field, of_a, of_b] : fields) {
        if (of_a->kind == RuleKind::unused && of_b->kind == RuleKind::only && of_b->value != 0)
            add(field, a, b);
        if (of_b->kind == RuleKind::unused && of_a->kind == RuleKind::only && of_a->value != 0)
            add(field, b, a);
    }
    return text;
}

/// Whether somebody uses an encoding of the row for something else. A field that is not named there
/// may hold anything, in a register's place 11 to 15, too.
bool is_used(const TableRow& reserved, const TableRow& row) {
    const auto apart = [](const FieldRule& used, const FieldRule& rule, bool is_register) {
        if (used.kind != RuleKind::only)
            return false;
        return rule.kind == RuleKind::any ? is_register && used.value >= register_count
                                          : rule.kind == RuleKind::only && rule.value != used.value;
    };
    return reserved.opcode == row.opcode && !apart(reserved.dst_reg, row.dst_reg, true) &&
           !apart(reserved.src_reg, row.src_reg, true) &&
           !apart(reserved.offset, row.offset, false) && !apart(reserved.imm, row.imm, false);
}

void find_collisions(const IsaDump& base, const IsaDump& head, const TableRow& row,
                     std::set<std::string>& seen, IsaDiff& diff) {
    for (const TableRow& other : head.rows) {
        if (&other == &row || !overlap(other.view(), row.view()))
            continue;
        const auto& [first, second] = std::minmax(row.mnemonic, other.mnemonic);
        if (!seen.insert(fmt::format("{} {}", first, second)).second)
            continue;
        const std::string unchecked = unchecked_fields(row, other);
        diff.find(fmt::format("collision: {} with {}", row.mnemonic, other.mnemonic),
                  fmt::format("`{}` ({}) collides with `{}` of {} ({}): {}.", row.mnemonic,
                              row.encoding(), other.mnemonic, owner(other), other.encoding(),
                              unchecked.empty() ? "there are encodings that are both" : unchecked));
    }
    // What the change takes off the list is on it.
    for (const IsaDump* dump : {&base, &head})
        for (const TableRow& reserved : dump->reserved)
            if (is_used(reserved, row))
                diff.find(fmt::format("reserved: {}", row.mnemonic),
                          fmt::format("`{}` ({}) collides with what {} uses: {}.", row.mnemonic,
                                      row.encoding(), reserved.section, reserved.mnemonic));
}

void find_unreserved(const IsaDump& base, const IsaDump& head, IsaDiff& diff) {
    for (const TableRow& before : base.reserved)
        if (std::ranges::none_of(head.reserved, [&](const TableRow& now) {
                return now.encoding() == before.encoding() && now.section == before.section;
            }))
            diff.find(fmt::format("reserved-removed: {}", before.encoding()),
                      fmt::format("{} is no longer on the list of what {} uses: {}.",
                                  before.encoding(), before.section, before.mnemonic));
}

void compare_clause(const IsaDump::ClauseFacts& before, const IsaDump::ClauseFacts* now,
                    IsaDiff& diff) {
    if (now == nullptr)
        return diff.find(fmt::format("clause-removed: {}", before.id),
                         fmt::format("The clause {} is gone; ids are stable.", before.id));
    if (now->text != before.text)
        diff.find(fmt::format("clause-text: {}", before.id),
                  fmt::format("The clause {} said \"{}\", and says \"{}\".", before.id, before.text,
                              now->text));
    if (before.testable && !now->testable)
        diff.find(
            fmt::format("clause-text: {}", before.id),
            fmt::format("The clause {} was tested, and is said to be untestable.", before.id));
}

/// What an extension says of itself is frozen with its rows.
void compare_frozen(const IsaDump::ExtensionFacts& before, const IsaDump::ExtensionFacts& now,
                    IsaDiff& diff) {
    if (before.runs != now.runs)
        diff.find(fmt::format("runs: {}", before.name),
                  fmt::format("{} {}.", before.name,
                              before.runs ? "ran on the reference VM, and does not any more"
                                          : "did not run on the reference VM, and does now"));
    for (const auto& clause : before.clauses) {
        const auto same = std::ranges::find(now.clauses, clause.id, &IsaDump::ClauseFacts::id);
        compare_clause(clause, same == now.clauses.end() ? nullptr : &*same, diff);
    }
}

/// Those of the RFC; extensions have theirs in their tables.
void compare_rfc_clauses(const Suite& base, const Suite& head, IsaDiff& diff) {
    const auto facts = [](const auto& entry) {
        return IsaDump::ClauseFacts{.id = entry.first,
                                    .text = entry.second.text,
                                    .testable = entry.second.untestable.empty()};
    };
    for (const auto& before : base.clauses) {
        if (before.second.section.starts_with("x-"))
            continue;
        const auto now = head.clauses.find(before.first);
        if (now == head.clauses.end()) {
            compare_clause(facts(before), nullptr, diff);
        } else {
            const auto said = facts(*now);
            compare_clause(facts(before), &said, diff);
        }
    }
}

bool same_encoding(const TableRow& a, const TableRow& b) {
    return std::ranges::none_of(fields_of(a, b), [](const Field& field) {
        return field.part == Part::encoding && field.base != field.head;
    });
}

bool selects(const FieldRule& rule, s64 value) {
    return rule.kind != RuleKind::only || rule.value == value;
}

/// Whether the slot is the instruction; registers that `any` stands for are those of the RFC.
bool is_row(const TableRow& row, const Slot& slot) {
    const auto fits = [&](const FieldRule& rule, u8 number) {
        return selects(rule, number) && (rule.kind != RuleKind::any || number < register_count);
    };
    return row.opcode == slot.opcode && fits(row.dst_reg, slot.dst_reg) &&
           fits(row.src_reg, slot.src_reg) && selects(row.offset, slot.offset) &&
           selects(row.imm, slot.imm);
}

const TableRow* row_of(const IsaDump& dump, const Slot& slot) {
    const auto found =
        std::ranges::find_if(dump.rows, [&](const TableRow& row) { return is_row(row, slot); });
    return found == dump.rows.end() ? nullptr : &*found;
}

/// Whether every program of the vector has an instruction of the extension.
bool owns(const IsaDump& dump, const std::string& extension, const Vector& vector) {
    const auto has_its = [&](std::span<const Slot> program) {
        return std::ranges::any_of(program, [&](const Slot& slot) {
            return std::ranges::any_of(dump.rows, [&](const TableRow& row) {
                return row.extension == extension && is_row(row, slot);
            });
        });
    };
    if (vector.kind == Kind::sweep)
        return std::ranges::all_of(vector.sweep_programs, has_its, &SweepProgram::body);
    if (vector.kind != Kind::encoding)
        return has_its(vector.body);
    bool all = !vector.encoding.image;
    for (std::size_t i = 0; all && i < vector.encoding.count(); ++i)
        all = has_its(vector.encoding.program(i));
    return all;
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
        return !runs && vector.kind == Kind::encoding && vector.unless == row.extension &&
               std::ranges::any_of(vector.encoding.program(0),
                                   [&](const Slot& slot) { return is_row(row, slot); });
    });
}

std::string_view policy_name(const Vector& vector) {
    return vector.policy->name.empty() ? "none" : vector.policy->name;
}

/// A vector's policy is what it tolerates, and `unless` switches it off: both are part of what it
/// states. What takes an encoding that was free switches off the vectors that said so.
void compare_statement(const IsaDump& base, const IsaDump& head, const Vector& before,
                       const Vector& now, IsaDiff& diff) {
    if (before.policy != now.policy)
        diff.find(fmt::format("policy: {}", before.id),
                  fmt::format("`{}` had the policy {} and has {}.", before.id, policy_name(before),
                              policy_name(now)));
    if (before.unless == now.unless)
        return;
    const std::string text = fmt::format("`{}` said `unless: {}` and says `unless: {}`", before.id,
                                         before.unless, now.unless);
    const bool lets_go = before.unless.empty() || !owns(head, before.unless, now);
    const bool takes = now.unless.empty() || owns(head, now.unless, now);
    if (!lets_go || !takes)
        diff.find(fmt::format("unless: {}", before.id),
                  fmt::format("{}: {} has such an encoding.", text,
                              takes ? fmt::format("{} still", before.unless) : "no extension"));
    else if (!now.unless.empty() && owns(base, now.unless, before))
        diff.notes.push_back(fmt::format("{}, which had the encoding before.", text));
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
    case Reading::faults:
        return "faults";
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
        const std::string& change = explanations.back().change;
        const std::size_t colon = change.find(": ");
        if (colon == std::string::npos)
            file.fail(node["change"], "a change is named as the report prints it, such as "
                                      "'reserved: min64_reg'");
        if (change.find_first_of("*?[\\") < colon)
            file.fail(node["change"], "a pattern names one kind of change: it may begin behind "
                                      "the colon");
    }
    return explanations;
}

void explain(const std::vector<Explanation>& explanations, IsaDiff& diff) {
    for (const Explanation& explanation : explanations) {
        bool explains = false;
        for (Finding& finding : diff.findings)
            if (fnmatch(explanation.change.c_str(), finding.key.c_str(), 0) == 0) {
                finding.because = explanation.because;
                explains = true;
            }
        if (!explains)
            diff.notes.push_back(
                fmt::format("Nothing is `{}`: the explanation may go.", explanation.change));
    }
}

void compare_tables(const IsaDump& base, const IsaDump& head, IsaDiff& diff) {
    if (base.has_extensions && !head.has_extensions)
        throw InputError(fmt::format("{}: has no extensions, and {} has; `bpf-assay isa "
                                     "--extensions --json` prints a table with them",
                                     head.file, base.file));
    for (const TableRow& row : base.rows) {
        const TableRow* now = head.find(row.mnemonic);
        if (now != nullptr && now->extension == row.extension) {
            find_changed(base, row, *now, diff);
            continue;
        }
        diff.removed.push_back(&row);
        const std::string where =
            now == nullptr ? "" : fmt::format(", and there is one of {} now", owner(*now));
        if (is_draft(base, row))
            diff.notes.push_back(fmt::format("`{}` of the draft {} is dropped{}.", row.mnemonic,
                                             row.extension, where));
        else
            diff.find(fmt::format("removed: {}", row.mnemonic),
                      fmt::format("`{}` of {} is removed{}: programs that hold it would be "
                                  "refused.",
                                  row.mnemonic, owner(row), where));
    }
    std::set<std::string> seen;
    for (const TableRow& row : head.rows) {
        const TableRow* before = base.find(row.mnemonic);
        const bool is_new = before == nullptr || before->extension != row.extension;
        if (is_new)
            find_added(base, head, row, diff);
        if (is_new || !same_encoding(*before, row))
            find_collisions(base, head, row, seen, diff);
    }
    find_unreserved(base, head, diff);
    for (const auto& extension : base.extensions) {
        const auto* now = head.extension(extension.name);
        if (now == nullptr && extension.status != ExtensionStatus::draft)
            diff.find(fmt::format("removed: {}", extension.name),
                      fmt::format("{} is {} and goes away; 'withdrawn' keeps its encodings taken.",
                                  extension.name, name_of(extension.status)));
        if (now != nullptr && extension.status != ExtensionStatus::draft)
            compare_frozen(extension, *now, diff);
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

void compare_vectors(const IsaDump& base, const IsaDump& head, const BaseSuite* base_suite,
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
        for (const auto& [id, text, testable] : extension.clauses)
            if (testable && !named.contains(id) &&
                (before == nullptr ||
                 std::ranges::none_of(before->clauses, [&](const IsaDump::ClauseFacts& clause) {
                     return clause.id == id && clause.testable;
                 })))
                diff.find(fmt::format("clause: {}", id),
                          fmt::format("No vector names the clause {} of {}.", id, extension.name));
    }
    std::map<std::string_view, const Vector*> now;
    for (const Vector& vector : head_suite.vectors)
        now[vector.id] = &vector;
    if (base_suite == nullptr)
        return;
    const auto find_gone = [&](const std::string& id, const std::string& extension) {
        if (!now.contains(id) && (extension.empty() || head.extension(extension) != nullptr))
            diff.find(fmt::format("vector-removed: {}", id),
                      fmt::format("The vector `{}` is gone; ids are stable.", id));
    };
    for (const Vector& vector : base_suite->suite.vectors) {
        find_gone(vector.id, vector.extension);
        if (const auto same = now.find(vector.id); same != now.end())
            compare_statement(base, head, vector, *same->second, diff);
    }
    for (const LeftOut& out : base_suite->left_out)
        for (const std::string& id : out.ids)
            find_gone(id, out.extension);
    std::set<std::string_view> before;
    for (const Vector& vector : base_suite->suite.vectors)
        before.insert(vector.id);
    for (const Vector& vector : head_suite.vectors)
        if (!vector.unless.empty() && !before.contains(vector.id) &&
            !owns(head, vector.unless, vector))
            diff.find(fmt::format("unless: {}", vector.id),
                      fmt::format("`{}` says `unless: {}`, which has no such encoding.", vector.id,
                                  vector.unless));
    compare_rfc_clauses(base_suite->suite, head_suite, diff);
}

void report_left_out(const IsaDump& base, const IsaDump& head, const std::vector<LeftOut>& left_out,
                     IsaDiff& diff) {
    for (const LeftOut& out : left_out) {
        if (!out.extension.empty() && head.extension(out.extension) == nullptr)
            continue; // it is dropped, and that is said
        const auto* before = base.extension(out.extension);
        const bool is_draft = before != nullptr && before->status == ExtensionStatus::draft;
        if (!out.stale)
            diff.find(fmt::format("unreadable: {}", out.subject),
                      fmt::format("The base's `{}` cannot be read, and is not compared: {}.",
                                  out.subject, out.why));
        else if (is_draft)
            diff.notes.push_back(fmt::format("The base's vectors of the draft {} are not "
                                             "compared: {}.",
                                             out.extension, out.why));
        else
            diff.find(fmt::format("not-compared: {}", out.extension),
                      fmt::format("The base's vectors of {}, which is frozen, are not compared: "
                                  "{}.",
                                  out.extension, out.why));
    }
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

/// What a runtime says may have several lines, of which the second would be Markdown of its own.
std::string in_line(std::string text) {
    std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return text;
}

std::string in_cell(const std::string& text) {
    std::string escaped;
    for (const char c : in_line(text)) {
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
            text += fmt::format("\nNot available: {} ({})\n", in_line(runtime.title),
                                in_line(runtime.unavailable));
        for (const std::string& detail : runtime.details)
            text += fmt::format("\n- {}\n", in_line(detail));
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
                                    in_line(runtime.title), diff.probed[i]->mnemonic);
    const auto list = [&](const char* title, bool explained) {
        bool first = true;
        for (const Finding& finding : diff.findings)
            if (finding.because.has_value() == explained) {
                if (std::exchange(first, false))
                    text += fmt::format("\n## {}\n\n", title);
                text += fmt::format("- `{}`: {}\n", in_line(finding.key), in_line(finding.text));
                if (finding.because)
                    text += fmt::format("  *{}*\n", in_line(*finding.because));
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
            text += fmt::format("- {}\n", in_line(note));
    }
    return text;
}

} // namespace bpf_assay::conformance
