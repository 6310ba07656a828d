// Which programs an ELF object can hold as they are. What tools make of objects:
// cli_export_test.py.
#include "conformance/elf_object.hpp"

#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpf_assay::conformance {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::IsEmpty;

std::string obstacle(std::string_view text) {
    return cannot_be_in_object(assembled(text));
}

TEST(elf_object, holds_programs_and_local_functions) {
    EXPECT_THAT(obstacle("r0 = 0; exit"), IsEmpty());
    EXPECT_THAT(obstacle("if r1 == 0 goto +1; r0 = 1; exit"), IsEmpty());
    EXPECT_THAT(obstacle("call f; exit; f: r0 = 1; exit"), IsEmpty());
    EXPECT_THAT(obstacle("call f; exit; f: call g; exit; g: r0 = 1 ll; exit"), IsEmpty());
}

TEST(elf_object, does_not_make_a_call_what_it_was_not) {
    // The loader writes the call of a symbol anew, so what is wrong in it would not be seen.
    const auto slots = assembled("call f; exit; f: r0 = 1; exit");
    auto with_register = slots, with_offset = slots;
    with_register[0].dst_reg = 3;
    with_offset[0].offset = 3;
    EXPECT_THAT(cannot_be_in_object(slots), IsEmpty());
    EXPECT_THAT(cannot_be_in_object(with_register), HasSubstr("field set that has to be zero"));
    EXPECT_THAT(cannot_be_in_object(with_offset), HasSubstr("field set that has to be zero"));
}

TEST(elf_object, has_other_instructions_in_front) {
    EXPECT_THAT(obstacle("goto -2; exit"), HasSubstr("before the program"));
    EXPECT_THAT(obstacle("r0 = 0; if w1 > 3 goto -3; exit"), HasSubstr("before the program"));
    EXPECT_THAT(obstacle("gotol -5; exit"), HasSubstr("before the program"));
    EXPECT_THAT(obstacle("call f; exit; f: goto -4; exit"), HasSubstr("before the program"));
    auto unassigned = assembled("if r1 == 0 goto -2; exit");
    unassigned[0].opcode = 0xe5; // a condition of its own, to some
    EXPECT_THAT(cannot_be_in_object(unassigned), HasSubstr("before the program"));
    EXPECT_THAT(obstacle("r0 = 0; goto -2; exit"), IsEmpty()); // a loop
    EXPECT_THAT(obstacle("goto +9; exit"), IsEmpty());         // behind it is nothing
}

TEST(elf_object, has_functions_apart) {
    EXPECT_THAT(obstacle("call f; goto end; f: r0 = 1; goto end; exit; end: exit"),
                HasSubstr("from one function to another"));
    EXPECT_THAT(obstacle("call f; f: r0 = 1; exit"), HasSubstr("runs into the next"));
    EXPECT_THAT(obstacle("f: call f; exit"), HasSubstr("its own start"));
    auto slots = assembled("call f; exit; f: r0 = 1 ll; exit");
    for (const auto& [imm, why] : {std::pair{9, "outside of the program"},
                                   {-2, "outside of the program"},
                                   {2, "the second slot"},
                                   {4, "its end"}}) {
        slots[0].imm = imm;
        EXPECT_THAT(cannot_be_in_object(slots), HasSubstr(why)) << imm;
    }
    EXPECT_THAT(cannot_be_in_object({}), HasSubstr("no instruction"));
}

} // namespace
} // namespace bpf_assay::conformance
