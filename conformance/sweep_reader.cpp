// The part of VectorReader that reads sweeps.
#include "conformance/vector_reader.hpp"

#include "conformance/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace bpf_assay::conformance {

namespace {

std::string replace_all(std::string text, std::string_view from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

std::string instructions_of(const Sweep& sweep, const SweepProgram& program) {
    std::string text = sweep.text;
    text = replace_all(text, "{dst}", fmt::format("r{}", program.dst));
    text = replace_all(text, "{dst32}", fmt::format("w{}", program.dst));
    if (program.src) {
        text = replace_all(text, "{src}", fmt::format("r{}", *program.src));
        text = replace_all(text, "{src32}", fmt::format("w{}", *program.src));
    }
    if (program.imm)
        text = replace_all(text, "{imm}", fmt::format("{}", *program.imm));
    return text;
}

} // namespace

std::vector<u8> VectorReader::read_register_list(const YAML::Node& node) {
    static const std::regex pattern("r([0-9])(-r([0-9]))?");
    std::vector<u8> registers;
    const auto add = [&](const YAML::Node& item) {
        const std::string text = m_file.text(item, "registers");
        std::smatch match;
        const auto fail = [&] {
            m_file.fail(item, fmt::format("'{}' is not rN or rN-rM with registers 0 to 9, the "
                                          "lower one first",
                                          text));
        };
        if (!std::regex_match(text, match, pattern))
            fail();
        const int first = match[1].str()[0] - '0';
        const int last = match[3].matched ? match[3].str()[0] - '0' : first;
        if (last < first)
            fail();
        for (int number = first; number <= last; ++number)
            registers.push_back(static_cast<u8>(number));
    };
    if (!node.IsSequence())
        add(node);
    else
        for (const auto& item : node)
            add(item);
    return registers;
}

std::vector<u64> VectorReader::read_values(const YAML::Node& node) {
    std::vector<u64> values;
    const auto add = [&](const YAML::Node& item) {
        const std::string text = m_file.text(item, "values");
        if (const auto found = m_context.lists.find(text); found != m_context.lists.end())
            values.insert(values.end(), found->second.begin(), found->second.end());
        else if (const auto value = parse_integer(text))
            values.push_back(*value);
        else
            m_file.fail(
                item, fmt::format("'{}' is neither an integer nor a list of operands.yaml", text));
    };
    if (!node.IsSequence())
        add(node);
    else
        for (const auto& item : node)
            add(item);
    return values;
}

void VectorReader::read_sweep(const YAML::Node& node, Vector& vector) {
    allow(node, "a sweep", {"asm", "registers", "imm", "rows", "digest"});
    vector.kind = Kind::sweep;
    Sweep& sweep = vector.sweep;
    sweep.text = m_file.text(node["asm"], "asm");
    vector.text = sweep.text;

    const YAML::Node registers = m_file.required(node, "registers");
    m_file.expect_map(registers, "registers", {"dst", "src"});
    sweep.dst = read_register_list(m_file.required(registers, "dst"));
    if (registers["src"])
        sweep.src = read_register_list(registers["src"]);
    if (node["imm"])
        for (const u64 value : read_values(node["imm"]))
            sweep.imm.push_back(static_cast<s64>(value));

    m_file.expect_map(node["rows"], "rows", {"dst", "src"});
    sweep.dst_values = read_values(m_file.required(node["rows"], "dst"));
    if (node["rows"]["src"])
        sweep.src_values = read_values(node["rows"]["src"]);
    if (sweep.src.empty() != sweep.src_values.empty())
        m_file.fail(node["rows"], "'src' stands in both of registers and rows, or in neither");

    read_digest(m_file.required(node, "digest"), sweep);
    make_sweep_programs(node["asm"], vector);
    assemble_sweep(node["asm"], vector);
}

void VectorReader::read_digest(const YAML::Node& node, Sweep& sweep) {
    const auto read = [&](const YAML::Node& digest) {
        static const std::regex hex("[0-9a-f]{64}");
        std::string text = m_file.text(digest, "a digest");
        if (!std::regex_match(text, hex))
            m_file.fail(digest, "a digest is a SHA-256 as 64 hex digits");
        return text;
    };
    if (!node.IsMap())
        return sweep.digest.fill(read(node));
    m_file.expect_map(node, "digest", {"little", "big"});
    sweep.digest = {read(m_file.required(node, "little")), read(m_file.required(node, "big"))};
}

/// The programs of a sweep in the order of the format, not yet assembled.
void VectorReader::make_sweep_programs(const YAML::Node& text, Vector& vector) {
    const Sweep& sweep = vector.sweep;
    const std::vector<u8> any_src = sweep.src.empty() ? std::vector<u8>{0} : sweep.src;
    const std::vector<s64> any_imm = sweep.imm.empty() ? std::vector<s64>{0} : sweep.imm;
    for (const u8 dst : sweep.dst)
        for (const u8 src : any_src)
            for (const s64 imm : any_imm) {
                SweepProgram program;
                program.dst = dst;
                if (!sweep.src.empty())
                    program.src = src;
                if (!sweep.imm.empty())
                    program.imm = imm;
                vector.sweep_programs.push_back(std::move(program));
            }
    if (vector.sweep_programs.empty())
        m_file.fail(text, "the sweep has no programs");
    const std::string first = instructions_of(sweep, vector.sweep_programs.front());
    if (first.find('{') != std::string::npos)
        m_file.fail(text, fmt::format("a placeholder has no values: {}", first));
}

/// LLVM's set-up costs more than a program, so all are assembled as one text where that is the
/// same: without labels, each program takes as many slots as the first.
void VectorReader::assemble_sweep(const YAML::Node& text, Vector& vector) {
    auto& programs = vector.sweep_programs;
    std::string all;
    for (const SweepProgram& program : programs)
        all += instructions_of(vector.sweep, program) + "\n";
    programs.front().body = assemble(text, instructions_of(vector.sweep, programs.front()));
    const std::size_t slots = programs.front().body.size();
    const auto together = m_context.assembler.assemble(all);
    const auto* assembled = std::get_if<std::vector<Slot>>(&together);
    const bool labels = vector.sweep.text.find(':') != std::string::npos;
    if (assembled != nullptr && !labels && assembled->size() == programs.size() * slots) {
        for (std::size_t i = 0; i < programs.size(); ++i)
            programs[i].body.assign(assembled->begin() + static_cast<s64>(i * slots),
                                    assembled->begin() + static_cast<s64>((i + 1) * slots));
        return;
    }
    for (SweepProgram& program : programs) // also finds which one has a mistake
        program.body = assemble(text, instructions_of(vector.sweep, program));
}

} // namespace bpf_assay::conformance
