// A vector in a file of its own is the same vector.
#include "reports/vector_yaml.hpp"

#include "conformance/state.hpp"
#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpf_assay::reports {
namespace {

using namespace conformance;
using namespace conformance::test;
using testing::HasSubstr;
using testing::Not;

Suite read_back(const std::string& yaml) {
    const TemporaryFolder folder;
    folder.write("vectors/one.yaml", yaml);
    return load_suite(folder.path() / "vectors", ASSAY_SOURCE_DIR "/docs/clauses.yaml");
}

void expect_same(const Vector& read, const Vector& vector) {
    EXPECT_EQ(read.id, vector.id);
    EXPECT_EQ(read.kind, vector.kind);
    EXPECT_EQ(read.section, vector.section);
    EXPECT_EQ(read.clauses, vector.clauses);
    EXPECT_EQ(read.because, vector.because);
    EXPECT_EQ(read.policy, vector.policy);
    EXPECT_EQ(read.tests, vector.tests);
    EXPECT_EQ(read.unless, vector.unless);
    EXPECT_EQ(read.helpers, vector.helpers);
    EXPECT_EQ(read.concurrency.threads, vector.concurrency.threads);
    EXPECT_EQ(read.concurrency.times, vector.concurrency.times);
    EXPECT_EQ(read.text, vector.text);
    EXPECT_EQ(read.body, vector.body);
    EXPECT_EQ(read.packet, vector.packet);
    EXPECT_EQ(read.result, vector.result);
    EXPECT_EQ(read.encoding.slots, vector.encoding.slots);
    EXPECT_EQ(read.encoding.values, vector.encoding.values);
    EXPECT_EQ(read.encoding.image, vector.encoding.image);
    EXPECT_EQ(read.encoding.control, vector.encoding.control);
    EXPECT_EQ(read.sweep.dst, vector.sweep.dst);
    EXPECT_EQ(read.sweep.src, vector.sweep.src);
    EXPECT_EQ(read.sweep.imm, vector.sweep.imm);
    EXPECT_EQ(read.sweep.at, vector.sweep.at);
    EXPECT_EQ(read.sweep.offset, vector.sweep.offset);
    EXPECT_EQ(read.sweep.dst_values, vector.sweep.dst_values);
    EXPECT_EQ(read.sweep.src_values, vector.sweep.src_values);
    EXPECT_EQ(read.sweep.r0_values, vector.sweep.r0_values);
    EXPECT_EQ(read.sweep.memory_values, vector.sweep.memory_values);
    EXPECT_EQ(read.sweep.digest, vector.sweep.digest);
    EXPECT_EQ(read.sweep_programs.size(), vector.sweep_programs.size());
    if (vector.kind == Kind::sweep || vector.kind == Kind::encoding)
        return;
    for (const ByteOrder order : both_orders) {
        const StatePair before = full_states(vector, order), after = full_states(read, order);
        EXPECT_EQ(before.before.memory, after.before.memory);
        EXPECT_EQ(before.after.registers, after.after.registers);
        EXPECT_EQ(before.after.memory, after.after.memory);
        EXPECT_EQ(before.after.stack, after.after.stack);
    }
}

TEST(vector_yaml, vectors_of_the_suite_come_back) {
    constexpr std::size_t each = 23; // the suite's vectors are many, and neighbours alike
    VectorSources sources(suite());
    std::array<std::size_t, 5> kinds{};
    for (std::size_t number = 0; number < suite().vectors.size(); number += each) {
        const Vector& vector = suite().vectors[number];
        SCOPED_TRACE(vector.id);
        const Suite read = read_back(vector_yaml(sources, vector));
        ASSERT_EQ(read.vectors.size(), 1);
        expect_same(read.vectors[0], vector);
        ++kinds[static_cast<std::size_t>(vector.kind)];
    }
    for (const std::size_t count : kinds)
        EXPECT_GT(count, 1);
}

/// The text of the first vector of a suite with these lines in its file.
std::string text_of(const std::string& lines, const std::string& operands = "") {
    const TemporaryFolder folder;
    folder.write("vectors/v.yaml", lines);
    if (!operands.empty())
        folder.write("vectors/operands.yaml", operands);
    const Suite loaded =
        load_suite(folder.path() / "vectors", ASSAY_SOURCE_DIR "/docs/clauses.yaml");
    VectorSources sources(loaded);
    return vector_yaml(sources, loaded.vectors.at(0));
}

TEST(vector_yaml, is_the_text_of_the_file) {
    EXPECT_EQ(text_of(R"(# About all of them.
section: "4.1"
vectors:
    # About the first.
    - because: It adds. # why
      id: v/first
      clauses:
      - RFC9669-4.1-ADD
      # in between
      asm: |
        r1 += 1

        r1 += 2
      before: { r1: 0 }
      after: { r1: 3 }

    # About the second.
    - {id: v/second, clauses: [RFC9669-4.1-ADD], because: X., asm: r1 += 0, after: {}}
)"),
              R"(# In a folder of its own: bpf-assay run --vectors FOLDER
section: "4.1"
vectors:
  - because: It adds. # why
    id: v/first
    clauses:
    - RFC9669-4.1-ADD
    # in between
    asm: |
      r1 += 1

      r1 += 2
    before: { r1: 0 }
    after: { r1: 3 }
)");
}

TEST(vector_yaml, names_of_lists_are_replaced_where_they_name_lists) {
    const std::string text = text_of(
        R"(section: "3"
vectors:
  - id: v/first
    clauses: [RFC9669-4.1-ADD]
    because: The list is few. # few
    slots: [{ opcode: 0x07, imm: value }, exit]
    values: [few, 9, few]
    expect: refused
)",
        "version: 1\nlists:\n  few: [1, -2, 0x8000000]\n");
    EXPECT_THAT(text, HasSubstr("    values: [1, -2, 0x8000000, 9, 1, -2, 0x8000000]\n"));
    EXPECT_THAT(text, HasSubstr("because: The list is few. # few\n"));
}

/// What a file of one vector says, whatever its layout.
Suite reread(const std::string& lines, const std::string& operands) {
    return read_back(text_of(lines, operands));
}

TEST(vector_yaml, of_a_vector_that_has_no_lines_of_its_own) {
    const std::string operands = "version: 1\nlists:\n  few: [1, -2]\n";
    const std::vector<std::string> layouts{
        R"(section: "3"
vectors: [{id: v/first, clauses: [RFC9669-4.1-ADD], because: "X: 1", values: few, expect: refused,
    slots: [{opcode: 0x07, imm: value}, exit]}, {id: v/second, clauses: [RFC9669-4.1-ADD],
    because: Y., image: "00", expect: refused}]
)",
        R"(section: "3"
vectors:
  -
    id: v/first
    clauses: [RFC9669-4.1-ADD]
    because: "X: 1"
    values:
      - 1
      - -2
    expect: refused
    slots: [{opcode: 0x07, imm: value}, exit]
)",
        R"(section: "3"
vectors:
  - {id: v/first, clauses: &clauses [RFC9669-4.1-ADD], because: "X: 1", values: [few],
     slots: [{opcode: 0x07, imm: value}, exit], expect: refused}
)"};
    for (const std::string& layout : layouts) {
        SCOPED_TRACE(layout);
        const Suite suite = reread(layout, operands);
        ASSERT_EQ(suite.vectors.size(), 1);
        EXPECT_EQ(suite.vectors[0].id, "v/first");
        EXPECT_EQ(suite.vectors[0].because, "X: 1");
        EXPECT_EQ(suite.vectors[0].encoding.values, (std::vector<s64>{1, -2}));
        EXPECT_EQ(suite.vectors[0].encoding.slots.size(), 2);
        EXPECT_EQ(suite.vectors[0].encoding.slots[0].opcode, 0x07);
    }
}

TEST(vector_yaml, an_anchor_of_another_vector_is_written_out) {
    const TemporaryFolder folder;
    folder.write("vectors/v.yaml", R"(section: "4.1"
vectors:
  - {id: v/first, clauses: &all [RFC9669-4.1-ADD], because: X., asm: r1 += 0, after: {}}
  - {id: v/second, clauses: *all, because: Y., asm: r1 += 0, after: {}}
)");
    const Suite loaded =
        load_suite(folder.path() / "vectors", ASSAY_SOURCE_DIR "/docs/clauses.yaml");
    VectorSources sources(loaded);
    const Suite read = read_back(vector_yaml(sources, loaded.vectors.at(1)));
    ASSERT_EQ(read.vectors.size(), 1);
    expect_same(read.vectors[0], loaded.vectors[1]);
}

TEST(vector_yaml, a_file_that_changed_is_an_error) {
    const TemporaryFolder folder;
    const auto path = folder.write("vectors/v.yaml", R"(section: "4.1"
vectors:
  - {id: v/first, clauses: [RFC9669-4.1-ADD], because: X., asm: r1 += 0, after: {}}
)");
    const Suite loaded =
        load_suite(folder.path() / "vectors", ASSAY_SOURCE_DIR "/docs/clauses.yaml");
    folder.write("vectors/v.yaml", "section: \"4.1\"\nvectors: []\n");
    VectorSources sources(loaded);
    EXPECT_THAT(error_of([&] { vector_yaml(sources, loaded.vectors[0]); }),
                HasSubstr("v.yaml: vector 'v/first' is not in it any more"));
}

} // namespace
} // namespace bpf_assay::reports
