// A finding as text: the same parts for a terminal and for a page.
#include "conformance/reduction/finding.hpp"

#include "conformance/reduction/yaml_writer.hpp"

#include "reference_vm/decoder.hpp"
#include "reference_vm/disassembler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <sstream>

namespace bpf_assay::conformance::reduction {
namespace {

constexpr std::size_t shown_differences = 16;

std::string indented(const std::string& text, const char* indent) {
    std::istringstream lines(text);
    std::string result;
    for (std::string line; std::getline(lines, line);)
        result += indent + line + "\n";
    return result;
}

/// What a runtime says, on one line.
std::string on_one_line(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return text;
}

bool is_encoding(const Finding& finding) {
    return finding.vector.kind == Kind::encoding;
}
bool has_block(const Finding& finding) {
    return finding.vector.kind == Kind::explicit_state;
}

/// Lines that stand many times in a row stand there once, with their number.
class Lines {
public:
    void add(const std::string& line) {
        if (line != m_last)
            end();
        m_last = line;
        ++m_times;
    }
    std::string text() {
        end();
        return std::move(m_text);
    }

private:
    void end() {
        constexpr std::size_t shown = 4;
        for (std::size_t i = 0; i < m_times && (i == 0 || m_times <= shown); ++i)
            m_text += m_last + "\n";
        if (m_times > shown)
            m_text += fmt::format("    (the same {} times in all)\n", m_times);
        m_times = 0;
    }

    std::string m_text, m_last;
    std::size_t m_times = 0;
};

/// Each slot as hex, with the instruction that it begins.
std::string hex_lines(std::span<const Slot> slots, ByteOrder order) {
    Lines lines;
    for (std::size_t pc = 0; pc < slots.size(); ++pc) {
        lines.add(fmt::format("{:02x}  {}", fmt::join(encode_slot(slots[pc], order), " "),
                              disassemble(slots, pc)));
        const InstructionRow* row = find_row(slots[pc]);
        if (row != nullptr && row->wide && pc + 1 < slots.size())
            lines.add(fmt::format("{:02x}", fmt::join(encode_slot(slots[++pc], order), " ")));
    }
    return lines.text();
}

/// The program itself, as it stands in the vector.
std::string program_lines(const Finding& finding) {
    const Vector& vector = finding.vector;
    if (vector.encoding.image)
        return fmt::format("{:02x}\n", fmt::join(*vector.encoding.image, " "));
    return hex_lines(is_encoding(finding) ? vector.encoding.slots : vector.body,
                     finding.hello.byte_order);
}

std::string lowered_lines(const Finding& finding) {
    const auto experiment = make_experiment(finding.vector, 0, finding.hello.traits());
    return hex_lines(experiment->slots(), finding.hello.byte_order);
}

std::string size_text(const Sizes& sizes) {
    std::string text =
        fmt::format("{} instruction{}", sizes.instructions, sizes.instructions == 1 ? "" : "s");
    text += fmt::format(", {} register{}", sizes.registers, sizes.registers == 1 ? "" : "s");
    if (sizes.cells != 0)
        text += fmt::format(", {} byte{}", sizes.cells, sizes.cells == 1 ? "" : "s");
    text += fmt::format(", {} row{}", sizes.rows, sizes.rows == 1 ? "" : "s");
    if (sizes.programs != 1)
        text += fmt::format(" in each of {} programs", sizes.programs);
    return text;
}

std::string operands_text(const Finding& finding) {
    const Vector& vector = finding.vector;
    if (vector.kind == Kind::packet)
        return fmt::format("packet: {:02x}", fmt::join(vector.packet, " "));
    const std::string stated = state_text(vector.before);
    return stated.empty() ? "(nothing stated)" : stated;
}

std::string expected_text(const Finding& finding) {
    if (is_encoding(finding))
        return "the program is refused";
    const std::string stated = state_text(finding.vector.after[index_of(finding.hello.byte_order)]);
    return stated.empty() ? "nothing changes" : stated + " (all else unchanged)";
}

/// Place, expected, seen of the first failure; or its words.
std::vector<std::string> seen_lines(const Finding& finding) {
    const VectorResult& result = finding.report->result;
    std::vector<std::string> lines;
    const auto* failure = result.failures.empty() ? nullptr : &result.failures.front();
    if (failure == nullptr || failure->differences.empty())
        return {fmt::format("{}: {}", name_of(result.outcome), on_one_line(result.why))};
    for (const Difference& difference : failure->differences) {
        if (lines.size() == shown_differences) {
            lines.push_back(
                fmt::format("and {} more places", failure->differences.size() - shown_differences));
            break;
        }
        lines.push_back(fmt::format("{}: expected {}, seen {}", difference.place,
                                    difference.expected, difference.seen));
    }
    return lines;
}

std::vector<std::string> formula_lines(const Finding& finding) {
    std::vector<std::string> lines;
    for (const InstructionRow* row : finding.vector.tests)
        lines.push_back(
            fmt::format("{} (RFC 9669 section {}): {}", row->rfc_name, row->section, row->formula));
    return lines;
}

std::string refusal_text(const Finding& finding) {
    if (!is_encoding(finding) || finding.vector.encoding.image)
        return {};
    const auto refused = check(finding.vector.encoding.slots, Profile::strict);
    return refused ? fmt::format("slot {}: {} (RFC 9669 section {})", refused->pc,
                                 describe(refused->reason), refused->section)
                   : "";
}

std::vector<std::string> note_lines(const Finding& finding) {
    const Report& report = *finding.report;
    std::vector<std::string> lines;
    if (!report.obstacle.empty())
        lines.push_back(fmt::format("Not reduced: {}. The vector is as it was.", report.obstacle));
    if (!report.finished)
        lines.push_back("The time was used up: it may be possible to reduce it further.");
    return lines;
}

std::string joined(const std::vector<std::string>& lines, std::string_view before) {
    std::string text;
    for (const std::string& line : lines)
        text += fmt::format("{}{}\n", before, line);
    return text;
}

std::string clause_lines(const Finding& finding, std::string_view before) {
    std::string text;
    for (const std::string& id : finding.vector.clauses)
        text += fmt::format("{}{}: {}\n", before, id, finding.suite->clauses.at(id).text);
    return text;
}

std::string code_block(const std::string& text) {
    return "```\n" + text + "```\n";
}

std::string title_of(const Finding& finding) {
    std::vector<std::string_view> names;
    for (const InstructionRow* row : finding.vector.tests)
        names.push_back(row->mnemonic);
    return fmt::format("{}: {} {}", finding.hello.name, fmt::join(names, ", "),
                       finding.report->kind.outcome == Outcome::accepted
                           ? "is loaded with an encoding that has to be refused"
                           : fmt::format("({})", name_of(finding.report->kind.outcome)));
}

} // namespace

std::string text_of(const Finding& finding) {
    const Report& report = *finding.report;
    std::string text = fmt::format("{}\n  {} on {}\n", finding.original->id,
                                   name_of(report.kind.outcome), finding.runtime);
    text += fmt::format("  from {}\n  to   {}\n  {} variants tried, {} kept, {:.1f} s\n",
                        size_text(report.before), size_text(report.after), report.tried,
                        report.kept, report.seconds);
    text += joined(note_lines(finding), "  ");
    text += "\nprogram\n" + indented(program_lines(finding), "    ");
    if (const std::string refusal = refusal_text(finding); !refusal.empty())
        text += fmt::format("    {}\n", refusal);
    if (!is_encoding(finding))
        text += fmt::format("before\n    {}\n", operands_text(finding));
    text += fmt::format("after\n    {}\n", expected_text(finding));
    text += "seen\n" + joined(seen_lines(finding), "    ");
    if (!is_encoding(finding))
        text += "formula\n" + joined(formula_lines(finding), "    ");
    text += "clauses\n" + clause_lines(finding, "    ");
    if (!finding.others.empty())
        text += "other runtimes\n";
    for (const Comparison& other : finding.others)
        text += fmt::format("    {}: {}\n", other.title, on_one_line(other.verdict));
    return text;
}

std::string page_of(const Finding& finding) {
    std::string text = fmt::format("# {}\n\n- Runtime: {}\n- Started as: `{}`\n", title_of(finding),
                                   finding.runtime, finding.command);
    text += fmt::format("- Found by: {}, vector `{}`\n- Runtime source: (file and line, to be "
                        "filled in)\n\n",
                        finding.tool, finding.original->id);
    text += joined(note_lines(finding), "") + "## Program\n\n";
    text += code_block(program_lines(finding));
    if (!is_encoding(finding))
        text += fmt::format("\nBefore: `{}`. Registers that are not named hold sentinels.\n",
                            operands_text(finding));
    text += fmt::format("\n## Expected\n\n`{}`\n\n", expected_text(finding));
    if (const std::string refusal = refusal_text(finding); !refusal.empty())
        text += refusal + "\n\n";
    if (!is_encoding(finding))
        text += joined(formula_lines(finding), "- ");
    text += clause_lines(finding, "- ") + "\n## Seen\n\n" + joined(seen_lines(finding), "- ");
    if (!finding.others.empty())
        text += "\n## Other runtimes\n\n";
    for (const Comparison& other : finding.others)
        text += fmt::format("- {}: {}\n", other.title, on_one_line(other.verdict));
    text += fmt::format("\n## To reproduce\n\n{}\nwith this file as `{}.yaml`:\n\n```yaml\n{}```\n",
                        code_block(finding.reproduce + "\n"), finding.vector.id.substr(6),
                        yaml_of(finding));
    if (has_block(finding))
        text += "\nThe program that is run: its R1 is the address of a block that holds the "
                "registers before\n(0..79) and takes the registers after (80..159).\n\n" +
                code_block(lowered_lines(finding));
    return text;
}

} // namespace bpf_assay::conformance::reduction
