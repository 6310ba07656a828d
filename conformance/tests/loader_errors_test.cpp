// Every mistake in a vector file is an InputError that names its place and what was expected.
#include "conformance/tests/loader_mistake.hpp"
#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>

namespace bpf_assay::conformance {
namespace {

using namespace test;

/// "line:column" of the mark, which is removed.
std::string take_mark(std::string& text) {
    const auto mark = text.find("@@");
    if (mark == std::string::npos)
        return "no mark";
    text.erase(mark, 2);
    const auto before = text.substr(0, mark);
    const auto line_start = before.rfind('\n') == std::string::npos ? 0 : before.rfind('\n') + 1;
    return fmt::format("{}:{}", std::ranges::count(before, '\n') + 1, mark - line_start + 1);
}

TEST_P(LoaderMistake, is_reported_with_its_place) {
    std::string text = GetParam().text;
    const std::string place = take_mark(text);
    const TemporaryFolder folder;
    const auto clauses =
        folder.write("clauses.yaml", "clauses:\n- {id: C-1, section: \"4.1\", text: One.}\n");
    folder.write("v/operands.yaml", "version: 1\nlists:\n  few: [1, 2]\n");
    const auto file = folder.write("v/x.yaml", text);
    const std::string error = error_of([&] { load_suite(folder.path() / "v", clauses); });
    EXPECT_THAT(error, testing::StartsWith(file.string() + ":" + place + ": "));
    EXPECT_THAT(error, testing::HasSubstr(GetParam().message));
}

constexpr Mistake of_files[] = {
    {"no_yaml", HEAD "  - {id: a/b\n@@", "end of map flow not found"},
    {"file_is_no_map", "@@- a\n", "expected the file: a map"},
    {"unknown_key_of_file", HEAD "  []\n@@vector: 1\n",
     "unknown key 'vector' in the file; expected one of: section, vectors"},
    {"no_section", "@@vectors: []\n", "key 'section' is missing"},
    {"no_vectors", "@@section: \"4.1\"\n", "key 'vectors' is missing"},
    {"vectors_is_no_list", "section: \"4.1\"\nvectors: @@{}\n", "expected vectors: a list"},
    {"two_documents", "section: \"4.1\"\nvectors: []\n---\n@@section: \"4.2\"\n",
     "a second document"},
    {"vector_is_no_map", HEAD "  - @@text\n", "expected a vector: a map"},
};
INSTANTIATE_TEST_SUITE_P(files, LoaderMistake, testing::ValuesIn(of_files), name_of_case);

constexpr Mistake of_every_kind[] = {
    {"unknown_key", VECTOR "    asm: r0 = 1\n    @@affter: {r0: 1}\n",
     "unknown key 'affter' in a vector; expected one of: id, clauses"},
    {"key_twice", VECTOR "    asm: r0 = 1\n    @@asm: r0 = 2\n    after: {}\n",
     "key 'asm' stands twice"},
    {"no_id", HEAD "  - @@clauses: [C-1]\n    asm: r0 = 1\n", "key 'id' is missing"},
    {"bad_id", HEAD "  - id: @@A/b\n", "id 'A/b' is not of the form [a-z0-9-]+(/[a-z0-9-]+)+"},
    {"id_without_slash", HEAD "  - id: @@ab\n", "is not of the form"},
    {"id_ends_with_slash", HEAD "  - id: @@ab/\n", "is not of the form"},
    {"id_is_a_list", HEAD "  - id: @@[a/b]\n", "expected an id: a text"},
    {"id_twice",
     VECTOR "    asm: r0 = 1\n    after: {r0: 1}\n"
            "  - id: @@a/b\n    clauses: [C-1]\n    because: It stands twice.\n"
            "    asm: r0 = 1\n    after: {r0: 1}\n",
     "id 'a/b' is taken by "},
    {"no_clauses", HEAD "  - @@id: a/b\n    asm: r0 = 1\n", "key 'clauses' is missing"},
    {"clauses_are_no_list", HEAD "  - id: a/b\n    clauses: @@C-1\n", "expected clauses: a list"},
    {"empty_clauses", HEAD "  - id: a/b\n    clauses: @@[]\n", "at least one clause"},
    {"unknown_clause", HEAD "  - id: a/b\n    clauses: [C-1, @@C-3]\n",
     "there is no clause 'C-3' in docs/clauses.yaml"},
    {"unknown_policy", VECTOR "    policy: @@verifyer\n",
     "there is no policy 'verifyer'; docs/policy.md lists them"},
    {"unknown_mnemonic", VECTOR "    tests: [add64_imm, @@add64]\n    asm: r0 = 1\n    after: {}\n",
     "there is no instruction 'add64'; `bpf-assay isa` lists them"},
    {"tests_is_no_list", VECTOR "    tests: @@add64_imm\n    asm: r0 = 1\n    after: {}\n",
     "expected tests: a list"},
    {"unless_is_no_extension", VECTOR "    unless: @@base32\n",
     "'unless' names an extension, x-..."},
    {"no_because", HEAD "  - @@id: a/b\n    clauses: [C-1]\n    asm: r0 = 1\n    after: {r0: 1}\n",
     "key 'because' is missing"},
    {"no_kind", THIS_VECTOR, "a vector needs one of: asm, program, slots, image"},
};
INSTANTIATE_TEST_SUITE_P(every_kind, LoaderMistake, testing::ValuesIn(of_every_kind), name_of_case);

constexpr Mistake of_states[] = {
    {"explicit_with_expect", VECTOR "    asm: r0 = 1\n    after: {}\n    @@expect: refused\n",
     "key 'expect' does not belong to an explicit vector; expected one of: asm, before, after"},
    {"explicit_without_after", THIS_VECTOR "    asm: r0 = 1\n",
     "an explicit vector has either 'after', or 'after_little' and 'after_big'"},
    {"after_little_alone", THIS_VECTOR "    asm: r0 = 1\n    after_little: {}\n",
     "an explicit vector has either 'after', or 'after_little' and 'after_big'"},
    {"after_and_after_big", THIS_VECTOR "    asm: r0 = 1\n    after: {}\n    after_big: {}\n",
     "an explicit vector has either 'after', or 'after_little' and 'after_big'"},
    {"register_10", VECTOR "    asm: r0 = 1\n    after: {@@r10: 1}\n",
     "unknown key 'r10' in after; expected one of: r0, r1"},
    {"register_in_before", VECTOR "    asm: r0 = 1\n    before: {@@R1: 1}\n    after: {}\n",
     "unknown key 'R1' in before; expected one of: r0, r1"},
    {"value_is_no_number", VECTOR "    asm: r0 = 1\n    after: {r0: @@1.5}\n",
     "'1.5' is not a register's value: expected an integer of at most 64 bits, decimal or 0x..."},
    {"value_of_65_bits", VECTOR "    asm: r0 = 1\n    after: {r0: @@18446744073709551616}\n",
     "expected an integer of at most 64 bits"},
    {"value_below_s64", VECTOR "    asm: r0 = 1\n    after: {r0: @@-9223372036854775809}\n",
     "expected an integer of at most 64 bits"},
    {"undefined_before", VECTOR "    asm: r0 = 1\n    before: {r0: @@undefined}\n    after: {}\n",
     "'undefined' is not a register's value"},
    {"unknown_base", VECTOR "    asm: r0 = 1\n    before: {r2: {@@heap: 1}}\n    after: {}\n",
     "unknown key 'heap' in an address; expected one of: block, stack"},
    {"two_bases",
     VECTOR "    asm: r0 = 1\n    before: {r2: @@{block: 1, stack: 1}}\n    after: {}\n",
     "an address is {block: N} or {stack: N}"},
    {"address_too_far",
     VECTOR "    asm: r0 = 1\n    before: {r2: {stack: @@-1048577}}\n    after: {}\n",
     "stack is -1048577; expected -1048576 to 1048576"},
    {"place_without_type", VECTOR "    asm: r0 = 1\n    after: {memory: {@@8: 1}}\n",
     "'8' is not a place; expected u8@N, u16@N, u32@N, u64@N or bytes@N"},
    {"place_of_unknown_type", VECTOR "    asm: r0 = 1\n    after: {memory: {@@s8@8: 1}}\n",
     "'s8@8' is not a place"},
    {"place_behind_memory", VECTOR "    asm: r0 = 1\n    after: {memory: {@@u16@63: 1}}\n",
     "'u16@63' is outside of 0..63"},
    {"place_behind_small_memory",
     VECTOR "    asm: r0 = 1\n    memory_size: 8\n    after: {memory: {@@u8@8: 1}}\n",
     "'u8@8' is outside of 0..7"},
    {"bytes_behind_memory", VECTOR "    asm: r0 = 1\n    after: {memory: {@@bytes@62: 01 02 03}}\n",
     "'bytes@62' is outside of 0..63"},
    {"place_before_memory", VECTOR "    asm: r0 = 1\n    after: {memory: {@@u8@-1: 1}}\n",
     "'u8@-1' is outside of 0..63"},
    {"place_above_stack", VECTOR "    asm: r0 = 1\n    after: {stack: {@@u64@-4: 1}}\n",
     "'u64@-4' is outside of -512..-1"},
    {"place_below_stack", VECTOR "    asm: r0 = 1\n    after: {stack: {@@u8@-513: 1}}\n",
     "'u8@-513' is outside of -512..-1"},
    {"place_of_65_bits",
     VECTOR "    asm: r0 = 1\n    after: {memory: {@@u8@18446744073709551616: 1}}\n",
     "is outside of 0..63"},
    {"place_that_wraps",
     VECTOR "    asm: r0 = 1\n    after: {stack: {@@u8@18446744073709551615: 1}}\n",
     "is outside of -512..-1"},
    {"place_that_overflows",
     VECTOR "    asm: r0 = 1\n    after: {memory: {@@u64@9223372036854775807: 1}}\n",
     "is outside of 0..63"},
    {"value_too_wide_u8", VECTOR "    asm: r0 = 1\n    after: {memory: {u8@0: @@256}}\n",
     "the value does not fit u8"},
    {"negative_value_too_wide", VECTOR "    asm: r0 = 1\n    after: {memory: {u8@0: @@-129}}\n",
     "the value does not fit u8"},
    {"value_too_wide_u32", VECTOR "    asm: r0 = 1\n    after: {memory: {u32@0: @@0x100000000}}\n",
     "the value does not fit u32"},
    {"odd_hex", VECTOR "    asm: r0 = 1\n    after: {memory: {bytes@0: @@01 2}}\n",
     "'01 2' is not bytes: expected pairs of hex digits"},
    {"no_hex", VECTOR "    asm: r0 = 1\n    after: {memory: {bytes@0: @@0g}}\n",
     "expected pairs of hex digits"},
    {"minus_in_hex", VECTOR "    asm: r0 = 1\n    after: {memory: {bytes@0: @@-1}}\n",
     "expected pairs of hex digits"},
    {"memory_size_not_8", VECTOR "    asm: r0 = 1\n    memory_size: @@12\n    after: {}\n",
     "memory_size is a multiple of 8"},
    {"memory_size_0", VECTOR "    asm: r0 = 1\n    memory_size: @@0\n    after: {}\n",
     "memory_size is 0; expected 8 to 65536"},
    {"memory_size_too_large", VECTOR "    asm: r0 = 1\n    memory_size: @@65544\n    after: {}\n",
     "memory_size is 65544; expected 8 to 65536"},
};
INSTANTIATE_TEST_SUITE_P(states, LoaderMistake, testing::ValuesIn(of_states), name_of_case);

constexpr Mistake of_programs[] = {
    {"program_with_asm_keys", VECTOR "    program: exit\n    after: {r0: 1}\n    @@digest: 00\n",
     "key 'digest' does not belong to a program vector; expected one of: program, before"},
    {"program_without_after", THIS_VECTOR "    program: exit\n", "key 'after' is missing"},
    {"program_without_r0", VECTOR "    program: exit\n    after: @@{memory: {u8@0: 1}}\n",
     "the state after a program names r0"},
    {"program_returns_address", VECTOR "    program: exit\n    after: @@{r0: {block: 0}}\n",
     "r0 after a program is a number, or undefined"},
    {"program_with_r1_before",
     VECTOR "    program: exit\n    before: {@@r1: 1}\n    after: {r0: 1}\n",
     "'r1' cannot be stated here by a program vector"},
    {"program_with_r1_after", VECTOR "    program: exit\n    after: {r0: 1, @@r1: 1}\n",
     "'r1' cannot be stated here by a program vector"},
    {"program_with_stack", VECTOR "    program: exit\n    after: {r0: 1, @@stack: {u8@-1: 1}}\n",
     "'stack' cannot be stated here by a program vector"},
    {"packet_with_memory",
     VECTOR "    program: exit\n    packet: 00\n    after: {r0: 1, @@memory: {u8@0: 1}}\n",
     "'memory' cannot be stated here by a packet vector"},
    {"packet_with_before",
     THIS_VECTOR "    program: exit\n    packet: 00\n    before: {}\n    after: {r0: 1}\n",
     "a packet vector has no memory"},
    {"empty_packet", VECTOR "    program: exit\n    packet: @@\"\"\n    after: {r0: 1}\n",
     "a packet has at least one byte"},
    {"packet_no_hex", VECTOR "    program: exit\n    packet: @@xy\n    after: {r0: 1}\n",
     "'xy' is not packet: expected pairs of hex digits"},
};
INSTANTIATE_TEST_SUITE_P(programs, LoaderMistake, testing::ValuesIn(of_programs), name_of_case);

} // namespace
} // namespace bpf_assay::conformance
