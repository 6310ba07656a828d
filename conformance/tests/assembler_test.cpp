#include "conformance/assembler.hpp"

#include "conformance/tests/support.hpp"

#include "reference_vm/disassembler.hpp"
#include "reference_vm/tests/slots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace bpf_assay::conformance {

void PrintTo(const AssemblyError& error, std::ostream* stream) {
    *stream << fmt::format("{}:{}: {}", error.line, error.column, error.message);
}

namespace {

using namespace test;
using bpf_assay::test::Fields;

/// One instruction: its slot or slots, and what comes of its text in LLVM.
struct RoundTrip {
    std::vector<Slot> slots;
    std::string text;
    bool same = false;
};

RoundTrip round_trip(Assembler& assembler, const InstructionRow& row, const Fields& fields,
                     s32 next_imm) {
    RoundTrip trip{.slots = {bpf_assay::test::slot(row, fields)}, .text = {}};
    if (row.wide)
        trip.slots.push_back({.imm = next_imm});
    trip.text = disassemble(trip.slots, 0);
    const auto result = assembler.assemble(trip.text);
    const auto* slots = std::get_if<std::vector<Slot>>(&result);
    trip.same = slots != nullptr && *slots == trip.slots;
    return trip;
}

/// Fields that are unused are zero in the encoding.
Fields used(const InstructionRow& row, Fields fields) {
    const auto zero_if_unused = [](const FieldRule& rule, auto& field) {
        if (rule.kind == FieldRule::Kind::unused)
            field = 0;
    };
    zero_if_unused(row.dst_reg, fields.dst);
    zero_if_unused(row.src_reg, fields.src);
    zero_if_unused(row.offset, fields.offset);
    zero_if_unused(row.imm, fields.imm);
    return fields;
}

// LLVM has no words for src_reg of these two kinds of CALL.
const std::set<std::string_view> without_words{"call_local", "call_btf"};

TEST(assembler, every_row_comes_back_from_its_disassembly) {
    ASSERT_EQ(instruction_table().size(), 170);
    for (const ByteOrder order : both_orders) {
        Assembler assembler(order);
        std::set<std::string_view> lost;
        for (const InstructionRow& row : instruction_table()) {
            const bool index_and_imm = row.mnemonic.starts_with("ldind"); // see below
            const bool second = row.mnemonic == "lddw";                   // see below
            for (const Fields& fields : {Fields{.dst = 1, .src = 2, .offset = -5, .imm = -7},
                                         Fields{.dst = 9, .src = 10, .offset = 0x7fff, .imm = 300},
                                         Fields{.dst = 0, .src = 0, .offset = 0, .imm = 0}}) {
                Fields stated = used(row, fields);
                if (index_and_imm)
                    stated.imm = 0;
                const RoundTrip trip = round_trip(assembler, row, stated, second ? 9 : 0);
                if (!trip.same)
                    lost.insert(row.mnemonic);
                EXPECT_TRUE(trip.same || without_words.contains(row.mnemonic))
                    << row.mnemonic << ": " << trip.text;
            }
        }
        EXPECT_EQ(lost, without_words) << name_of(order);
    }
}

TEST(assembler, fields_that_llvm_has_no_words_for) {
    Assembler assembler;
    std::set<std::string_view> lost;
    for (const InstructionRow& row : instruction_table()) {
        const RoundTrip trip =
            round_trip(assembler, row, used(row, {.dst = 1, .src = 2, .offset = 3, .imm = 100'000}),
                       row.next_imm.kind == FieldRule::Kind::any ? 9 : 0);
        if (!trip.same)
            lost.insert(row.mnemonic);
    }
    // next_imm beside imm, a distance beyond 16 bits, an index beside src_reg.
    EXPECT_THAT(lost, testing::UnorderedElementsAre("call_local", "call_btf", "lddw_map_val_fd",
                                                    "lddw_map_val_idx", "ja32", "ldindb", "ldindh",
                                                    "ldindw"));
}

TEST(assembler, both_targets_of_llvm_give_the_slots_of_the_suite) {
    Assembler big(ByteOrder::big);
    std::size_t compared = 0;
    std::set<std::string>
        raw; // a slot stated as a number, in the byte order of the loader's target
    for (const Vector& vector : suite().vectors) {
        if (vector.text.empty() || vector.kind == Kind::sweep || !vector.helpers.empty())
            continue; // the name of a helper is the loader's, not LLVM's
        if (!vector.extension.empty())
            continue; // the loader makes numbers of its instructions, in the order of its target
        if (vector.text.find(".quad") != std::string::npos ||
            vector.text.find(".fill") != std::string::npos) {
            raw.insert(vector.id);
            continue;
        }
        const auto result = big.assemble(vector.text);
        const auto* slots = std::get_if<std::vector<Slot>>(&result);
        EXPECT_TRUE(slots != nullptr && *slots == vector.body) << vector.id;
        ++compared;
    }
    EXPECT_GT(compared, 900);
    EXPECT_THAT(raw, testing::SizeIs(testing::Le(30)));
    // Packet loads with both imm and src; thousands of additions.
    EXPECT_THAT(raw, testing::Each(testing::AnyOf(testing::StartsWith("ldind"),
                                                  testing::StartsWith("distances/beyond-"),
                                                  testing::StartsWith("long/"))));
}

// Sweeps keep no text of their programs: it comes from the disassembler, a line each.
TEST(assembler, both_targets_of_llvm_give_the_slots_of_sweeps) {
    Assembler big(ByteOrder::big);
    for (const Vector& vector : suite().vectors) {
        if (!vector.extension.empty())
            continue; // as above
        std::string text;
        std::vector<Slot> expected;
        for (const SweepProgram& program : vector.sweep_programs) {
            expected.insert(expected.end(), program.body.begin(), program.body.end());
            for (std::size_t pc = 0; pc < program.body.size(); ++pc) {
                text += disassemble(program.body, pc) + "\n";
                pc += find_row(program.body[pc])->wide ? 1 : 0;
            }
        }
        const auto result = big.assemble(text);
        const auto* slots = std::get_if<std::vector<Slot>>(&result);
        EXPECT_TRUE(slots != nullptr && *slots == expected) << vector.id;
    }
}

TEST(assembler, separators_and_comments) {
    const auto expected = assembled("r0 = 7\nexit");
    EXPECT_EQ(assembled("r0 = 7; exit"), expected);
    EXPECT_EQ(assembled("  r0 = 7 ;\n\n\texit # the end\n"), expected);
    EXPECT_TRUE(assembled("").empty());
}

TEST(assembler, labels) {
    EXPECT_EQ(assembled("goto end; r0 = 1; end:"), assembled("goto +1; r0 = 1"));
    EXPECT_EQ(assembled("again: r0 += 1; if r0 != 7 goto again"),
              assembled("r0 += 1; if r0 != 7 goto -2"));
    EXPECT_EQ(assembled("goto over; r1 = 5 ll; over: exit"), assembled("goto +2; r1 = 5 ll; exit"));
    EXPECT_EQ(assembled("gotol end; r0 = 1; end: exit"), assembled("gotol +1; r0 = 1; exit"));
}

TEST(assembler, calls) {
    const auto local = assembled("call f; exit; f: exit");
    EXPECT_EQ(local.at(0), (Slot{.opcode = 0x85, .src_reg = 1, .imm = 1}));
    EXPECT_EQ(assembled("f: exit; call f").at(1), (Slot{.opcode = 0x85, .src_reg = 1, .imm = -2}));
    EXPECT_EQ(assembled("call 5").at(0), (Slot{.opcode = 0x85, .imm = 5}));
}

AssemblyError error_in(std::string_view text) {
    const auto result = Assembler().assemble(text);
    if (const auto* error = std::get_if<AssemblyError>(&result))
        return *error;
    ADD_FAILURE() << "assembled: " << text;
    return {};
}

TEST(assembler, errors_have_their_place) {
    // The words are LLVM's, and not ours to hold it to.
    for (const auto& [text, line, column] : {std::tuple{"bogus", 1, 0},
                                             {"r0 = 1; bogus", 1, 8},
                                             {"r0 = 1\n  r12 = 1\n", 2, 2},
                                             {"r0 = 1\nr1 += w2", 2, 6},
                                             {"r0 = 0x100000000", 1, 0}}) {
        const AssemblyError error = error_in(text);
        EXPECT_EQ(error.line, line) << text << ": " << error.message;
        EXPECT_EQ(error.column, column) << text << ": " << error.message;
        EXPECT_FALSE(error.message.empty());
    }
}

TEST(assembler, undefined_labels_have_their_place) {
    for (const auto& [text, line, column] : {std::tuple{"goto there", 1, 5},
                                             {"r0 = 1\n  if r0 > 1 goto there\n", 2, 17},
                                             {"there2: therefore: goto there", 1, 24},
                                             {"r0 = 1; call there", 1, 13},
                                             {"gotol there", 1, 6}}) {
        const AssemblyError error = error_in(text);
        EXPECT_EQ(error.message, "label 'there' is not defined");
        EXPECT_EQ(error.line, line) << text;
        EXPECT_EQ(error.column, column) << text;
    }
}

TEST(assembler, a_label_stands_once) {
    EXPECT_EQ(error_in("l: r0 = 1\nl: exit").line, 2);
}

TEST(assembler, forgets_the_text_before) {
    Assembler assembler;
    EXPECT_TRUE(std::holds_alternative<AssemblyError>(assembler.assemble("bogus")));
    EXPECT_TRUE(std::holds_alternative<std::vector<Slot>>(assembler.assemble("l: exit")));
    EXPECT_TRUE(std::holds_alternative<AssemblyError>(assembler.assemble("goto l")));
    EXPECT_TRUE(std::holds_alternative<std::vector<Slot>>(assembler.assemble("l: goto l")));
}

} // namespace
} // namespace bpf_assay::conformance
