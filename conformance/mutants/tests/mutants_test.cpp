// The mutants, what catches them, and the list of those that nothing can catch.
#include "conformance/error.hpp"
#include "conformance/loader.hpp"
#include "conformance/mutants/catalogue.hpp"
#include "conformance/mutants/equivalents.hpp"
#include "conformance/mutants/hunt.hpp"
#include "conformance/mutants/report.hpp"

#include "reference_vm/all_rows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

namespace bpf_assay::conformance::mutants {
namespace {

using testing::HasSubstr;

const std::filesystem::path source = ASSAY_SOURCE_DIR;

const Suite& suite() {
    static const Suite loaded = load_suite(source / "vectors", source / "docs/clauses.yaml");
    return loaded;
}

std::vector<const Vector*> all_vectors() {
    std::vector<const Vector*> vectors;
    for (const Vector& vector : suite().vectors)
        if (vector.extension.empty() || running_extensions().contains(vector.extension))
            vectors.push_back(&vector);
    return vectors;
}

Hunter& hunter() {
    static const auto vectors = all_vectors();
    static Hunter shared(vectors, ByteOrder::little, RunProfile::smoke);
    return shared;
}

const Mutants& catalogue() {
    static const Mutants all = [] {
        Mutants mutants = systematic_mutants();
        std::ranges::move(bug_mutants(), std::back_inserter(mutants));
        return mutants;
    }();
    return all;
}

const Mutant& mutant_named(std::string_view id) {
    const auto found = std::ranges::find(catalogue(), id, &Mutant::id);
    EXPECT_NE(found, catalogue().end()) << id;
    return *found;
}

TEST(mutants, have_ids_of_their_own) {
    std::set<std::string> ids;
    for (const Mutant& mutant : catalogue())
        EXPECT_TRUE(ids.insert(mutant.id).second) << mutant.id;
}

TEST(mutants, are_of_many_kinds) {
    std::map<std::string, std::size_t> counts;
    const Mutants systematic = systematic_mutants();
    for (const Mutant& mutant : systematic)
        ++counts[mutant.mutation];
    EXPECT_GE(systematic.size(), 400);
    for (const auto& [mutation, count] : counts)
        EXPECT_LE(count * 100, systematic.size() * 15) << mutation;
}

TEST(mutants, are_of_the_instructions_that_run) {
    std::set<const InstructionRow*> rows;
    for (const Mutant& mutant : catalogue())
        for (const InstructionRow* row : mutant.rows) {
            EXPECT_EQ(row->extension, mutant.rows.front()->extension) << mutant.id;
            rows.insert(row);
        }
    for (const InstructionRow& row : extension_table())
        EXPECT_EQ(rows.contains(&row), running_extensions().contains(row.extension))
            << row.mnemonic;
}

TEST(mutants, are_wrong_in_one_way) {
    for (const Mutant& mutant : catalogue()) {
        const int ways =
            (mutant.step ? 1 : 0) + (mutant.overlooks ? 1 : 0) + (mutant.refuses ? 1 : 0);
        EXPECT_EQ(ways, 1) << mutant.id;
        EXPECT_FALSE(mutant.what.empty()) << mutant.id;
    }
}

TEST(hunt, does_not_catch_the_reference_vm) {
    Mutant right{.id = "right", .mutation = "none", .what = "nothing", .rows = {}};
    for (const InstructionRow& row : instruction_table())
        right.rows.push_back(&row);
    right.step = [](Machine& vm, const Instruction& in, Step original) { return original(vm, in); };
    const Hunt hunt = hunter().hunt(right);
    EXPECT_FALSE(hunt.kill.has_value());
    EXPECT_GT(hunt.programs, 1000);
    EXPECT_GT(hunt.executions, hunt.programs);
}

TEST(hunt, does_not_catch_the_reference_vm_with_extensions) {
    for (const Extension& extension : extensions()) {
        Mutant right{.id = "right", .mutation = "none", .what = "nothing", .rows = {}};
        for (const InstructionRow& row : extension_table())
            if (row.extension == extension.name)
                right.rows.push_back(&row);
        right.step = [](Machine& vm, const Instruction& in, Step original) {
            return original(vm, in);
        };
        const Hunt hunt = hunter().hunt(right);
        EXPECT_FALSE(hunt.kill.has_value()) << extension.name;
        EXPECT_EQ(hunt.executions != 0, extension.runs) << extension.name;
    }
}

TEST(hunt, a_mutant_meets_the_vectors_of_its_own_instructions) {
    const Hunt acquire = hunter().hunt(mutant_named("access-size/load_acquire16/load_acquire8"));
    ASSERT_TRUE(acquire.kill.has_value());
    EXPECT_EQ(acquire.kill->vector->extension, "x-acqrel");
    const Hunt load = hunter().hunt(mutant_named("access-size/ldxh/ldxb"));
    ASSERT_TRUE(load.kill.has_value());
    EXPECT_EQ(load.kill->vector->extension, "");
}

/// A jump that is right if the runtime chooses not to take it.
TEST(hunt, tries_what_the_runtime_may_choose) {
    Mutant wrong{.id = "wrong", .mutation = "none", .what = "jumps to itself", .rows = {}};
    wrong.rows = {find_row("may_goto")};
    wrong.step = [](Machine& vm, const Instruction& in, Step original) {
        return vm.choose() ? vm.fault(FaultReason::outside_program, in) : original(vm, in);
    };
    const Hunt hunt = hunter().hunt(wrong);
    ASSERT_TRUE(hunt.kill.has_value());
    EXPECT_EQ(hunt.kill->how, "fault");
}

TEST(hunt, does_not_catch_checks_that_overlook_nothing) {
    Mutant right{.id = "right", .mutation = "none", .what = "nothing", .rows = {}};
    right.overlooks = [](const Refused&, std::span<const Slot>) { return false; };
    EXPECT_FALSE(hunter().hunt(right).kill.has_value());
}

class HandPicked : public testing::TestWithParam<const char*> {};

TEST_P(HandPicked, is_caught) {
    const Hunt hunt = hunter().hunt(mutant_named(GetParam()));
    EXPECT_TRUE(hunt.kill.has_value());
}

INSTANTIATE_TEST_SUITE_P(
    mutants, HandPicked,
    testing::Values("other-operation/add64_reg/sub", "missing-zero-extension/mov32_reg",
                    "shift-count/lsh32_reg/mask-63", "zero-divisor/mod32_reg/untouched",
                    "min-by-minus-one/sdiv64_reg/ends", "imm-zero-extended/jgt64_imm",
                    "movsx/movsx64_8_reg/as-mov", "swap-order/le16/be", "swap-uncut/bswap32",
                    "other-condition/jsgt64_imm/jsge", "distance-narrow/jle32_reg/15-bits",
                    "distance-field/ja32", "offset-min/atomic_fetch_add64",
                    "load-extension/ldxsb/to-32-bits", "memory-order/stxw",
                    "atomic-fetch/xchg32/upper-half-kept", "compare-exchange/cmpxchg32/whole-r0",
                    "call-registers/exit/r6-not-kept", "call-frame/call_local/shared",
                    "helper-call/call_helper/r4-and-r5", "helper-call/call_helper/r6-clobbered",
                    "bug/ubpf-win64-fifth-helper-arg", "wide-immediate/lddw/low-sign-extended",
                    "packet-bounds/ldindh/goes-on", "result-elsewhere/mul64_reg",
                    "offset-negated/ldxw", "stored-part/stxh/next", "store-fetches/stxdw",
                    "load-writes/ldxb/exchanged", "load-extension/load_acquire32/sign",
                    "access-size/load_acquire8/load_acquire16", "offset-unsigned/load_acquire64",
                    "load-writes/load_acquire16/exchanged", "memory-order/store_release16",
                    "stored-part/store_release16/highest", "store-fetches/store_release64",
                    "other-row/load_acquire32/store_release32", "other-row/store_release64/xchg64",
                    "registers-swapped/store_release8", "r10-accepted/load_acquire8",
                    "variant-accepted/store_release64/imm-9-bits",
                    "register-number-accepted/load_acquire16/src",
                    "distance-narrow/may_goto/15-bits", "distance-off-by-one/may_goto/plus",
                    "target-accepted/may_goto/into-wide", "unused-imm-accepted/exit",
                    "opcode-accepted/0x8d", "bug/ubpf-x86-fetch-src-r0",
                    "bug/linux-sparc64-branch-after-lddw", "bug/dpdk-first-insn-cond-jump"));

TEST(hunt, names_the_vector_and_how) {
    const Hunt hunt = hunter().hunt(mutant_named("unary/neg32/nothing"));
    ASSERT_TRUE(hunt.kill.has_value());
    EXPECT_THAT(hunt.kill->vector->tests, testing::Contains(find_row("neg32")));
    EXPECT_EQ(hunt.kill->how, "wrong");
}

std::string error_of_list(std::string_view text) {
    const auto path = std::filesystem::temp_directory_path() / "bpf-assay-equivalents.yaml";
    std::ofstream(path) << text;
    try {
        load_equivalents(path, catalogue(), ByteOrder::little);
    } catch (const InputError& error) {
        return error.what();
    }
    return {};
}

TEST(equivalents, of_the_suite_can_be_read) {
    for (const ByteOrder order : {ByteOrder::little, ByteOrder::big})
        EXPECT_FALSE(
            load_equivalents(source / "conformance/mutants/equivalent.yaml", catalogue(), order)
                .empty());
}

TEST(equivalents, must_exist_once) {
    EXPECT_THAT(error_of_list("equivalent:\n  - mutants: [no/such]\n    proof: p\n"),
                HasSubstr(":2:15: there is no mutant 'no/such'"));
    EXPECT_THAT(error_of_list("equivalent:\n  - mutants: [unary/neg32/r0, unary/neg32/r0]\n"
                              "    proof: p\n"),
                HasSubstr("'unary/neg32/r0' is listed twice"));
}

TEST(verdicts, hold_the_list_to_its_word) {
    const Mutant& mutant = mutant_named("unary/neg32/nothing");
    const std::vector<const Mutant*> one{&mutant};
    const Hunt killed{.kill = Kill{.vector = &suite().vectors.front(), .how = "wrong"}};
    const Equivalents listed{{mutant.id, "a proof"}};
    const auto status = [&](const Hunt& hunt, const Equivalents& equivalents) {
        const auto verdicts = verdicts_of(one, {hunt}, equivalents);
        EXPECT_EQ(all_caught(verdicts),
                  verdicts[0].status == Status::killed || verdicts[0].status == Status::equivalent);
        return verdicts[0].status;
    };
    EXPECT_EQ(status(killed, {}), Status::killed);
    EXPECT_EQ(status({}, {}), Status::survived);
    EXPECT_EQ(status({}, listed), Status::equivalent);
    EXPECT_EQ(status(killed, listed), Status::wrongly_listed);
}

TEST(verdicts, mutants_of_drafts_may_survive) {
    const std::vector<const Mutant*> one{&mutant_named("distance-off-by-one/may_goto/plus")};
    EXPECT_FALSE(all_caught(verdicts_of(one, {Hunt{}}, {})));
    EXPECT_TRUE(all_caught(verdicts_of(one, {Hunt{}}, {}), {"x-maygoto"}));
    EXPECT_FALSE(all_caught(verdicts_of(one, {Hunt{}}, {}), {"x-acqrel"}));
}

} // namespace
} // namespace bpf_assay::conformance::mutants
