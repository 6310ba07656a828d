// The state after that the reference VM gives a statement, against what the suite states.
#include "conformance/reduction/statement.hpp"

#include "conformance/policy.hpp"
#include "conformance/state.hpp"
#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpf_assay::conformance::reduction {
namespace {

using namespace test;
using testing::HasSubstr;

std::string objection_to(const Vector& vector, const Limits& limits = {}) {
    const auto completed = complete(vector, limits);
    const auto* why = std::get_if<std::string>(&completed);
    return why != nullptr ? *why : "";
}

Statement statement_of(std::string_view keys) {
    auto completed = complete(vector_of(keys), {});
    if (const auto* why = std::get_if<std::string>(&completed)) {
        ADD_FAILURE() << *why;
        return {};
    }
    return std::get<Statement>(std::move(completed));
}

/// What is not followed: an address that is mixed with a number, and unmixed again, and what two
/// copies of an address do in the same way.
bool mixes_addresses(const Vector& vector) {
    return vector.id == "atomic-or64/own-base" || vector.id == "atomic-and64/own-base" ||
           vector.id == "atomic-xor64/own-base" || vector.id.ends_with("/frame-pointer") ||
           vector.id.ends_with("/frame-pointer-all-bases");
}

TEST(statement, comes_out_as_the_suite_states) {
    std::size_t compared = 0;
    for (const Vector& vector : suite().vectors) {
        if (vector.kind == Kind::sweep || vector.kind == Kind::encoding ||
            !vector.policy->name.empty() || vector.concurrency.threads > 1 ||
            !vector.extension.empty() || mixes_addresses(vector))
            continue;
        SCOPED_TRACE(vector.id);
        const auto completed = complete(vector, {});
        if (const auto* why = std::get_if<std::string>(&completed)) {
            ADD_FAILURE() << *why;
            continue;
        }
        const Vector& made = std::get<Statement>(completed).vector;
        EXPECT_EQ(made.helpers, vector.helpers);
        EXPECT_TRUE(agree(vector, made));
        ++compared;
    }
    EXPECT_GT(compared, 1000);
}

struct Objection {
    const char* keys;
    const char* why;
};

TEST(statement, what_is_no_statement) {
    const Objection objections[] = {
        {"    program: |\n      r0 = r2\n      exit\n    after: {r0: undefined}\n",
         "r2 is read and undefined"},
        {"    asm: |\n      call f\n      r0 = r3\n      goto end\n      f:\n      r0 = 1\n      "
         "exit\n"
         "      end:\n    after: {r0: 1}\n",
         "r3 is read and undefined"},
        {"    asm: |\n      call f\n      goto end\n      f:\n      r0 = r6\n      exit\n      "
         "end:\n"
         "    after: {r0: 1}\n",
         "r6 is read and undefined"},
        {"    asm: |\n      call f\n      goto end\n      f:\n      r0 = *(u64 *)(r10 - 8)\n      "
         "exit\n"
         "      end:\n    after: {r0: 1}\n",
         "a byte of the stack is read before it is written"},
        {"    asm: |\n      call f\n      goto end\n      f:\n      r0 = r10\n      exit\n      "
         "end:\n"
         "    after: {r0: 1}\n",
         "returns an address of its stack"},
        {"    asm: r1 *= 3\n    before: {r1: {block: 0}}\n    after: {}\n",
         "computed with by mul64_imm"},
        {"    asm: w1 = w2\n    before: {r2: {block: 0}}\n    after: {}\n",
         "computed with by mov32_reg"},
        {"    asm: if r1 > r2 goto +0\n    before: {r1: {block: 0}}\n    after: {}\n",
         "an address is compared"},
        {"    asm: \"*(u64 *)(r1 + 0) = r1\"\n    before: {r1: {block: 0}}\n    after: {}\n",
         "an address is left in memory"},
        {"    asm: r0 = *(u64 *)(r1 + 0)\n    before: {r1: {block: 57}}\n    after: {}\n",
         "outside of memory and stack"},
        {"    asm: r0 = *(u64 *)(r1 + 0)\n    before: {r1: 0x1000000010}\n    after: {}\n",
         "outside of memory and stack"},
        {"    asm: r0 = *(u64 *)(r10 - 8)\n    after: {}\n",
         "of the stack is read that is not stated"},
        {"    asm: |\n      *(u64 *)(r10 - 8) = r10\n      r0 = *(u32 *)(r10 - 8)\n    after: {}\n",
         "a part of an address is read"},
        {"    asm: goto -1\n    after: {}\n", "does not run to its end"},
    };
    for (const auto& [keys, why] : objections)
        EXPECT_THAT(objection_to(vector_of(keys)), HasSubstr(why)) << keys;
}

TEST(statement, limits_are_what_the_first_one_did) {
    const Statement division =
        statement_of("    asm: r1 /= r2\n    before: {r2: 5}\n    after: {}\n");
    const Limits limits = limits_of(division, ByteOrder::little);
    EXPECT_EQ(objection_to(division.vector, limits), "");
    Vector by_zero = division.vector;
    by_zero.before.registers[2] = u64{0};
    EXPECT_EQ(objection_to(by_zero), "");
    EXPECT_EQ(objection_to(by_zero, limits), "a division by zero");
    EXPECT_THAT(objection_to(vector_of("    asm: r1 <<= 64\n    after: {}\n"), limits),
                HasSubstr("a shift"));
    EXPECT_THAT(
        objection_to(vector_of("    asm: |\n      goto +1\n      r1 = 2\n    after: {}\n"), limits),
        HasSubstr("cannot be reached"));
}

TEST(statement, a_row_of_a_sweep) {
    const Vector sweep =
        vector_of("    asm: \"{dst} += {src}\"\n    registers: {dst: r3, src: [r3, r5]}\n"
                  "    rows: {dst: odd, src: few}\n    digest: "
                  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
    const Vector row = single(sweep, 1, 3, ByteOrder::little); // 3 5 5 5 7 7, with 1 2 in turn
    EXPECT_EQ(row.kind, Kind::explicit_state);
    EXPECT_EQ(row.before.registers[3], RegisterValue(u64{5}));
    EXPECT_EQ(row.before.registers[5], RegisterValue(u64{2}));
    const auto completed = std::get<Statement>(complete(row, {}));
    EXPECT_EQ(completed.vector.after[0].registers[3], RegisterValue(u64{7}));
    EXPECT_FALSE(completed.vector.after[0].registers[5]);
}

TEST(statement, cells_of_the_state_after_are_named_as_they_were_written) {
    const Statement statement =
        statement_of("    asm: |\n      *(u64 *)(r1 + 8) = r2\n      *(u16 *)(r1 + 16) = r2\n"
                     "      *(u8 *)(r1 + 9) = r2\n    memory_size: 24\n"
                     "    before: {r1: {block: 0}, r2: 0x0102030405060708}\n    after: {}\n");
    const auto& little = statement.vector.after[0].memory;
    ASSERT_EQ(little.size(), 9); // the later byte has split the first store
    EXPECT_EQ(little.front().at, 8);
    EXPECT_EQ(little.back().at, 16);
    EXPECT_EQ(little.back().size, 2);
    EXPECT_EQ(little.back().content, (std::variant<u64, std::vector<u8>>(u64{0x0708})));
    EXPECT_EQ(statement.facts.read[1], true);
    EXPECT_EQ(statement.facts.read[0], false);
}

} // namespace
} // namespace bpf_assay::conformance::reduction
