#include "reference_vm/semantics/load_store.hpp"

#include <gtest/gtest.h>

namespace bpf_assay::semantics {
namespace {

using Bytes = std::array<u8, 8>;

TEST(load_store, load_reads_in_the_order_of_the_machine) {
    const Bytes memory = {0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88};
    const std::span<const u8, 8> bytes = memory;
    EXPECT_EQ(load<u8>(bytes.first<1>(), ByteOrder::little), 0x81);
    EXPECT_EQ(load<u8>(bytes.first<1>(), ByteOrder::big), 0x81);
    EXPECT_EQ(load<u16>(bytes.first<2>(), ByteOrder::little), 0x8281);
    EXPECT_EQ(load<u16>(bytes.first<2>(), ByteOrder::big), 0x8182);
    EXPECT_EQ(load<u32>(bytes.first<4>(), ByteOrder::little), 0x84838281u);
    EXPECT_EQ(load<u32>(bytes.first<4>(), ByteOrder::big), 0x81828384u);
    EXPECT_EQ(load<u64>(bytes, ByteOrder::little), 0x8887868584838281u);
    EXPECT_EQ(load<u64>(bytes, ByteOrder::big), 0x8182838485868788u);
    EXPECT_EQ(load<u32>(bytes.subspan<3, 4>(), ByteOrder::little), 0x87868584u); // unaligned
}

TEST(load_store, sign_extending_load) {
    const Bytes memory = {0x80, 0x7f, 0xff, 0x7f};
    const std::span<const u8, 8> bytes = memory;
    EXPECT_EQ(load_sign_extended<u8>(bytes.first<1>(), ByteOrder::little), 0xffff'ffff'ffff'ff80u);
    EXPECT_EQ(load_sign_extended<u8>(bytes.subspan<1, 1>(), ByteOrder::little), 0x7fu);
    EXPECT_EQ(load_sign_extended<u16>(bytes.first<2>(), ByteOrder::little), 0x7f80u);
    EXPECT_EQ(load_sign_extended<u16>(bytes.first<2>(), ByteOrder::big), 0xffff'ffff'ffff'807fu);
    EXPECT_EQ(load_sign_extended<u32>(bytes.first<4>(), ByteOrder::little), 0x7fff7f80u);
    EXPECT_EQ(load_sign_extended<u32>(bytes.first<4>(), ByteOrder::big), 0xffff'ffff'807f'ff7fu);
}

TEST(load_store, store_writes_in_the_order_of_the_machine_and_nothing_else) {
    Bytes memory = {};
    const std::span<u8, 8> bytes = memory;
    store<u32>(bytes.subspan<1, 4>(), 0x11223344, ByteOrder::little);
    EXPECT_EQ(memory, (Bytes{0, 0x44, 0x33, 0x22, 0x11, 0, 0, 0}));
    store<u32>(bytes.subspan<1, 4>(), 0x11223344, ByteOrder::big);
    EXPECT_EQ(memory, (Bytes{0, 0x11, 0x22, 0x33, 0x44, 0, 0, 0}));
    store<u16>(bytes.subspan<6, 2>(), 0xaabb, ByteOrder::big);
    store<u8>(bytes.first<1>(), 0xcc, ByteOrder::big);
    EXPECT_EQ(memory, (Bytes{0xcc, 0x11, 0x22, 0x33, 0x44, 0, 0xaa, 0xbb}));
    store<u64>(bytes, 0x0102030405060708, ByteOrder::little);
    EXPECT_EQ(memory, (Bytes{8, 7, 6, 5, 4, 3, 2, 1}));
}

} // namespace
} // namespace bpf_assay::semantics
