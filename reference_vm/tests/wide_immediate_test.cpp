#include "reference_vm/semantics/wide_immediate.hpp"

#include <gtest/gtest.h>

namespace bpf_assay::semantics {
namespace {

TEST(wide_immediate, imm_is_the_low_half_and_next_imm_the_high_one) {
    EXPECT_EQ(wide_immediate(0x55667788, 0x11223344), 0x11223344'55667788u);
    EXPECT_EQ(wide_immediate(-1, 0), 0x00000000'ffffffffu); // imm does not reach the high half
    EXPECT_EQ(wide_immediate(0, -1), 0xffffffff'00000000u);
    EXPECT_EQ(wide_immediate(-1, -1), 0xffffffff'ffffffffu);
    EXPECT_EQ(wide_immediate(1, -2147483648), 0x80000000'00000001u);
}

} // namespace
} // namespace bpf_assay::semantics
