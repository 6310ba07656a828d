#include "reference_vm/encoding.hpp"

#include <gtest/gtest.h>

namespace bpf_assay {
namespace {

using Bytes = std::array<u8, slot_size>;

TEST(encoding, example_of_section_3_1) {
    const Slot slot = {.opcode = 0x07, .dst_reg = 1, .imm = 0x11223344}; // r1 += 0x11223344
    const Bytes little = {0x07, 0x01, 0x00, 0x00, 0x44, 0x33, 0x22, 0x11};
    const Bytes big = {0x07, 0x10, 0x00, 0x00, 0x11, 0x22, 0x33, 0x44};
    EXPECT_EQ(encode_slot(slot, ByteOrder::little), little);
    EXPECT_EQ(encode_slot(slot, ByteOrder::big), big);
    EXPECT_EQ(decode_slot(little, ByteOrder::little), slot);
    EXPECT_EQ(decode_slot(big, ByteOrder::big), slot);
}

TEST(encoding, every_field_has_its_place) {
    const Slot slot = {.opcode = 0xab, .dst_reg = 3, .src_reg = 9, .offset = -2, .imm = -3};
    const Bytes little = {0xab, 0x93, 0xfe, 0xff, 0xfd, 0xff, 0xff, 0xff};
    const Bytes big = {0xab, 0x39, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xfd};
    EXPECT_EQ(encode_slot(slot, ByteOrder::little), little);
    EXPECT_EQ(encode_slot(slot, ByteOrder::big), big);
}

TEST(encoding, any_bytes_survive_a_round_trip) {
    for (const ByteOrder order : {ByteOrder::little, ByteOrder::big})
        for (std::size_t place = 0; place < slot_size; ++place)
            for (unsigned value = 0; value < 256; ++value) {
                Bytes bytes = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0};
                bytes[place] = static_cast<u8>(value);
                EXPECT_EQ(encode_slot(decode_slot(bytes, order), order), bytes);
            }
}

TEST(encoding, register_numbers_are_cut_to_four_bits) {
    const Slot slot = {.dst_reg = 0x1f, .src_reg = 0x20};
    EXPECT_EQ(encode_slot(slot, ByteOrder::little)[1], 0x0f);
    EXPECT_EQ(encode_slot(slot, ByteOrder::big)[1], 0xf0);
}

TEST(encoding, opcodes_of_the_text) {
    EXPECT_EQ(opcode_of(Code::ADD, Source::K, Class::ALU64), 0x07);
    EXPECT_EQ(opcode_of(Code::END, Source::BE, Class::ALU), 0xdc);
    EXPECT_EQ(opcode_of(Jump::JSLE, Source::X, Class::JMP32), 0xde);
    EXPECT_EQ(opcode_of(Mode::ATOMIC, Size::DW, Class::STX), 0xdb);
    EXPECT_EQ(opcode_of(Mode::IMM, Size::DW, Class::LD), 0x18);
    EXPECT_EQ(opcode_of(Mode::MEMSX, Size::B, Class::LDX), 0x91);
}

TEST(encoding, opcode_parts_are_inverse) {
    for (unsigned value = 0; value < 256; ++value) {
        const auto opcode = static_cast<u8>(value);
        EXPECT_EQ(opcode_of(code_of(opcode), source_of(opcode), class_of(opcode)), opcode);
        EXPECT_EQ(opcode_of(jump_of(opcode), source_of(opcode), class_of(opcode)), opcode);
        EXPECT_EQ(opcode_of(mode_of(opcode), size_of(opcode), class_of(opcode)), opcode);
    }
}

TEST(encoding, sizes) {
    EXPECT_EQ(bytes_of(Size::B), 1u);
    EXPECT_EQ(bytes_of(Size::H), 2u);
    EXPECT_EQ(bytes_of(Size::W), 4u);
    EXPECT_EQ(bytes_of(Size::DW), 8u);
}

} // namespace
} // namespace bpf_assay
