#include "reference_vm/numeric.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace bpf_assay {
namespace {

TEST(numeric, sign_extend_copies_the_sign_bit_upwards) {
    EXPECT_EQ((sign_extend<u16, u8>(0b10000110)), 0b1111'1111'1000'0110); // the RFC's example
    EXPECT_EQ((sign_extend<u64, u8>(0x7f)), 0x7fu);
    EXPECT_EQ((sign_extend<u64, u16>(0x8000)), 0xffff'ffff'ffff'8000u);
    EXPECT_EQ((sign_extend<u64, u32>(0x8000'0000)), 0xffff'ffff'8000'0000u);
    EXPECT_EQ((sign_extend<u64, u32>(0x7fff'ffff)), 0x7fff'ffffu);
    EXPECT_EQ((sign_extend<u32, u8>(0x80)), 0xffff'ff80u);
    EXPECT_EQ((sign_extend<u64, u64>(0x8000'0000'0000'0000)), 0x8000'0000'0000'0000u);
}

TEST(numeric, byte_swap_reverses_the_bytes) {
    EXPECT_EQ(byte_swap<u8>(0x12), 0x12);
    EXPECT_EQ(byte_swap<u16>(0x1234), 0x3412);
    EXPECT_EQ(byte_swap<u16>(0xff00), 0x00ff);
    EXPECT_EQ(byte_swap<u32>(0x12345678), 0x78563412u);
    EXPECT_EQ(byte_swap<u64>(0x0123456789abcdef), 0xefcdab8967452301u);
}

TEST(numeric, quotient_is_truncated_towards_zero) {
    const auto quotient = [](s64 a, s64 n) {
        return static_cast<s64>(truncated_quotient(static_cast<u64>(a), static_cast<u64>(n)));
    };
    EXPECT_EQ(quotient(-13, 3), -4);
    EXPECT_EQ(quotient(13, -3), -4);
    EXPECT_EQ(quotient(-13, -3), 4);
    EXPECT_EQ(quotient(7, -1), -7);
    constexpr s64 min = std::numeric_limits<s64>::min();
    EXPECT_EQ(quotient(min, -1), min);
    EXPECT_EQ(quotient(min, 1), min);
    EXPECT_EQ(truncated_quotient<u32>(0x8000'0000, 0xffff'ffff), 0x8000'0000u);
}

TEST(numeric, remainder_has_the_sign_of_the_dividend) {
    const auto remainder = [](s32 a, s32 n) {
        return static_cast<s32>(truncated_remainder(static_cast<u32>(a), static_cast<u32>(n)));
    };
    EXPECT_EQ(remainder(-13, 3), -1); // the RFC's example
    EXPECT_EQ(remainder(13, -3), 1);
    EXPECT_EQ(remainder(-13, -3), -1);
    EXPECT_EQ(remainder(std::numeric_limits<s32>::min(), -1), 0);
    EXPECT_EQ(truncated_remainder<u64>(u64{1} << 63, ~u64{0}), 0u);
}

} // namespace
} // namespace bpf_assay
