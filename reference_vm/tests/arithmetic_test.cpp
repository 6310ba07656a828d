#include "reference_vm/semantics/arithmetic.hpp"

#include <gtest/gtest.h>

namespace bpf_assay::semantics {
namespace {

template <class U>
class arithmetic : public ::testing::Test {
public:
    static constexpr U min = U{1} << (sizeof(U) * 8 - 1); // of the signed type
    static constexpr U max = min - 1;                     // of the signed type
    static constexpr U ones = static_cast<U>(-1);         // -1, and the largest unsigned number
    static constexpr U width = sizeof(U) * 8;
};

using Widths = ::testing::Types<u32, u64>;
TYPED_TEST_SUITE(arithmetic, Widths);

TYPED_TEST(arithmetic, overflow_wraps) {
    using U = TypeParam;
    EXPECT_EQ(add<U>(this->ones, 1), 0u);
    EXPECT_EQ(add<U>(this->max, 1), this->min);
    EXPECT_EQ(sub<U>(0, 1), this->ones);
    EXPECT_EQ(sub<U>(this->min, 1), this->max);
    EXPECT_EQ(mul<U>(this->ones, this->ones), 1u);
    EXPECT_EQ(mul<U>(this->min, 2), 0u);
    EXPECT_EQ(neg<U>(this->min), this->min);
    EXPECT_EQ(neg<U>(0), 0u);
    EXPECT_EQ(neg<U>(1), this->ones);
}

TYPED_TEST(arithmetic, division_by_zero_gives_zero_and_modulo_leaves_dst) {
    using U = TypeParam;
    for (const U dst : {U{0}, U{1}, this->min, this->max, this->ones}) {
        EXPECT_EQ(div<U>(dst, 0), 0u);
        EXPECT_EQ(sdiv<U>(dst, 0), 0u);
        EXPECT_EQ(mod<U>(dst, 0), dst);
        EXPECT_EQ(smod<U>(dst, 0), dst);
    }
}

TYPED_TEST(arithmetic, unsigned_and_signed_division_differ) {
    using U = TypeParam;
    EXPECT_EQ(div<U>(this->ones, 2), this->max);
    EXPECT_EQ(sdiv<U>(this->ones, 2), 0u);
    EXPECT_EQ(div<U>(1, this->ones), 0u);
    EXPECT_EQ(sdiv<U>(1, this->ones), this->ones);
    EXPECT_EQ(mod<U>(this->ones, 10), 5u); // 2^32 - 1 and 2^64 - 1 end in 5
    EXPECT_EQ(smod<U>(this->ones, 10), this->ones);
    EXPECT_EQ(mod<U>(3, this->ones), 3u);
    EXPECT_EQ(smod<U>(3, this->ones), 0u);
}

TYPED_TEST(arithmetic, signed_division_truncates) {
    using U = TypeParam;
    const U minus_13 = neg<U>(13);
    EXPECT_EQ(sdiv<U>(minus_13, 3), neg<U>(4));
    EXPECT_EQ(smod<U>(minus_13, 3), neg<U>(1));
    EXPECT_EQ(sdiv<U>(13, neg<U>(3)), neg<U>(4));
    EXPECT_EQ(smod<U>(13, neg<U>(3)), 1u);
}

TYPED_TEST(arithmetic, signed_division_overflow_wraps) {
    using U = TypeParam;
    EXPECT_EQ(sdiv<U>(this->min, this->ones), this->min);
    EXPECT_EQ(smod<U>(this->min, this->ones), 0u);
}

TYPED_TEST(arithmetic, shift_counts_are_masked) {
    using U = TypeParam;
    const U value = this->min + 0x1235;
    for (const U multiple : {U{0}, this->width, U{2 * this->width}, U{256}, neg<U>(this->width)}) {
        EXPECT_EQ(lsh<U>(value, multiple), value);
        EXPECT_EQ(rsh<U>(value, multiple), value);
        EXPECT_EQ(arsh<U>(value, multiple), value);
        EXPECT_EQ(lsh<U>(value, multiple + 1), value * 2);
        EXPECT_EQ(rsh<U>(value, multiple + 1), value / 2);
    }
    EXPECT_EQ(lsh<U>(1, this->ones), this->min);
    EXPECT_EQ(rsh<U>(this->min, this->ones), 1u);
    EXPECT_EQ(arsh<U>(this->min, this->ones), this->ones);
    EXPECT_EQ(arsh<U>(this->max, this->width - 1), 0u);
    EXPECT_EQ(arsh<U>(this->min, 1), this->min | this->min >> 1);
}

TEST(arithmetic_widths, the_mask_is_that_of_the_width) {
    EXPECT_EQ(shift_mask<u32>, 0x1fu);
    EXPECT_EQ(shift_mask<u64>, 0x3fu);
    EXPECT_EQ(lsh<u64>(1, 32), 0x1'0000'0000u);
    EXPECT_EQ(lsh<u32>(1, 32), 1u);
}

TYPED_TEST(arithmetic, bitwise) {
    using U = TypeParam;
    EXPECT_EQ(or_<U>(0b1100, 0b1010), 0b1110u);
    EXPECT_EQ(and_<U>(0b1100, 0b1010), 0b1000u);
    EXPECT_EQ(xor_<U>(0b1100, 0b1010), 0b0110u);
    EXPECT_EQ(xor_<U>(this->ones, this->min), this->max);
}

TYPED_TEST(arithmetic, moves) {
    using U = TypeParam;
    EXPECT_EQ(mov<U>(this->min), this->min);
    EXPECT_EQ(movsx<u8>(U{0x80}), static_cast<U>(-128));
    EXPECT_EQ(movsx<u8>(U{0xff7f}), 0x7fu);
    EXPECT_EQ(movsx<u16>(U{0x8000}), static_cast<U>(-32768));
    EXPECT_EQ(movsx<u16>(U{0xff7fff}), 0x7fffu);
}

TEST(arithmetic_widths, movsx_32) {
    EXPECT_EQ(movsx<u32>(u64{0x8000'0000}), 0xffff'ffff'8000'0000u);
    EXPECT_EQ(movsx<u32>(u64{0xdead'beef'7fff'ffff}), 0x7fff'ffffu);
}

} // namespace
} // namespace bpf_assay::semantics
