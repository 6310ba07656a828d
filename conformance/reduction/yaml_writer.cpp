#include "conformance/reduction/yaml_writer.hpp"

#include "conformance/assembler.hpp"
#include "conformance/policy.hpp"
#include "conformance/state.hpp"

#include "reference_vm/decoder.hpp"
#include "reference_vm/disassembler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace bpf_assay::conformance::reduction {
namespace {

/// The same few instructions stand in a long program again and again.
class KnownTexts {
public:
    const std::vector<Slot>& slots_of(const std::string& text) {
        const auto [known, fresh] = m_known.try_emplace(text);
        if (fresh)
            if (auto made = m_assembler.assemble(text); made.index() == 0)
                known->second = std::get<0>(std::move(made));
        return known->second; // empty: no assembly
    }

private:
    Assembler m_assembler;
    std::map<std::string, std::vector<Slot>> m_known;
};

std::string quad_text(const Slot& slot) {
    return fmt::format(".quad {:#x}",
                       load(encode_slot(slot, ByteOrder::little), ByteOrder::little));
}

/// The instruction's text with what the assembler makes of it, or its slots as numbers.
std::string instruction_text(std::span<const Slot> slots, std::size_t pc, std::size_t size,
                             KnownTexts& known) {
    const std::string text = disassemble(slots, pc);
    if (std::ranges::equal(known.slots_of(text), slots.subspan(pc, size)))
        return text;
    std::string quads = quad_text(slots[pc]);
    if (size == 2)
        quads += "\n" + quad_text(slots[pc + 1]);
    return quads;
}

std::string helper_name(const Slot& slot) {
    for (const HelperRole role : all_helper_roles)
        if (static_cast<u32>(slot.imm) == reserved_id(role))
            return std::string(name_of(role));
    return {};
}

/// Where functions begin, and the labels they get.
std::map<std::size_t, std::string> labels_of(std::span<const Slot> slots) {
    std::set<std::size_t> targets;
    for (std::size_t pc = 0; pc < slots.size(); ++pc) {
        const InstructionRow* row = find_row(slots[pc]);
        if (row == nullptr)
            continue;
        if (row->mnemonic == "call_local")
            if (const s64 target = *target_of(slots[pc], static_cast<u32>(pc));
                target >= 0 && target < static_cast<s64>(slots.size()))
                targets.insert(static_cast<std::size_t>(target));
        pc += row->wide ? 1 : 0;
    }
    std::map<std::size_t, std::string> labels;
    for (const std::size_t target : targets)
        labels.emplace(target, fmt::format("function{}", labels.size() + 1));
    return labels;
}

/// Adds an instruction; a run of the same ones becomes a .rept.
class Texts {
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
        constexpr std::size_t repeated = 8;
        if (m_times > repeated)
            m_text += fmt::format(".rept {}\n{}\n.endr\n", m_times, m_last);
        for (std::size_t i = 0; i < m_times && m_times <= repeated; ++i)
            m_text += m_last + "\n";
        m_times = 0;
    }

    std::string m_text, m_last;
    std::size_t m_times = 0;
};

std::string with_labels(std::span<const Slot> slots,
                        const std::map<std::size_t, std::string>& labels, KnownTexts& known) {
    Texts texts;
    for (std::size_t pc = 0; pc < slots.size(); ++pc) {
        const InstructionRow* row = find_row(slots[pc]);
        const bool wide = row != nullptr && row->wide && pc + 1 < slots.size();
        if (const auto label = labels.find(pc); label != labels.end())
            texts.add(label->second + ":");
        const auto target = target_of(slots[pc], static_cast<u32>(pc));
        if (row != nullptr && row->mnemonic == "call_helper" && !helper_name(slots[pc]).empty())
            texts.add(fmt::format("call {{{}}}", helper_name(slots[pc])));
        else if (row != nullptr && row->mnemonic == "call_local" && target &&
                 labels.contains(static_cast<std::size_t>(*target)))
            texts.add("call " + labels.at(static_cast<std::size_t>(*target)));
        else
            texts.add(instruction_text(slots, pc, wide ? 2 : 1, known));
        pc += wide ? 1 : 0;
    }
    return texts.text();
}

std::string without_helpers(std::string text) {
    for (const HelperRole role : all_helper_roles) {
        const std::string name = fmt::format("{{{}}}", name_of(role));
        for (auto at = text.find(name); at != std::string::npos; at = text.find(name))
            text.replace(at, name.size(), std::to_string(reserved_id(role)));
    }
    return text;
}

std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            result += '\\';
        result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return result + "\"";
}

std::string indented(const std::string& text, const char* indent) {
    std::istringstream lines(text);
    std::string result;
    for (std::string line; std::getline(lines, line);)
        result += indent + line + "\n";
    return result;
}

std::string cells_text(const std::vector<Cell>& cells) {
    std::vector<std::string> parts;
    for (const Cell& cell : cells)
        parts.push_back(cell_text(cell));
    return fmt::format("{{{}}}", fmt::join(parts, ", "));
}

std::string field_text(const char* name, s64 value) {
    return value == 0 ? "" : fmt::format(", {}: {}", name, value);
}

/// `- "r0 = 1"`, or the fields of what assembly has no words for.
std::string slots_text(const char* key, std::span<const Slot> slots) {
    KnownTexts known;
    std::string text = fmt::format("    {}:\n", key);
    for (std::size_t pc = 0; pc < slots.size(); ++pc) {
        const InstructionRow* row = find_row(slots[pc]);
        const bool wide = row != nullptr && row->wide && pc + 1 < slots.size();
        const std::string line = instruction_text(slots, pc, wide ? 2 : 1, known);
        if (!line.starts_with(".quad")) {
            text += fmt::format("      - {}\n", quoted(line));
            pc += wide ? 1 : 0;
            continue;
        }
        const Slot& slot = slots[pc];
        text += fmt::format("      - {{opcode: {:#04x}{}{}{}{}}}\n", slot.opcode,
                            field_text("dst", slot.dst_reg), field_text("src", slot.src_reg),
                            field_text("offset", slot.offset), field_text("imm", slot.imm));
    }
    return text;
}

std::string encoding_text(const Encoding& encoding) {
    std::string text = encoding.image
                           ? fmt::format("    image: \"{:02x}\"\n", fmt::join(*encoding.image, " "))
                           : slots_text("slots", encoding.slots);
    if (encoding.control)
        text += slots_text("control", *encoding.control);
    return text + "    expect: refused\n";
}

std::string braced(const char* key, const StatedState& state) {
    return fmt::format("    {}: {{{}}}\n", key, state_text(state));
}

bool is_empty(const StatedState& state) {
    return state_text(state).empty();
}

std::string program_text(const Vector& vector) {
    const bool is_explicit = vector.kind == Kind::explicit_state;
    std::string text = fmt::format("    {}: |\n{}", is_explicit ? "asm" : "program",
                                   indented(assembly_of(vector.body), "      "));
    if (vector.kind == Kind::packet)
        text += fmt::format("    packet: \"{:02x}\"\n", fmt::join(vector.packet, " "));
    else if (vector.memory_size != 64)
        text += fmt::format("    memory_size: {}\n", vector.memory_size);
    if (!is_empty(vector.before))
        text += braced("before", vector.before);
    if (!is_explicit || state_text(vector.after[0]) == state_text(vector.after[1]))
        return text + braced("after", vector.after[0]);
    return text + braced("after_little", vector.after[0]) + braced("after_big", vector.after[1]);
}

std::string names_of(const std::vector<const InstructionRow*>& rows) {
    std::vector<std::string_view> names;
    for (const InstructionRow* row : rows)
        names.push_back(row->mnemonic);
    return fmt::format("[{}]", fmt::join(names, ", "));
}

} // namespace

std::string assembly_of(std::span<const Slot> slots) {
    KnownTexts known;
    const auto labels = labels_of(slots);
    const std::string text = with_labels(slots, labels, known);
    if (std::ranges::equal(known.slots_of(without_helpers(text)), slots))
        return text;
    Texts quads;
    for (const Slot& slot : slots)
        quads.add(quad_text(slot));
    return quads.text();
}

std::string number_text(u64 value, std::size_t bytes) {
    constexpr s64 small = 4096;
    const unsigned unused = 64 - 8 * static_cast<unsigned>(bytes);
    const s64 extended = static_cast<s64>(value << unused) >> unused;
    if (extended > -small && extended < small)
        return std::to_string(extended);
    return fmt::format("{:#x}", value);
}

std::string value_text(const RegisterValue& value) {
    if (std::holds_alternative<Undefined>(value))
        return "undefined";
    if (const auto* address = std::get_if<Address>(&value))
        return fmt::format("{{{}: {}}}", address->base == Address::Base::memory ? "block" : "stack",
                           address->offset);
    return number_text(std::get<u64>(value));
}

std::string cell_text(const Cell& cell) {
    if (const auto* value = std::get_if<u64>(&cell.content))
        return fmt::format("u{}@{}: {}", 8 * cell.size, cell.at, number_text(*value, cell.size));
    return fmt::format("bytes@{}: \"{:02x}\"", cell.at,
                       fmt::join(std::get<std::vector<u8>>(cell.content), " "));
}

std::string state_text(const StatedState& state) {
    std::vector<std::string> parts;
    for (std::size_t number = 0; number < general_registers; ++number)
        if (state.registers[number])
            parts.push_back(fmt::format("r{}: {}", number, value_text(*state.registers[number])));
    if (!state.memory.empty())
        parts.push_back("memory: " + cells_text(state.memory));
    if (!state.stack.empty())
        parts.push_back("stack: " + cells_text(state.stack));
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::string yaml_of(const Vector& vector, const std::string& comment) {
    std::string text = indented(comment, "# ");
    text += fmt::format("section: {}\nvectors:\n  - id: {}\n    clauses: [{}]\n",
                        quoted(vector.section), vector.id, fmt::join(vector.clauses, ", "));
    if (!vector.policy->name.empty())
        text += fmt::format("    policy: {}\n", vector.policy->name);
    if (!vector.tests.empty())
        text += fmt::format("    tests: {}\n", names_of(vector.tests));
    if (!vector.unless.empty())
        text += fmt::format("    unless: {}\n", vector.unless);
    text += vector.kind == Kind::encoding ? encoding_text(vector.encoding) : program_text(vector);
    return text + fmt::format("    because: {}\n", quoted(vector.because));
}

} // namespace bpf_assay::conformance::reduction
