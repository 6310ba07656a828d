// Sweeps with a cell of memory, tables of encodings, and what profiles take of them.
#include "conformance/sweep.hpp"

#include "conformance/profile.hpp"
#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <set>

namespace bpf_assay::conformance {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto no_digest = "0000000000000000000000000000000000000000000000000000000000000000";

Vector sweep(const std::string& keys) {
    return suite_of(fmt::format("  - id: v/sweep\n    clauses: [C-1]\n{}    digest: {}\n", keys,
                                no_digest))
        .vectors.at(0);
}

Vector fetch_add(const std::string& more = "") {
    return sweep("    asm: \"{src} = atomic_fetch_add((u64 *)({dst} {offset}), {src})\"\n"
                 "    registers: {dst: [r0, r3], src: [r3, r4]}\n"
                 "    distinct: true\n    base: dst\n    cell: u64\n"
                 "    at: [8, 16]\n    offset: [0, -1]\n"
                 "    rows: {src: [5, -1], memory: [7, 0x8000000000000000, 0]}\n" +
                 more);
}

TEST(sweep_of_memory, programs_go_by_dst_src_at_offset_without_equal_registers) {
    const Vector vector = fetch_add();
    std::vector<std::string> texts;
    for (const SweepProgram& program : vector.sweep_programs)
        texts.push_back(program.text());
    ASSERT_EQ(texts.size(), 12); // (r0, r3), (r0, r4), (r3, r4) by four
    EXPECT_EQ(texts.at(0), "dst r0, src r3, at 8, offset 0");
    EXPECT_EQ(texts.at(1), "dst r0, src r3, at 8, offset -1");
    EXPECT_EQ(texts.at(2), "dst r0, src r3, at 16, offset 0");
    EXPECT_EQ(texts.at(8), "dst r3, src r4, at 8, offset 0");
    EXPECT_EQ(vector.sweep_programs[1].body.at(0).offset, -1);
}

TEST(sweep_of_memory, rows_give_the_cell_its_value_and_the_base_its_address) {
    const Vector vector = fetch_add();
    for (const ByteOrder order : both_orders) {
        SweepRows rows(vector, vector.sweep_programs[1], order);
        ASSERT_EQ(rows.count(), 6);
        const RowState before = rows.before(4); // src by src, then memory
        EXPECT_EQ(before.registers[0], 0x10'0000'0009);
        EXPECT_EQ(before.registers[3], ~u64{0});
        EXPECT_EQ(before.registers[4], register_sentinel(4));
        EXPECT_EQ(before.cell, 0x8000'0000'0000'0000);
        const RowState after = rows.after(4);
        EXPECT_EQ(after.registers[3], 0x8000'0000'0000'0000);
        EXPECT_EQ(after.cell, 0x7fff'ffff'ffff'ffff);
        EXPECT_EQ(after.registers[0], before.registers[0]);
    }
}

TEST(sweep_of_memory, a_narrow_cell_takes_values_modulo_its_width) {
    const Vector vector = sweep("    asm: \"{dst} = *(u16 *)({src} + 0)\"\n"
                                "    registers: {dst: r2, src: [r2, r5]}\n"
                                "    base: src\n    cell: u16\n    rows: {memory: [0x12345678]}\n");
    for (const SweepProgram& program : vector.sweep_programs) {
        SweepRows rows(vector, program, ByteOrder::big);
        EXPECT_EQ(rows.before(0).cell, 0x5678);
        EXPECT_EQ(rows.after(0).registers[2], 0x5678) << "also over the address itself";
    }
}

TEST(sweep_of_memory, a_register_takes_values_once_and_r0_only_if_it_is_free) {
    const Vector vector = sweep("    asm: \"r0 = cmpxchg_64({dst} + 0, r0, {src})\"\n"
                                "    registers: {dst: r1, src: [r0, r2]}\n"
                                "    base: dst\n    cell: u64\n"
                                "    rows: {src: [1, 2, 3], r0: [4, 5], memory: [4]}\n");
    SweepRows shared(vector, vector.sweep_programs.at(0), ByteOrder::little);
    ASSERT_EQ(shared.count(), 3);
    EXPECT_EQ(shared.before(2).registers[0], 3);
    SweepRows apart(vector, vector.sweep_programs.at(1), ByteOrder::little);
    ASSERT_EQ(apart.count(), 6);
    EXPECT_EQ(apart.before(1).registers[2], 1);
    EXPECT_EQ(apart.before(1).registers[0], 5);
    EXPECT_EQ(apart.after(0).cell, 1) << "4 is there: exchanged";
    EXPECT_EQ(apart.after(1).cell, 4) << "5 is not";
}

TEST(sweep_of_memory, what_the_reference_vm_does_is_right_and_any_other_cell_or_register_wrong) {
    const Vector vector = fetch_add();
    for (const ByteOrder order : both_orders)
        for (std::size_t program = 0; program < vector.sweep_programs.size(); ++program) {
            const auto experiment = make_experiment(vector, program, {.byte_order = order});
            for (std::size_t row = 0; row < experiment->rows(); ++row) {
                const Ran ran = run_row(*experiment, row, order);
                EXPECT_TRUE(experiment->right(row, ran.r0, ran.block)) << row;
                for (std::size_t at = 0; at < ran.block.size(); ++at) {
                    if (at >= 160 && at < 176)
                        continue; // the runtime's own addresses, by which others are judged
                    auto changed = ran.block;
                    changed[at] ^= 1;
                    EXPECT_FALSE(experiment->right(row, ran.r0, changed)) << at;
                }
            }
        }
}

TEST(sweep_of_memory, a_failure_names_the_cell) {
    const Vector vector = fetch_add();
    const auto experiment = make_experiment(vector, 1, {});
    EXPECT_EQ(experiment->memory_before(0), "u64@8 = 0x0000000000000007");
    EXPECT_EQ(experiment->registers_before(0).at(0), "memory+9");
    EXPECT_EQ(make_experiment(sweep("    asm: \"{dst} += 1\"\n    registers: {dst: r0}\n"
                                    "    rows: {dst: 1}\n"),
                              0, {})
                  ->memory_before(0),
              "");
}

TEST(sweep_of_memory, refuses_what_could_not_be_compared) {
    const auto error = [](const std::string& text, const std::string& cell) {
        const Vector vector = sweep("    asm: \"" + text + "\"\n    registers: {dst: r1}\n" +
                                    "    base: dst\n    cell: " + cell + "\n    rows: {r0: 1}\n");
        return error_of([&] { digest_of(vector, ByteOrder::little); });
    };
    EXPECT_THAT(error("*(u64 *)({dst} + 0) = {dst}", "u64"), HasSubstr("an address is stored"));
    EXPECT_THAT(error("r5 = {dst}", "u64"), HasSubstr("r5 holds an address of its own"));
    EXPECT_THAT(error("{dst} += 8", "u64"), HasSubstr("r1 holds an address of its own"));
    EXPECT_THAT(error("*(u64 *)({dst} + 0) = 1", "u32"),
                HasSubstr("change memory beside the cell"));
    EXPECT_THAT(error("*(u64 *)({dst} - 1) = 1", "u32"), HasSubstr("do not run to their end"));
    EXPECT_EQ(error("*(u32 *)({dst} + 0) = 1", "u32"), "");
}

TEST(table_of_encodings, has_a_program_for_each_value_in_each_field) {
    const Vector vector =
        suite_of("  - id: v/table\n    clauses: [C-1]\n    because: A test.\n"
                 "    values: [1, 0x8000, 0x7fff]\n    expect: refused\n"
                 "    slots: [r1 = 0 ll, {opcode: 7, offset: value, imm: value}, exit]\n")
            .vectors.at(0);
    ASSERT_EQ(vector.encoding.count(), 3);
    EXPECT_EQ(vector.encoding.program(0), vector.encoding.slots);
    EXPECT_EQ(vector.encoding.program(1).at(2).offset, -0x8000);
    EXPECT_EQ(vector.encoding.program(1)[2].imm, 0x8000);
    EXPECT_EQ(vector.encoding.program(2)[2].offset, 0x7fff);
    EXPECT_EQ(vector.encoding.program(2)[0], vector.encoding.slots[0]);
}

std::size_t rows_of(const Vector& vector, const ProgramRows& taken) {
    return make_experiment(vector, taken, {})->rows();
}

TEST(profile, full_takes_everything_and_default_every_program) {
    for (const Vector& vector : suite().vectors) {
        if (vector.kind == Kind::encoding) {
            EXPECT_TRUE(selection(vector, RunProfile::smoke).empty());
            continue;
        }
        const auto full = selection(vector, RunProfile::full);
        const auto standard = selection(vector, RunProfile::standard);
        ASSERT_EQ(full.size(), std::max<std::size_t>(1, vector.sweep_programs.size()));
        ASSERT_EQ(standard.size(), full.size());
        for (std::size_t i = 0; i < full.size(); ++i) {
            EXPECT_EQ(full[i].program, i);
            EXPECT_TRUE(full[i].rows.empty());
            EXPECT_EQ(standard[i].program, i);
        }
        const std::size_t all = rows_of(vector, full.front());
        std::size_t longest = standard_rows;
        if (vector.kind == Kind::sweep)
            for (const auto& [reg, values] :
                 row_dimensions(vector.sweep, vector.sweep_programs.front()))
                longest = std::max(longest, values->size());
        EXPECT_LE(rows_of(vector, standard.front()), longest);
        EXPECT_GE(rows_of(vector, standard.front()), std::min(all, standard_rows));
    }
}

std::string_view list_name(const Sweep& sweep, const std::vector<u64>* values) {
    return values == &sweep.dst_values   ? "dst"
           : values == &sweep.src_values ? "src"
           : values == &sweep.r0_values  ? "r0"
                                         : "memory";
}

/// Everything that a selection of a sweep holds: "src 3", "imm -1", "value of dst 7", ...
std::set<std::string> met(const Vector& vector, const std::vector<ProgramRows>& selected) {
    std::set<std::string> things;
    for (const ProgramRows& taken : selected) {
        const SweepProgram& program = vector.sweep_programs.at(taken.program);
        things.insert(fmt::format("dst {}", program.dst));
        const auto add = [&](const char* name, const auto& value) {
            if (value)
                things.insert(fmt::format("{} {}", name, *value));
        };
        add("src", program.src);
        add("imm", program.imm);
        add("at", program.at);
        add("offset", program.offset);
        SweepRows rows(vector, program, ByteOrder::little);
        std::vector<u32> numbers = taken.rows;
        for (u32 row = 0; taken.rows.empty() && row < rows.count(); ++row)
            numbers.push_back(row);
        for (const u32 row : numbers) {
            const RowState before = rows.before(row);
            for (const auto& [reg, values] : row_dimensions(vector.sweep, program))
                things.insert(fmt::format("value {} of {}",
                                          reg ? before.registers[*reg] : before.cell,
                                          list_name(vector.sweep, values)));
        }
    }
    return things;
}

TEST(profile, smoke_and_default_meet_every_register_immediate_and_value) {
    std::size_t sweeps = 0;
    std::size_t rows = 0;
    for (const Vector& vector : suite().vectors) {
        if (vector.kind != Kind::sweep || !vector.extension.empty())
            continue;
        ++sweeps;
        const auto all = met(vector, selection(vector, RunProfile::full));
        const auto smoke = selection(vector, RunProfile::smoke);
        EXPECT_EQ(met(vector, smoke), all) << vector.id;
        EXPECT_EQ(met(vector, selection(vector, RunProfile::standard)), all) << vector.id;
        for (const ProgramRows& taken : smoke) {
            EXPECT_FALSE(taken.rows.empty()) << vector.id;
            EXPECT_TRUE(std::ranges::is_sorted(taken.rows));
            rows += taken.rows.size();
        }
    }
    EXPECT_GT(sweeps, 250);
    EXPECT_LE(rows, 25'000); // 30,000 with the other vectors
}

TEST(profile, a_selected_row_keeps_its_number) {
    const Vector vector = fetch_add();
    const auto whole = make_experiment(vector, 3, {});
    const auto some = make_experiment(vector, ProgramRows{.program = 3, .rows = {1, 4}}, {});
    ASSERT_EQ(some->rows(), 2);
    EXPECT_EQ(some->row_number(1), 4);
    EXPECT_EQ(some->registers_before(1), whole->registers_before(4));
    EXPECT_EQ(some->memory_before(1), whole->memory_before(4));
}

TEST(profile, names) {
    for (const RunProfile profile : {RunProfile::smoke, RunProfile::standard, RunProfile::full})
        EXPECT_EQ(run_profile_from_name(name_of(profile)), profile);
    EXPECT_EQ(run_profile_from_name("standard"), std::nullopt);
}

} // namespace
} // namespace bpf_assay::conformance
