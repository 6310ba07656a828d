#include "reference_vm/semantics/jump.hpp"

#include <gtest/gtest.h>

namespace bpf_assay::semantics {
namespace {

template <class U>
class jump : public ::testing::Test {};

using Widths = ::testing::Types<u32, u64>;
TYPED_TEST_SUITE(jump, Widths);

/// Every condition on one pair; `less` as unsigned numbers, `signed_less` as signed ones.
template <Unsigned U>
void expect_order(U dst, U src, bool less, bool signed_less) {
    const bool equal = dst == src;
    SCOPED_TRACE(::testing::Message() << dst << " and " << src);
    EXPECT_EQ(jeq(dst, src), equal);
    EXPECT_EQ(jne(dst, src), !equal);
    EXPECT_EQ(jlt(dst, src), less);
    EXPECT_EQ(jle(dst, src), less || equal);
    EXPECT_EQ(jgt(dst, src), !less && !equal);
    EXPECT_EQ(jge(dst, src), !less);
    EXPECT_EQ(jslt(dst, src), signed_less);
    EXPECT_EQ(jsle(dst, src), signed_less || equal);
    EXPECT_EQ(jsgt(dst, src), !signed_less && !equal);
    EXPECT_EQ(jsge(dst, src), !signed_less);
}

TYPED_TEST(jump, comparisons_are_signed_or_unsigned) {
    using U = TypeParam;
    constexpr U ones = static_cast<U>(-1);
    constexpr U min = U{1} << (sizeof(U) * 8 - 1);
    expect_order<U>(0, 0, false, false);
    expect_order<U>(ones, ones, false, false);
    expect_order<U>(min, min, false, false);
    expect_order<U>(1, 2, true, true);
    expect_order<U>(2, 1, false, false);
    expect_order<U>(0, ones, true, false);
    expect_order<U>(ones, 0, false, true);
    expect_order<U>(min - 1, min, true, false);
    expect_order<U>(min, min - 1, false, true);
    expect_order<U>(min, ones, true, true);
}

TYPED_TEST(jump, jset_tests_for_a_common_bit) {
    using U = TypeParam;
    constexpr U min = U{1} << (sizeof(U) * 8 - 1);
    EXPECT_FALSE(jset<U>(0, static_cast<U>(-1)));
    EXPECT_FALSE(jset<U>(0b0101, 0b1010));
    EXPECT_TRUE(jset<U>(0b0101, 0b0100));
    EXPECT_TRUE(jset<U>(min, min | 1));
}

} // namespace
} // namespace bpf_assay::semantics
