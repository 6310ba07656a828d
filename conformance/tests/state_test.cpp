// Sentinels, cells and the rows of sweeps.
#include "conformance/state.hpp"

#include "conformance/digest.hpp"
#include "conformance/sweep.hpp"
#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

namespace bpf_assay::conformance {
namespace {

using namespace test;
using testing::ElementsAre;

TEST(state, sentinels_as_the_format_states_them) {
    EXPECT_EQ(register_sentinel(0), 0x9e3779b97f4a7c15);
    EXPECT_EQ(register_sentinel(1), 0x3c6ef372fe94f82a);
    EXPECT_EQ(register_sentinel(9), 0x2e2ac13ef8e8d8d2);
    EXPECT_EQ(memory_sentinel(-16), 0x0a);
    EXPECT_EQ(memory_sentinel(0), 0x5a);
    EXPECT_EQ(memory_sentinel(1), 0x7f);
    EXPECT_EQ(stack_sentinel(-512), 0xc3);
    EXPECT_EQ(stack_sentinel(-1), 0xa6);
}

TEST(state, all_that_is_not_stated_is_a_sentinel_and_unchanged) {
    const Vector vector = vector_of("    asm: r3 = 1\n    memory_size: 8\n    before: {r4: 5}\n"
                                    "    after: {r3: 1}\n");
    for (const ByteOrder order : both_orders) {
        const StatePair states = full_states(vector, order);
        for (std::size_t number = 0; number < general_registers; ++number) {
            const u64 before = number == 4 ? 5 : register_sentinel(number);
            EXPECT_EQ(states.before.registers[number], RegisterValue(before));
            EXPECT_EQ(states.after.registers[number], RegisterValue(number == 3 ? 1 : before));
        }
        ASSERT_EQ(states.before.memory.size(), 16 + 8 + 16);
        EXPECT_EQ(states.before.memory[0], memory_sentinel(-16));
        EXPECT_EQ(states.before.memory[16], memory_sentinel(0));
        EXPECT_EQ(states.before.memory[39], memory_sentinel(23));
        EXPECT_EQ(states.after.memory, states.before.memory);
        EXPECT_EQ(states.before.stack[0], stack_sentinel(-512));
        EXPECT_EQ(states.before.stack[511], stack_sentinel(-1));
        EXPECT_EQ(states.after.stack, states.before.stack);
        EXPECT_TRUE(states.observed.empty());
    }
}

std::vector<u8> memory_of(const FullState& state, std::size_t from, std::size_t count) {
    const auto begin = state.memory.begin() + static_cast<s64>(guard_size + from);
    return {begin, begin + static_cast<s64>(count)};
}

TEST(state, cells_in_both_byte_orders) {
    const Vector vector = vector_of(R"(    asm: r3 = 1
    before:
      memory: {u8@0: 0x11, u16@2: 0x2233, u32@4: -2, u64@8: 0x0102030405060708, bytes@16: a1 b2}
      stack: {u16@-512: 0x0102, bytes@-1: "7f"}
    after: {memory: {u16@0: 0x4455}}
)");
    const StatePair little = full_states(vector, ByteOrder::little);
    EXPECT_THAT(memory_of(little.before, 0, 18),
                ElementsAre(0x11, memory_sentinel(1), 0x33, 0x22, 0xfe, 0xff, 0xff, 0xff, 8, 7, 6,
                            5, 4, 3, 2, 1, 0xa1, 0xb2));
    EXPECT_THAT(memory_of(little.after, 0, 4), ElementsAre(0x55, 0x44, 0x33, 0x22));
    EXPECT_EQ(little.before.stack[0], 2);
    EXPECT_EQ(little.before.stack[1], 1);
    EXPECT_EQ(little.before.stack[511], 0x7f);

    const StatePair big = full_states(vector, ByteOrder::big);
    EXPECT_THAT(memory_of(big.before, 0, 18),
                ElementsAre(0x11, memory_sentinel(1), 0x22, 0x33, 0xff, 0xff, 0xff, 0xfe, 1, 2, 3,
                            4, 5, 6, 7, 8, 0xa1, 0xb2));
    EXPECT_THAT(memory_of(big.after, 0, 4), ElementsAre(0x44, 0x55, 0x22, 0x33));
    EXPECT_EQ(big.before.stack[0], 1);
    EXPECT_THAT(little.observed, ElementsAre(-512, -504, -16, -8));
}

TEST(state, a_cell_across_two_stack_slots_is_observed_in_both) {
    const Vector vector = vector_of("    asm: r3 = 1\n    after: {stack: {u64@-36: 0}}\n");
    EXPECT_THAT(full_states(vector, ByteOrder::little).observed, ElementsAre(-48, -40, -32, -24));
}

TEST(state, store_and_load) {
    std::array<u8, 4> bytes{};
    store(bytes, 0x1'2233'4455, ByteOrder::little);
    EXPECT_THAT(bytes, ElementsAre(0x55, 0x44, 0x33, 0x22));
    EXPECT_EQ(load(bytes, ByteOrder::little), 0x22334455);
    EXPECT_EQ(load(bytes, ByteOrder::big), 0x55443322);
    store(bytes, 0x22334455, ByteOrder::big);
    EXPECT_THAT(bytes, ElementsAre(0x22, 0x33, 0x44, 0x55));
}

TEST(digest, known_answer) {
    Sha256 digest;
    digest.add("a");
    digest.add("bc");
    EXPECT_EQ(digest.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

Vector add_sweep(const std::string& digest) {
    return vector_of("    asm: \"{dst} += {src}\"\n    registers: {dst: r0-r1, src: [r1, r0]}\n"
                     "    rows: {dst: few, src: odd}\n    digest: " +
                     digest + "\n");
}
const std::string some_digest(64, '0');

/// Adds a row as the format says: R0..R9 after, little-endian.
void add_row(Sha256& digest, u64 r0, u64 r1) {
    for (std::size_t number = 0; number < general_registers; ++number) {
        std::array<u8, 8> bytes{};
        store(bytes,
              number == 0   ? r0
              : number == 1 ? r1
                            : register_sentinel(number),
              ByteOrder::little);
        digest.add(bytes);
    }
}

std::string expected_digest() {
    const std::array<u64, 2> few{1, 2};
    const std::array<u64, 3> odd{3, 5, 7};
    Sha256 digest;
    for (const u64 r0 : few) // dst r0, src r1: dst is the outer loop
        for (const u64 r1 : odd)
            add_row(digest, r0 + r1, r1);
    for (const u64 r0 : few) // dst r0, src r0: the rows of dst alone
        add_row(digest, 2 * r0, register_sentinel(1));
    for (const u64 r1 : few) // dst r1, src r1
        add_row(digest, register_sentinel(0), 2 * r1);
    for (const u64 r1 : few) // dst r1, src r0
        for (const u64 r0 : odd)
            add_row(digest, r0, r1 + r0);
    return digest.hex();
}

TEST(sweep, rows_go_by_dst_then_src_and_programs_as_listed) {
    const Vector vector = add_sweep(some_digest);
    for (const ByteOrder order : both_orders)
        EXPECT_EQ(digest_of(vector, order), expected_digest());
}

TEST(sweep, experiments_have_the_rows_of_the_digest) {
    const Vector vector = add_sweep(some_digest);
    ASSERT_EQ(vector.sweep_programs.size(), 4);
    const auto first = make_experiment(vector, 0, {});
    ASSERT_EQ(first->rows(), 6);
    const auto before = [](const auto& experiment, std::size_t row, std::size_t number) {
        return std::stoull(experiment->registers_before(row).at(number), nullptr, 16);
    };
    EXPECT_EQ(before(first, 1, 0), 1);
    EXPECT_EQ(before(first, 1, 1), 5);
    EXPECT_EQ(before(first, 3, 0), 2);
    EXPECT_EQ(before(first, 3, 1), 3);
    EXPECT_EQ(before(first, 3, 2), register_sentinel(2));
    const auto same = make_experiment(vector, 1, {});
    ASSERT_EQ(same->rows(), 2);
    EXPECT_EQ(before(same, 1, 0), 2);
    EXPECT_EQ(same->text(), "dst r0, src r0");
}

TEST(sweep, a_wrong_digest_is_an_error_that_names_both) {
    const Vector wrong = add_sweep(some_digest);
    EXPECT_THAT(error_of([&] { check_digest(wrong, ByteOrder::big); }),
                testing::AllOf(testing::HasSubstr("test.yaml:3:9: "),
                               testing::HasSubstr("test/vector (big-endian)"),
                               testing::HasSubstr(some_digest + " is stated"),
                               testing::HasSubstr(expected_digest() + " computed")));
    const Vector good = add_sweep(expected_digest());
    EXPECT_EQ(error_of([&] { check_digest(good, ByteOrder::little); }), "");
}

TEST(sweep, instructions_that_do_not_end_are_an_error) {
    const Vector vector = vector_of("    asm: \"{dst} = *(u8 *)({dst} + 0)\"\n"
                                    "    registers: {dst: r0}\n    rows: {dst: few}\n"
                                    "    digest: " +
                                    some_digest + "\n");
    EXPECT_THAT(error_of([&] { digest_of(vector, ByteOrder::little); }),
                testing::HasSubstr("do not run to their end"));
}

} // namespace
} // namespace bpf_assay::conformance
