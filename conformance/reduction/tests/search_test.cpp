// The search against made-up failures: what is left of vectors if only this matters.
#include "conformance/reduction/search.hpp"

#include "conformance/reduction/steps.hpp"
#include "conformance/state.hpp"
#include "conformance/tests/support.hpp"

#include "reference_vm/decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace bpf_assay::conformance::reduction {
namespace {

using namespace test;

bool has(const Vector& vector, std::string_view mnemonic) {
    return std::ranges::any_of(vector.body, [&](const Slot& slot) {
        return find_row(slot) != nullptr && find_row(slot)->mnemonic == mnemonic;
    });
}

u64 value_of(const Vector& vector, std::size_t number) {
    const auto& value = vector.before.registers[number];
    return value && std::holds_alternative<u64>(*value) ? std::get<u64>(*value)
                                                        : register_sentinel(number);
}

Reduction reduced(
    std::string_view keys, const Fails& fails,
    const std::function<bool()>& out_of_time = [] { return false; }) {
    auto start = std::get<Statement>(complete(vector_of(keys), {}));
    EXPECT_TRUE(fails(start.vector));
    const Limits limits = limits_of(start, ByteOrder::little);
    Reduction reduction = reduce(std::move(start), limits, fails, out_of_time);
    EXPECT_TRUE(fails(reduction.statement.vector));
    EXPECT_TRUE(std::holds_alternative<Statement>(complete(reduction.statement.vector, limits)));
    return reduction;
}

TEST(search, a_bit_of_a_register_and_an_instruction) {
    const Fails fails = [](const Vector& vector) {
        return has(vector, "div64_reg") && (value_of(vector, 3) & 0xff) == 0x80;
    };
    const Reduction reduction =
        reduced("    asm: |\n      r1 += 7\n      r9 /= r8\n      r2 = r1\n"
                "      if r2 == 5 goto +1\n      r9 ^= r2\n"
                "    tests: [div64_reg, xor64_reg]\n"
                "    before: {r0: 4, r3: 0x123456789abcde80, r8: 12345, r9: -77}\n"
                "    after: {}\n",
                fails);
    const Vector& vector = reduction.statement.vector;
    EXPECT_EQ(vector.body.size(), 1);
    EXPECT_EQ(vector.before.registers[3], RegisterValue(u64{0x80}));
    EXPECT_FALSE(vector.before.registers[8]);
    EXPECT_EQ(vector.body, assembled("r0 /= r1")); // by 0 it would be another vector
    EXPECT_EQ(vector.before.registers[0], RegisterValue(u64{0}));
    EXPECT_EQ(vector.before.registers[1], RegisterValue(u64{1}));
    EXPECT_EQ(vector.memory_size, 8);
    EXPECT_TRUE(reduction.finished);
    EXPECT_GT(reduction.kept, 3);
}

TEST(search, an_instruction_that_is_behind_a_branch) {
    const Fails fails = [](const Vector& vector) {
        return has(vector, "mul64_imm") && has(vector, "jsgt64_imm");
    };
    const Vector vector =
        reduced("    asm: |\n      r5 = 100\n      if r5 s> 10 goto skip\n      r6 = 1\n"
                "      skip:\n      r6 *= 37\n      r7 = r6\n    after: {}\n",
                fails)
            .statement.vector;
    EXPECT_EQ(vector.body.size(), 2);
    EXPECT_TRUE(has(vector, "mul64_imm"));
    EXPECT_EQ(vector.body, assembled("if r0 s> 0 goto +0; r1 *= 0"));
}

TEST(search, memory) {
    const Fails fails = [](const Vector& vector) { return has(vector, "stxw"); };
    const Vector vector =
        reduced(
            "    asm: |\n      r3 = *(u32 *)(r1 + 36)\n      *(u32 *)(r1 + 40) = r3\n"
            "    memory_size: 1024\n    before: {r1: {block: 512}, memory: {u32@548: 0xabcdef}}\n"
            "    after: {}\n",
            fails)
            .statement.vector;
    EXPECT_EQ(vector.body, assembled("*(u32 *)(r0 + 0) = r1"));
    EXPECT_EQ(vector.before.registers[0], (RegisterValue(Address{Address::Base::memory, 0})));
    EXPECT_EQ(vector.memory_size, 8);
    EXPECT_TRUE(vector.before.memory.empty());
}

TEST(search, what_is_written_to_the_stack_stays_named) {
    const Fails fails = [](const Vector& vector) { return has(vector, "stxdw"); };
    const Vector vector =
        reduced("    asm: |\n      *(u64 *)(r10 - 16) = r3\n      r4 = *(u64 *)(r10 - 16)\n"
                "    before: {r3: 9}\n    after: {r4: 9, stack: {u64@-16: 9}}\n",
                fails)
            .statement.vector;
    EXPECT_EQ(vector.body, assembled("*(u64 *)(r10 - 8) = r0"));
    ASSERT_EQ(vector.after[0].stack.size(), 1);
    EXPECT_EQ(vector.after[0].stack[0].at, -8);
}

TEST(search, a_packet) {
    const Fails fails = [](const Vector& vector) { return has(vector, "ldabsh"); };
    const Vector vector =
        reduced(
            "    program: |\n      r6 = r1\n      r0 = *(u16 *)skb[2]\n      r7 = r0\n      exit\n"
            "    packet: \"01 02 03 04 05 06 07 08\"\n    after: {r0: 0x0304}\n",
            fails)
            .statement.vector;
    EXPECT_EQ(vector.body, assembled("r6 = r1; r0 = *(u16 *)skb[0]; exit"));
    EXPECT_EQ(vector.packet.size(), 1); // out of range, r0 is 0
}

TEST(search, time_is_up) {
    int asked = 0;
    const Reduction reduction = reduced(
        "    asm: |\n      r1 += 7\n      r2 += 7\n      r3 += 7\n    after: {}\n",
        [](const Vector&) { return true; }, [&] { return ++asked > 2; });
    EXPECT_FALSE(reduction.finished);
}

TEST(search, comes_to_the_same_each_time) {
    const Fails fails = [](const Vector& vector) { return has(vector, "add32_reg"); };
    const Vector& chain = *std::ranges::find(suite().vectors, "mixture/memory-3", &Vector::id);
    const auto once = [&] {
        auto start = std::get<Statement>(complete(chain, {}));
        const Limits limits = limits_of(start, ByteOrder::little);
        return reduce(std::move(start), limits, fails, [] { return false; });
    };
    const Reduction first = once(), second = once();
    EXPECT_EQ(first.statement.vector.body, second.statement.vector.body);
    EXPECT_EQ(first.statement.vector.before.registers, second.statement.vector.before.registers);
    EXPECT_EQ(first.tried, second.tried);
    EXPECT_EQ(first.statement.vector.body.size(), 1);
}

TEST(search, an_encoding) {
    const Vector vector =
        suite_of("  - id: test/vector\n    clauses: [C-1]\n    because: Tests.\n"
                 "    slots: [\"r1 = 0\", \"r2 = 5 ll\", {opcode: 0x07, dst: 1, src: 1, imm: "
                 "3}, \"r0 = 0\", exit]\n"
                 "    control: [\"r1 = 0\", \"r2 = 5 ll\", {opcode: 0x07, dst: 1, imm: 3}, "
                 "\"r0 = 0\", exit]\n    expect: refused\n")
            .vectors.at(0);
    const Fails needs_r1 = [](const Vector& candidate) {
        return candidate.encoding.slots[0] == assembled("r1 = 0")[0];
    };
    const auto reduction = reduce_encoding(vector, needs_r1, [] { return false; });
    EXPECT_EQ(reduction.vector.encoding.slots.size(), 3);
    EXPECT_EQ(*reduction.vector.encoding.control, assembled("r1 = 0; r1 += 3; exit"));
}

TEST(search, an_encoding_with_a_jump) {
    const Vector vector =
        suite_of("  - id: test/vector\n    clauses: [C-1]\n    because: Tests.\n"
                 "    slots: [\"r0 = 0\", \"r3 = 5\", \"if r3 == 5 goto +2\", \"r0 = 1\", exit]\n"
                 "    control: [\"r0 = 0\", \"r3 = 5\", \"if r3 == 5 goto +1\", \"r0 = 1\", exit]\n"
                 "    expect: refused\n")
            .vectors.at(0);
    const auto always = [](const Vector&) { return true; };
    const auto reduction = reduce_encoding(vector, always, [] { return false; });
    EXPECT_EQ(reduction.vector.encoding.slots, assembled("if r3 == 5 goto +2; r0 = 1; exit"));
}

TEST(steps, simpler_values_are_simpler_and_in_order) {
    for (const u64 value : {u64{3}, u64{0x80}, ~u64{0}, u64{0x123456789abcdef0}, u64{1} << 63}) {
        std::size_t last = 0;
        for (const u64 simpler : simpler_values(value)) {
            EXPECT_LT(cost_of(simpler), cost_of(value));
            EXPECT_GE(cost_of(simpler), last);
            last = cost_of(simpler);
        }
    }
    EXPECT_TRUE(simpler_values(0).empty());
    EXPECT_THAT(simpler_values(0x180), testing::Contains(0x80));
}

} // namespace
} // namespace bpf_assay::conformance::reduction
