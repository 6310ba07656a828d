// Extensions: off unless switched on, run by their formulas, and in nobody's way.
#include "reference_vm/all_rows.hpp"
#include "reference_vm/disassembler.hpp"
#include "reference_vm/formula.hpp"
#include "reference_vm/tests/slots.hpp"
#include "reference_vm/trace.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace bpf_assay {
namespace {

using namespace test;

ExtensionSet only(std::string_view name) {
    ExtensionSet set;
    EXPECT_TRUE(set.add(name)) << name;
    return set;
}

TEST(extensions, rows_are_named_once_and_belong_to_one) {
    std::set<std::string_view> names;
    for (const InstructionRow& row : instruction_table())
        names.insert(row.mnemonic);
    for (const InstructionRow& row : extension_table()) {
        EXPECT_TRUE(names.insert(row.mnemonic).second) << row.mnemonic;
        EXPECT_TRUE(ExtensionSet::all().contains(row.extension)) << row.mnemonic;
        EXPECT_EQ(row.section, row.extension);
        EXPECT_EQ(group_name_of(row), row.extension);
        EXPECT_EQ(find_row(row.mnemonic), &row);
    }
    EXPECT_EQ(group_from_name("extension"), std::nullopt);
}

TEST(extensions, collide_with_nothing) {
    std::vector<const InstructionRow*> rows;
    for (const InstructionRow& row : instruction_table())
        rows.push_back(&row);
    for (const InstructionRow& row : extension_table()) {
        for (const InstructionRow* other : rows)
            EXPECT_FALSE(overlap(row, *other)) << row.mnemonic << ' ' << other->mnemonic;
        rows.push_back(&row);
    }
}

TEST(extensions, overlap) {
    InstructionRow row = *find_row("add64_reg");
    EXPECT_TRUE(overlap(row, *find_row("add64_reg")));
    EXPECT_FALSE(overlap(row, *find_row("sub64_reg")));
    row = *find_row("mov64_reg");
    row.offset = {FieldRule::Kind::any};
    EXPECT_TRUE(overlap(row, *find_row("movsx64_8_reg")));
    EXPECT_FALSE(overlap(*find_row("mov64_reg"), *find_row("movsx64_8_reg")));
    row = *find_row("ldxdw");
    row.src_reg = {FieldRule::Kind::only, 11}; // `any` is a register of the RFC
    EXPECT_FALSE(overlap(row, *find_row("ldxdw")));
    row.src_reg = {FieldRule::Kind::only, 10};
    EXPECT_TRUE(overlap(row, *find_row("ldxdw")));
}

TEST(extensions, rows_of_both_tables_have_numbers) {
    std::size_t number = 0;
    const auto expect_next = [&](const InstructionRow& row) {
        EXPECT_EQ(number_of(row), number) << row.mnemonic;
        EXPECT_EQ(&row_numbered(number), &row);
        ++number;
    };
    for (const InstructionRow& row : instruction_table())
        expect_next(row);
    for (const InstructionRow& row : extension_table())
        expect_next(row);
    EXPECT_LE(number, row_limit);
}

TEST(extensions, sets) {
    ExtensionSet set;
    EXPECT_TRUE(set.empty());
    EXPECT_FALSE(set.add("x-none"));
    EXPECT_FALSE(set.add(""));
    EXPECT_TRUE(set.empty());
    EXPECT_TRUE(set.add("x-acqrel"));
    EXPECT_TRUE(set.contains("x-acqrel"));
    EXPECT_FALSE(set.contains("x-maygoto"));
    EXPECT_FALSE(set.contains("x-none"));
    for (const Extension& extension : extensions())
        EXPECT_TRUE(ExtensionSet::all().contains(extension.name));
}

TEST(extensions, a_row_is_found_only_among_those_that_are_asked_for) {
    for (const InstructionRow& row : extension_table()) {
        const Slot encoded = slot(row, {.dst = 1, .src = 2});
        EXPECT_EQ(find_row(encoded, only(row.extension)), &row) << row.mnemonic;
        for (const Extension& other : extensions())
            if (other.name != row.extension) {
                EXPECT_EQ(find_row(encoded, only(other.name)), find_row(encoded)) << row.mnemonic;
            }
    }
    for (const InstructionRow& row : instruction_table())
        EXPECT_EQ(find_row(slot(row), ExtensionSet::all()), &row) << row.mnemonic;
}

// By the RFC alone, they have to be refused.
TEST(extensions, are_refused_unless_switched_on) {
    for (const InstructionRow& row : extension_table()) {
        const u8 dst = row.dst_reg.kind == FieldRule::Kind::any ? 1 : 0;
        const u8 src = row.src_reg.kind == FieldRule::Kind::any ? 1 : 0;
        const std::vector<Slot> program{slot(row, {.dst = dst, .src = src}), exit_slot()};
        for (const Profile profile : {Profile::base, Profile::strict}) {
            const auto refused = check(program, profile);
            ASSERT_TRUE(refused) << row.mnemonic;
            EXPECT_EQ(refused->pc, 0u);
        }
        const bool runs = std::ranges::find(extensions(), row.extension, &Extension::name)->runs;
        const auto refused = check(program, Profile::strict, ExtensionSet::all());
        EXPECT_EQ(refused.has_value(), !runs) << row.mnemonic;
        if (refused) {
            EXPECT_EQ(refused->reason, RefusalReason::not_executable) << row.mnemonic;
            EXPECT_EQ(refused->section, row.extension);
        }
    }
}

TEST(extensions, strict_checks_hold_for_them) {
    const auto reason = [](std::vector<Slot> program) {
        const auto refused = check(program, Profile::strict, ExtensionSet::all());
        return refused ? std::optional(refused->reason) : std::nullopt;
    };
    EXPECT_EQ(reason({slot("load_acquire64", {.dst = 10, .src = 1}), exit_slot()}),
              RefusalReason::frame_pointer);
    EXPECT_EQ(reason({slot("store_release64", {.dst = 10, .src = 10}), exit_slot()}), std::nullopt);
    EXPECT_EQ(reason({slot("load_acquire8", {.dst = 11, .src = 1}), exit_slot()}),
              RefusalReason::register_number);
    EXPECT_EQ(reason({slot("may_goto", {.offset = 1}), exit_slot()}), RefusalReason::jump_target);
    EXPECT_EQ(reason({slot("may_goto", {.offset = -1}), exit_slot()}), std::nullopt);
    Slot unused = slot("may_goto");
    unused.imm = 1;
    EXPECT_EQ(reason({unused, exit_slot()}), RefusalReason::unused_field);
    EXPECT_EQ(reason({exit_slot(), slot("may_goto", {.offset = -1})}), RefusalReason::runs_off_end);
}

TEST(extensions, load_acquire_and_store_release) {
    std::array<u8, 16> memory{1, 2, 3, 4, 5, 6, 7, 0x88};
    for (const auto& [mnemonic, little, big] :
         {std::tuple{"load_acquire8", u64{0x88}, u64{0x88}},
          std::tuple{"load_acquire16", u64{0x8807}, u64{0x0788}},
          std::tuple{"load_acquire32", u64{0x88070605}, u64{0x05060788}},
          std::tuple{"load_acquire64", u64{0x8807060504030201}, u64{0x0102030405060788}}})
        for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
            State state = entry_state(memory);
            state.registers[0] = ~u64{0};
            const auto end = static_cast<s16>(
                8 - static_cast<int>(bytes_of(size_of(find_row(mnemonic)->opcode))));
            EXPECT_TRUE(returned(
                run_slots({slot(mnemonic, {.dst = 0, .src = 1, .offset = end}), exit_slot()}, state,
                          {.byte_order = order, .extensions = only("x-acqrel")}),
                order == ByteOrder::little ? little : big))
                << mnemonic;
        }
    std::array<u8, 16> stored;
    for (const auto& [mnemonic, size] :
         {std::pair{"store_release8", 1u}, std::pair{"store_release16", 2u},
          std::pair{"store_release32", 4u}, std::pair{"store_release64", 8u}}) {
        stored.fill(0xcc);
        State state = entry_state(stored);
        state.registers[0] = 0x0807060504030201;
        EXPECT_TRUE(
            returned(run_slots({slot(mnemonic, {.dst = 1, .src = 0, .offset = 4}), exit_slot()},
                               state, {.extensions = only("x-acqrel")}),
                     0x0807060504030201));
        for (std::size_t i = 0; i < stored.size(); ++i)
            EXPECT_EQ(stored[i], i >= 4 && i < 4 + size ? i - 3 : 0xcc) << mnemonic << ' ' << i;
    }
    State state = entry_state();
    EXPECT_TRUE(faulted(run_slots({slot("load_acquire8", {.dst = 0, .src = 1}), exit_slot()}, state,
                                  {.extensions = only("x-acqrel")}),
                        FaultReason::bad_address, 0));
}

TEST(extensions, may_goto_is_the_runtime_s_choice) {
    const std::vector<Slot> program{slot("mov64_imm", {.imm = 0}), slot("may_goto", {.offset = 1}),
                                    slot("add64_imm", {.imm = 1}), slot("may_goto", {.offset = 1}),
                                    slot("add64_imm", {.imm = 2}), exit_slot()};
    for (const auto& [choices, r0] : {std::pair{Choices::never, 3u}, std::pair{Choices::always, 0u},
                                      std::pair{Choices::alternate, 2u}}) {
        State state = entry_state();
        EXPECT_TRUE(returned(
            run_slots(program, state, {.extensions = only("x-maygoto")}, {.choices = choices}),
            r0));
    }
}

class Writes : public TraceHook {
public:
    void on_step(const TraceStep& step) override {
        if (step.after != nullptr)
            seen.push_back(step.write);
    }
    std::vector<std::optional<MemoryWrite>> seen;
};

TEST(extensions, a_trace_shows_their_stores) {
    std::array<u8, 16> memory{};
    State state = entry_state(memory);
    state.registers[0] = 0x1234;
    Writes writes;
    run_slots({slot("store_release16", {.dst = 1, .src = 0, .offset = 2}),
               slot("load_acquire16", {.dst = 1, .src = 1, .offset = 2}), exit_slot()},
              state, {.extensions = only("x-acqrel")}, {.trace = &writes});
    ASSERT_EQ(writes.seen.size(), 3u);
    EXPECT_EQ(writes.seen[0], (MemoryWrite{memory_address + 2, 2, 0, 0x1234}));
    EXPECT_EQ(writes.seen[1], std::nullopt); // R1 is an address, and nothing is stored there
}

TEST(extensions, disassembly) {
    const std::vector<std::pair<std::string_view, std::string>> golden{
        {"load_acquire8", "w1 = load_acquire((u8 *)(r2 + 8))"},
        {"store_release64", "store_release((u64 *)(r1 + 8), r2)"},
        {"may_goto", "may_goto +8"},
        {"callx", "callx r1"},
        {"gotox", "gotox r1"},
        {"addr_space_cast_kernel", "r1 = addr_space_cast(r2, 0, 1)"},
        {"ldxdw_stackarg", "r1 = *(u64 *)(r11 + 8)"},
        {"stdw_stackarg", "*(u64 *)(r11 + 8) = 7"},
        {"stxdw_stackarg", "*(u64 *)(r11 + 8) = r2"}};
    for (const auto& [mnemonic, text] : golden) {
        const std::vector<Slot> program{
            slot(mnemonic, {.dst = 1, .src = 2, .offset = 8, .imm = 7})};
        EXPECT_EQ(disassemble(program, 0), text);
    }
}

const Formula& parsed(std::string_view text) {
    static std::map<std::string, Formula, std::less<>> formulas;
    auto result = Formula::parse(text);
    if (const auto* error = std::get_if<FormulaError>(&result)) {
        ADD_FAILURE() << text << ": " << error->at << ": " << error->what;
        static const Formula none;
        return none;
    }
    return formulas.emplace(text, std::get<Formula>(std::move(result))).first->second;
}

constexpr u64 operands[] = {0,
                            1,
                            2,
                            31,
                            63,
                            0x7f,
                            0x80,
                            0xffff8000,
                            0x7fffffff,
                            0x80000000,
                            0x80000001,
                            0xffffffff,
                            0x1'0000'0000,
                            0x0123'4567'89ab'cdef,
                            0x8000'0000'0000'0000,
                            ~u64{0}};

/// The row once by its functions in semantics/, and once by its formula.
void compare(const InstructionRow& row, u64 dst, u64 src, s32 imm, ByteOrder order) {
    SCOPED_TRACE(std::string(row.mnemonic) + ": " + std::string(row.formula));
    const Formula& formula = parsed(row.formula);
    std::vector<Slot> slots{slot(row, {.dst = 7, .src = 8, .offset = 2, .imm = imm})};
    if (row.wide)
        slots.push_back(next_imm(0x1234));
    slots.resize(6, exit_slot());
    const LoadOptions options{.byte_order = order, .profile = Profile::base};
    std::array<State, 2> states;
    std::array<std::array<u8, 64>, 2> memory;
    std::array<Outcome, 2> outcomes;
    for (const std::size_t by_formula : {0u, 1u}) {
        for (std::size_t i = 0; i < memory[0].size(); ++i)
            memory[by_formula][i] = static_cast<u8>(0x5a + 37 * i);
        State& state = states[by_formula];
        state.memory = memory[by_formula];
        set_up_entry(state);
        state.registers[0] = 0x1234'5678'0000'0001;
        state.registers[7] = dst;
        state.registers[8] = src;
        Program program = load(slots, options);
        if (by_formula != 0) {
            changeable_code(program)[0].step = step_formula;
            changeable_code(program)[0].formula = &formula;
        }
        outcomes[by_formula] = run(program, state, {.instruction_limit = 50}); // of jumps backward
    }
    EXPECT_EQ(states[0].registers, states[1].registers)
        << std::hex << dst << ' ' << src << ' ' << imm;
    EXPECT_EQ(memory[0], memory[1]);
    EXPECT_EQ(outcomes[0].index(), outcomes[1].index());
}

// The RFC's own rows are held against functions that share nothing with formulas.
TEST(extensions, formulas_compute_what_the_rfc_s_functions_do) {
    std::size_t rows = 0;
    for (const InstructionRow& row : instruction_table()) {
        const bool computes = row.section == "4.1" || row.section == "4.2" ||
                              (row.section == "4.3" && row.mnemonic[0] == 'j');
        if (!computes && row.mnemonic != "lddw")
            continue;
        ++rows;
        for (const ByteOrder order : {ByteOrder::little, ByteOrder::big})
            for (const u64 dst : operands)
                for (const u64 src : operands)
                    compare(row, dst, src,
                            row.imm.kind == FieldRule::Kind::any ? static_cast<s32>(src) : 0,
                            order);
    }
    EXPECT_GT(rows, 110u);
}

TEST(extensions, formulas_reach_memory_as_the_rfc_s_functions_do) {
    std::size_t rows = 0;
    for (const InstructionRow& row : instruction_table()) {
        if (row.section != "5.1" && row.section != "5.2" && row.section != "5.3")
            continue;
        ++rows;
        const bool is_load = class_of(row.opcode) == Class::LDX;
        for (const ByteOrder order : {ByteOrder::little, ByteOrder::big})
            for (const u64 value : operands)
                for (const u64 address : {memory_address + 8, memory_address + 61})
                    compare(row, is_load ? value : address, is_load ? address : value, 5, order);
    }
    EXPECT_EQ(rows, 4u + 3u + 8u + 20u);
}

TEST(extensions, mistakes_in_formulas) {
    const std::vector<std::tuple<std::string_view, std::size_t, std::string_view>> mistakes{
        {"", 0, "expected dst, src"},
        {"dst", 3, "expected '='"},
        {"dst = ", 6, "expected dst, src, R0"},
        {"dst = src +", 11, "expected dst"},
        {"dst = (src", 10, "expected ')'"},
        {"dst = src ? 1", 13, "expected ':'"},
        {"dst = src src", 10, "expected an operator"},
        {"dst = old", 6, "'old' has no value yet"},
        {"dst = src; old", 14, "expected '='"},
        {"imm = 1", 0, "expected dst, src"},
        {"PC = dst", 3, "expected '+='"},
        {"dst = *(u24 *)(src)", 8, "expected a type"},
        {"dst = call(1)", 6, "expected le16"},
        {"dst = PC", 6, "expected dst"},
        {"dst = 0x", 6, "not a number"},
        {"dst = 12a", 6, "not a number"},
        {"dst = 99999999999999999999", 6, "not a number"},
        {"*(u8 *)(dst)", 12, "expected '='"}};
    for (const auto& [text, at, what] : mistakes) {
        const auto result = Formula::parse(text);
        const auto* error = std::get_if<FormulaError>(&result);
        ASSERT_NE(error, nullptr) << text;
        EXPECT_EQ(error->at, at) << text;
        EXPECT_NE(error->what.find(what), std::string::npos) << text << ": " << error->what;
    }
    const std::string deep = "dst = " + std::string(100, '(') + "1" + std::string(100, ')');
    EXPECT_TRUE(std::holds_alternative<FormulaError>(Formula::parse(deep)));
}

TEST(extensions, what_a_formula_leaves_undefined_is_a_fault) {
    for (const std::string_view text : {"dst = dst / src", "dst = dst % src", "dst = dst << imm",
                                        "dst = (u32)dst >> (imm & 0x3f)"}) {
        Program program = load({slot("mov64_reg", {.dst = 0, .src = 1, .imm = 0}), exit_slot()},
                               {.profile = Profile::base});
        changeable_code(program)[0].step = step_formula;
        changeable_code(program)[0].formula = &parsed(text);
        changeable_code(program)[0].imm = text.find("/") == text.npos ? 64 : 0;
        State state = entry_state();
        state.registers[1] = 0;
        if (text.find("u32") != text.npos)
            changeable_code(program)[0].imm = 32;
        EXPECT_TRUE(faulted(run(program, state), FaultReason::undefined_formula, 0)) << text;
    }
}

TEST(extensions, facts_of_a_formula) {
    const Formula& formula = parsed("old = *(u32 *)(dst + offset); "
                                    "*(u32 *)(dst + offset) = old + (u32)src; R0 = old");
    EXPECT_TRUE(formula.reads("dst"));
    EXPECT_TRUE(formula.reads("offset"));
    EXPECT_FALSE(formula.reads("imm"));
    EXPECT_TRUE(formula.stores());
    EXPECT_TRUE(formula.writes("R0"));
    EXPECT_FALSE(formula.writes("dst"));
    EXPECT_EQ(written_register_of(formula, {.dst_reg = 3, .src_reg = 4}), 0);
    EXPECT_EQ(written_register_of(parsed("src = 1"), {.dst_reg = 3, .src_reg = 4}), 4);
    EXPECT_EQ(written_register_of(parsed("PC += choice() ? offset : 0"), {.dst_reg = 3}),
              std::nullopt);
    EXPECT_FALSE(formula.chooses());
    EXPECT_TRUE(parsed("PC += choice() ? offset : 0").chooses());
}

TEST(extensions, the_one_place_in_memory_that_a_formula_reaches) {
    const auto load = parsed("dst = *(s16 *)(src + offset)").reach();
    ASSERT_TRUE(load);
    EXPECT_TRUE(load->base_is_src);
    EXPECT_EQ(load->size, 2);
    EXPECT_TRUE(load->loads && load->is_signed && !load->stores);
    const auto store = parsed("*(u64 *)(dst + offset) = src").reach();
    ASSERT_TRUE(store);
    EXPECT_FALSE(store->base_is_src || store->loads);
    EXPECT_EQ(store->size, 8);
    EXPECT_TRUE(store->stores);
    const auto both = parsed("*(u32 *)(dst + offset) = *(u32 *)(dst + offset) + 1").reach();
    ASSERT_TRUE(both);
    EXPECT_TRUE(both->loads && both->stores);
    for (const std::string_view text :
         {"dst = src", "dst = *(u8 *)(src)", "dst = *(u8 *)(src + imm)",
          "dst = *(u8 *)(src - offset)", "*(u32 *)(dst + offset) = *(u32 *)(src + offset)",
          "*(u32 *)(dst + offset) = *(u16 *)(dst + offset)"})
        EXPECT_FALSE(parsed(text).reach()) << text;
}

} // namespace
} // namespace bpf_assay
