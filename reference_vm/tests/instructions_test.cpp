#include "reference_vm/instructions.hpp"

#include "reference_vm/tests/slots.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace bpf_assay {
namespace {

using Kind = FieldRule::Kind;
using test::slot;

TEST(instructions, rows_are_in_order_and_named_once) {
    std::set<std::string_view> names;
    u8 previous = 0;
    for (const InstructionRow& row : instruction_table()) {
        EXPECT_TRUE(names.insert(row.mnemonic).second) << row.mnemonic;
        EXPECT_GE(row.opcode, previous) << row.mnemonic;
        previous = row.opcode;
    }
    EXPECT_EQ(names.size(), instruction_count);
}

TEST(instructions, find_row_is_the_inverse_of_the_table) {
    for (const InstructionRow& row : instruction_table()) {
        EXPECT_EQ(find_row(row.mnemonic), &row);
        EXPECT_EQ(find_row(slot(row)), &row) << row.mnemonic;
        EXPECT_EQ(find_row(slot(row, {.dst = 15, .src = 15, .offset = 77, .imm = 77})), &row)
            << "registers and unused fields do not select: " << row.mnemonic;
    }
    EXPECT_EQ(find_row("no_such_row"), nullptr);
    EXPECT_EQ(find_row(""), nullptr);
}

TEST(instructions, opcodes) {
    std::size_t assigned = 0;
    std::size_t rows = 0;
    for (unsigned opcode = 0; opcode < 256; ++opcode) {
        const auto found = rows_with_opcode(static_cast<u8>(opcode));
        assigned += found.empty() ? 0 : 1;
        rows += found.size();
        for (const InstructionRow& row : found)
            EXPECT_EQ(row.opcode, opcode);
        if (found.empty()) {
            EXPECT_EQ(find_row(Slot{.opcode = static_cast<u8>(opcode)}), nullptr);
        }
    }
    EXPECT_EQ(assigned, 125u);
    EXPECT_EQ(rows, instruction_count);
}

TEST(instructions, unassigned_variants_have_no_row) {
    const auto none = [](std::string_view mnemonic, Slot changed) {
        EXPECT_EQ(find_row(changed), nullptr) << mnemonic;
    };
    for (const char* name : {"div32_imm", "div32_reg", "div64_imm", "div64_reg", "mod32_imm",
                             "mod32_reg", "mod64_imm", "mod64_reg"})
        for (const s16 offset : {s16{2}, s16{-1}, s16{8}}) {
            Slot changed = slot(name);
            changed.offset = offset;
            none(name, changed);
        }
    for (const char* name : {"mov32_reg", "mov64_reg", "mov32_imm", "mov64_imm"})
        for (const s16 offset : {s16{1}, s16{24}, s16{64}, s16{-8}}) {
            Slot changed = slot(name);
            changed.offset = offset;
            none(name, changed);
        }
    for (const char* name : {"mov32_reg", "mov32_imm", "mov64_imm"}) { // MOVSX is X; 32 is ALU64
        Slot changed = slot(name);
        changed.offset = 32;
        none(name, changed);
    }
    for (const char* name : {"le16", "be16", "bswap16"})
        for (const s32 imm : {0, 8, 24, 128, -16}) {
            Slot changed = slot(name);
            changed.imm = imm;
            none(name, changed);
        }
    for (const char* name : {"atomic_add32", "atomic_add64"})
        for (const s32 imm : {0x02, 0x10, 0xe0, 0xf0, 0x100, 0x110, 0x141, -1}) {
            Slot changed = slot(name);
            changed.imm = imm;
            none(name, changed);
        }
    for (u8 src_reg = 3; src_reg < 16; ++src_reg) {
        Slot changed = slot("call_helper");
        changed.src_reg = src_reg;
        none("call_helper", changed);
    }
    for (u8 src_reg = 7; src_reg < 16; ++src_reg) {
        Slot changed = slot("lddw");
        changed.src_reg = src_reg;
        none("lddw", changed);
    }
}

TEST(instructions, groups) {
    std::map<std::string_view, int> count;
    for (const InstructionRow& row : instruction_table())
        ++count[name_of(row.group)];
    const std::map<std::string_view, int> expected = {
        {"base32", 67},   {"base64", 57},   {"divmul32", 10}, {"divmul64", 10},
        {"atomic32", 10}, {"atomic64", 10}, {"packet", 6}};
    EXPECT_EQ(count, expected);
    for (const auto& [name, _] : expected)
        EXPECT_EQ(name_of(group_from_name(name).value()), name);
    EXPECT_EQ(group_from_name("base128"), std::nullopt);
}

TEST(instructions, width_rules) {
    for (const InstructionRow& row : instruction_table()) {
        EXPECT_EQ(row.wide, row.rfc_name == "{IMM, DW, LD}") << row.mnemonic;
        if (!row.wide) {
            EXPECT_EQ(row.next_imm.kind, Kind::unused) << row.mnemonic;
        }
    }
    for (const char* name : {"lddw", "lddw_map_val_fd", "lddw_map_val_idx"})
        EXPECT_EQ(find_row(name)->next_imm.kind, Kind::any) << name;
    for (const char* name : {"lddw_map_fd", "lddw_var_addr", "lddw_code_addr", "lddw_map_idx"})
        EXPECT_EQ(find_row(name)->next_imm.kind, Kind::unused) << name;
}

TEST(instructions, formulas_name_the_fields_that_are_used) {
    const auto mentions = [](const InstructionRow& row, std::string_view name) {
        return row.formula.find(name) != std::string_view::npos;
    };
    for (const InstructionRow& row : instruction_table()) {
        const bool is_end = row.section == "4.2";
        EXPECT_EQ(mentions(row, "dst"), row.dst_reg.kind == Kind::any) << row.mnemonic;
        EXPECT_EQ(mentions(row, "src"), row.src_reg.kind == Kind::any) << row.mnemonic;
        EXPECT_EQ(mentions(row, "offset"), row.offset.kind == Kind::any) << row.mnemonic;
        EXPECT_EQ(mentions(row, "imm"), row.imm.kind == Kind::any && !is_end) << row.mnemonic;
        EXPECT_EQ(mentions(row, "next_imm"), row.next_imm.kind == Kind::any) << row.mnemonic;
    }
}

TEST(instructions, written_register) {
    const auto written = [](std::string_view mnemonic) {
        const InstructionRow& row = *find_row(mnemonic);
        return written_register(row, slot(row, {.dst = 3, .src = 4}));
    };
    for (const char* name : {"add32_imm", "neg64", "be64", "bswap16", "mov64_reg", "ldxdw", "ldxsb",
                             "lddw", "lddw_map_fd"})
        EXPECT_EQ(written(name), 3) << name;
    for (const char* name : {"atomic_fetch_add32", "xchg64"})
        EXPECT_EQ(written(name), 4) << name;
    for (const char* name : {"cmpxchg32", "ldabsw", "ldindb", "call_helper", "call_local"})
        EXPECT_EQ(written(name), 0) << name;
    for (const char* name : {"stxw", "stb", "atomic_xor64", "ja", "ja32", "jeq32_imm", "exit"})
        EXPECT_EQ(written(name), std::nullopt) << name;
}

} // namespace
} // namespace bpf_assay
