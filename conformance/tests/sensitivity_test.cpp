// The judgement of a row: what the reference VM does is right, and any single changed bit is not.
#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>

namespace bpf_assay::conformance {
namespace {

using namespace test;

std::vector<RuntimeTraits> kinds_of_runtime() {
    std::vector<RuntimeTraits> kinds;
    for (const ByteOrder order : both_orders)
        for (const bool stores_pointers : {true, false}) {
            kinds.push_back({.byte_order = order, .stores_pointers = stores_pointers});
            for (const Fold fold : {Fold::add, Fold::exclusive_or})
                for (const unsigned bits : {32U, 64U})
                    kinds.push_back({.byte_order = order,
                                     .r0_bits = bits,
                                     .stores_pointers = stores_pointers,
                                     .fold = fold});
        }
    return kinds;
}

std::string text_of(const RuntimeTraits& traits) {
    return fmt::format("{}, {} bits, {}, fold {}", test::name_of(traits.byte_order), traits.r0_bits,
                       traits.stores_pointers ? "pointers" : "no pointers",
                       traits.fold ? static_cast<int>(*traits.fold) : -1);
}

/// R0 as a runtime with these traits shows it.
u64 shown(u64 r0, const RuntimeTraits& traits) {
    return traits.r0_bits == 32 ? r0 & 0xffff'ffff : r0;
}

TEST(judgement, accepts_what_the_reference_vm_does) {
    std::size_t judged = 0;
    for (const RuntimeTraits& traits : kinds_of_runtime())
        for (const Vector& vector : suite().vectors) {
            if (vector.kind != Kind::explicit_state && vector.kind != Kind::program)
                continue;
            if (vector.concurrency.threads > 1)
                continue; // states what many runs come to
            const auto experiment = make_experiment(vector, 0, traits);
            const Ran ran = run_row(*experiment, 0, traits.byte_order);
            EXPECT_TRUE(experiment->right(0, shown(ran.r0, traits), ran.block))
                << vector.id << " on " << text_of(traits);
            ++judged;
        }
    EXPECT_GT(judged, 20 * 900);
}

TEST(judgement, accepts_what_the_reference_vm_does_with_packets) {
    for (const Vector& vector : suite().vectors)
        if (vector.kind == Kind::packet)
            for (const ByteOrder order : both_orders) {
                const auto experiment = make_experiment(vector, 0, {.byte_order = order});
                const Ran ran = run_row(*experiment, 0, order);
                EXPECT_TRUE(experiment->right(0, ran.r0, ran.block)) << vector.id;
                EXPECT_FALSE(experiment->right(0, ran.r0 ^ 1, ran.block)) << vector.id;
            }
}

// Lowered sweeps, against the same instructions without prologue and epilogue.
TEST(judgement, accepts_rows_of_sweeps) {
    for (const ByteOrder order : both_orders)
        for (const Vector& vector : suite().vectors)
            for (std::size_t program = 0; program < vector.sweep_programs.size(); program += 7) {
                const auto experiment = make_experiment(vector, program, {.byte_order = order});
                for (std::size_t row = 0; row < experiment->rows(); row += 13) {
                    Ran ran = run_row(*experiment, row, order);
                    EXPECT_TRUE(experiment->right(row, ran.r0, ran.block)) << vector.id;
                    ran.block[80 + 8 * vector.sweep_programs[program].dst] ^= 0x10;
                    EXPECT_FALSE(experiment->right(row, ran.r0, ran.block)) << vector.id;
                }
            }
}

/// The name of byte `at` of the block in a report, worked out from the format's page alone.
std::string place_of(std::size_t at, const Vector& vector, const StatePair& states) {
    const std::size_t stack = 8 * states.observed.size();
    if (at < 80)
        return fmt::format("input r{}", at / 8);
    if (at < 160)
        return fmt::format("r{}", at / 8 - 10);
    if (at < 176 + stack)
        return fmt::format("input stack u64@{}", states.observed.at((at - 176) / 8));
    if (at < 176 + 2 * stack)
        return fmt::format("stack u64@{}", states.observed.at((at - 176 - stack) / 8));
    const auto byte = static_cast<s64>(at - 176 - 2 * stack) - 16;
    const bool guard = byte < 0 || byte >= static_cast<s64>(vector.memory_size);
    return fmt::format("{} u8@{}", guard ? "guard" : "memory", byte);
}

constexpr bool is_own_address(std::size_t at) {
    return at >= 160 && at < 176;
}

std::vector<std::string> places(const std::vector<Difference>& differences) {
    std::vector<std::string> names;
    for (const Difference& difference : differences)
        names.push_back(difference.place);
    return names;
}

/// Flips the bits of one byte of the answer, one after the other or only one of them.
void corrupt(Experiment& experiment, const Vector& vector, const Ran& ran, ByteOrder order,
             bool every_bit) {
    const StatePair states = full_states(vector, order);
    std::vector<u8> block = ran.block;
    for (std::size_t at = 0; at < block.size(); ++at) {
        if (is_own_address(at))
            continue;
        for (std::size_t bit = every_bit ? 0 : at % 8; bit < 8; bit += every_bit ? 1 : 8) {
            block[at] = static_cast<u8>(ran.block[at] ^ (1 << bit));
            ASSERT_FALSE(experiment.right(0, ran.r0, block)) << vector.id << " byte " << at;
            ASSERT_THAT(places(experiment.differences(0, ran.r0, block)),
                        testing::ElementsAre(place_of(at, vector, states)))
                << vector.id;
        }
        block[at] = ran.block[at];
    }
}

TEST(judgement, sees_a_changed_bit_in_every_byte) {
    for (const ByteOrder order : both_orders)
        for (const Vector& vector : suite().vectors)
            if (vector.kind == Kind::explicit_state && vector.memory_size <= 4096) {
                const auto experiment = make_experiment(vector, 0, {.byte_order = order});
                const Ran ran = run_row(*experiment, 0, order);
                corrupt(*experiment, vector, ran, order, /*every_bit=*/false);
            }
}

constexpr auto everything = "    asm: r3 += r4; *(u32 *)(r5 + 0) = r3; *(u64 *)(r10 - 24) = r4\n"
                            "    memory_size: 24\n"
                            "    before: {r5: {block: 4}, r7: {stack: -24}}\n"
                            "    after: {r3: 0x66666665cc7a3b2d, r2: undefined,\n"
                            "            memory: {u32@4: 0xcc7a3b2d},\n"
                            "            stack: {u64@-24: 0x1715609d4dda5d69}}\n";

TEST(judgement, sees_every_changed_bit) {
    Vector vector = vector_of(everything);
    const auto sum = register_sentinel(3) + register_sentinel(4);
    for (StatedState& after : vector.after) {
        after.registers[3] = sum;
        after.memory[0].content = sum & 0xffff'ffff;
        after.stack[0].content = register_sentinel(4);
    }
    for (const ByteOrder order : both_orders) {
        const auto experiment = make_experiment(vector, 0, {.byte_order = order});
        const Ran ran = run_row(*experiment, 0, order);
        ASSERT_TRUE(experiment->right(0, ran.r0, ran.block));
        EXPECT_TRUE(experiment->differences(0, ran.r0, ran.block).empty());
        corrupt(*experiment, vector, ran, order, /*every_bit=*/true);
        for (int bit = 0; bit < 64; ++bit)
            EXPECT_FALSE(experiment->right(0, u64{1} << bit, ran.block));
        EXPECT_THAT(places(experiment->differences(0, 1, ran.block)),
                    testing::ElementsAre("r0 at EXIT"));
    }
}

// The block's address and R10 are the runtime's own: only registers that point there tell.
TEST(judgement, uses_the_addresses_that_the_program_stored) {
    const Vector vector = vector_of("    asm: r3 = r5; r4 = r7\n"
                                    "    before: {r5: {block: 4}, r7: {stack: -24}}\n"
                                    "    after: {r3: {block: 4}, r4: {stack: -24}}\n");
    const auto experiment = make_experiment(vector, 0, {});
    const Ran ran = run_row(*experiment, 0, ByteOrder::little);
    ASSERT_TRUE(experiment->right(0, ran.r0, ran.block));
    auto block = ran.block;
    block[160] ^= 8;
    EXPECT_THAT(places(experiment->differences(0, 0, block)), testing::ElementsAre("r3", "r5"));
    block = ran.block;
    block[170] ^= 1;
    EXPECT_THAT(places(experiment->differences(0, 0, block)), testing::ElementsAre("r4", "r7"));
}

TEST(judgement, says_what_was_expected_and_seen) {
    const Vector vector = vector_of("    asm: r3 = 7\n    after: {r3: 7}\n");
    const auto experiment = make_experiment(vector, 0, {});
    Ran ran = run_row(*experiment, 0, ByteOrder::little);
    ran.block[80 + 3 * 8] = 9;
    ran.block.back() ^= 0xff;
    const auto differences = experiment->differences(0, 0, ran.block);
    ASSERT_EQ(differences.size(), 2);
    EXPECT_EQ(differences[0].place, "r3");
    EXPECT_EQ(differences[0].expected, "0x0000000000000007");
    EXPECT_EQ(differences[0].seen, "0x0000000000000009");
    EXPECT_EQ(differences[1].place, "guard u8@79");
    EXPECT_EQ(differences[1].expected, fmt::format("{:#04x}", memory_sentinel(79)));
    EXPECT_EQ(differences[1].seen, fmt::format("{:#04x}", memory_sentinel(79) ^ 0xff));
}

TEST(judgement, sees_every_byte_after_a_program) {
    const Vector vector = vector_of("    program: r0 = 7; *(u8 *)(r1 + 3) = r0; exit\n"
                                    "    memory_size: 16\n"
                                    "    after: {r0: 7, memory: {u8@3: 7}}\n");
    for (const ByteOrder order : both_orders) {
        const auto experiment = make_experiment(vector, 0, {.byte_order = order});
        const Ran ran = run_row(*experiment, 0, order);
        ASSERT_TRUE(experiment->right(0, ran.r0, ran.block));
        ASSERT_EQ(ran.block.size(), 32); // a guard behind
        for (std::size_t at = 0; at < ran.block.size(); ++at) {
            auto block = ran.block;
            block[at] ^= 0x40;
            EXPECT_THAT(
                places(experiment->differences(0, ran.r0, block)),
                testing::ElementsAre(fmt::format("{} u8@{}", at < 16 ? "memory" : "guard", at)));
        }
        EXPECT_THAT(places(experiment->differences(0, 8, ran.block)), testing::ElementsAre("r0"));
    }
}

TEST(judgement, of_a_runtime_that_returns_32_bits) {
    const Vector vector = vector_of("    program: r0 = 0x100000007 ll; exit\n"
                                    "    after: {r0: 0x100000007}\n");
    const auto experiment = make_experiment(vector, 0, {.r0_bits = 32});
    const Ran ran = run_row(*experiment, 0, ByteOrder::little);
    EXPECT_TRUE(experiment->right(0, 7, ran.block));
    EXPECT_FALSE(experiment->right(0, 8, ran.block));
    EXPECT_THAT(places(experiment->differences(0, 8, ran.block)),
                testing::ElementsAre("r0 (32 bits)"));
}

TEST(judgement, undefined_r0_is_not_compared) {
    const Vector vector = vector_of("    program: r0 = 7; exit\n    after: {r0: undefined}\n");
    const auto experiment = make_experiment(vector, 0, {});
    EXPECT_TRUE(experiment->right(0, 123, run_row(*experiment, 0, ByteOrder::little).block));
}

} // namespace
} // namespace bpf_assay::conformance
