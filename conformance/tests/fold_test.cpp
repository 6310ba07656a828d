// The fold of the state into R0, for runtimes that show nothing else.
#include "conformance/tests/support.hpp"

#include <gtest/gtest.h>

#include <array>

namespace bpf_assay::conformance {
namespace {

using namespace test;

constexpr std::array both_folds{Fold::add, Fold::exclusive_or};

TEST(fold, of_known_words) {
    EXPECT_EQ(fold_of(Fold::add, {}), 0);
    const std::array<u64, 1> one{0x1'0000'0002};
    for (const Fold fold : both_folds)
        EXPECT_EQ(fold_of(fold, one), 0x1'0000'0003); // the halves meet in the lower one
    const std::array<u64, 2> two{1, 1};
    EXPECT_EQ(fold_of(Fold::add, two), (u64{1} << 13) + 1);
    EXPECT_EQ(fold_of(Fold::exclusive_or, two), (u64{1} << 29) ^ 1);
}

TEST(fold, depends_on_the_order_of_words) {
    const std::array<u64, 2> one{1, 2}, other{2, 1};
    for (const Fold fold : both_folds)
        EXPECT_NE(fold_of(fold, one), fold_of(fold, other));
}

/// Words of a state as they come: sentinels.
std::vector<u64> words() {
    std::vector<u64> values;
    for (std::size_t number = 0; number < 24; ++number)
        values.push_back(register_sentinel(number));
    return values;
}

// Of two bits in the same half the fold must not lose either, even where R0 has 32 bits.
TEST(fold, every_changed_bit_changes_both_folds) {
    for (const Fold fold : both_folds) {
        const auto good = static_cast<u32>(fold_of(fold, words()));
        for (std::size_t word = 0; word < words().size(); ++word)
            for (int bit = 0; bit < 64; ++bit) {
                auto changed = words();
                changed[word] ^= u64{1} << bit;
                EXPECT_NE(static_cast<u32>(fold_of(fold, changed)), good) << word << ", " << bit;
            }
    }
}

u64 load_word(const std::vector<u8>& block, std::size_t at, ByteOrder order) {
    return load(std::span(block).subspan(at, 8), order);
}

constexpr auto vector_text =
    "    asm: r3 += r4; *(u16 *)(r5 + 8) = r3; *(u64 *)(r10 - 24) = r4\n"
    "    before: {r5: {block: 0}}\n"
    "    after: {r3: 1, r1: undefined, memory: {u16@8: 1}, stack: {u64@-24: 1}}\n";

TEST(fold, the_program_computes_what_fold_of_says) {
    const Vector vector = vector_of(vector_text);
    for (const ByteOrder order : both_orders)
        for (const Fold fold : both_folds) {
            const RuntimeTraits traits{.byte_order = order, .fold = fold};
            const auto experiment = make_experiment(vector, 0, traits);
            const Ran ran = run_row(*experiment, 0, order);
            const auto lowering = lower(vector.body, full_states(vector, order),
                                        {.stores_pointers = true, .fold = fold});
            std::vector<u64> folded;
            for (const std::size_t at : lowering.folded_words)
                folded.push_back(load_word(ran.block, at, order));
            // nine registers, not the address in R5; three stack slots; memory and its guards
            EXPECT_EQ(folded.size(), 9 + 3 + (64 + 32) / 8);
            EXPECT_EQ(ran.r0, fold_of(fold, folded));
        }
}

/// R0 as the runtime shows it, judged.
bool right(const Vector& vector, Fold fold, unsigned bits) {
    const auto experiment = make_experiment(vector, 0, {.r0_bits = bits, .fold = fold});
    const Ran ran = run_row(*experiment, 0, ByteOrder::little);
    const u64 r0 = bits == 32 ? static_cast<u32>(ran.r0) : ran.r0;
    const bool judged = experiment->right(0, r0, {});
    EXPECT_EQ(experiment->differences(0, r0, {}).at(0).place, "r0 (fold of the state)");
    return judged;
}

TEST(fold, sees_what_the_instructions_should_not_have_done) {
    Vector vector = vector_of("    asm: r3 = 7; *(u64 *)(r10 - 24) = 1\n"
                              "    before: {r5: {block: 0}}\n"
                              "    after: {r3: 7, stack: {u64@-24: 1}}\n    memory_size: 16\n");
    for (const Fold fold : both_folds)
        for (const unsigned bits : {32U, 64U}) {
            vector.body = assembled(vector.text);
            EXPECT_TRUE(right(vector, fold, bits));
            for (const char* mistake :
                 {"r3 = 6", "r0 ^= 1", "r1 ^= 1", "r9 += 1", "*(u8 *)(r5 + 0) = r4",
                  "*(u8 *)(r5 + 15) = r4", "*(u8 *)(r5 - 1) = r4", "*(u8 *)(r5 + 31) = r4",
                  "*(u8 *)(r10 - 32) = r4", "*(u8 *)(r10 - 9) = r4"}) {
                vector.body = assembled(vector.text + "; " + mistake);
                EXPECT_FALSE(right(vector, fold, bits)) << mistake;
            }
        }
}

} // namespace
} // namespace bpf_assay::conformance
