#include "conformance/reduction/finding.hpp"

#include "conformance/reduction/yaml_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace bpf_assay::conformance::reduction {
namespace {

/// Lower case letters, digits and single dashes: what an id is made of.
std::string as_id(std::string_view text) {
    std::string id;
    for (const char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0)
            id += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        else if (!id.empty() && id.back() != '-')
            id += '-';
    }
    while (!id.empty() && id.back() == '-')
        id.pop_back();
    return id;
}

/// "{DIV, X, ALU64}" has the word DIV.
bool has_word(std::string_view name, std::string_view word) {
    const auto at = name.find(word);
    if (at == std::string_view::npos)
        return false;
    const auto is_letter = [&](std::size_t i) {
        return i < name.size() && std::isalnum(static_cast<unsigned char>(name[i])) != 0;
    };
    return (at == 0 || !is_letter(at - 1)) && !is_letter(at + word.size());
}

/// Whether a clause can be about what is left: RFC9669-<section>-<word>...
bool fits(const std::string& clause, const Vector& vector, const std::optional<Facts>& facts) {
    if (facts && !facts->zero_divisor && clause.find("BYZERO") != std::string::npos)
        return false;
    const auto section_begin = clause.find('-');
    const auto section_end = clause.find('-', section_begin + 1);
    if (section_end == std::string::npos)
        return true;
    const std::string section = clause.substr(section_begin + 1, section_end - section_begin - 1);
    const auto word_end = clause.find('-', section_end + 1);
    const std::string word = clause.substr(
        section_end + 1, word_end == std::string::npos ? word_end : word_end - section_end - 1);
    const bool specific = section.find('.') != std::string::npos &&
                          (section.starts_with('4') || section.starts_with('5'));
    const bool of_section =
        !specific || std::ranges::any_of(vector.tests, [&](const InstructionRow* row) {
            return row->section == section || row->section.starts_with(section + ".");
        });
    const auto named = [&](const InstructionRow& row) { return has_word(row.rfc_name, word); };
    const bool is_operation = std::ranges::any_of(instruction_table(), named);
    return of_section && (!is_operation || std::ranges::any_of(vector.tests, [&](const auto* row) {
               return named(*row);
           }));
}

/// The clauses that define what the instructions do: RFC9669-4.1-ADD.
std::vector<std::string> defining_clauses(const Vector& vector, const Suite& suite) {
    std::vector<std::string> clauses;
    for (const InstructionRow* row : vector.tests)
        for (const auto& [id, clause] : suite.clauses) {
            const std::string prefix = fmt::format("RFC9669-{}-", row->section);
            if (id.starts_with(prefix) && has_word(row->rfc_name, id.substr(prefix.size())) &&
                std::ranges::find(clauses, id) == clauses.end())
                clauses.push_back(id);
        }
    return clauses;
}

std::string reason_of(const Vector& vector, const Vector& original, const std::string& runtime) {
    if (vector.kind == Kind::encoding)
        return fmt::format("{} (from {}, reduced on {})", original.because, original.id, runtime);
    std::vector<std::string> formulas;
    for (const InstructionRow* row : vector.tests)
        formulas.push_back(fmt::format("{} is {}", row->mnemonic, row->formula));
    return fmt::format("{}. From {}, reduced on {}.", fmt::join(formulas, "; "), original.id,
                       runtime);
}

} // namespace

std::string slug_of(const Vector& original, const Hello& hello) {
    return as_id(hello.name + "-" + original.id);
}

Vector found_vector(const Report& report, const Vector& original, const Suite& suite,
                    const Hello& hello, const std::string& runtime) {
    Vector vector = report.vector;
    vector.id = "found/" + slug_of(original, hello);
    vector.because = reason_of(vector, original, runtime);
    std::erase_if(vector.clauses,
                  [&](const std::string& clause) { return !fits(clause, vector, report.facts); });
    if (vector.clauses.empty())
        vector.clauses = defining_clauses(vector, suite);
    if (vector.clauses.empty())
        vector.clauses = original.clauses;
    const bool of_section = std::ranges::any_of(
        vector.tests, [&](const InstructionRow* row) { return row->section == vector.section; });
    if (!of_section && !vector.tests.empty() && std::isdigit(vector.section[0]) != 0 &&
        vector.kind != Kind::encoding)
        vector.section = vector.tests[0]->section;
    return vector;
}

std::string verdict_text(const VectorResult& result) {
    const Failure* failure = result.failures.empty() ? nullptr : &result.failures.front();
    switch (result.outcome) {
    case Outcome::pass:
    case Outcome::pass_not_executed:
        return "right";
    case Outcome::wrong:
        if (failure != nullptr && !failure->differences.empty())
            return fmt::format("wrong: {} is {}, must be {}", failure->differences[0].place,
                               failure->differences[0].seen, failure->differences[0].expected);
        break;
    case Outcome::rejected:
    case Outcome::unsupported:
        return fmt::format("refused ({}): {}", name_of(result.outcome), result.why);
    default:
        break;
    }
    return fmt::format("{}: {}", name_of(result.outcome), result.why);
}

std::string yaml_of(const Finding& finding) {
    const std::string comment =
        fmt::format("{} on {}, found by {} with\n{}", name_of(finding.report->kind.outcome),
                    finding.runtime, finding.tool, finding.reproduce);
    return yaml_of(finding.vector, comment);
}

} // namespace bpf_assay::conformance::reduction
