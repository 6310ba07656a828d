// Classes of operands, distances and addresses, and the bins that are made of them.
#include "conformance/coverage/axes.hpp"
#include "conformance/coverage/features.hpp"
#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpf_assay::conformance::coverage {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

/// The first instruction of a text, executed with these registers.
struct Executed {
    explicit Executed(std::string_view text) : slots(test::assembled(text)) {
        seen.program = slots;
        seen.row = find_row(slots[0]);
        seen.next_pc = 1;
    }
    std::vector<Slot> slots;
    Observation seen;
};

std::vector<std::string> classes(const Feature& feature, const Observation& seen) {
    std::vector<std::string> names;
    const u64 belongs = feature.belongs(seen);
    for (std::size_t i = 0; i < 64; ++i)
        if ((belongs >> i & 1) != 0)
            names.push_back(feature.classes.at(i));
    return names;
}

std::vector<std::string> classes_of_dst(const Feature& feature, u64 value) {
    Executed executed("r3 += r4");
    executed.seen.before[3] = value;
    return classes(feature, executed.seen);
}

TEST(bins, operands_of_64_bits) {
    const Feature dst = value64("dst", dst_value);
    EXPECT_THAT(classes_of_dst(dst, 0), ElementsAre("0"));
    EXPECT_THAT(classes_of_dst(dst, ~u64{0}), ElementsAre("-1", "negative"));
    EXPECT_THAT(classes_of_dst(dst, 0x8000'0000'0000'0000),
                ElementsAre("min", "low-half-0", "negative"));
    EXPECT_THAT(classes_of_dst(dst, 0x8000'0000'0000'0001), ElementsAre("min+1", "negative"));
    EXPECT_THAT(classes_of_dst(dst, 0x7fff'ffff'ffff'ffff), ElementsAre("max", "positive"));
    EXPECT_THAT(classes_of_dst(dst, 0x8000'0000), ElementsAre("2^31", "positive"));
    EXPECT_THAT(classes_of_dst(dst, 0xffff'ffff), ElementsAre("2^32-1", "positive"));
}

TEST(bins, operands_of_32_bits_with_and_without_garbage_above) {
    const Feature dst = value32("dst", dst_value);
    EXPECT_THAT(classes_of_dst(dst, 0), ElementsAre("0"));
    EXPECT_THAT(classes_of_dst(dst, 0x1'0000'0000), ElementsAre("0+garbage"));
    EXPECT_THAT(classes_of_dst(dst, 0x8000'0000), ElementsAre("min", "negative"));
    EXPECT_THAT(classes_of_dst(dst, ~u64{0}), ElementsAre("-1+garbage", "negative+garbage"));
    EXPECT_THAT(classes_of_dst(dst, 0x9'7fff'ffff), ElementsAre("max+garbage", "positive+garbage"));
}

TEST(bins, sign_bits_and_what_stands_above) {
    const Feature bit = sign_and_garbage("bit7", dst_value, 8);
    EXPECT_THAT(classes_of_dst(bit, 0x7f), ElementsAre("clear+zeros"));
    EXPECT_THAT(classes_of_dst(bit, 0x80), ElementsAre("set+zeros"));
    EXPECT_THAT(classes_of_dst(bit, ~u64{0x80}), ElementsAre("clear+ones"));
    EXPECT_THAT(classes_of_dst(bit, ~u64{0}), ElementsAre("set+ones"));
    EXPECT_THAT(classes_of_dst(bit, 0x180), ElementsAre("set+mixed"));
    const Feature top = sign_and_garbage("bit63", dst_value, 64);
    EXPECT_THAT(classes_of_dst(top, u64{1} << 63), ElementsAre("set"));
}

TEST(bins, equality_is_of_the_width) {
    Executed executed("if r3 == r4 goto +1; r0 = 0");
    executed.seen.before[3] = 0x1'0000'0005;
    executed.seen.before[4] = 5;
    EXPECT_THAT(classes(equal_operands(64), executed.seen), IsEmpty());
    EXPECT_THAT(classes(equal_operands(32), executed.seen), ElementsAre("different-registers"));
}

TEST(bins, a_jump_by_0_is_neither_taken_nor_not) {
    Executed executed("if r3 == r4 goto +0; r0 = 0");
    EXPECT_THAT(classes(outcome(), executed.seen), IsEmpty());
    EXPECT_THAT(classes(jump_distance(), executed.seen), ElementsAre("+0"));
}

TEST(bins, distances_of_conditional_jumps) {
    const auto distance = [](const char* text, u32 next) {
        Executed executed(text);
        executed.seen.next_pc = next;
        return classes(jump_distance(), executed.seen);
    };
    EXPECT_THAT(distance("if r3 == r4 goto +1; r0 = 0; r0 = 1", 2), ElementsAre("+1,taken"));
    EXPECT_THAT(distance("if r3 == r4 goto +1; r0 = 0; r0 = 1", 1), ElementsAre("+1,not-taken"));
    EXPECT_THAT(distance("if r3 == r4 goto -1", 1), ElementsAre("-1,not-taken"));
    EXPECT_THAT(distance("if r3 == r4 goto +4096", 4097), ElementsAre("+4096..,taken"));
    EXPECT_THAT(distance("if r3 == r4 goto -129", 1), ElementsAre("-129..,not-taken"));
    EXPECT_THAT(jump_distance().classes, Not(Contains("-1,taken"))); // would never end
}

TEST(bins, distances_of_jumps_that_are_always_taken) {
    const auto distance = [](const char* text) {
        return classes(far_distance(-0x8000, 0x7fff), Executed(text).seen);
    };
    EXPECT_THAT(distance("goto +0"), ElementsAre("+0"));
    EXPECT_THAT(distance("goto +32767"), ElementsAre("+4096..", "+32767.."));
    EXPECT_THAT(distance("goto -32768"), ElementsAre("-4097..", "-32768.."));
    EXPECT_THAT(distance("goto -2"), ElementsAre("-2..-128"));
}

TEST(bins, places_of_an_access) {
    Executed executed("r3 = *(u32 *)(r4 + 129)");
    executed.seen.before[4] = memory_address + 2;
    EXPECT_THAT(classes(access_offset(), executed.seen), ElementsAre("odd", "129"));
    EXPECT_THAT(classes(alignment(), executed.seen), ElementsAre("3"));
    EXPECT_THAT(classes(region(), executed.seen), ElementsAre("memory"));
    executed.seen.before[4] = stack_address;
    EXPECT_THAT(classes(region(), executed.seen), ElementsAre("stack"));
    EXPECT_THAT(classes(region(), Executed("*(u64 *)(r10 - 8) = r1").seen),
                ElementsAre("stack-by-r10"));
}

TEST(bins, a_jump_over_a_wide_instruction) {
    Executed executed("if r3 == r4 goto +2; r5 = 1 ll; r0 = 0");
    executed.seen.next_pc = 3;
    EXPECT_THAT(classes(over_wide(), executed.seen), ElementsAre("forward"));
    executed.seen.next_pc = 1;
    EXPECT_THAT(classes(over_wide(), executed.seen), IsEmpty());
}

std::vector<std::string> names(const std::vector<Axis>& axes) {
    std::vector<std::string> all;
    for (const Axis& axis : axes)
        for (std::size_t bin = 0; bin < axis.bins().size(); ++bin)
            all.push_back(axis.bins().name(bin));
    return all;
}

TEST(bins, of_instructions) {
    EXPECT_THAT(
        names(axes_of(*find_row("add64_reg"))),
        IsSupersetOf({"dst=r0 src=r0", "dst=r9 src=r9", "dst=min src=-1", "src-number=10"}));
    EXPECT_THAT(names(axes_of(*find_row("lsh32_reg"))), Contains("count=63"));
    EXPECT_THAT(names(axes_of(*find_row("lsh32_reg"))), Not(Contains("count=64")));
    EXPECT_THAT(names(axes_of(*find_row("lsh64_imm"))), Contains("count=63"));
    EXPECT_THAT(names(axes_of(*find_row("ldxw"))),
                IsSupersetOf({"dst=r3 src=r3", "dst=r3 src=r10"}));
    EXPECT_THAT(names(axes_of(*find_row("stxw"))), Not(Contains("dst=r3 src=r3")));
    EXPECT_THAT(names(axes_of(*find_row("jeq64_reg"))),
                IsSupersetOf({"dst=r3,taken src=r3", "dst=r3,not-taken src=r4"}));
    EXPECT_THAT(names(axes_of(*find_row("jeq64_reg"))), Not(Contains("dst=r3,not-taken src=r3")));
    EXPECT_THAT(names(axes_of(*find_row("lddw"))), IsSupersetOf({"only-bit=63", "all-but-bit=0"}));
}

TEST(bins, of_extensions_as_their_formulas_say) {
    const auto load = names(axes_of(*find_row("load_acquire16")));
    EXPECT_THAT(load, IsSupersetOf({"dst=r3 src=r3", "dst=r3 src=r10", "value=min",
                                    "dst=garbage-above", "offset=-32768", "address-mod-8=7",
                                    "region=stack-by-r10", "position=first"}));
    EXPECT_EQ(load, names(axes_of(*find_row("ldxh"))));
    const auto store = names(axes_of(*find_row("store_release32")));
    EXPECT_EQ(store, names(axes_of(*find_row("stxw"))));
    EXPECT_THAT(names(axes_of(*find_row("store_release64"))), Contains("position=first"));
    EXPECT_THAT(names(axes_of(*find_row("may_goto"))),
                IsSupersetOf({"distance=+1,taken", "distance=-2..-128,not-taken"}));
    EXPECT_THAT(names(axes_of(*find_row("may_goto"))), Not(Contains("dst=r0")));
}

TEST(bins, every_name_is_there_once_in_an_instruction) {
    for (const InstructionRow& row : instruction_table()) {
        auto all = names(axes_of(row));
        std::ranges::sort(all);
        EXPECT_EQ(std::ranges::adjacent_find(all), all.end())
            << row.mnemonic << ": " << *std::ranges::adjacent_find(all);
        EXPECT_FALSE(row.mnemonic != "call_helper" && all.empty()) << row.mnemonic;
    }
}

TEST(bins, a_pair_of_classes_is_hit_by_one_execution) {
    Axis axis(Subject::operands, value64("dst", dst_value), value64("src", src_value));
    Executed executed("r3 += r4");
    executed.seen.before[3] = 0;
    executed.seen.before[4] = 1;
    axis.observe(executed.seen);
    std::vector<std::string> hit;
    for (std::size_t bin = 0; bin < axis.bins().size(); ++bin)
        if (axis.bins().hit(bin))
            hit.push_back(axis.bins().name(bin));
    EXPECT_THAT(hit, ElementsAre("dst=0 src=1", "dst=0 src=positive"));
}

} // namespace
} // namespace bpf_assay::conformance::coverage
