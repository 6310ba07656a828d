#include "reference_vm/disassembler.hpp"

#include "reference_vm/tests/slots.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace bpf_assay {
namespace {

using namespace test;

std::string text_of(const Slot& first, s32 second_imm = 0) {
    const std::vector<Slot> program = {first, next_imm(second_imm)};
    return disassemble(program, 0);
}

struct Golden {
    std::string_view mnemonic;
    std::string_view text; // with dst 1, src 2, offset -5, imm -7, next_imm 9 where they are free
};

// Every row; each of these texts gives its own encoding back in llvm-mc 22, but for those that
// disassembler.hpp names.
constexpr Golden golden[] = {
    {"add32_imm", "w1 += -7"},
    {"ja", "goto -5"},
    {"ja32", "gotol -7"},
    {"add64_imm", "r1 += -7"},
    {"add32_reg", "w1 += w2"},
    {"add64_reg", "r1 += r2"},
    {"sub32_imm", "w1 -= -7"},
    {"jeq64_imm", "if r1 == -7 goto -5"},
    {"jeq32_imm", "if w1 == -7 goto -5"},
    {"sub64_imm", "r1 -= -7"},
    {"lddw", "r1 = 42949672953 ll"},
    {"lddw_map_fd", "ld_pseudo r1, 1, -7"},
    {"lddw_map_val_fd", "ld_pseudo r1, 2, -7 # next_imm 9"},
    {"lddw_var_addr", "ld_pseudo r1, 3, -7"},
    {"lddw_code_addr", "ld_pseudo r1, 4, -7"},
    {"lddw_map_idx", "ld_pseudo r1, 5, -7"},
    {"lddw_map_val_idx", "ld_pseudo r1, 6, -7 # next_imm 9"},
    {"sub32_reg", "w1 -= w2"},
    {"jeq64_reg", "if r1 == r2 goto -5"},
    {"jeq32_reg", "if w1 == w2 goto -5"},
    {"sub64_reg", "r1 -= r2"},
    {"ldabsw", "r0 = *(u32 *)skb[-7]"},
    {"mul32_imm", "w1 *= -7"},
    {"jgt64_imm", "if r1 > -7 goto -5"},
    {"jgt32_imm", "if w1 > -7 goto -5"},
    {"mul64_imm", "r1 *= -7"},
    {"ldabsh", "r0 = *(u16 *)skb[-7]"},
    {"mul32_reg", "w1 *= w2"},
    {"jgt64_reg", "if r1 > r2 goto -5"},
    {"jgt32_reg", "if w1 > w2 goto -5"},
    {"mul64_reg", "r1 *= r2"},
    {"ldabsb", "r0 = *(u8 *)skb[-7]"},
    {"div32_imm", "w1 /= -7"},
    {"sdiv32_imm", "w1 s/= -7"},
    {"jge64_imm", "if r1 >= -7 goto -5"},
    {"jge32_imm", "if w1 >= -7 goto -5"},
    {"div64_imm", "r1 /= -7"},
    {"sdiv64_imm", "r1 s/= -7"},
    {"div32_reg", "w1 /= w2"},
    {"sdiv32_reg", "w1 s/= w2"},
    {"jge64_reg", "if r1 >= r2 goto -5"},
    {"jge32_reg", "if w1 >= w2 goto -5"},
    {"div64_reg", "r1 /= r2"},
    {"sdiv64_reg", "r1 s/= r2"},
    {"ldindw", "r0 = *(u32 *)skb[r2]"},
    {"or32_imm", "w1 |= -7"},
    {"jset64_imm", "if r1 & -7 goto -5"},
    {"jset32_imm", "if w1 & -7 goto -5"},
    {"or64_imm", "r1 |= -7"},
    {"ldindh", "r0 = *(u16 *)skb[r2]"},
    {"or32_reg", "w1 |= w2"},
    {"jset64_reg", "if r1 & r2 goto -5"},
    {"jset32_reg", "if w1 & w2 goto -5"},
    {"or64_reg", "r1 |= r2"},
    {"ldindb", "r0 = *(u8 *)skb[r2]"},
    {"and32_imm", "w1 &= -7"},
    {"jne64_imm", "if r1 != -7 goto -5"},
    {"jne32_imm", "if w1 != -7 goto -5"},
    {"and64_imm", "r1 &= -7"},
    {"and32_reg", "w1 &= w2"},
    {"jne64_reg", "if r1 != r2 goto -5"},
    {"jne32_reg", "if w1 != w2 goto -5"},
    {"and64_reg", "r1 &= r2"},
    {"ldxw", "w1 = *(u32 *)(r2 - 5)"},
    {"stw", "*(u32 *)(r1 - 5) = -7"},
    {"stxw", "*(u32 *)(r1 - 5) = w2"},
    {"lsh32_imm", "w1 <<= -7"},
    {"jsgt64_imm", "if r1 s> -7 goto -5"},
    {"jsgt32_imm", "if w1 s> -7 goto -5"},
    {"lsh64_imm", "r1 <<= -7"},
    {"ldxh", "w1 = *(u16 *)(r2 - 5)"},
    {"sth", "*(u16 *)(r1 - 5) = -7"},
    {"stxh", "*(u16 *)(r1 - 5) = w2"},
    {"lsh32_reg", "w1 <<= w2"},
    {"jsgt64_reg", "if r1 s> r2 goto -5"},
    {"jsgt32_reg", "if w1 s> w2 goto -5"},
    {"lsh64_reg", "r1 <<= r2"},
    {"ldxb", "w1 = *(u8 *)(r2 - 5)"},
    {"stb", "*(u8 *)(r1 - 5) = -7"},
    {"stxb", "*(u8 *)(r1 - 5) = w2"},
    {"rsh32_imm", "w1 >>= -7"},
    {"jsge64_imm", "if r1 s>= -7 goto -5"},
    {"jsge32_imm", "if w1 s>= -7 goto -5"},
    {"rsh64_imm", "r1 >>= -7"},
    {"ldxdw", "r1 = *(u64 *)(r2 - 5)"},
    {"stdw", "*(u64 *)(r1 - 5) = -7"},
    {"stxdw", "*(u64 *)(r1 - 5) = r2"},
    {"rsh32_reg", "w1 >>= w2"},
    {"jsge64_reg", "if r1 s>= r2 goto -5"},
    {"jsge32_reg", "if w1 s>= w2 goto -5"},
    {"rsh64_reg", "r1 >>= r2"},
    {"ldxsw", "r1 = *(s32 *)(r2 - 5)"},
    {"neg32", "w1 = -w1"},
    {"call_helper", "call -7"},
    {"call_local", "call -7 # local"},
    {"call_btf", "call -7 # btf"},
    {"neg64", "r1 = -r1"},
    {"ldxsh", "r1 = *(s16 *)(r2 - 5)"},
    {"ldxsb", "r1 = *(s8 *)(r2 - 5)"},
    {"mod32_imm", "w1 %= -7"},
    {"smod32_imm", "w1 s%= -7"},
    {"exit", "exit"},
    {"mod64_imm", "r1 %= -7"},
    {"smod64_imm", "r1 s%= -7"},
    {"mod32_reg", "w1 %= w2"},
    {"smod32_reg", "w1 s%= w2"},
    {"mod64_reg", "r1 %= r2"},
    {"smod64_reg", "r1 s%= r2"},
    {"xor32_imm", "w1 ^= -7"},
    {"jlt64_imm", "if r1 < -7 goto -5"},
    {"jlt32_imm", "if w1 < -7 goto -5"},
    {"xor64_imm", "r1 ^= -7"},
    {"xor32_reg", "w1 ^= w2"},
    {"jlt64_reg", "if r1 < r2 goto -5"},
    {"jlt32_reg", "if w1 < w2 goto -5"},
    {"xor64_reg", "r1 ^= r2"},
    {"mov32_imm", "w1 = -7"},
    {"jle64_imm", "if r1 <= -7 goto -5"},
    {"jle32_imm", "if w1 <= -7 goto -5"},
    {"mov64_imm", "r1 = -7"},
    {"mov32_reg", "w1 = w2"},
    {"movsx32_8_reg", "w1 = (s8)w2"},
    {"movsx32_16_reg", "w1 = (s16)w2"},
    {"jle64_reg", "if r1 <= r2 goto -5"},
    {"jle32_reg", "if w1 <= w2 goto -5"},
    {"mov64_reg", "r1 = r2"},
    {"movsx64_8_reg", "r1 = (s8)r2"},
    {"movsx64_16_reg", "r1 = (s16)r2"},
    {"movsx64_32_reg", "r1 = (s32)r2"},
    {"atomic_add32", "lock *(u32 *)(r1 - 5) += w2"},
    {"atomic_fetch_add32", "w2 = atomic_fetch_add((u32 *)(r1 - 5), w2)"},
    {"atomic_or32", "lock *(u32 *)(r1 - 5) |= w2"},
    {"atomic_fetch_or32", "w2 = atomic_fetch_or((u32 *)(r1 - 5), w2)"},
    {"atomic_and32", "lock *(u32 *)(r1 - 5) &= w2"},
    {"atomic_fetch_and32", "w2 = atomic_fetch_and((u32 *)(r1 - 5), w2)"},
    {"atomic_xor32", "lock *(u32 *)(r1 - 5) ^= w2"},
    {"atomic_fetch_xor32", "w2 = atomic_fetch_xor((u32 *)(r1 - 5), w2)"},
    {"xchg32", "w2 = xchg32_32(r1 - 5, w2)"},
    {"cmpxchg32", "w0 = cmpxchg32_32(r1 - 5, w0, w2)"},
    {"arsh32_imm", "w1 s>>= -7"},
    {"jslt64_imm", "if r1 s< -7 goto -5"},
    {"jslt32_imm", "if w1 s< -7 goto -5"},
    {"arsh64_imm", "r1 s>>= -7"},
    {"arsh32_reg", "w1 s>>= w2"},
    {"jslt64_reg", "if r1 s< r2 goto -5"},
    {"jslt32_reg", "if w1 s< w2 goto -5"},
    {"arsh64_reg", "r1 s>>= r2"},
    {"le16", "r1 = le16 r1"},
    {"le32", "r1 = le32 r1"},
    {"le64", "r1 = le64 r1"},
    {"jsle64_imm", "if r1 s<= -7 goto -5"},
    {"jsle32_imm", "if w1 s<= -7 goto -5"},
    {"bswap16", "r1 = bswap16 r1"},
    {"bswap32", "r1 = bswap32 r1"},
    {"bswap64", "r1 = bswap64 r1"},
    {"atomic_add64", "lock *(u64 *)(r1 - 5) += r2"},
    {"atomic_fetch_add64", "r2 = atomic_fetch_add((u64 *)(r1 - 5), r2)"},
    {"atomic_or64", "lock *(u64 *)(r1 - 5) |= r2"},
    {"atomic_fetch_or64", "r2 = atomic_fetch_or((u64 *)(r1 - 5), r2)"},
    {"atomic_and64", "lock *(u64 *)(r1 - 5) &= r2"},
    {"atomic_fetch_and64", "r2 = atomic_fetch_and((u64 *)(r1 - 5), r2)"},
    {"atomic_xor64", "lock *(u64 *)(r1 - 5) ^= r2"},
    {"atomic_fetch_xor64", "r2 = atomic_fetch_xor((u64 *)(r1 - 5), r2)"},
    {"xchg64", "r2 = xchg_64(r1 - 5, r2)"},
    {"cmpxchg64", "r0 = cmpxchg_64(r1 - 5, r0, r2)"},
    {"be16", "r1 = be16 r1"},
    {"be32", "r1 = be32 r1"},
    {"be64", "r1 = be64 r1"},
    {"jsle64_reg", "if r1 s<= r2 goto -5"},
    {"jsle32_reg", "if w1 s<= w2 goto -5"},
};

TEST(disassembler, every_row) {
    ASSERT_EQ(std::size(golden), instruction_count);
    std::size_t i = 0;
    for (const InstructionRow& row : instruction_table()) {
        const s32 second = row.next_imm.kind == FieldRule::Kind::any ? 9 : 0;
        const bool beside_src =
            row.mnemonic.starts_with("ldind"); // imm 0: LLVM has no words for it
        const Fields fields = {.dst = 1, .src = 2, .offset = -5, .imm = beside_src ? 0 : -7};
        EXPECT_EQ(row.mnemonic, golden[i].mnemonic);
        EXPECT_EQ(text_of(slot(row, fields), second), golden[i].text);
        ++i;
    }
}

TEST(disassembler, signs) {
    EXPECT_EQ(text_of(slot("ja", {.offset = 0})), "goto +0");
    EXPECT_EQ(text_of(slot("ja", {.offset = -32768})), "goto -32768");
    EXPECT_EQ(text_of(slot("ja32", {.imm = 70000})), "gotol +70000");
    EXPECT_EQ(text_of(slot("ja32", {.imm = -2147483647 - 1})), "gotol -2147483648");
    EXPECT_EQ(text_of(slot("ldxw", {.dst = 0, .src = 10, .offset = 0})), "w0 = *(u32 *)(r10 + 0)");
    EXPECT_EQ(text_of(slot("stxdw", {.dst = 10, .src = 0, .offset = 32767})),
              "*(u64 *)(r10 + 32767) = r0");
    EXPECT_EQ(text_of(slot("mov64_imm", {.imm = -2147483647 - 1})), "r0 = -2147483648");
    EXPECT_EQ(text_of(slot("call_local", {.imm = 3})), "call +3 # local");
}

TEST(disassembler, wide_instructions) {
    EXPECT_EQ(text_of(slot("lddw", {.dst = 1, .imm = 7}), 9), "r1 = 38654705671 ll");
    EXPECT_EQ(text_of(slot("lddw", {.dst = 1, .imm = -1}), 0), "r1 = 4294967295 ll");
    EXPECT_EQ(text_of(slot("lddw", {.dst = 1, .imm = 0}), -2147483647 - 1),
              "r1 = -9223372036854775808 ll");
    EXPECT_EQ(text_of(slot("lddw_map_val_fd", {.dst = 1, .imm = 7}), 0), "ld_pseudo r1, 2, 7");
    EXPECT_EQ(text_of(slot("lddw_map_val_fd", {.dst = 1, .imm = 7}), -9),
              "ld_pseudo r1, 2, 7 # next_imm -9");
}

TEST(disassembler, packet_index) {
    EXPECT_EQ(text_of(slot("ldindw", {.src = 2})), "r0 = *(u32 *)skb[r2]");
    EXPECT_EQ(text_of(slot("ldindb", {.src = 2, .imm = -7})), "r0 = *(u8 *)skb[r2 - 7]");
    EXPECT_EQ(text_of(slot("ldabsh", {.imm = 7})), "r0 = *(u16 *)skb[7]");
}

TEST(disassembler, what_is_no_instruction) {
    const std::vector<Slot> program = {
        slot("lddw"), {.opcode = 0x9d, .dst_reg = 15, .src_reg = 1, .offset = -1, .imm = -2}};
    EXPECT_EQ(disassemble(program, 1), ".raw {opcode: 0x9d, dst: 15, src: 1, offset: -1, imm: -2}");
    EXPECT_EQ(disassemble(std::span(program).first(1), 0),
              ".raw {opcode: 0x18, dst: 0, src: 0, offset: 0, imm: 0}");
}

TEST(disassembler, no_placeholder_is_left_over) {
    const std::string_view names[] = {"dst",      "dst32",  "src",   "src32",  "imm",       "imm64",
                                      "next_imm", "offset", "index", "target", "far_target"};
    for (const InstructionRow& row : instruction_table()) {
        for (std::size_t open = row.syntax.find('{'); open != std::string_view::npos;
             open = row.syntax.find('{', open + 1)) {
            const std::size_t close = row.syntax.find('}', open);
            ASSERT_NE(close, std::string_view::npos) << row.mnemonic;
            EXPECT_NE(std::ranges::find(names, row.syntax.substr(open + 1, close - open - 1)),
                      std::end(names))
                << row.mnemonic;
        }
    }
}

} // namespace
} // namespace bpf_assay
