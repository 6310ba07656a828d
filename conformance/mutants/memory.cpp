// Mutants of loads and stores: the address, the size, the extension, the neighbours.
#include "conformance/mutants/behaviours.hpp"
#include "conformance/mutants/catalogue.hpp"
#include "conformance/state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace bpf_assay::conformance::mutants {
namespace {

struct OffsetChange {
    std::string_view mutation, detail, what;
    s16 (*change)(s16 offset);
};

constexpr auto cut(unsigned bits, s16 offset) {
    return static_cast<s16>(sign_extended_from(bits, static_cast<u64>(s64{offset})));
}

constexpr std::array<OffsetChange, 8> offset_changes = {{
    {"offset-off-by-one", "plus", "the offset is one too large",
     [](s16 offset) { return static_cast<s16>(offset + 1); }},
    {"offset-off-by-one", "minus", "the offset is one too small",
     [](s16 offset) { return static_cast<s16>(offset - 1); }},
    {"offset-ignored", "", "the offset is ignored", [](s16) { return s16{0}; }},
    {"offset-negated", "", "the offset is subtracted",
     [](s16 offset) { return static_cast<s16>(-offset); }},
    {"offset-narrow", "8-bits", "the offset is cut to 8 bits, sign-extended",
     [](s16 offset) { return cut(8, offset); }},
    {"offset-narrow", "9-bits", "the offset is cut to 9 bits, sign-extended",
     [](s16 offset) { return cut(9, offset); }},
    {"offset-narrow", "12-bits", "the offset is cut to 12 bits, sign-extended",
     [](s16 offset) { return cut(12, offset); }},
    {"offset-narrow", "15-bits", "the offset is cut to 15 bits, sign-extended",
     [](s16 offset) { return cut(15, offset); }},
}};

u8 base_of(const InstructionRow& row, const Instruction& in) {
    return address_is_src(row) ? in.src_reg : in.dst_reg;
}

u64 address_of(const InstructionRow& row, const Machine& vm, const Instruction& in) {
    return vm.reg(base_of(row, in)) + sign_extend<u64>(static_cast<u16>(in.offset));
}

/// The access with something added to the address.
Behaviour displaced(const InstructionRow& row, u64 (*distance)(s16 offset)) {
    return [&row, distance](Machine& vm, const Instruction& in, Step original) {
        const u8 base = base_of(row, in);
        const u64 value = vm.reg(base);
        vm.reg(base) = value + distance(in.offset);
        const u64 moved = vm.reg(base);
        const bool goes_on = original(vm, in);
        if (vm.reg(base) == moved) // it was not the result
            vm.reg(base) = value;
        return goes_on;
    };
}

void add_offsets(Mutants& all, const InstructionRow& row) {
    for (const OffsetChange& wrong : offset_changes)
        all.push_back(mutant_of(wrong.mutation, row, wrong.detail, std::string(wrong.what),
                                with_fields([change = wrong.change](Instruction& in) {
                                    in.offset = change(in.offset);
                                })));
    all.push_back(
        mutant_of("offset-unsigned", row, "", "a negative offset is taken for a positive one",
                  displaced(row, [](s16 offset) { return offset < 0 ? u64{0x1'0000} : u64{0}; })));
    all.push_back(mutant_of(
        "offset-min", row, "", "an offset of -32768 is taken for 32768",
        displaced(row, [](s16 offset) { return offset == -32768 ? u64{0x1'0000} : u64{0}; })));
}

bool selected_alike(const FieldRule& a, const FieldRule& b) {
    return a.kind == b.kind && a.value == b.value;
}

/// Whether only the size in the opcode tells the rows apart.
bool differ_in_size(const InstructionRow& a, const InstructionRow& b) {
    constexpr u8 size_bits = 0x18;
    return &a != &b && a.extension == b.extension && selected_alike(a.src_reg, b.src_reg) &&
           selected_alike(a.offset, b.offset) && selected_alike(a.imm, b.imm) &&
           (a.opcode & ~size_bits) == (b.opcode & ~size_bits);
}

/// The same access of another size, done by the row with that size in its opcode.
void add_sizes(Mutants& all, const InstructionRow& row) {
    if (is_atomic(row)) {
        all.push_back(mutant_of("access-size", row, "", "accesses memory in the other width",
                                as_row(*with_other_width(row))));
        return;
    }
    for (const InstructionRow* other : rows_of_all_where(has_address))
        if (differ_in_size(row, *other))
            all.push_back(mutant_of("access-size", row, other->mnemonic,
                                    fmt::format("is executed as {}", other->mnemonic),
                                    as_row(*other)));
}

void add_extensions(Mutants& all, const InstructionRow& row) {
    const auto bits = static_cast<unsigned>(8 * access_size(row));
    const auto add = [&](std::string_view detail, std::string_view what, auto change) {
        all.push_back(
            mutant_of("load-extension", row, detail, std::string(what), with_result(change)));
    };
    if (bits == 64)
        return;
    const u64 mask = (u64{1} << bits) - 1;
    if (sign_extends(row))
        add("zero", "is zero-extended", [mask](u64, u64 result) { return result & mask; });
    else
        add("sign", "is sign-extended",
            [bits](u64, u64 result) { return sign_extended_from(bits, result); });
    add("upper-half-kept", "the upper half of dst stays as it was",
        [](u64 before, u64 result) { return (before & high_half) | (result & low_half); });
    add("upper-bits-kept", "all bits above the loaded ones stay as they were",
        [mask](u64 before, u64 result) { return (before & ~mask) | (result & mask); });
    if (sign_extends(row) && bits < 32)
        add("to-32-bits", "is sign-extended to 32 bits only",
            [](u64, u64 result) { return result & low_half; });
}

/// The bytes in memory the other way round.
Behaviour swapped(const InstructionRow& row) {
    return [&row](Machine& vm, const Instruction& in, Step original) {
        const std::size_t size = access_size(row);
        u8* bytes = vm.mapped(address_of(row, vm, in), size);
        if (bytes == nullptr)
            return original(vm, in);
        if (is_store(row)) {
            const bool goes_on = original(vm, in);
            std::reverse(bytes, bytes + size);
            return goes_on;
        }
        std::reverse(bytes, bytes + size);
        const bool goes_on = original(vm, in);
        std::reverse(bytes, bytes + size);
        return goes_on;
    };
}

/// A byte beside those that the instruction writes is changed.
Behaviour spilling(const InstructionRow& row, bool behind) {
    return [&row, behind](Machine& vm, const Instruction& in, Step original) {
        const u64 address = address_of(row, vm, in);
        if (!original(vm, in))
            return false;
        const u64 neighbour = behind ? address + access_size(row) : address - 1;
        if (u8* byte = vm.mapped(neighbour, 1))
            *byte = static_cast<u8>(~*byte);
        return true;
    };
}

/// A load that leaves something else in memory, as an exchange does.
Behaviour writing(const InstructionRow& row, u64 (*left)(u64 dst_before)) {
    return [&row, left](Machine& vm, const Instruction& in, Step original) {
        const u64 address = address_of(row, vm, in);
        const u64 before = vm.reg(in.dst_reg);
        if (!original(vm, in))
            return false;
        const std::size_t size = access_size(row);
        if (u8* bytes = vm.mapped(address, size))
            store({bytes, size}, left(before), vm.byte_order());
        return true;
    };
}

void add_writes(Mutants& all, const InstructionRow& row) {
    all.push_back(mutant_of("load-writes", row, "exchanged", "dst's old value goes to memory",
                            writing(row, [](u64 before) { return before; })));
    all.push_back(mutant_of("load-writes", row, "cleared", "memory is zero behind it",
                            writing(row, [](u64) { return u64{0}; })));
}

/// Another part of src is stored. Of a base that is stored it is not known what it holds.
Behaviour storing(std::function<u64(u64 src)> part) {
    return [part = std::move(part)](Machine& vm, const Instruction& in, Step original) {
        if (in.dst_reg == in.src_reg)
            return original(vm, in);
        const u64 value = vm.reg(in.src_reg);
        vm.reg(in.src_reg) = part(value);
        const bool goes_on = original(vm, in);
        vm.reg(in.src_reg) = value;
        return goes_on;
    };
}

/// As an exchange does it, which x86-64 has for a store that orders the accesses around it.
Behaviour fetching(const InstructionRow& row) {
    return [&row](Machine& vm, const Instruction& in, Step original) {
        const std::size_t size = access_size(row);
        const u8* bytes = vm.mapped(address_of(row, vm, in), size);
        const u64 old = bytes == nullptr ? 0 : load({bytes, size}, vm.byte_order());
        if (!original(vm, in))
            return false;
        if (in.dst_reg != in.src_reg)
            vm.reg(in.src_reg) = old;
        return true;
    };
}

void add_stored_values(Mutants& all, const InstructionRow& row) {
    const auto bits = static_cast<unsigned>(8 * access_size(row));
    const auto add = [&](std::string_view detail, std::string_view what, auto part) {
        all.push_back(mutant_of("stored-part", row, detail, std::string(what), storing(part)));
    };
    if (bits == 64) {
        add("exchanged", "the halves of src are exchanged",
            [](u64 src) { return src >> 32 | src << 32; });
    } else {
        add("highest", "the highest bits of src are stored",
            [bits](u64 src) { return src >> (64 - bits); });
        if (bits < 32)
            add("next", "the bits above the lowest ones are stored",
                [bits](u64 src) { return src >> bits; });
    }
    all.push_back(
        mutant_of("store-fetches", row, "", "what was in memory goes to src", fetching(row)));
}

void add_contents(Mutants& all, const InstructionRow& row) {
    if (access_size(row) != 1)
        all.push_back(
            mutant_of("memory-order", row, "", "the bytes are the wrong way round", swapped(row)));
    if (is_load(row))
        return add_writes(all, row);
    if (is_store(row) && reads_src(row))
        add_stored_values(all, row);
    all.push_back(mutant_of("neighbour-written", row, "after", "the byte after is written, too",
                            spilling(row, true)));
    all.push_back(mutant_of("neighbour-written", row, "before", "the byte before is written, too",
                            spilling(row, false)));
    if (is_store(row))
        all.push_back(mutant_of("store-dropped", row, "", "nothing is stored",
                                [](Machine&, const Instruction&, Step) { return true; }));
}

/// Aligned down, as a host without unaligned accesses may do.
Behaviour aligned(const InstructionRow& row) {
    return [&row](Machine& vm, const Instruction& in, Step original) {
        Instruction changed = in;
        const u64 below = address_of(row, vm, in) % access_size(row);
        changed.offset = static_cast<s16>(in.offset - static_cast<s16>(below));
        return original(vm, changed);
    };
}

} // namespace

void add_memory(Mutants& all) {
    for (const InstructionRow* row : rows_of_all_where(has_address)) {
        add_offsets(all, *row);
        add_sizes(all, *row);
        add_contents(all, *row);
        if (is_load(*row))
            add_extensions(all, *row);
        if (!is_atomic(*row) && access_size(*row) != 1)
            all.push_back(mutant_of("aligned-down", *row, "", "the address is aligned downwards",
                                    aligned(*row)));
    }
}

} // namespace bpf_assay::conformance::mutants
