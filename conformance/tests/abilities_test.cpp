// Vectors that need a helper function or threads, and runtimes that have them or not.
#include "conformance/abilities.hpp"

#include "conformance/group_summary.hpp"
#include "conformance/runner.hpp"
#include "conformance/tests/loader_mistake.hpp"
#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace bpf_assay::conformance {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view twice_mix = "    asm: 'call {mix}; r1 = r0; call {mix}; call {copy}'\n"
                                       "    after: {}\n";
constexpr std::string_view two_threads = "    program: r0 = 0; exit\n    threads: 2\n"
                                         "    times: 3\n    after: {r0: 0}\n";

TEST(abilities, roles_have_their_names_and_ids_of_their_own) {
    for (const HelperRole role : all_helper_roles) {
        EXPECT_EQ(helper_role_from_name(name_of(role)), role);
        for (const HelperRole other : all_helper_roles)
            EXPECT_EQ(reserved_id(role) == reserved_id(other), role == other);
    }
    EXPECT_EQ(helper_role_from_name("Mix"), std::nullopt);
}

TEST(abilities, a_call_of_a_helper_has_a_reserved_id_until_the_runtime_names_its_own) {
    const Vector vector = vector_of(twice_mix);
    EXPECT_THAT(vector.helpers, ElementsAre(HelperRole::mix, HelperRole::copy));
    HelperIds ids;
    ids[HelperRole::mix] = 0xffff'fff0;
    const auto calls = [&](const HelperIds& known) {
        const auto experiment =
            make_experiment(vector, 0, {.stores_pointers = false, .helpers = known});
        std::vector<s32> imms;
        for (const Slot& slot : experiment->slots())
            if (slot.opcode == find_row("call_helper")->opcode)
                imms.push_back(slot.imm);
        return imms;
    };
    const auto mix = static_cast<s32>(reserved_id(HelperRole::mix));
    const auto copy = static_cast<s32>(reserved_id(HelperRole::copy));
    EXPECT_THAT(calls({}), ElementsAre(mix, mix, copy));
    EXPECT_THAT(calls(ids), ElementsAre(-16, -16, copy));
}

TEST(abilities, only_calls_of_helpers_have_their_id_replaced) {
    const s32 reserved = static_cast<s32>(reserved_id(HelperRole::mix));
    std::vector<Slot> slots = assembled(fmt::format("r0 = {0}; r1 = {0} ll; exit", reserved));
    slots.push_back({.opcode = find_row("call_local")->opcode, .src_reg = 1, .imm = reserved});
    const std::vector<Slot> before = slots;
    HelperIds ids;
    ids[HelperRole::mix] = 7;
    put_helper_ids(slots, ids);
    EXPECT_EQ(slots, before);
}

TEST(abilities, what_a_vector_lacks) {
    Hello hello;
    EXPECT_EQ(lacking(hello, vector_of("    asm: r0 = 1\n    after: {r0: 1}\n")), std::nullopt);
    EXPECT_EQ(lacking(hello, vector_of(twice_mix)), "helper mix");
    hello.helpers[HelperRole::mix] = 0;
    EXPECT_EQ(lacking(hello, vector_of(twice_mix)), "helper copy");
    hello.helpers[HelperRole::copy] = 1;
    EXPECT_EQ(lacking(hello, vector_of(twice_mix)), std::nullopt);
    EXPECT_EQ(lacking(hello, vector_of(two_threads)), "2 threads");
    hello.threads = 2;
    EXPECT_EQ(lacking(hello, vector_of(two_threads)), std::nullopt);
}

TEST(abilities, threads_of_a_vector) {
    const Vector vector = vector_of(two_threads);
    const auto experiment = make_experiment(vector, 0, {});
    EXPECT_EQ(experiment->concurrency().threads, 2);
    EXPECT_EQ(experiment->concurrency().times, 3);
    const Vector other = vector_of("    program: r0 = 0; exit\n    after: {r0: 0}\n");
    EXPECT_EQ(make_experiment(other, 0, {})->concurrency().threads, 1);
}

constexpr Mistake of_abilities[] = {
    {"unknown_helper", VECTOR "    asm: @@'call {mux}'\n    after: {}\n",
     "there is no helper 'mux'; docs/plugin-protocol.md lists them"},
    {"empty_helper", VECTOR "    program: @@'call {}; exit'\n    after: {r0: 1}\n",
     "there is no helper ''"},
    {"threads_of_an_explicit_vector",
     VECTOR "    asm: r0 = 1\n    after: {}\n    @@threads: 2\n    times: 2\n",
     "key 'threads' does not belong to an explicit vector"},
    {"threads_without_times", THIS_VECTOR "    program: exit\n    threads: 2\n    after: {r0: 1}\n",
     "key 'times' is missing"},
    {"times_without_threads", THIS_VECTOR "    program: exit\n    times: 2\n    after: {r0: 1}\n",
     "key 'threads' is missing"},
    {"one_thread", VECTOR "    program: exit\n    threads: @@1\n    times: 2\n    after: {r0: 1}\n",
     "threads"},
    {"no_times", VECTOR "    program: exit\n    threads: 2\n    times: @@0\n    after: {r0: 1}\n",
     "times"},
    {"threads_on_a_packet",
     VECTOR "    program: exit\n    packet: \"00\"\n    threads: @@2\n    times: 2\n"
            "    after: {r0: 1}\n",
     "a packet vector has none"},
};
INSTANTIATE_TEST_SUITE_P(abilities, LoaderMistake, testing::ValuesIn(of_abilities), name_of_case);

std::vector<const Vector*> vectors_where(auto predicate) {
    std::vector<const Vector*> found;
    for (const Vector& vector : suite().vectors)
        if (predicate(vector))
            found.push_back(&vector);
    return found;
}

std::vector<const Vector*> vectors_with_threads() {
    return vectors_where([](const Vector& vector) { return vector.concurrency.threads > 1; });
}

std::string plugin(const std::string& name, const std::string& arguments = "") {
    return "'" ASSAY_PLUGINS_DIR "/" + name + "'" + arguments;
}

RuntimeResult run_on(const std::vector<const Vector*>& vectors, const Runtime& runtime) {
    return run_vectors(vectors, {runtime}, {}).at(0);
}

std::size_t count(const RuntimeResult& result, Outcome outcome) {
    return static_cast<std::size_t>(
        std::ranges::count(result.results, outcome, &VectorResult::outcome));
}

TEST(helpers, every_vector_passes_on_a_runtime_that_has_them_all) {
    const auto vectors =
        vectors_where([](const Vector& vector) { return !vector.helpers.empty(); });
    const auto result = run_on(vectors, {.command = plugin("reference_vm")});
    EXPECT_EQ(result.vectors.size(), vectors.size());
    EXPECT_EQ(count(result, Outcome::pass), vectors.size());
    for (const HelperRole role : all_helper_roles)
        EXPECT_TRUE(std::ranges::any_of(vectors, [&](const Vector* vector) {
            return std::ranges::find(vector->helpers, role) != vector->helpers.end();
        })) << name_of(role);
}

TEST(helpers, a_runtime_without_them_runs_none_and_that_is_no_pass) {
    const auto vectors =
        vectors_where([](const Vector& vector) { return !vector.helpers.empty(); });
    for (const Runtime& runtime :
         {Runtime{.command = fake_plugin("good")},
          Runtime{.command = plugin("reference_vm"), .one_shot = OneShot{}}}) {
        const auto result = run_on(vectors, runtime);
        EXPECT_THAT(result.results, IsEmpty());
        EXPECT_EQ(result.not_offered.size(), vectors.size());
        EXPECT_EQ(result.not_offered.front().vector, vectors.front());
        EXPECT_EQ(exit_status({result}), 2); // nothing ran
    }
}

TEST(threads, the_reference_vm_does_not_claim_them) {
    const auto vectors = vectors_with_threads();
    EXPECT_GE(vectors.size(), 20);
    const auto result = run_on(vectors, {.command = plugin("reference_vm")});
    EXPECT_THAT(result.results, IsEmpty());
    EXPECT_EQ(result.not_offered.size(), vectors.size());
    EXPECT_EQ(result.not_offered.front().needs, "2 threads");
}

TEST(threads, every_vector_passes_if_the_operations_are_atomic) {
    const auto vectors = vectors_with_threads();
    const auto result = run_on(vectors, {.command = plugin("racing_vm", " --locked")});
    EXPECT_EQ(count(result, Outcome::pass), vectors.size());
}

// A matter of chance, so each vector has a few chances; on a single CPU it has hardly any.
TEST(threads, every_vector_fails_if_they_are_not) {
    if (std::thread::hardware_concurrency() < 2)
        GTEST_SKIP() << "threads cannot run at the same time on one CPU";
    auto left = vectors_with_threads();
    for (int attempt = 0; attempt < 20 && !left.empty(); ++attempt) {
        const auto result = run_on(left, {.command = plugin("racing_vm")});
        std::vector<const Vector*> held;
        for (std::size_t i = 0; i < result.vectors.size(); ++i)
            if (result.results[i].outcome != Outcome::wrong)
                held.push_back(result.vectors[i]);
        left = held;
    }
    for (const Vector* vector : left)
        ADD_FAILURE() << vector->id << " never showed that the operation is not atomic";
}

} // namespace
} // namespace bpf_assay::conformance
