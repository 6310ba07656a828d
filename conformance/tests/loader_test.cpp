// A vector of every kind, as the loader reads it.
#include "conformance/policy.hpp"
#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpf_assay::conformance {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string_view> mnemonics(const Vector& vector) {
    std::vector<std::string_view> names;
    for (const InstructionRow* row : vector.tests)
        names.push_back(row->mnemonic);
    return names;
}

TEST(loader, reads_what_every_kind_has) {
    const Suite suite = suite_of(R"(
  - id: first-group/of/a-1
    clauses: [C-1, C-2]
    because: It is so.
    policy: verifier
    unless: x-what
    asm: r3 += r4
    after: {r3: 7}
  - id: second/one
    clauses: [C-2]
    because: It is so, too.
    asm: r3 += 1
    after: {r3: 7}
)");
    ASSERT_EQ(suite.vectors.size(), 2);
    const Vector& vector = suite.vectors[0];
    EXPECT_EQ(vector.id, "first-group/of/a-1");
    EXPECT_EQ(vector.section, "4.1");
    EXPECT_THAT(vector.clauses, ElementsAre("C-1", "C-2"));
    EXPECT_EQ(vector.because, "It is so.");
    EXPECT_EQ(vector.policy, find_policy("verifier"));
    EXPECT_EQ(vector.unless, "x-what");
    EXPECT_EQ(vector.location.line, 4);
    EXPECT_EQ(vector.location.column, 9);
    EXPECT_EQ(suite.vectors[1].policy, find_policy(""));
    EXPECT_EQ(suite.vectors[1].unless, "");
    EXPECT_EQ(suite.clauses.at("C-2").text, "Two.");
}

TEST(loader, explicit_vector) {
    const Vector vector = vector_of(R"(    asm: |
      r3 s/= r4
      if r3 == 0 goto done
      done:
    memory_size: 16
    before: {r3: 0x8000000000000000, r4: -1, r5: {block: -3}, r6: {stack: -512}}
    after:
      r1: undefined
      r3: {block: 16}
      memory: {u8@0: -128, u16@2: 0xffff, u32@4: 7, u64@8: -1, bytes@1: "0A"}
      stack: {bytes@-8: 00 01 02 03  04 05 06 07}
)");
    EXPECT_EQ(vector.kind, Kind::explicit_state);
    EXPECT_THAT(mnemonics(vector), ElementsAre("sdiv64_reg", "jeq64_imm"));
    EXPECT_EQ(vector.body, assembled("r3 s/= r4; if r3 == 0 goto +0"));
    EXPECT_EQ(vector.memory_size, 16);
    const auto& before = vector.before.registers;
    EXPECT_FALSE(before[0]);
    EXPECT_EQ(before[3], RegisterValue(u64{1} << 63));
    EXPECT_EQ(before[4], RegisterValue(~u64{0}));
    EXPECT_EQ(before[5], RegisterValue(Address{Address::Base::memory, -3}));
    EXPECT_EQ(before[6], RegisterValue(Address{Address::Base::stack, -512}));
    for (const StatedState& after : vector.after) {
        EXPECT_EQ(after.registers[1], RegisterValue(Undefined{}));
        EXPECT_EQ(after.registers[3], RegisterValue(Address{Address::Base::memory, 16}));
        ASSERT_EQ(after.memory.size(), 5);
        EXPECT_EQ(std::get<u64>(after.memory[0].content), 0x80);
        EXPECT_EQ(std::get<u64>(after.memory[3].content), ~u64{0});
        EXPECT_THAT(std::get<std::vector<u8>>(after.memory[4].content), ElementsAre(10));
        EXPECT_EQ(after.stack.at(0).at, -8);
        EXPECT_EQ(after.stack.at(0).size, 8);
    }
}

TEST(loader, explicit_vector_with_two_byte_orders) {
    const Vector vector =
        vector_of("    asm: r0 = le16 r0\n    after_little: {r0: 1}\n    after_big: {r0: 2}\n");
    EXPECT_EQ(vector.after[index_of(ByteOrder::little)].registers[0], RegisterValue(u64{1}));
    EXPECT_EQ(vector.after[index_of(ByteOrder::big)].registers[0], RegisterValue(u64{2}));
}

constexpr auto digest = "    digest: 0123456789abcdef0123456789abcdef"
                        "0123456789abcdef0123456789abcdef\n";

TEST(loader, sweep) {
    const Vector vector = vector_of(R"(    asm: "{dst32} += {src32}; {dst} += {imm}; {src} = 1"
    registers: {dst: [r8, r0-r1], src: r9}
    imm: [-1, few]
    rows: {dst: [9, odd], src: few}
)" + std::string(digest));
    EXPECT_EQ(vector.kind, Kind::sweep);
    EXPECT_THAT(vector.sweep.dst, ElementsAre(8, 0, 1));
    EXPECT_THAT(vector.sweep.src, ElementsAre(9));
    EXPECT_THAT(vector.sweep.imm, ElementsAre(-1, 1, 2));
    EXPECT_THAT(vector.sweep.dst_values, ElementsAre(9, 3, 5, 7));
    EXPECT_THAT(vector.sweep.src_values, ElementsAre(1, 2));
    EXPECT_EQ(vector.sweep.digest[0], vector.sweep.digest[1]);
    EXPECT_THAT(mnemonics(vector), ElementsAre("add32_reg", "add64_imm", "mov64_imm"));

    ASSERT_EQ(vector.sweep_programs.size(), 9);
    std::vector<std::string> texts;
    for (const SweepProgram& program : vector.sweep_programs)
        texts.push_back(program.text());
    EXPECT_THAT(texts, ElementsAre("dst r8, src r9, imm -1", "dst r8, src r9, imm 1",
                                   "dst r8, src r9, imm 2", "dst r0, src r9, imm -1",
                                   "dst r0, src r9, imm 1", "dst r0, src r9, imm 2",
                                   "dst r1, src r9, imm -1", "dst r1, src r9, imm 1",
                                   "dst r1, src r9, imm 2"));
    EXPECT_EQ(vector.sweep_programs[5].body, assembled("w0 += w9; r0 += 2; r9 = 1"));
}

TEST(loader, sweep_with_labels_in_every_program) {
    const Vector vector = vector_of("    asm: \"if {dst} == 0 goto l; {dst} = 1; l:\"\n"
                                    "    registers: {dst: r0-r1}\n    rows: {dst: few}\n" +
                                    std::string(digest));
    EXPECT_EQ(vector.sweep_programs.at(1).body, assembled("if r1 == 0 goto +1; r1 = 1"));
}

TEST(loader, sweep_with_a_digest_for_each_byte_order) {
    const std::string little(64, '1'), big(64, '2');
    const Vector vector = vector_of("    asm: \"{dst} = le16 {dst}\"\n    registers: {dst: r0}\n"
                                    "    rows: {dst: few}\n    digest: {little: " +
                                    little + ", big: " + big + "}\n");
    EXPECT_EQ(vector.sweep.digest[index_of(ByteOrder::little)], little);
    EXPECT_EQ(vector.sweep.digest[index_of(ByteOrder::big)], big);
    EXPECT_TRUE(vector.sweep.src.empty());
}

TEST(loader, program) {
    const Vector vector = vector_of("    program: r0 = *(u8 *)(r1 + 0); exit\n"
                                    "    before: {memory: {u8@0: 9}}\n"
                                    "    after: {r0: 9, memory: {u8@1: 1}}\n");
    EXPECT_EQ(vector.kind, Kind::program);
    EXPECT_THAT(mnemonics(vector), ElementsAre("ldxb", "exit"));
    EXPECT_EQ(vector.result, RegisterValue(u64{9}));
    EXPECT_EQ(vector.before.memory.size(), 1);
    EXPECT_EQ(vector.after[1].memory.size(), 1);
    EXPECT_EQ(vector_of("    program: exit\n    after: {r0: undefined}\n").result,
              RegisterValue(Undefined{}));
}

TEST(loader, packet) {
    const Vector vector = vector_of("    program: r6 = r1; r0 = *(u8 *)skb[0]; exit\n"
                                    "    packet: \"07 ff\"\n    after: {r0: 7}\n");
    EXPECT_EQ(vector.kind, Kind::packet);
    EXPECT_THAT(vector.packet, ElementsAre(0x07, 0xff));
}

TEST(loader, encoding) {
    const Vector vector = vector_of(R"(    tests: [add64_imm]
    slots:
      - r1 = 5 ll
      - {opcode: 0x07, dst: 15, src: 1, offset: -2, imm: 0xffffffff}
      - exit
    control: [r0 = 0, exit]
    expect: refused
)");
    EXPECT_EQ(vector.kind, Kind::encoding);
    EXPECT_THAT(mnemonics(vector), ElementsAre("add64_imm"));
    ASSERT_EQ(vector.encoding.slots.size(), 4);
    EXPECT_EQ(vector.encoding.slots[2],
              (Slot{.opcode = 7, .dst_reg = 15, .src_reg = 1, .offset = -2, .imm = -1}));
    EXPECT_FALSE(vector.encoding.image);
    EXPECT_EQ(vector.encoding.control->size(), 2);
}

TEST(loader, encoding_as_an_image) {
    const Vector vector = vector_of("    image: 95 00 00\n    expect: refused\n");
    EXPECT_THAT(vector.encoding.image.value(), ElementsAre(0x95, 0, 0));
    EXPECT_FALSE(vector.encoding.control);
    EXPECT_THAT(vector.tests, IsEmpty());
}

TEST(loader, a_wide_instruction_is_one_subject) {
    EXPECT_THAT(mnemonics(vector_of("    asm: r1 = 7 ll\n    after: {r1: 7}\n")),
                ElementsAre("lddw"));
}

TEST(loader, the_digest_names_the_vectors) {
    const auto digest_of_text = [](const char* value) {
        return suite_of("  - id: a/b\n    clauses: [C-1]\n    because: B.\n    asm: r0 = 1\n"
                        "    after: {r0: " +
                        std::string(value) + "}\n")
            .digest;
    };
    EXPECT_EQ(digest_of_text("1"), digest_of_text("1"));
    EXPECT_NE(digest_of_text("1"), digest_of_text("2"));
    EXPECT_EQ(digest_of_text("1").size(), 64);
}

} // namespace
} // namespace bpf_assay::conformance
