#include "conformance/elf_object.hpp"

#include "conformance/assembler.hpp"
#include "conformance/error.hpp"

#include "reference_vm/decoder.hpp"
#include "reference_vm/instructions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace bpf_assay::conformance {
namespace {

/// Kernel and eBPF for Windows agree on the id of map_lookup_elem.
constexpr int map_lookup_elem = 1;

bool is(const Slot& slot, std::string_view mnemonic) {
    const InstructionRow* row = find_row(slot);
    return row != nullptr && row->mnemonic == mnemonic;
}

/// Calls `visit(pc)` for each instruction.
template <class Visit>
void for_each_instruction(std::span<const Slot> slots, Visit visit) {
    for (std::size_t pc = 0; pc < slots.size(); ++pc) {
        const InstructionRow* row = find_row(slots[pc]);
        visit(pc);
        pc += row != nullptr && row->wide ? 1 : 0;
    }
}

/// Where the program and its local functions begin, and the end.
std::vector<s64> parts_of(std::span<const Slot> slots) {
    std::vector<s64> begins{0, static_cast<s64>(slots.size())};
    for_each_instruction(slots, [&](std::size_t pc) {
        if (is(slots[pc], "call_local"))
            begins.push_back(*target_of(slots[pc], static_cast<u32>(pc)));
    });
    std::ranges::sort(begins);
    const auto again = std::ranges::unique(begins);
    begins.erase(again.begin(), again.end());
    return begins;
}

/// BTF (the kernel's documentation: "BPF Type Format"), of one map.
class BtfOfMap {
public:
    BtfOfMap(std::string_view name, std::size_t value_size) {
        const u32 integer = add("int", kind_int, 0, 4);
        m_types.push_back(signed_bits);
        constexpr u32 array_map = 2; // BPF_MAP_TYPE_ARRAY, and of Windows, too
        const std::vector<std::pair<const char*, u32>> members{
            {"type", array_map},
            {"key_size", 4},
            {"value_size", static_cast<u32>(value_size)},
            {"max_entries", 1}};
        std::vector<u32> pointers;
        for (const auto& [member, number] : members) { // a number is the length of an array
            const u32 array = add("", kind_array, 0, 0);
            m_types.insert(m_types.end(), {integer, integer, number});
            pointers.push_back(add("", kind_pointer, 0, array));
        }
        const u32 map = add("", kind_struct, static_cast<u32>(members.size()), size_of_map);
        for (std::size_t i = 0; i < members.size(); ++i)
            m_types.insert(m_types.end(),
                           {text(members[i].first), pointers[i], static_cast<u32>(64 * i)});
        const u32 variable = add(name, kind_variable, 0, map);
        m_types.push_back(global_linkage);
        add(".maps", kind_section, 1, size_of_map);
        m_types.insert(m_types.end(), {variable, 0, size_of_map});
    }

    static constexpr u32 size_of_map = 32; // four pointers, which nobody reads

    std::vector<u8> bytes() const {
        const auto types = static_cast<u32>(4 * m_types.size());
        std::vector<u8> out;
        const auto put = [&](u32 number) {
            for (unsigned shift = 0; shift < 32; shift += 8)
                out.push_back(static_cast<u8>(number >> shift));
        };
        for (const u32 number : {magic_and_version, header_size, u32{0}, types, types,
                                 static_cast<u32>(m_texts.size())})
            put(number);
        for (const u32 number : m_types)
            put(number);
        out.insert(out.end(), m_texts.begin(), m_texts.end());
        return out;
    }

private:
    static constexpr u32 magic_and_version = 0x0001'eb9f, header_size = 24;
    static constexpr u32 kind_int = 1, kind_pointer = 2, kind_array = 3, kind_struct = 4,
                         kind_variable = 14, kind_section = 15;
    static constexpr u32 signed_bits = 1U << 24 | 32, global_linkage = 1;

    u32 text(std::string_view text) {
        if (text.empty())
            return 0;
        const auto at = static_cast<u32>(m_texts.size());
        m_texts += text;
        m_texts += '\0';
        return at;
    }
    u32 add(std::string_view name, u32 kind, u32 count, u32 size_or_type) {
        m_types.insert(m_types.end(), {text(name), kind << 24 | count, size_or_type});
        return ++m_last;
    }

    std::vector<u32> m_types;
    std::string m_texts = std::string(1, '\0');
    u32 m_last = 0;
};

/// Assembly for LLVM. Only what the loader must see is written as such: the map and the symbols.
class ObjectText {
public:
    void program(const ObjectProgram& program, const ObjectOptions& options) {
        const auto parts = parts_of(program.slots);
        begin(options.section, program.symbol);
        line("*(u32 *)(r10 - 4) = 0");
        line("r2 = r10");
        line("r2 += -4");
        line("r1 = {} ll", block_map);
        line("call {}", map_lookup_elem);
        line("if r0 != 0 goto +2");
        line("r0 = {}", no_block);
        line("exit");
        line("r1 = r0");
        line("r1 += {}", options.block_at);
        slots(program, parts[0], parts[1]);
        end(program.symbol);
        for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
            const std::string symbol = function_symbol(program, parts[i]);
            begin(".text", symbol);
            slots(program, parts[i], parts[i + 1]);
            end(symbol);
        }
    }

    void map(std::size_t value_size) {
        line(".section .maps,\"aw\",@progbits");
        line(".globl {0}\n.type {0},@object\n.p2align 3\n{0}:", block_map);
        line(".zero {}\n.size {}, {}", BtfOfMap::size_of_map, block_map, BtfOfMap::size_of_map);
        line(".section license,\"aw\",@progbits\n.asciz \"GPL\"");
        line(".section .BTF,\"\",@progbits\n.p2align 2");
        line(".byte {}", fmt::join(BtfOfMap(block_map, value_size).bytes(), ","));
    }

    const std::string& text() const { return m_text; }

private:
    template <class... Arguments>
    void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        fmt::format_to(std::back_inserter(m_text), format, std::forward<Arguments>(arguments)...);
        m_text += '\n';
    }
    void begin(std::string_view section, const std::string& symbol) {
        line(".section {},\"ax\",@progbits\n.p2align 3", section);
        line(".globl {0}\n.type {0},@function\n{0}:", symbol);
    }
    void end(const std::string& symbol) { line(".size {0}, .-{0}", symbol); }
    static std::string function_symbol(const ObjectProgram& program, s64 begin) {
        return fmt::format("{}_at_{}", program.symbol, begin);
    }
    void slots(const ObjectProgram& program, s64 from, s64 to) {
        for (auto pc = static_cast<u32>(from); pc < to; ++pc) {
            const Slot& slot = program.slots[pc];
            const InstructionRow* row = find_row(slot);
            if (is(slot, "call_local")) {
                line("call {}", function_symbol(program, *target_of(slot, pc)));
                continue;
            }
            bytes(slot);
            if (row != nullptr && row->wide && pc + 1 < to)
                bytes(program.slots[++pc]);
        }
    }
    void bytes(const Slot& slot) {
        line(".byte {}", fmt::join(encode_slot(slot, ByteOrder::little), ","));
    }

    std::string m_text;
};

} // namespace

std::string cannot_be_in_object(std::span<const Slot> slots) {
    if (slots.empty())
        return "it has no instruction";
    const auto parts = parts_of(slots);
    const auto end = static_cast<s64>(slots.size());
    if (parts.front() < 0 || parts.back() > end)
        return "it calls a function outside of the program";
    std::string why;
    std::size_t last = 0;
    std::size_t instructions_in_parts = 0;
    for_each_instruction(slots, [&](std::size_t pc) {
        const auto part_of = [&](s64 slot) { return std::ranges::upper_bound(parts, slot); };
        const Slot& slot = slots[pc];
        const auto target = target_of(slot, static_cast<u32>(pc));
        if (is(slot, "call_local")) {
            if (*target == 0 || *target == end)
                why = "it calls its own start, or its end";
            // A symbol is called by an instruction that the loader writes.
            if (slot.dst_reg != 0 || slot.offset != 0)
                why = "a call has a field set that has to be zero";
        } else if (target && *target < 0) {
            why = "a jump goes to before the program, where an object has the lookup of the block";
        } else if (target && parts.size() > 2 && part_of(*target) != part_of(s64(pc))) {
            why = "a jump goes from one function to another";
        }
        const bool begins = std::ranges::binary_search(parts, static_cast<s64>(pc));
        instructions_in_parts += begins ? 1 : 0;
        if (begins && pc != 0 && !is(slots[last], "exit") && !is(slots[last], "ja") &&
            !is(slots[last], "ja32"))
            why = "a function runs into the next";
        last = pc;
    });
    if (why.empty() && instructions_in_parts + 1 < parts.size())
        why = "it calls the second slot of an instruction";
    return why;
}

std::vector<u8> elf_object(std::span<const ObjectProgram> programs, const ObjectOptions& options) {
    ObjectText text;
    for (const ObjectProgram& program : programs) {
        if (const std::string why = cannot_be_in_object(program.slots); !why.empty())
            throw InputError(fmt::format("{}: {}", program.symbol, why));
        text.program(program, options);
    }
    text.map(options.block_at + options.block_size);
    Assembler assembler;
    auto object = assembler.object(text.text());
    if (const auto* error = std::get_if<AssemblyError>(&object))
        throw InputError(fmt::format("the object cannot be written: {} (line {} of its assembly)",
                                     error->message, error->line));
    return std::get<std::vector<u8>>(std::move(object));
}

} // namespace bpf_assay::conformance
