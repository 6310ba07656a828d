#include "reference_vm/semantics/atomic.hpp"

#include <gtest/gtest.h>

namespace bpf_assay::semantics {
namespace {

template <class U>
class atomic_semantics : public ::testing::Test {};

using Widths = ::testing::Types<u32, u64>;
TYPED_TEST_SUITE(atomic_semantics, Widths);

TYPED_TEST(atomic_semantics, simple_operations) {
    using U = TypeParam;
    constexpr U ones = static_cast<U>(-1);
    EXPECT_EQ(atomic_add<U>(ones, 2), 1u);
    EXPECT_EQ(atomic_or<U>(0b1100, 0b1010), 0b1110u);
    EXPECT_EQ(atomic_and<U>(0b1100, 0b1010), 0b1000u);
    EXPECT_EQ(atomic_xor<U>(0b1100, 0b1010), 0b0110u);
}

TYPED_TEST(atomic_semantics, exchanges) {
    using U = TypeParam;
    EXPECT_EQ(xchg<U>(1, 2), 2u);
    EXPECT_EQ(cmpxchg<U>(1, 1, 2), 2u);
    EXPECT_EQ(cmpxchg<U>(1, 3, 2), 1u);
}

} // namespace
} // namespace bpf_assay::semantics
