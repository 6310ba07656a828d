#include "reference_vm/semantics/packet.hpp"

#include <gtest/gtest.h>

namespace bpf_assay::semantics {
namespace {

constexpr std::array<u8, 5> packet = {0x81, 0x82, 0x83, 0x84, 0x85};

TEST(packet, values_are_in_network_order_and_zero_extended) {
    EXPECT_EQ(packet_load<u8>(packet, 1), 0x82u);
    EXPECT_EQ(packet_load<u16>(packet, 1), 0x8283u);
    EXPECT_EQ(packet_load<u32>(packet, 1), 0x82838485u);
}

TEST(packet, a_load_needs_all_of_its_bytes) {
    EXPECT_EQ(packet_load<u8>(packet, 4), 0x85u);
    EXPECT_EQ(packet_load<u8>(packet, 5), std::nullopt);
    EXPECT_EQ(packet_load<u16>(packet, 3), 0x8485u);
    EXPECT_EQ(packet_load<u16>(packet, 4), std::nullopt);
    EXPECT_EQ(packet_load<u32>(packet, 2), std::nullopt);
    EXPECT_EQ(packet_load<u32>(packet, 0xffff'ffff), std::nullopt);
    EXPECT_EQ(packet_load<u32>(std::span(packet).first(3), 0), std::nullopt);
    EXPECT_EQ(packet_load<u8>({}, 0), std::nullopt);
}

TEST(packet, the_index_is_a_32_bit_number) {
    EXPECT_EQ(packet_absolute(-1), 0xffff'ffffu);
    EXPECT_EQ(packet_indirect(3, -2), 1u);
    EXPECT_EQ(packet_indirect(0xdead'beef'0000'0001, 2), 3u);
    EXPECT_EQ(packet_indirect(1, -2), 0xffff'ffffu);
}

} // namespace
} // namespace bpf_assay::semantics
