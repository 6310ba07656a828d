// The Lowering section of docs/vector-format.md: prologue, instructions under test, epilogue.
#include "conformance/lowering.hpp"

#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

namespace bpf_assay::conformance {
namespace {

using namespace test;

std::string store_registers(std::initializer_list<int> numbers) {
    std::string text;
    for (const int number : numbers)
        text += fmt::format("*(u64 *)(r1 + {}) = r{}\n", 80 + 8 * number, number);
    return text;
}

Lowering lowered(const Vector& vector, const LoweringOptions& options = {}) {
    return lower(vector.body, full_states(vector, ByteOrder::little), options);
}

constexpr auto park = "*(u64 *)(r10 - 8) = r1\n"
                      "*(u64 *)(r1 + 160) = r1\n"
                      "*(u64 *)(r1 + 168) = r10\n";
constexpr auto load_all = "r0 = *(u64 *)(r1 + 0)\n"
                          "r2 = *(u64 *)(r1 + 16)\n"
                          "r3 = *(u64 *)(r1 + 24)\n"
                          "r4 = *(u64 *)(r1 + 32)\n"
                          "r5 = *(u64 *)(r1 + 40)\n"
                          "r6 = *(u64 *)(r1 + 48)\n"
                          "r7 = *(u64 *)(r1 + 56)\n"
                          "r8 = *(u64 *)(r1 + 64)\n"
                          "r9 = *(u64 *)(r1 + 72)\n"
                          "r1 = *(u64 *)(r1 + 8)\n";
const std::string spill = "*(u64 *)(r10 - 16) = r1\n"
                          "r1 = *(u64 *)(r10 - 8)\n";
const std::string store_r1 = "r2 = *(u64 *)(r10 - 16)\n"
                             "*(u64 *)(r1 + 88) = r2\n";
const std::string end = "r0 = 0\n"
                        "exit\n";

TEST(lowering, values) {
    const Lowering lowering = lowered(vector_of("    asm: r3 += r4\n    after: {r3: 1}\n"));
    EXPECT_EQ(lowering.slots,
              assembled(park + std::string(load_all) + "r3 += r4\n" + spill +
                        store_registers({0, 2, 3, 4, 5, 6, 7, 8, 9}) + store_r1 + end));
    EXPECT_EQ(lowering.body_begin, 13);
    EXPECT_EQ(lowering.body_end, 14);
    EXPECT_EQ(lowering.layout.stack_after, 176);
    EXPECT_EQ(lowering.layout.guarded_memory, 176);
    EXPECT_EQ(lowering.layout.size, 176 + 16 + 64 + 16);
}

TEST(lowering, addresses_are_computed) {
    const Lowering lowering = lowered(vector_of(
        "    asm: goto +0\n"
        "    before: {r0: {block: -192}, r1: {block: 8}, r2: {stack: 0}, r3: {stack: -8}}\n"
        "    after: {}\n"));
    const std::span prologue = std::span(lowering.slots).first(lowering.body_begin);
    EXPECT_THAT(prologue.subspan(3), testing::ElementsAreArray(assembled(
                                         "r0 = r1\n" // the memory starts 192 bytes into the block
                                         "r2 = r10\n"
                                         "r3 = r10\n"
                                         "r3 += -8\n"
                                         "r4 = *(u64 *)(r1 + 32)\n"
                                         "r5 = *(u64 *)(r1 + 40)\n"
                                         "r6 = *(u64 *)(r1 + 48)\n"
                                         "r7 = *(u64 *)(r1 + 56)\n"
                                         "r8 = *(u64 *)(r1 + 64)\n"
                                         "r9 = *(u64 *)(r1 + 72)\n"
                                         "r1 += 200\n")));
}

TEST(lowering, undefined_registers_are_overwritten_before_anything_reads_them) {
    const Lowering lowering =
        lowered(vector_of("    asm: goto +0\n    after: {r1: undefined, r4: undefined}\n"));
    const auto epilogue = std::span(lowering.slots).subspan(lowering.body_end);
    EXPECT_EQ(std::vector<Slot>(epilogue.begin(), epilogue.begin() + 4),
              assembled("r1 = 0\nr4 = 0\n" + spill));
}

TEST(lowering, observed_stack_slots) {
    const Vector vector = vector_of("    asm: goto +0\n"
                                    "    before: {stack: {u8@-20: 1}}\n    after: {}\n");
    const Lowering lowering = lowered(vector);
    // -24 is observed with its neighbours -32 and -16; so the plumbing moves below them.
    EXPECT_EQ(full_states(vector, ByteOrder::little).observed, (std::vector<s64>{-32, -24, -16}));
    const std::string fill = "*(u64 *)(r10 - 40) = r1\n"
                             "*(u64 *)(r1 + 160) = r1\n"
                             "*(u64 *)(r1 + 168) = r10\n"
                             "r0 = *(u64 *)(r1 + 176)\n"
                             "*(u64 *)(r10 - 32) = r0\n"
                             "r0 = *(u64 *)(r1 + 184)\n"
                             "*(u64 *)(r10 - 24) = r0\n"
                             "r0 = *(u64 *)(r1 + 192)\n"
                             "*(u64 *)(r10 - 16) = r0\n";
    const std::string copy = "*(u64 *)(r10 - 48) = r1\n"
                             "r1 = *(u64 *)(r10 - 40)\n" +
                             store_registers({0, 2, 3, 4, 5, 6, 7, 8, 9}) +
                             "r2 = *(u64 *)(r10 - 48)\n"
                             "*(u64 *)(r1 + 88) = r2\n"
                             "r2 = *(u64 *)(r10 - 32)\n"
                             "*(u64 *)(r1 + 200) = r2\n"
                             "r2 = *(u64 *)(r10 - 24)\n"
                             "*(u64 *)(r1 + 208) = r2\n"
                             "r2 = *(u64 *)(r10 - 16)\n"
                             "*(u64 *)(r1 + 216) = r2\n";
    EXPECT_EQ(lowering.slots, assembled(fill + load_all + "goto +0\n" + copy + end));
    EXPECT_EQ(lowering.layout.stack_after, 200);
    EXPECT_EQ(lowering.layout.guarded_memory, 224);
}

TEST(lowering, without_pointers_in_memory) {
    const Lowering lowering =
        lowered(vector_of("    asm: goto +0\n    before: {r1: {block: 0}, r4: {stack: -8}}\n"
                          "    after: {}\n"),
                {.stores_pointers = false, .fold = {}});
    EXPECT_EQ(lowering.slots.at(0), assembled("*(u64 *)(r10 - 8) = r1").at(0));
    EXPECT_EQ(lowering.slots.at(1), assembled("r0 = *(u64 *)(r1 + 0)").at(0));
    const auto epilogue = std::span(lowering.slots).subspan(lowering.body_end);
    EXPECT_THAT(epilogue,
                testing::ElementsAreArray(assembled(
                    "r1 = *(u64 *)(r10 - 8)\n" + store_registers({0, 2, 3, 5, 6, 7, 8, 9}) + end)));
}

/// Where R1 is parked if these places of the stack are observed: the first store's offset.
s64 parked_at(const std::string& stack) {
    return lowered(vector_of("    asm: goto +0\n    after: {stack: {" + stack + "}}\n"))
        .slots.at(0)
        .offset;
}

TEST(lowering, parks_in_the_highest_free_pair_of_slots) {
    EXPECT_EQ(parked_at(""), -8);
    EXPECT_EQ(parked_at("u8@-1: 0"), -24);  // observes -8 and -16
    EXPECT_EQ(parked_at("u8@-17: 0"), -40); // -16, -24, -32: one slot above is not enough
    EXPECT_EQ(parked_at("u8@-25: 0"), -8);  // -24, -32, -40: -8 and -16 are free
    EXPECT_EQ(parked_at("u64@-24: 0, u64@-64: 0"), -40);
    EXPECT_EQ(parked_at("u64@-512: 0"), -8);
}

TEST(lowering, every_slot_of_the_stack_can_be_observed_but_not_all) {
    const auto bytes = [](std::size_t count) {
        std::string hex;
        for (std::size_t i = 0; i < count; ++i)
            hex += "00";
        return hex;
    };
    // With the neighbour at the end, 61 slots leave two; 62 leave one.
    EXPECT_EQ(parked_at("bytes@-488: " + bytes(488)), -504);
    for (const std::size_t count : {496U, 504U, 512U})
        EXPECT_THAT(error_of([&] { parked_at(fmt::format("bytes@-{}: {}", count, bytes(count))); }),
                    testing::HasSubstr("the lowering needs two adjacent slots"));
    EXPECT_EQ(parked_at("bytes@-512: " + bytes(488)), -8);
}

TEST(lowering, the_error_names_the_vector) {
    const Vector vector = vector_of(
        fmt::format("    asm: goto +0\n    after: {{stack: {{bytes@-512: {:0>1024}}}}}\n", 0));
    EXPECT_THAT(error_of([&] { make_experiment(vector, 0, {}); }),
                testing::HasSubstr("test.yaml:3:9: the vector observes all of the stack"));
}

} // namespace
} // namespace bpf_assay::conformance
