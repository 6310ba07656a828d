// Mistakes in assembly, sweeps, encodings and the files beside the vectors.
#include "conformance/tests/loader_mistake.hpp"
#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>

namespace bpf_assay::conformance {
namespace {

using namespace test;

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define CELL                                                                                       \
    VECTOR "    asm: \"*(u64 *)({dst} {offset}) = 1\"\n    registers: {dst: r0}\n    cell: u64\n"
#define SWEEP                                                                                      \
    VECTOR "    asm: \"{dst} += {src}\"\n    registers: {dst: r0, src: r1}\n"                      \
           "    rows: {dst: few, src: few}\n"

// What LLVM says changes with its version; its position must not.
constexpr Mistake of_assembly[] = {
    {"plain", VECTOR "    asm: r0 = 1; r1 = @@bogus\n    after: {}\n", ""},
    {"single_quoted", VECTOR "    asm: 'r0 = 1; r1 = @@bogus'\n    after: {}\n", ""},
    {"double_quoted", VECTOR "    asm: \"r0 = 1; r1 = @@bogus\"\n    after: {}\n", ""},
    {"block", VECTOR "    asm: |\n      r0 = 1\n      r1 = @@bogus\n    after: {}\n", ""},
    {"block_after_empty_line",
     VECTOR "    asm: |\n      r0 = 1\n\n        r1 = @@bogus\n    after: {}\n", ""},
    {"block_chomped", VECTOR "    asm: |-\n      r0 = 1\n      r1 = @@bogus\n    after: {}\n", ""},
    {"program", VECTOR "    program: |\n      r0 = @@bogus\n      exit\n    after: {r0: 1}\n", ""},
    {"same_line_twice",
     VECTOR "    asm: |\n      r0 = 1\n      goto +0\n      r0 = 1; @@bogus\n    after: {}\n", ""},
    {"undefined_label", VECTOR "    asm: goto @@nowhere\n    after: {}\n",
     "label 'nowhere' is not defined"},
    {"slot", VECTOR "    slots: [\"r0 = 0\", \"r1 = @@bogus\", exit]\n    expect: refused\n", ""},
    {"control",
     VECTOR "    slots: [exit]\n    control:\n      - r0 = 0\n      - r1 = @@bogus\n"
            "    expect: refused\n",
     ""},
};
INSTANTIATE_TEST_SUITE_P(assembly, LoaderMistake, testing::ValuesIn(of_assembly), name_of_case);

constexpr Mistake of_sweeps[] = {
    {"memory", SWEEP "    digest: " DIGEST "\n    @@memory_size: 8\n",
     "key 'memory_size' does not belong to a sweep; expected one of: asm, registers, distinct, "
     "imm"},
    {"no_registers", THIS_VECTOR "    asm: r0 += 1\n    rows: {dst: few}\n",
     "key 'registers' is missing"},
    {"no_dst", VECTOR "    asm: r0 += 1\n    registers: @@{src: r0}\n    rows: {dst: few}\n",
     "key 'dst' is missing"},
    {"register_10", VECTOR "    asm: r0 += 1\n    registers: {dst: @@r10}\n    rows: {dst: few}\n",
     "'r10' is not rN or rN-rM with registers 0 to 9"},
    {"half_a_range", VECTOR "    asm: r0 += 1\n    registers: {dst: @@r1-}\n    rows: {dst: few}\n",
     "'r1-' is not rN or rN-rM"},
    {"range_without_r",
     VECTOR "    asm: r0 += 1\n    registers: {dst: [r0, @@r1-3]}\n"
            "    rows: {dst: few}\n",
     "'r1-3' is not rN or rN-rM"},
    {"range_backwards",
     VECTOR "    asm: r0 += 1\n    registers: {dst: [r0, @@r3-r1]}\n"
            "    rows: {dst: few}\n",
     "'r3-r1' is not rN or rN-rM with registers 0 to 9, the lower one first"},
    {"no_such_list",
     VECTOR "    asm: r0 += 1\n    registers: {dst: r0}\n    rows: {dst: [1, @@many]}\n",
     "'many' is neither an integer nor a list of operands.yaml"},
    {"rows_without_src",
     VECTOR "    asm: r0 += 1\n    registers: {dst: r0}\n    rows: {src: @@few}\n",
     "there is no src in 'registers'"},
    {"distinct_from_nothing",
     VECTOR
     "    asm: r0 += 1\n    registers: {dst: r0}\n    distinct: @@true\n    rows: {dst: few}\n",
     "'distinct' is true, of a sweep with a src, or not there"},
    {"base_without_cell",
     VECTOR "    asm: r0 += 1\n    registers: {dst: r0}\n    base: @@dst\n    rows: {dst: few}\n",
     "'base' needs a 'cell'"},
    {"cell_without_base",
     THIS_VECTOR
     "    asm: r0 += 1\n    registers: {dst: r0}\n    cell: u8\n    rows: {memory: few}\n",
     "key 'base' is missing"},
    {"unknown_cell",
     VECTOR
     "    asm: r0 += 1\n    registers: {dst: r0}\n    cell: @@u128\n    rows: {memory: few}\n",
     "a cell is u8, u16, u32 or u64"},
    {"base_is_no_register", CELL "    base: @@src\n    rows: {memory: few}\n",
     "'base' is dst, or src where there is one"},
    {"cell_outside", CELL "    base: dst\n    at: @@[0, 57]\n    rows: {memory: few}\n",
     "a u64 at 57 is outside of 0..63"},
    {"offset_too_far", CELL "    base: dst\n    offset: @@32768\n    rows: {memory: few}\n",
     "offset 32768 is outside of -32768..32767"},
    {"values_of_the_base", CELL "    base: dst\n    rows: {dst: @@few}\n",
     "the base holds an address, no values"},
    {"memory_without_cell",
     VECTOR "    asm: r0 += 1\n    registers: {dst: r0}\n    rows: {memory: @@few}\n",
     "'memory' needs a 'cell'"},
    {"too_many_rows",
     VECTOR "    asm: r0 += 1\n    registers: {dst: r0, src: r1}\n"
            "    rows: @@{dst: [few, few, few, few, few, few, few, few],"
            " src: [few, few, few, few, few, few, few, few], r0: [few, few, 5]}\n",
     "a program has 1280 rows; at most 1024"},
    {"no_digest", THIS_VECTOR "    asm: r0 += 1\n    registers: {dst: r0}\n    rows: {dst: few}\n",
     "key 'digest' is missing"},
    {"short_digest", SWEEP "    digest: @@0123\n", "a digest is a SHA-256 as 64 hex digits"},
    {"upper_case_digest",
     SWEEP "    digest: @@0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\n",
     "a digest is a SHA-256 as 64 hex digits"},
    {"digest_without_big", SWEEP "    digest: @@{little: " DIGEST "}\n", "key 'big' is missing"},
    {"digest_of_middle", SWEEP "    digest: {little: " DIGEST ", @@middle: " DIGEST "}\n",
     "unknown key 'middle' in digest; expected one of: little, big"},
    {"short_big_digest", SWEEP "    digest: {little: " DIGEST ", big: @@0123}\n",
     "a digest is a SHA-256 as 64 hex digits"},
    {"digest_twice", SWEEP "    digest: " DIGEST "\n    @@digest: {little: 0, big: 0}\n",
     "key 'digest' stands twice"},
    {"placeholder_without_values",
     VECTOR "    asm: @@\"{dst} += {imm}\"\n    registers: {dst: r0}\n    rows: {dst: few}\n"
            "    digest: " DIGEST "\n",
     "a placeholder has no values: r0 += {imm}"},
    {"imm_too_wide",
     VECTOR "    asm: \"@@{dst} += {imm}\"\n    registers: {dst: r0}\n    imm: [1, 4294967296]\n"
            "    rows: {dst: few}\n    digest: " DIGEST "\n",
     ""},
    {"no_program",
     VECTOR "    asm: @@\"{dst} += 1\"\n    registers: {dst: []}\n"
            "    rows: {dst: few}\n    digest: " DIGEST "\n",
     "the sweep has no programs"},
};
INSTANTIATE_TEST_SUITE_P(sweeps, LoaderMistake, testing::ValuesIn(of_sweeps), name_of_case);

constexpr Mistake of_encodings[] = {
    {"with_after", VECTOR "    slots: [exit]\n    @@after: {r0: 1}\n    expect: refused\n",
     "key 'after' does not belong to an encoding vector; expected one of: slots, image, values"},
    {"slots_and_image", VECTOR "    slots: [exit]\n    image: @@95\n    expect: refused\n",
     "an encoding vector has 'slots' or 'image', not both"},
    {"no_expect", THIS_VECTOR "    slots: [exit]\n", "key 'expect' is missing"},
    {"expect_pass", VECTOR "    slots: [exit]\n    expect: @@loaded\n", "expected 'refused'"},
    {"slots_no_list", VECTOR "    slots: @@exit\n    expect: refused\n", "expected slots: a list"},
    {"slot_is_list", VECTOR "    slots: [@@[exit]]\n    expect: refused\n",
     "expected a slot: a text"},
    {"no_opcode", VECTOR "    slots: [@@{imm: 1}]\n    expect: refused\n",
     "key 'opcode' is missing"},
    {"unknown_field", VECTOR "    slots: [{opcode: 7, @@off: 1}]\n    expect: refused\n",
     "unknown key 'off' in a slot; expected one of: opcode, dst, src, offset, imm"},
    {"opcode_too_wide", VECTOR "    slots: [{opcode: @@256}]\n    expect: refused\n",
     "opcode is 256; expected 0 to 255"},
    {"dst_too_wide", VECTOR "    slots: [{opcode: 7, dst: @@16}]\n    expect: refused\n",
     "dst is 16; expected 0 to 15"},
    {"src_negative", VECTOR "    slots: [{opcode: 7, src: @@-1}]\n    expect: refused\n",
     "src is -1; expected 0 to 15"},
    {"offset_too_wide", VECTOR "    slots: [{opcode: 7, offset: @@65536}]\n    expect: refused\n",
     "offset is 65536; expected -32768 to 65535"},
    {"imm_too_wide", VECTOR "    slots: [{opcode: 7, imm: @@0x100000000}]\n    expect: refused\n",
     "imm is 4294967296; expected -2147483648 to 4294967295"},
    {"value_without_values", VECTOR "    slots: [{opcode: 7, src: @@value}]\n    expect: refused\n",
     "'value' needs 'values', and stands in 'slots' only"},
    {"value_in_control",
     VECTOR "    values: [1]\n    slots: [{opcode: 7, src: value}]\n"
            "    control: [{opcode: 7, src: @@value}]\n    expect: refused\n",
     "'value' needs 'values', and stands in 'slots' only"},
    {"values_without_value",
     VECTOR "    values: @@[1]\n    slots: [{opcode: 7, src: 1}]\n    expect: refused\n",
     "no field of 'slots' is 'value'"},
    {"value_too_wide",
     VECTOR "    values: [15, 16]\n    slots: [{opcode: 7, src: @@value}]\n    expect: refused\n",
     "value 16 is no src: 0 to 15"},
    {"image_no_hex", VECTOR "    image: @@9\n    expect: refused\n",
     "'9' is not image: expected pairs of hex digits"},
};
INSTANTIATE_TEST_SUITE_P(encodings, LoaderMistake, testing::ValuesIn(of_encodings), name_of_case);

TEST(loader, mistakes_in_the_files_beside_the_vectors) {
    const TemporaryFolder folder;
    const auto clauses = [&](const char* text) { return folder.write("clauses.yaml", text); };
    const auto load = [&](const char* operands, const char* clauses_text) {
        folder.write("v/operands.yaml", operands);
        return error_of([&] { load_suite(folder.path() / "v", clauses(clauses_text)); });
    };
    folder.write("v/x.yaml", HEAD "  []\n");
    constexpr auto good_clauses = "clauses: []\n";
    constexpr auto good_lists = "version: 1\nlists: {}\n";
    EXPECT_EQ(load(good_lists, good_clauses), "");
    EXPECT_THAT(load("version: 2\nlists: {}\n", good_clauses),
                testing::EndsWith("operands.yaml:1:10: only version 1 is known"));
    EXPECT_THAT(load("version: 1\nlists:\n  few: [1, x]\n", good_clauses),
                testing::HasSubstr("operands.yaml:3:12: 'x' is not a value"));
    EXPECT_THAT(load(good_lists, "clauses:\n- {id: A}\n"),
                testing::EndsWith("clauses.yaml:2:3: key 'section' is missing"));
    EXPECT_THAT(load(good_lists, "clauses:\n- {id: A, section: \"1\", text: t}\n"
                                 "- {id: A, section: \"1\", text: t}\n"),
                testing::EndsWith("clauses.yaml:3:3: clause 'A' stands twice"));
}

TEST(loader, an_id_is_unique_over_all_files) {
    const TemporaryFolder folder;
    const auto clauses =
        folder.write("clauses.yaml", "clauses: [{id: C-1, section: \"1\", text: t}]\n");
    constexpr auto text = VECTOR "    asm: r0 = 1\n    after: {r0: 1}\n";
    const auto first = folder.write("v/a.yaml", text);
    const auto second = folder.write("v/deeper/b.yaml", text);
    EXPECT_EQ(error_of([&] { load_suite(folder.path() / "v", clauses); }),
              second.string() + ":3:9: id 'a/b' is taken by " + first.string() + ":3:9");
}

TEST(loader, no_vectors) {
    const TemporaryFolder folder;
    const auto clauses = folder.write("clauses.yaml", "clauses: []\n");
    EXPECT_THAT(error_of([&] { load_suite(folder.path() / "v", clauses); }),
                testing::HasSubstr("No such file"));
    folder.write("v/operands.yaml", "version: 1\nlists: {}\n");
    EXPECT_THAT(error_of([&] { load_suite(folder.path() / "v", clauses); }),
                testing::HasSubstr("there are no vectors (*.yaml) here"));
    EXPECT_THAT(error_of([&] { load_suite(folder.path() / "v", folder.path() / "none.yaml"); }),
                testing::EndsWith("none.yaml: cannot be read"));
}

} // namespace
} // namespace bpf_assay::conformance
