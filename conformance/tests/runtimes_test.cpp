// The file of runtimes: what it declares, what can be chosen, and what is wrong with one.
#include "conformance/runtimes.hpp"

#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpf_assay::conformance {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr auto file = "runtimes:\n"
                      "- name: one\n"
                      "  command: \"'my vm' serve\"\n"
                      "  options: --quiet\n"
                      "  engines: {interpreter: '', jit: --jit 2}\n"
                      "  environment: {A: 1, B: two words}\n"
                      "  timeout: 3\n"
                      "  divergences: known.yaml\n"
                      "  install: apt-get install my-vm\n"
                      "- name: two\n"
                      "  command: ssh host vm\n"
                      "  one-shot: {r0_bits: 32, memory: xdp, max_memory: 3520, groups: [base64], "
                      "excluded: [ja32], faults: "
                      "[out of bounds]}\n"
                      "  install: ask the host\n";

constexpr auto known =
    "divergences:\n"
    "- {runtime: vm, vectors: [v], outcome: wrong, reason: r, date: 2026-01-01}\n";

class Runtimes : public testing::Test {
protected:
    Runtimes() { m_folder.write("known.yaml", known); }

    std::vector<DeclaredRuntime> load(std::string_view text) const {
        return load_runtimes(m_folder.write("runtimes.yaml", text));
    }
    std::vector<std::string> names(const std::vector<std::string>& choices) const {
        std::vector<std::string> names;
        for (const Runtime& runtime : choose_runtimes(load(file), choices))
            names.push_back(runtime.name);
        return names;
    }

    TemporaryFolder m_folder;
};

TEST_F(Runtimes, everything_that_can_be_declared) {
    const auto chosen = choose_runtimes(load(file), {"one:jit", "two"});
    ASSERT_EQ(chosen.size(), 2);
    const Runtime& one = chosen[0];
    EXPECT_THAT(one.words(), ElementsAre("my vm", "serve", "--quiet", "--jit", "2"));
    EXPECT_THAT(one.environment,
                ElementsAre(testing::Pair("A", "1"), testing::Pair("B", "two words")));
    EXPECT_EQ(one.deadline, std::chrono::seconds(3));
    EXPECT_EQ(one.install, "apt-get install my-vm");
    EXPECT_FALSE(one.one_shot.has_value());
    ASSERT_EQ(one.known_divergences.size(), 1);
    EXPECT_THAT(one.known_divergences[0].runtimes, ElementsAre("vm"));
    const Runtime& two = chosen[1];
    EXPECT_THAT(two.words(), ElementsAre("ssh", "host", "vm"));
    ASSERT_TRUE(two.one_shot.has_value());
    EXPECT_EQ(two.one_shot->r0_bits, 32);
    EXPECT_EQ(two.one_shot->memory, OneShotMemory::xdp);
    EXPECT_EQ(two.one_shot->max_memory, 3520);
    EXPECT_THAT(two.one_shot->groups, ElementsAre(Group::base64));
    EXPECT_THAT(two.one_shot->excluded, ElementsAre("ja32"));
    EXPECT_THAT(two.one_shot->faults, ElementsAre("out of bounds"));
    EXPECT_EQ(two.deadline, std::nullopt);
}

TEST_F(Runtimes, choices) {
    EXPECT_THAT(names({"all"}), ElementsAre("one:interpreter", "one:jit", "two"));
    EXPECT_THAT(names({"two", "one"}), ElementsAre("two", "one:interpreter", "one:jit"));
    EXPECT_THAT(names({"one:jit"}), ElementsAre("one:jit"));
    EXPECT_EQ(error_of([&] { names({"tow"}); }),
              "there is no runtime 'tow'; expected all, one, two");
    EXPECT_EQ(error_of([&] { names({"one:jot"}); }),
              "there is no engine of one 'jot'; expected interpreter, jit");
    EXPECT_EQ(error_of([&] { names({"two:jit"}); }),
              "the runtime 'two' has no engines to choose from");
}

TEST_F(Runtimes, mistakes_in_a_file) {
    const auto error = [&](std::string_view from, std::string_view to) {
        std::string text = file;
        text.replace(text.find(from), from.size(), to);
        return error_of([&] { load(text); });
    };
    EXPECT_EQ(error("one", "one"), "");
    EXPECT_THAT(error("runtimes:", "runtime:"), HasSubstr("runtimes.yaml:1:1: unknown key"));
    EXPECT_THAT(error("name: one", "name: all"), HasSubstr("runtimes.yaml:2:9: 'all' is no name"));
    EXPECT_THAT(error("name: one", "name: a:b"), HasSubstr("runtimes.yaml:2:9: 'a:b' is no name"));
    EXPECT_THAT(error("name: one", "name: two"),
                HasSubstr("runtimes.yaml:10:9: the runtime 'two' stands twice"));
    EXPECT_THAT(error("'my vm' serve", "'my vm serve"),
                HasSubstr("runtimes.yaml:3:12: unbalanced ' in the command"));
    EXPECT_THAT(error("\"'my vm' serve\"", "''"),
                HasSubstr("runtimes.yaml:3:12: the command is empty"));
    EXPECT_THAT(error("options", "option"), HasSubstr("runtimes.yaml:4:3: unknown key 'option'"));
    EXPECT_THAT(error("{interpreter: '', jit: --jit 2}", "[jit]"),
                HasSubstr("runtimes.yaml:5:12: expected engines: a map"));
    EXPECT_THAT(error("A: 1", "A=1: 1"),
                HasSubstr("runtimes.yaml:6:17: 'A=1' is no name of a variable"));
    EXPECT_THAT(error("timeout: 3", "timeout: 0"),
                HasSubstr("runtimes.yaml:7:12: timeout is 0; expected 1 to 86400"));
    EXPECT_THAT(error("known.yaml", "unknown.yaml"),
                testing::EndsWith("unknown.yaml: cannot be read"));
    EXPECT_THAT(error("  install: apt-get install my-vm\n", ""),
                HasSubstr("runtimes.yaml:2:3: key 'install' is missing"));
    EXPECT_THAT(error("r0_bits: 32", "r0_bits: 16"),
                HasSubstr("runtimes.yaml:12:23: r0_bits is 16; expected 32 or 64"));
    EXPECT_THAT(error("memory: xdp", "memory: r2"),
                HasSubstr("runtimes.yaml:12:35: 'r2' is no place for the memory"));
    EXPECT_THAT(error("install: ask the host", "install: \"a\\nb\""),
                HasSubstr("runtimes.yaml:13:12: install must be one line"));
}

/// What the project itself declares: a pattern that names no vector is out of date.
TEST(suite_runtimes, known_divergences_name_vectors) {
    const auto declared = load_runtimes(ASSAY_SOURCE_DIR "/plugins/runtimes.yaml");
    EXPECT_GE(declared.size(), 2);
    for (const DeclaredRuntime& runtime : declared)
        for (const KnownDivergence& divergence : runtime.runtime.known_divergences)
            for (const std::string& pattern : divergence.vectors)
                EXPECT_TRUE(std::ranges::any_of(
                    suite().vectors,
                    [&](const Vector& vector) { return matches_pattern(pattern, vector.id); }))
                    << runtime.name << ": " << pattern;
}

} // namespace
} // namespace bpf_assay::conformance
