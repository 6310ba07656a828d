// Where a body's local functions begin, and what moves with them.
#include "conformance/local_functions.hpp"

#include "conformance/lowering.hpp"
#include "conformance/tests/support.hpp"

#include <gtest/gtest.h>

namespace bpf_assay::conformance {
namespace {

using namespace test;

std::size_t begin_in(std::string_view text) {
    return functions_begin(assembled(text));
}

TEST(local_functions, begin_behind_the_goto_that_passes_them) {
    EXPECT_EQ(begin_in("call f; goto end; f: r0 = 1; exit; end:"), 2);
    EXPECT_EQ(begin_in("call f; gotol end; f: r0 = 1 ll; exit; end:"), 2);
    EXPECT_EQ(begin_in("if r1 == 0 goto end; call g; goto end; f: exit; g: call f; exit; end:"), 3);
}

TEST(local_functions, the_data_of_a_wide_instruction_is_no_call) {
    // next_imm of the wide instruction; its second slot must not be taken for one of its own.
    EXPECT_EQ(begin_in("r3 = 0x8500000085 ll; call f; goto end; f: exit; end:"), 4);
}

/// The body stays in one piece.
void expect_whole(std::string_view text) {
    EXPECT_EQ(begin_in(text), assembled(text).size()) << text;
}

TEST(local_functions, none) {
    expect_whole("r0 = 1");
    expect_whole("if r0 == 1 goto end; goto end; end:");
    expect_whole("call 5"); // a helper
}

TEST(local_functions, that_do_not_follow_all_else_stay_where_they_are) {
    expect_whole("goto main; f: exit; main: call f");                     // in front
    expect_whole("goto main; f: exit; main: call f; goto end; end:");     // in between
    expect_whole("call f; f: r0 = 1; exit");                              // fallen into
    expect_whole("call f; goto end; f: r0 = 1; end:");                    // falling out
    expect_whole("call f; goto end; f: r0 = 1; goto end; exit; end:");    // jumping out
    expect_whole("m: call f; goto end; f: r0 = 1; goto m; exit; end:");   // jumping back
    expect_whole("call f; goto x; f: r0 = 1; x: r0 = 2; exit; end:");     // jumped into
    expect_whole("f: if r1 == 0 goto end; call f; goto end; exit; end:"); // all of it
}

TEST(local_functions, calls_and_jumps_to_the_end_are_adapted) {
    auto slots = assembled("if r1 == 0 goto +7\n" // to the end
                           "if r1 == 1 goto +1\n"
                           "call g\n"
                           "gotol +4\n"
                           "goto +3\n"
                           "f: exit\n"
                           "g: call f\n"
                           "exit\n");
    ASSERT_EQ(functions_begin(slots), 5);
    const auto functions = std::vector<Slot>(slots.begin() + 5, slots.end());
    part_functions(std::span(slots).first(5), 8, 100);
    auto expected = assembled("if r1 == 0 goto +4; if r1 == 1 goto +1; call g; gotol +1; goto +0;"
                              "g:");
    expected.at(2).imm = 3 + 100;
    EXPECT_EQ(std::vector<Slot>(slots.begin(), slots.begin() + 5), expected);
    EXPECT_EQ(std::vector<Slot>(slots.begin() + 5, slots.end()), functions);
}

TEST(local_functions, a_body_without_functions_is_left_alone) {
    auto slots = assembled("if r1 == 0 goto +1; r0 = 1");
    const auto before = slots;
    part_functions(slots, slots.size(), 100);
    EXPECT_EQ(slots, before);
}

constexpr auto with_function = "    asm: |\n"
                               "      if r1 == 5 goto end\n"
                               "      call f\n"
                               "      goto end\n"
                               "      f:\n"
                               "      r0 = r1\n"
                               "      r0 += 1\n"
                               "      exit\n"
                               "      end:\n"
                               "    before: {r1: 4}\n"
                               "    after: {r0: 5, r1: undefined, r2: undefined, r3: undefined, "
                               "r4: undefined, r5: undefined}\n";

TEST(local_functions, are_lowered_behind_the_epilogue) {
    const Vector vector = vector_of(with_function);
    const Lowering lowering = lower(vector.body, full_states(vector, ByteOrder::little), {});
    EXPECT_EQ(lowering.body_end, lowering.body_begin + 3);
    EXPECT_EQ(lowering.functions_begin, lowering.slots.size() - 3);
    EXPECT_EQ(lowering.slots.at(lowering.functions_begin - 1), assembled("exit").at(0));
    const auto experiment = make_experiment(vector, 0, {});
    for (std::size_t slot = 0; slot < lowering.slots.size(); ++slot)
        EXPECT_EQ(experiment->under_test(slot),
                  (slot >= lowering.body_begin && slot < lowering.body_end) ||
                      slot >= lowering.functions_begin)
            << slot;
    EXPECT_FALSE(experiment->under_test(lowering.body_end));
}

TEST(local_functions, run_as_before_with_and_without_a_fold) {
    for (const ByteOrder order : both_orders)
        for (const auto fold : {std::optional<Fold>{}, std::optional(Fold::add)}) {
            const Vector vector = vector_of(with_function);
            const auto experiment = make_experiment(vector, 0, {.byte_order = order, .fold = fold});
            const Ran ran = run_row(*experiment, 0, order);
            EXPECT_TRUE(experiment->right(0, ran.r0, ran.block)) << name_of(order);
        }
}

TEST(local_functions, the_jump_over_them_skips_the_call_too) {
    Vector vector = vector_of(with_function);
    vector.before.registers[1] = u64{5};
    for (auto& after : vector.after)
        after.registers = {};
    const auto experiment = make_experiment(vector, 0, {});
    const Ran ran = run_row(*experiment, 0, ByteOrder::little);
    EXPECT_TRUE(experiment->right(0, ran.r0, ran.block));
}

} // namespace
} // namespace bpf_assay::conformance
