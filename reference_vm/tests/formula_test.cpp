// The machine against the formulas of the table, row by row, over edge operands in both byte
// orders.
#include "reference_vm/tests/formula.hpp"

#include "reference_vm/tests/slots.hpp"
#include "reference_vm/trace.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace bpf_assay {
namespace {

using namespace test;

constexpr u64 edges[] = {0,
                         1,
                         2,
                         3,
                         7,
                         31,
                         32,
                         63,
                         64,
                         0x7f,
                         0x80,
                         0xff,
                         0x7fff,
                         0x8000,
                         0x7fff'ffff,
                         0x8000'0000,
                         0x8000'0001,
                         0xffff'ffff,
                         0x1'0000'0000,
                         0x0123'4567'89ab'cdef,
                         0xdead'beef'0000'0000,
                         0xdead'beef'8000'0000,
                         0x7fff'ffff'ffff'ffff,
                         0x8000'0000'0000'0000,
                         0xffff'ffff'7fff'ffff,
                         0xffff'ffff'8000'0000,
                         0xffff'ffff'ffff'fff3,
                         0xffff'ffff'ffff'ffff};
constexpr s32 imm_edges[] = {0,   1,   -1,   2,     -2,    7,          31,         32,
                             63,  64,  127,  128,   -128,  0x7fff,     0x7fffffff, -0x7fffffff - 1,
                             -13, 255, 4096, -4096, 65536, 0x01020304, 0x55555555, -0x55555556};

constexpr std::size_t size = 64; // of memory and packet
using Bytes = std::array<u8, size>;

Bytes pattern() {
    Bytes bytes;
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<u8>(0x5a + 37 * i);
    return bytes;
}

/// Bytes between `base` and `base + size` as numbers, byte by byte.
u64 load_from(const Bytes& bytes, u64 base, u64 address, int width, ByteOrder order) {
    u64 value = 0;
    for (int i = 0; i < width / 8; ++i) {
        const int place = order == ByteOrder::little ? i : width / 8 - 1 - i;
        value |= u64{bytes.at(address - base + static_cast<u64>(i))} << (8 * place);
    }
    return value;
}
void store_to(Bytes& bytes, u64 base, u64 address, int width, u64 value, ByteOrder order) {
    for (int i = 0; i < width / 8; ++i) {
        const int place = order == ByteOrder::little ? i : width / 8 - 1 - i;
        bytes.at(address - base + static_cast<u64>(i)) = static_cast<u8>(value >> (8 * place));
    }
}

/// The pcs of a run.
class Path : public TraceHook {
public:
    void on_step(const TraceStep& step) override {
        if (step.after == nullptr)
            pcs.push_back(step.pc);
    }
    std::vector<u32> pcs;
};

struct Operands {
    u64 dst;
    u64 src;
    s16 offset = 0;
    s32 imm = 0;
    s32 next_imm = 0;
    u8 src_reg = 8; // dst is R7
};

constexpr u8 dst_reg = 7;

Registers registers_before(const Operands& operands) {
    Registers registers;
    for (std::size_t i = 0; i < registers.size(); ++i)
        registers[i] = 0x9e37'79b9'7f4a'7c15 * (i + 1);
    registers[0] = 0xdead'beef'0000'0000 | load_from(pattern(), 0, 8, 32, ByteOrder::little);
    registers[6] = context_address;
    registers[operands.src_reg] = operands.src;
    registers[dst_reg] = operands.dst;
    return registers;
}

/// Runs the row once in the machine and once by its formula.
void compare(const InstructionRow& row, const Operands& operands, ByteOrder order) {
    const Fields fields = {dst_reg, operands.src_reg, operands.offset, operands.imm};
    std::vector<Slot> slots = {slot(row, fields)};
    if (row.wide)
        slots.push_back(next_imm(operands.next_imm));
    slots.resize(8, exit_slot());

    Bytes memory = pattern();
    const Bytes packet = pattern();
    State state = {.registers = registers_before(operands), .memory = memory, .packet = packet};
    Path path;
    const LoadOptions base = {.byte_order = order, .profile = Profile::base};
    const Outcome outcome = run(load(slots, base), state, {.trace = &path});
    ASSERT_TRUE(std::holds_alternative<Returned>(outcome));

    Bytes expected_memory = pattern();
    Registers expected = registers_before(operands);
    Environment environment;
    environment.host = order;
    environment.names = {{"dst", u64_value(expected[dst_reg])},
                         {"src", u64_value(expected[operands.src_reg])},
                         {"R0", u64_value(expected[0])},
                         {"packet", u64_value(packet_address)},
                         {"PC", u64_value(row.wide ? 2 : 1)},
                         {"imm", cast({static_cast<u64>(slots[0].imm)}, 32, true)},
                         {"next_imm", cast({static_cast<u64>(operands.next_imm)}, 32, true)},
                         {"offset", cast({static_cast<u64>(slots[0].offset)}, 16, true)}};
    environment.load = [&](u64 address, int width) {
        return address >= packet_address
                   ? load_from(packet, packet_address, address, width, order)
                   : load_from(expected_memory, memory_address, address, width, order);
    };
    environment.store = [&](u64 address, int width, u64 value) {
        store_to(expected_memory, memory_address, address, width, value, order);
    };
    ASSERT_NO_THROW(test::Formula(row.formula, environment).execute()) << row.formula;

    // What the formula assigned; src last, as FETCH does where it is also the address.
    expected[0] = environment.names["R0"].bits;
    if (const auto written = written_register(row, slots[0]); written == dst_reg)
        expected[dst_reg] =
            environment.names[written == operands.src_reg && row.section == "5.3" ? "src" : "dst"]
                .bits;
    else if (written == operands.src_reg && operands.src_reg != 0)
        expected[operands.src_reg] = environment.names["src"].bits;
    if (row.group == Group::packet)
        std::fill_n(expected.begin() + 1, 5, clobbered);
    EXPECT_EQ(state.registers, expected);
    EXPECT_EQ(memory, expected_memory);
    EXPECT_EQ(path.pcs.at(1), environment.names["PC"].bits);
}

void compare_in_both_orders(const InstructionRow& row, const Operands& operands) {
    SCOPED_TRACE(::testing::Message()
                 << row.mnemonic << ": " << row.formula << std::hex << ", dst 0x" << operands.dst
                 << ", src 0x" << operands.src << std::dec << ", imm " << operands.imm);
    compare(row, operands, ByteOrder::little);
    compare(row, operands, ByteOrder::big);
}

TEST(formula, arithmetic_and_jumps) {
    for (const InstructionRow& row : instruction_table()) {
        const bool is_jump = row.section == "4.3" && row.mnemonic != "exit";
        if (row.section != "4.1" && row.section != "4.2" && !is_jump)
            continue;
        for (const u64 dst : edges) {
            if (row.imm.kind == FieldRule::Kind::any)
                for (const s32 imm : imm_edges)
                    compare_in_both_orders(
                        row,
                        {.dst = dst, .src = 5, .offset = 4, .imm = row.opcode == 0x06 ? 3 : imm});
            else
                for (const u64 src : edges)
                    compare_in_both_orders(row, {.dst = dst, .src = src, .offset = 4});
            if (row.src_reg.kind == FieldRule::Kind::any) // dst and src are one register
                compare_in_both_orders(row,
                                       {.dst = dst, .src = dst, .offset = 4, .src_reg = dst_reg});
        }
    }
}

TEST(formula, loads_and_stores) {
    for (const InstructionRow& row : instruction_table()) {
        if (row.section != "5.1" && row.section != "5.2" && row.section != "5.3")
            continue;
        const bool is_load = class_of(row.opcode) == Class::LDX;
        for (const s16 offset : {s16{0}, s16{8}, s16{-3}, s16{13}})
            for (const u64 value : edges)
                for (const s32 imm : imm_edges) {
                    const u64 address = memory_address + 16;
                    compare_in_both_orders(row, {.dst = is_load ? value : address,
                                                 .src = is_load ? address : value,
                                                 .offset = offset,
                                                 .imm = imm});
                    if (row.imm.kind != FieldRule::Kind::any)
                        break;
                }
    }
}

TEST(formula, atomic_operations_that_alias) {
    for (const InstructionRow& row : instruction_table()) {
        if (row.section != "5.3")
            continue;
        const u64 address = memory_address + 16;
        compare_in_both_orders(row, {.dst = address, .src = address, .src_reg = dst_reg});
        // CMPXCHG that finds a match: R0 is what pattern() has at 8 in little-endian order
        compare_in_both_orders(row, {.dst = address, .src = 5, .offset = -8});
    }
}

TEST(formula, wide_immediate) {
    for (const s32 imm : imm_edges)
        for (const s32 next : imm_edges)
            compare_in_both_orders(*find_row("lddw"),
                                   {.dst = 1, .src = 2, .imm = imm, .next_imm = next});
}

TEST(formula, packet_loads) {
    for (const InstructionRow& row : instruction_table())
        if (row.group == Group::packet)
            for (const u64 src : {u64{0}, u64{3}, u64{0xdead'beef'0000'0005}, u64{50}})
                for (const s32 imm : {0, 1, 5, 10})
                    compare_in_both_orders(row, {.dst = 1, .src = src, .imm = imm});
}

} // namespace
} // namespace bpf_assay
