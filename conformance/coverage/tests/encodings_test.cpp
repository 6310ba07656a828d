// What encoding vectors hit.
#include "conformance/coverage/encodings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpf_assay::conformance::coverage {
namespace {

const u8 add64_imm = find_row("add64_imm")->opcode;
const u8 add64_reg = find_row("add64_reg")->opcode;
const Slot exit_slot{.opcode = find_row("exit")->opcode};

std::string flaw_of(std::vector<Slot> program) {
    program.push_back(exit_slot);
    const auto flaw = only_flaw(program);
    if (!flaw)
        return "none";
    return std::string(flaw->row != nullptr ? flaw->row->mnemonic : "unassigned") + ": " +
           flaw->bin;
}

TEST(coverage_encodings, a_legal_program_has_no_flaw) {
    EXPECT_EQ(flaw_of({{.opcode = add64_imm, .dst_reg = 3, .imm = -1}}), "none");
}

TEST(coverage_encodings, one_bit_of_an_unused_field) {
    EXPECT_EQ(flaw_of({{.opcode = add64_imm, .src_reg = 8}}), "add64_imm: src-unused=bit3");
    EXPECT_EQ(flaw_of({{.opcode = add64_imm, .offset = -0x8000}}),
              "add64_imm: offset-unused=bit15");
    EXPECT_EQ(flaw_of({{.opcode = add64_reg, .imm = 1}}), "add64_reg: imm-unused=bit0");
}

TEST(coverage_encodings, two_bits_hit_no_bin) {
    const Bins bins = encoding_bins_of(*find_row("add64_imm"));
    EXPECT_EQ(flaw_of({{.opcode = add64_imm, .src_reg = 3}}), "add64_imm: ");
    EXPECT_FALSE(Bins(bins).set(""));
}

TEST(coverage_encodings, two_flaws_prove_neither) {
    EXPECT_EQ(flaw_of({{.opcode = add64_imm, .src_reg = 1, .offset = 1}}), "none");
    EXPECT_EQ(flaw_of({{.opcode = add64_imm, .src_reg = 1}, {.opcode = add64_imm, .src_reg = 1}}),
              "none");
}

TEST(coverage_encodings, numbers_that_are_no_register) {
    EXPECT_EQ(flaw_of({{.opcode = add64_reg, .dst_reg = 11}}), "add64_reg: dst=r11");
    EXPECT_EQ(flaw_of({{.opcode = add64_reg, .src_reg = 15}}), "add64_reg: src=r15");
    EXPECT_EQ(flaw_of({{.opcode = add64_reg, .src_reg = 10}}), "none");
}

TEST(coverage_encodings, opcodes_and_variants_that_are_unassigned) {
    EXPECT_EQ(flaw_of({{.opcode = 0x8d}}), "unassigned: opcode=0x8d");
    EXPECT_EQ(flaw_of({{.opcode = find_row("call_local")->opcode, .src_reg = 7}}),
              "call_helper: src=0x7");
}

TEST(coverage_encodings, of_extensions_where_they_are_on) {
    const auto flaw = [](const Slot& slot, std::string_view extension) {
        ExtensionSet on;
        on.add(extension);
        const auto found = only_flaw(std::vector<Slot>{slot, exit_slot}, on);
        return !found ? "none"
                      : std::string(found->row != nullptr ? found->row->mnemonic : "unassigned") +
                            ": " + found->bin;
    };
    const Slot acquire{.opcode = 0xd3, .dst_reg = 1, .src_reg = 2, .imm = 0x100};
    EXPECT_EQ(flaw(acquire, "x-acqrel"), "none");
    EXPECT_EQ(flaw(acquire, "x-maygoto"), "unassigned: opcode=0xd3");
    Slot changed = acquire;
    changed.imm = 0x101;
    EXPECT_EQ(flaw(changed, "x-acqrel"), "load_acquire8: imm=0x101");
    changed.imm = 0x310;
    EXPECT_EQ(flaw(changed, "x-acqrel"), "store_release8: imm=0x310");
    changed.imm = 0x7000; // next to neither
    EXPECT_EQ(flaw(changed, "x-acqrel"), "unassigned: opcode=0xd3");
    changed = acquire;
    changed.src_reg = 12;
    EXPECT_EQ(flaw(changed, "x-acqrel"), "load_acquire8: src=r12");
    EXPECT_EQ(flaw({.opcode = 0xe5, .src_reg = 4}, "x-maygoto"), "may_goto: src=0x4");
    EXPECT_EQ(flaw({.opcode = 0xe5, .imm = 4}, "x-maygoto"), "may_goto: imm-unused=bit2");
    // What means another instruction is no flaw, and so no bin.
    EXPECT_FALSE(encoding_bins_of(*find_row("load_acquire32")).set("imm=0x0"));
    EXPECT_FALSE(encoding_bins_of(*find_row("load_acquire8")).set("imm=0x110"));
    EXPECT_TRUE(encoding_bins_of(*find_row("load_acquire8")).set("imm=0x0"));
}

TEST(coverage_encodings, the_second_slot_of_a_wide_instruction) {
    const u8 lddw = find_row("lddw")->opcode;
    EXPECT_EQ(flaw_of({{.opcode = lddw}, {.dst_reg = 4}}), "lddw: next_dst-unused=bit2");
    EXPECT_EQ(flaw_of({{.opcode = lddw}, {.opcode = 1}}), "lddw: next_opcode-unused=bit0");
    EXPECT_EQ(flaw_of({{.opcode = lddw}, {.imm = 1}}), "none");
}

TEST(coverage_encodings, every_unassigned_opcode_is_a_bin) {
    EXPECT_EQ(opcode_bins().size(), 131);
}

} // namespace
} // namespace bpf_assay::conformance::coverage
