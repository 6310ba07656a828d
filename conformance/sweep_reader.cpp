// The part of VectorReader that reads sweeps.
#include "conformance/vector_reader.hpp"

#include "conformance/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace bpf_assay::conformance {

namespace {

constexpr std::size_t most_rows = 1024; // of one program

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
    if (program.offset)
        text = replace_all(
            text, "{offset}",
            fmt::format("{} {}", *program.offset < 0 ? '-' : '+', std::abs(*program.offset)));
    return text;
}

/// What a dimension of the table has: without values of its own, one element that is none.
std::vector<std::optional<s64>> dimension(const std::vector<s64>& values) {
    if (values.empty())
        return {std::nullopt};
    return {values.begin(), values.end()};
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

std::vector<s64> VectorReader::read_signed_values(const YAML::Node& node) {
    std::vector<s64> values;
    for (const u64 value : read_values(node))
        values.push_back(static_cast<s64>(value));
    return values;
}

void VectorReader::read_sweep(const YAML::Node& node, Vector& vector) {
    allow(
        node, "a sweep",
        {"asm", "registers", "distinct", "imm", "base", "cell", "at", "offset", "rows", "digest"});
    vector.kind = Kind::sweep;
    Sweep& sweep = vector.sweep;
    sweep.text = m_file.text(node["asm"], "asm");
    vector.text = sweep.text;

    const YAML::Node registers = m_file.required(node, "registers");
    m_file.expect_map(registers, "registers", {"dst", "src"});
    sweep.dst = read_register_list(m_file.required(registers, "dst"));
    if (registers["src"])
        sweep.src = read_register_list(registers["src"]);
    if (node["distinct"]) {
        if (m_file.text(node["distinct"], "distinct") != "true" || sweep.src.empty())
            m_file.fail(node["distinct"],
                        "'distinct' is true, of a sweep with a src, or not there");
        sweep.distinct = true;
    }
    if (node["imm"])
        sweep.imm = read_signed_values(node["imm"]);
    read_cell(node, sweep);
    read_rows(node["rows"], sweep);
    read_digest(m_file.required(node, "digest"), sweep);
    make_sweep_programs(node["asm"], vector);
    assemble_sweep(node["asm"], vector);
}

/// base, cell, at, offset
void VectorReader::read_cell(const YAML::Node& node, Sweep& sweep) {
    static constexpr std::array<std::pair<std::string_view, std::size_t>, 4> cells{
        {{"u8", 1}, {"u16", 2}, {"u32", 4}, {"u64", 8}}};
    for (const char* key : {"base", "at", "offset"})
        if (node[key] && !node["cell"])
            m_file.fail(node[key], fmt::format("'{}' needs a 'cell'", key));
    if (!node["cell"])
        return;
    const std::string cell = m_file.text(node["cell"], "cell");
    const auto* found =
        std::ranges::find(cells, cell, [](const auto& known) { return known.first; });
    if (found == cells.end())
        m_file.fail(node["cell"], "a cell is u8, u16, u32 or u64");
    sweep.cell_size = found->second;

    const YAML::Node base = m_file.required(node, "base");
    const std::string name = m_file.text(base, "base");
    if (name != "dst" && (name != "src" || sweep.src.empty()))
        m_file.fail(base, "'base' is dst, or src where there is one");
    sweep.base = name == "dst" ? Sweep::Base::dst : Sweep::Base::src;

    if (node["at"])
        sweep.at = read_signed_values(node["at"]);
    for (const s64 at : sweep.at)
        if (at < 0 || at + static_cast<s64>(sweep.cell_size) > static_cast<s64>(sweep_memory_size))
            m_file.fail(node["at"], fmt::format("a {} at {} is outside of 0..{}", cell, at,
                                                sweep_memory_size - 1));
    if (node["offset"])
        sweep.offset = read_signed_values(node["offset"]);
    for (const s64 offset : sweep.offset)
        if (offset < -0x8000 || offset > 0x7fff)
            m_file.fail(node["offset"],
                        fmt::format("offset {} is outside of -32768..32767", offset));
}

void VectorReader::read_rows(const YAML::Node& node, Sweep& sweep) {
    m_file.expect_map(node, "rows", {"dst", "src", "r0", "memory"});
    const auto values = [&](const char* key) {
        return node[key] ? read_values(node[key]) : std::vector<u64>();
    };
    sweep.dst_values = values("dst");
    sweep.src_values = values("src");
    sweep.r0_values = values("r0");
    sweep.memory_values = values("memory");
    if (node["src"] && sweep.src.empty())
        m_file.fail(node["src"], "there is no src in 'registers'");
    if (node["memory"] && sweep.cell_size == 0)
        m_file.fail(node["memory"], "'memory' needs a 'cell'");
    const char* address = sweep.base == Sweep::Base::dst ? "dst" : "src";
    if (sweep.base != Sweep::Base::none && node[address])
        m_file.fail(node[address], "the base holds an address, no values");
    const std::size_t most = std::max<std::size_t>(sweep.dst_values.size(), 1) *
                             std::max<std::size_t>(sweep.src_values.size(), 1) *
                             std::max<std::size_t>(sweep.r0_values.size(), 1) *
                             std::max<std::size_t>(sweep.memory_values.size(), 1);
    if (most > most_rows)
        m_file.fail(node, fmt::format("a program has {} rows; at most {}", most, most_rows));
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
    const auto every_src = dimension({sweep.src.begin(), sweep.src.end()});
    const auto every_imm = dimension(sweep.imm);
    const auto every_at = dimension(sweep.at);
    const auto every_offset = dimension(sweep.offset);
    for (const u8 dst : sweep.dst)
        for (const auto src : every_src)
            for (const auto imm : every_imm)
                for (const auto at : every_at)
                    for (const auto offset : every_offset)
                        if (!sweep.distinct || src != dst)
                            vector.sweep_programs.push_back({.dst = dst,
                                                             .src = src,
                                                             .imm = imm,
                                                             .at = at,
                                                             .offset = offset,
                                                             .body = {}});
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
    const auto together = m_assembler.assemble(all);
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
