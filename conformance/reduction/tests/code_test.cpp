// Instructions taken out of programs: where their jumps go then.
#include "conformance/reduction/code.hpp"

#include "conformance/reduction/trial.hpp"
#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpf_assay::conformance::reduction {
namespace {

using namespace test;

std::vector<Slot> without(std::string_view text, std::initializer_list<std::size_t> gone) {
    const auto code = code_of(assembled(text));
    std::vector<bool> flags(code->size(), false);
    for (const std::size_t number : gone)
        flags.at(number) = true;
    return slots_of(without(*code, flags)).value();
}

TEST(code, comes_back_as_it_was) {
    for (const char* text :
         {"r0 = 1", "if r1 > 2 goto +2; r0 = 1 ll; exit", "a: r0 += 1; if r0 != 9 goto a; exit",
          "call f; exit; f: r0 = 0; exit", "gotol +1; r1 = 7; goto -2", "goto +0"})
        EXPECT_EQ(slots_of(code_of(assembled(text)).value()), assembled(text)) << text;
}

TEST(code, is_none_with_jumps_that_leave_it) {
    EXPECT_FALSE(code_of(assembled("goto +1")));
    EXPECT_FALSE(code_of(assembled("goto -2")));
    EXPECT_FALSE(code_of(assembled("goto +1; r0 = 1 ll"))); // into a wide instruction
    EXPECT_FALSE(code_of(std::vector<Slot>{{.opcode = 0xff}}));
    EXPECT_FALSE(code_of(std::vector<Slot>{{.opcode = 0x18}}));
    EXPECT_EQ(code_of(assembled("goto +0"))->at(0).target, 1); // the end
}

TEST(code, jumps_forward_over_what_goes) {
    EXPECT_EQ(without("if r1 == 0 goto +3; r2 = 1; r2 = 5 ll; r3 = 1", {2}),
              assembled("if r1 == 0 goto +1; r2 = 1; r3 = 1"));
    EXPECT_EQ(without("if r1 == 0 goto +2; r2 = 1; r3 = 1; r4 = 1", {1, 2}),
              assembled("if r1 == 0 goto +0; r4 = 1"));
    EXPECT_EQ(without("r0 = 1; if r1 == 0 goto +1; r2 = 1; r3 = 1", {0}),
              assembled("if r1 == 0 goto +1; r2 = 1; r3 = 1"));
}

TEST(code, jumps_backward_over_what_goes) {
    EXPECT_EQ(without("r1 += 1; r2 += 2; if r1 < 5 goto -3; exit", {1}),
              assembled("r1 += 1; if r1 < 5 goto -2; exit"));
}

TEST(code, a_jump_to_what_goes_leads_to_what_follows) {
    EXPECT_EQ(without("goto +1; r1 = 1; r2 = 2; r3 = 3", {2}),
              assembled("goto +1; r1 = 1; r3 = 3"));
    EXPECT_EQ(without("goto +1; r1 = 1; r2 = 2", {2}), assembled("goto +1; r1 = 1")); // the end
    EXPECT_EQ(without("r1 += 1; r2 += 2; if r1 < 5 goto -3; exit", {0}),
              assembled("r2 += 2; if r1 < 5 goto -2; exit"));
}

TEST(code, calls_and_far_jumps) {
    EXPECT_EQ(without("call f; r1 = 1; exit; f: r0 = 0; exit", {1}),
              assembled("call f; exit; f: r0 = 0; exit"));
    EXPECT_EQ(without("gotol +2; r1 = 1; r2 = 1; exit", {1}), assembled("gotol +1; r2 = 1; exit"));
}

TEST(code, a_distance_that_does_not_fit_is_none) {
    Code code = *code_of(assembled("goto +1; r1 = 1; exit"));
    code.insert(code.begin() + 1, 40'000, code[1]);
    for (CodeInstruction& in : code)
        if (in.target)
            in.target = code.size() - 1;
    EXPECT_FALSE(slots_of(code));
}

TEST(code, what_can_be_reached) {
    const auto reachable = [](std::string_view text) {
        return all_reachable(*code_of(assembled(text)));
    };
    EXPECT_TRUE(reachable("if r1 == 0 goto +1; r0 = 1; exit"));
    EXPECT_TRUE(reachable("call f; exit; f: r0 = 0; exit"));
    EXPECT_FALSE(reachable("goto +1; r0 = 1; exit"));
    EXPECT_FALSE(reachable("exit; r0 = 1"));
    EXPECT_FALSE(reachable("gotol +1; r0 = 1; exit"));
}

TEST(trial, words_without_numbers) {
    EXPECT_EQ(words_of("slot 12: R4 !read_ok"), words_of("slot 3: R0 !read_ok"));
    EXPECT_EQ(words_of("at 0x7f12ab"), words_of("at 0x10"));
    EXPECT_NE(words_of("slot 12: unknown opcode"), words_of("slot 12: bad jump"));
}

TEST(trial, the_control_lacks_the_tested_instructions) {
    const Vector vector =
        vector_of("    asm: |\n      r1 = 2\n      if r1 == 0 goto +1\n      r2 s/= 3\n"
                  "      r2 += 1\n    tests: [sdiv64_imm]\n    after: {}\n");
    EXPECT_EQ(control_of(vector)->body, assembled("r1 = 2; if r1 == 0 goto +0; r2 += 1"));
}

} // namespace
} // namespace bpf_assay::conformance::reduction
