// Vectors to YAML and back through the loader.
#include "conformance/reduction/yaml_writer.hpp"

#include "conformance/policy.hpp"
#include "conformance/state.hpp"
#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpf_assay::conformance::reduction {
namespace {

using namespace test;

Vector read_back(const std::string& yaml) {
    const TemporaryFolder folder;
    folder.write("vectors/found.yaml", yaml);
    return load_suite(folder.path() / "vectors", ASSAY_SOURCE_DIR "/docs/clauses.yaml")
        .vectors.at(0);
}

TEST(yaml_writer, every_vector_of_the_suite_comes_back) {
    constexpr std::size_t each = 29; // the suite's vectors are many, and neighbours alike
    std::size_t compared = 0;
    for (std::size_t number = 0; number < suite().vectors.size(); number += each) {
        const Vector& vector = suite().vectors[number];
        if (vector.kind == Kind::sweep || vector.concurrency.threads > 1 ||
            !vector.extension.empty() ||
            (vector.kind == Kind::encoding && !vector.encoding.values.empty()))
            continue;
        SCOPED_TRACE(vector.id);
        const Vector read = read_back(yaml_of(vector, "a comment\nof two lines"));
        EXPECT_EQ(read.id, vector.id);
        EXPECT_EQ(read.kind, vector.kind);
        EXPECT_EQ(read.section, vector.section);
        EXPECT_EQ(read.clauses, vector.clauses);
        EXPECT_EQ(read.policy, vector.policy);
        EXPECT_EQ(read.tests, vector.tests);
        EXPECT_EQ(read.unless, vector.unless);
        EXPECT_EQ(read.helpers, vector.helpers);
        EXPECT_EQ(read.body, vector.body);
        EXPECT_EQ(read.packet, vector.packet);
        EXPECT_EQ(read.result, vector.result);
        EXPECT_EQ(read.encoding.slots, vector.encoding.slots);
        EXPECT_EQ(read.encoding.image, vector.encoding.image);
        EXPECT_EQ(read.encoding.control, vector.encoding.control);
        for (const ByteOrder order : both_orders) {
            const StatePair before = full_states(vector, order), after = full_states(read, order);
            EXPECT_EQ(before.before.registers, after.before.registers);
            EXPECT_EQ(before.after.registers, after.after.registers);
            EXPECT_EQ(before.before.memory, after.before.memory);
            EXPECT_EQ(before.after.memory, after.after.memory);
            EXPECT_EQ(before.after.stack, after.after.stack);
            EXPECT_EQ(before.observed, after.observed);
        }
        ++compared;
    }
    EXPECT_GT(compared, 100);
}

TEST(yaml_writer, numbers_as_people_write_them) {
    EXPECT_EQ(number_text(0), "0");
    EXPECT_EQ(number_text(~u64{0}), "-1");
    EXPECT_EQ(number_text(0xffff'ffff), "0xffffffff");
    EXPECT_EQ(number_text(0xff, 1), "-1");
    EXPECT_EQ(number_text(u64{1} << 63), "0x8000000000000000");
    EXPECT_EQ(value_text(Address{Address::Base::stack, -8}), "{stack: -8}");
    EXPECT_EQ(value_text(Undefined{}), "undefined");
}

TEST(yaml_writer, assembly) {
    EXPECT_EQ(assembly_of(assembled("call f; goto +2; f: r0 = 0; exit")),
              "call function1\ngoto +2\nfunction1:\nr0 = 0\nexit\n");
    const std::vector<Slot> odd{{.opcode = 0xef, .dst_reg = 3, .src_reg = 4}};
    EXPECT_EQ(assembly_of(odd), ".quad 0x43ef\n");
    EXPECT_EQ(assembly_of(std::vector<Slot>(100, assembled("r0 += 1")[0])),
              ".rept 100\nr0 += 1\n.endr\n");
}

} // namespace
} // namespace bpf_assay::conformance::reduction
