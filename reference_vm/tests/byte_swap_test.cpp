#include "reference_vm/semantics/byte_swap.hpp"

#include <gtest/gtest.h>

namespace bpf_assay::semantics {
namespace {

template <Unsigned U>
void expect_swap(U value, U swapped) {
    EXPECT_EQ(le(value, ByteOrder::little), value);
    EXPECT_EQ(le(value, ByteOrder::big), swapped);
    EXPECT_EQ(be(value, ByteOrder::little), swapped);
    EXPECT_EQ(be(value, ByteOrder::big), value);
    EXPECT_EQ(bswap(value), swapped);
    EXPECT_EQ(bswap(swapped), value);
}

TEST(byte_swap, converts_where_the_host_has_the_other_order) {
    expect_swap<u16>(0x1280, 0x8012);
    expect_swap<u32>(0x12345680, 0x80563412);
    expect_swap<u64>(0x0123456789abcd80, 0x80cdab8967452301);
}

} // namespace
} // namespace bpf_assay::semantics
