#include "conformance/cli/table.hpp"

#include "conformance/caveats.hpp"
#include "conformance/cli/paint.hpp"
#include "conformance/policy.hpp"
#include "conformance/printable.hpp"

#include "reference_vm/disassembler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include <unistd.h>

namespace bpf_assay::conformance::cli {
namespace {

constexpr std::size_t shown_divergences = 20;
constexpr std::size_t shown_of_one_subject = 3;
constexpr std::size_t shown_errors = 6; // lines
constexpr std::size_t shown_differences = 6;
constexpr std::size_t longest_statement = 100;

const char* colour_of(GroupVerdict verdict) {
    switch (verdict) {
    case GroupVerdict::held:
        return green;
    case GroupVerdict::not_held:
        return red;
    default:
        return yellow;
    }
}

/// Encodings are no conformance group: there is nothing to hold, only programs to refuse.
std::string verdict_text(const GroupSummary& group) {
    if (group.name != "encoding" || group.verdict == GroupVerdict::not_tested)
        return std::string(name_of(group.verdict));
    if (group.verdict == GroupVerdict::held)
        return "all refused";
    std::vector<std::string> parts;
    for (const Outcome outcome : all_outcomes)
        if (!is_pass(outcome) && group.count(outcome) != 0)
            parts.push_back(fmt::format("{} {}", group.count(outcome), name_of(outcome)));
    return fmt::format("{} ({} tolerated)", fmt::join(parts, ", "), group.tolerated);
}

/// Wide enough for the title and for a million.
int width_of(const char* title) {
    return static_cast<int>(std::max(std::string_view(title).size(), std::size_t{5})) + 2;
}

/// A count right-aligned in its column; a dot for none, so that what is there stands out.
std::string cell(std::size_t count, int width) {
    return count == 0 ? fmt::format("{:>{}}", ".", width) : fmt::format("{:>{}}", count, width);
}

struct Column {
    const char* title;
    Outcome outcome;
};
constexpr std::array columns{
    Column{"pass", Outcome::pass},
    Column{"not exec", Outcome::pass_not_executed},
    Column{"wrong", Outcome::wrong},
    Column{"rejected", Outcome::rejected},
    Column{"unsupp", Outcome::unsupported},
    Column{"accepted", Outcome::accepted},
    Column{"fault", Outcome::fault},
    Column{"crash", Outcome::crash},
    Column{"timeout", Outcome::timeout},
    Column{"expected", Outcome::expected_failure},
    Column{"unexp. pass", Outcome::unexpected_pass},
    Column{"not run", Outcome::not_run},
};

/// The instructions, and the operands that the vector gives them: enough to reproduce by hand.
std::string operands_text(const Vector& vector, const Failure& failure) {
    if (vector.kind == Kind::encoding)
        return {};
    std::vector<std::string> operands;
    const auto add = [&](std::size_t number) {
        operands.push_back(fmt::format("r{} = {}", number, failure.registers_before.at(number)));
    };
    std::string text;
    if (vector.kind == Kind::sweep) {
        const SweepProgram& program = vector.sweep_programs.at(failure.program);
        text = disassemble(program.body, 0);
        if (!failure.registers_before.empty()) {
            add(program.dst);
            if (program.src && *program.src != program.dst)
                add(*program.src);
            if (!failure.memory_before.empty())
                operands.push_back(failure.memory_before);
        }
    } else {
        for (const char c : vector.text.substr(0, vector.text.find_last_not_of('\n') + 1))
            text += c == '\n' ? std::string("; ") : std::string(1, c);
        for (std::size_t number = 0; number < failure.registers_before.size(); ++number)
            if (vector.before.registers[number])
                add(number);
    }
    if (text.size() > longest_statement)
        text = text.substr(0, longest_statement) + " ...";
    if (!operands.empty())
        text += fmt::format("    with {}", fmt::join(operands, ", "));
    return "      " + text + "\n";
}

std::string failure_text(const Vector& vector, const Failure& failure) {
    std::string text = operands_text(vector, failure);
    if (!failure.program_text.empty())
        text += failure.row
                    ? fmt::format("      at {}, row {}\n", failure.program_text, *failure.row)
                    : fmt::format("      at {}\n", failure.program_text);
    if (!failure.why.empty() && failure.differences.empty())
        text += fmt::format("      {}\n", printable(failure.why));
    // The last line stands in `why`.
    for (std::size_t lines = failure.errors.size(), i = lines - std::min(lines, shown_errors);
         i + 1 < lines; ++i)
        text += fmt::format("        {}\n", printable(failure.errors[i]));
    for (std::size_t i = 0; i < std::min(failure.differences.size(), shown_differences); ++i) {
        const Difference& difference = failure.differences[i];
        text += fmt::format("      {:<16} expected {}  seen {}\n", difference.place,
                            difference.expected, difference.seen);
    }
    if (failure.differences.size() > shown_differences)
        text += fmt::format("      and {} more places\n",
                            failure.differences.size() - shown_differences);
    return text;
}

std::string divergence_text(const Vector& vector, const VectorResult& result, bool colour) {
    std::string text = fmt::format("  {} {}\n", paint(name_of(result.outcome), red, colour),
                                   paint(vector.id, bold, colour));
    text += fmt::format("      {}\n", fmt::join(vector.clauses, ", "));
    if (!result.failures.empty())
        text += failure_text(vector, result.failures.front());
    else if (!result.why.empty())
        text += fmt::format("      {}\n", printable(result.why));
    if (result.failing_rows > 1)
        text += fmt::format("      {} rows or programs in all\n", result.failing_rows);
    return text;
}

/// What did not run for want of a helper or of threads: no pass, and no failure either.
std::string not_offered_text(const RuntimeResult& runtime, bool colour, bool verbose) {
    std::map<std::string, std::vector<std::string_view>> by_need;
    for (const NotOffered& left_out : runtime.not_offered)
        by_need[left_out.needs].push_back(left_out.vector->id);
    std::string text;
    for (const auto& [needs, ids] : by_need) {
        const auto title = fmt::format("not run, the runtime does not offer {}", needs);
        text += fmt::format("  {} {}: {}\n", ids.size(), ids.size() == 1 ? "vector" : "vectors",
                            paint(title, yellow, colour));
        for (std::size_t i = 0; verbose && i < ids.size(); ++i)
            text += fmt::format("      {}\n", ids[i]);
    }
    return text;
}

/// What a vector is about, for a reader who asks which instructions fail.
std::string subject_of(const Vector& vector) {
    if (vector.tests.empty())
        return vector.kind == Kind::encoding ? "encoding" : "program";
    std::string subject(vector.tests.front()->mnemonic);
    if (vector.tests.size() == 2)
        subject += fmt::format(" and {}", vector.tests.back()->mnemonic);
    else if (vector.tests.size() > 2)
        subject += fmt::format(" and {} more", vector.tests.size() - 1);
    return vector.kind == Kind::encoding ? "encoding of " + subject : subject;
}

/// How much a reader has to take in to see what the vector shows.
std::size_t effort_of(const Vector& vector) {
    return vector.kind == Kind::sweep ? vector.sweep_programs.front().body.size() + 1
                                      : vector.body.size();
}

struct Subject {
    std::string name;
    std::size_t instructions = 0;
    std::vector<std::size_t> vectors; // indices of those that diverge, the simplest first
};

std::vector<Subject> diverging_subjects(const RuntimeResult& runtime) {
    std::vector<Subject> subjects;
    for (std::size_t index = 0; index < runtime.vectors.size(); ++index) {
        if (!diverges(runtime.results[index]))
            continue;
        const std::string name = subject_of(*runtime.vectors[index]);
        auto found = std::ranges::find(subjects, name, &Subject::name);
        if (found == subjects.end())
            found = subjects.insert(subjects.end(),
                                    Subject{.name = name,
                                            .instructions = runtime.vectors[index]->tests.size(),
                                            .vectors = {}});
        found->vectors.push_back(index);
    }
    for (Subject& subject : subjects)
        std::ranges::stable_sort(subject.vectors, {}, [&](std::size_t index) {
            return effort_of(*runtime.vectors[index]);
        });
    std::ranges::stable_sort(subjects, {}, &Subject::instructions);
    return subjects;
}

/// The divergences by what they are about, the simplest in full; empty if there is none.
std::string divergences_text(const RuntimeResult& runtime, bool colour, bool verbose) {
    std::string text;
    std::size_t shown = 0;
    bool all_shown = true;
    for (const Subject& subject : diverging_subjects(runtime)) {
        std::map<std::string_view, std::size_t> counts;
        for (const std::size_t index : subject.vectors)
            ++counts[name_of(runtime.results[index].outcome)];
        std::vector<std::string> parts;
        for (const auto& [outcome, count] : counts)
            parts.push_back(fmt::format("{} {}", count, outcome));
        text +=
            fmt::format("  {}: {}\n", paint(subject.name, bold, colour), fmt::join(parts, ", "));
        for (std::size_t i = 0; i < subject.vectors.size(); ++i) {
            if (!verbose && (i == shown_of_one_subject || shown == shown_divergences)) {
                all_shown = false;
                break;
            }
            const std::size_t index = subject.vectors[i];
            text += divergence_text(*runtime.vectors[index], runtime.results[index], colour);
            ++shown;
        }
    }
    if (text.empty())
        return text;
    if (!all_shown)
        text += fmt::format("  (the {} simplest are shown; --verbose shows all)\n", shown);
    return text + "  (bpf-assay show ID prints the program and the expected state, --output FILE "
                  "more rows)\n";
}

/// What the verdicts do not rest on.
std::string caveats_text(const RuntimeResult& runtime, const std::vector<std::string>& partly,
                         bool colour) {
    std::string text;
    // That the run was cut short is said at the end.
    if (!partly.empty() && runtime.status == RuntimeStatus::ran)
        text +=
            fmt::format("  {}\n", paint(fmt::format("partly tested: {}", fmt::join(partly, "; ")),
                                        yellow, colour));
    for (const std::string& caveat : caveats_of(runtime))
        text += fmt::format("  {}\n", paint(caveat, yellow, colour));
    if (const MachineCode shown = machine_code_of(runtime); shown.in_full)
        text += fmt::format("  {}\n", shown.text);
    return text;
}

} // namespace

bool use_colour(std::FILE* stream) {
    const char* no_colour = std::getenv("NO_COLOR");
    return isatty(fileno(stream)) != 0 && (no_colour == nullptr || *no_colour == '\0');
}

std::string results_table(const RuntimeResult& runtime, const std::vector<std::string>& partly,
                          bool colour) {
    std::string text = fmt::format("\n{}\n", paint(printable(runtime.title()), bold, colour));
    if (runtime.status == RuntimeStatus::unavailable)
        return text + fmt::format("  {}: {}\n", paint("not available", yellow, colour),
                                  printable(runtime.why));

    const auto groups = summarise(runtime, partly.empty());
    // Columns that are empty in every group only widen the table, but for the first ones.
    std::vector<Column> shown;
    for (const Column& column : columns) {
        std::size_t count = 0;
        for (const GroupSummary& group : groups)
            count += group.count(column.outcome);
        if (count != 0 || column.outcome == Outcome::pass || column.outcome == Outcome::wrong ||
            column.outcome == Outcome::rejected || column.outcome == Outcome::unsupported ||
            column.outcome == Outcome::crash || column.outcome == Outcome::timeout)
            shown.push_back(column);
    }
    text += fmt::format("  {:<9}{:>8}{:>8}", "group", "vectors", "rows");
    for (const Column& column : shown)
        text += fmt::format("{:>{}}", column.title, width_of(column.title));
    text += "  verdict\n";
    for (const GroupSummary& group : groups) {
        if (group.vectors == 0)
            continue;
        text += fmt::format("  {:<9}{:>8}{}", group.name, group.vectors, cell(group.rows.run, 8));
        for (const Column& column : shown)
            text += cell(group.count(column.outcome), width_of(column.title));
        text += "  " + paint(verdict_text(group), colour_of(group.verdict), colour) + "\n";
    }
    std::size_t rows = 0;
    for (const GroupSummary& group : groups)
        rows += group.rows.run;
    std::size_t programs = 0;
    for (const VectorResult& result : runtime.results)
        programs += result.programs;
    text += fmt::format("  {} vectors, {} programs, {} rows in {:.2f} s\n", runtime.vectors.size(),
                        programs, rows, runtime.seconds);
    text += caveats_text(runtime, partly, colour);
    if (const std::size_t count = runtime.unexplained.size(); count != 0)
        text += fmt::format(
            "  {}: {}\n",
            paint(count == 1
                      ? "it broke down, and no vector explains it"
                      : fmt::format("it broke down {} times that no vector explains, first", count),
                  red, colour),
            printable(runtime.unexplained[0]));
    if (runtime.status != RuntimeStatus::ran)
        text += fmt::format("  {}\n", paint("stopped: " + printable(runtime.why), red, colour));
    return text;
}

std::string results_details(const RuntimeResult& runtime, bool colour, bool verbose) {
    std::string text = divergences_text(runtime, colour, verbose);
    std::map<std::string, std::vector<std::string>> listed;
    for (std::size_t index = 0; index < runtime.vectors.size(); ++index) {
        const Vector& vector = *runtime.vectors[index];
        const VectorResult& result = runtime.results[index];
        if (diverges(result) || result.outcome == Outcome::pass)
            continue;
        std::string reason(name_of(result.outcome));
        if (result.outcome == Outcome::not_run)
            reason += ": " + printable(result.why);
        else if (result.outcome == Outcome::unsupported)
            reason += ", not claimed or without a legal form here";
        else if (result.tolerated)
            reason += fmt::format(", policy {}", vector.policy->name);
        listed[reason].push_back(vector.id + (result.why.empty() ? "" : ": ") +
                                 printable(result.why));
    }
    for (const auto& [reason, vectors] : listed) {
        text +=
            fmt::format("  {} {}: {}\n", vectors.size(), vectors.size() == 1 ? "vector" : "vectors",
                        paint(reason, yellow, colour));
        for (std::size_t i = 0; verbose && i < vectors.size(); ++i)
            text += fmt::format("      {}\n", vectors[i]);
    }
    if (!listed.empty() && !verbose)
        text += "  (--verbose names them and gives each reason)\n";
    if (!runtime.switched_off.empty())
        text += fmt::format("  {} {} off: the runtime declares the extension\n",
                            runtime.switched_off.size(),
                            runtime.switched_off.size() == 1 ? "vector is" : "vectors are");
    return text + not_offered_text(runtime, colour, verbose);
}

} // namespace bpf_assay::conformance::cli
