// Lists of known divergences: what they match, and what is wrong with a list.
#include "conformance/divergences.hpp"

#include "conformance/group_summary.hpp"
#include "conformance/results_words.hpp"
#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

namespace bpf_assay::conformance {
namespace {

using namespace test;
using testing::HasSubstr;

class Divergences : public testing::Test {
protected:
    std::filesystem::path write(std::string_view list) const {
        return m_folder.write("known.yaml", list);
    }
    static VectorResult with(Outcome outcome) {
        VectorResult result;
        result.outcome = outcome;
        result.why = "r3 differs";
        return result;
    }
    VectorResult apply(std::string_view list, Outcome outcome) const {
        VectorResult result = with(outcome);
        apply_divergences(load_divergences(write(list)), m_hello, m_profile, m_vector, result);
        return result;
    }

    TemporaryFolder m_folder;
    RunProfile m_profile = RunProfile::standard;
    Vector m_vector = vector_of("    asm: r3 = 1\n    after: {r3: 1}\n"); // test/vector
    Hello m_hello = [] {
        Hello hello;
        hello.name = "ubpf";
        hello.version = "1.2.3";
        hello.engine = "jit";
        hello.message = {
            {"environment", {{"options", "--engine jit --blind"}, {"machine", "x86_64"}}}};
        return hello;
    }();
};

constexpr auto list = "divergences:\n"
                      "- runtime: ubpf\n"
                      "  versions: 1.2.*\n"
                      "  vectors: [other/*, test/*]\n"
                      "  outcome: wrong\n"
                      "  reason: bug 7\n"
                      "  date: 2026-01-31\n";

TEST_F(Divergences, a_known_failure_is_expected) {
    const VectorResult result = apply(list, Outcome::wrong);
    EXPECT_EQ(result.outcome, Outcome::expected_failure);
    EXPECT_EQ(result.why, "wrong: r3 differs (known, 2026-01-31: bug 7)");
    EXPECT_EQ(known_outcome(result), Outcome::wrong);
    EXPECT_EQ(known_outcome(with(Outcome::wrong)), std::nullopt);
    EXPECT_EQ(known_outcome(with(Outcome::expected_failure)), std::nullopt);
    EXPECT_FALSE(diverges(result));
}

TEST_F(Divergences, one_entry_serves_several_runtimes) {
    std::string several = list;
    several.replace(several.find("ubpf"), 4, "[ubpf_windows, ubpf]");
    EXPECT_EQ(apply(several, Outcome::wrong).outcome, Outcome::expected_failure);
    m_hello.name = "ubpf_windows";
    EXPECT_EQ(apply(several, Outcome::wrong).outcome, Outcome::expected_failure);
    m_hello.name = "ubpf_win";
    EXPECT_EQ(apply(several, Outcome::wrong).outcome, Outcome::wrong);
}

TEST_F(Divergences, a_pass_where_a_failure_is_known_asks_for_the_list_to_be_cleaned) {
    for (const Outcome outcome : {Outcome::pass, Outcome::pass_not_executed}) {
        const VectorResult result = apply(list, outcome);
        EXPECT_EQ(result.outcome, Outcome::unexpected_pass);
        EXPECT_EQ(result.why, "passes, but is listed as wrong since 2026-01-31: bug 7");
        EXPECT_TRUE(diverges(result));
    }
}

TEST_F(Divergences, of_several_entries_that_with_the_outcome) {
    std::string two = list;
    two += std::string(list).substr(std::string(list).find("- runtime"));
    two.replace(two.find("outcome: wrong"), 14, "outcome: crash");
    EXPECT_EQ(apply(two, Outcome::wrong).outcome, Outcome::expected_failure);
    EXPECT_EQ(apply(two, Outcome::crash).outcome, Outcome::expected_failure);
    EXPECT_EQ(apply(two, Outcome::timeout).outcome, Outcome::timeout);
    EXPECT_EQ(apply(two, Outcome::pass).outcome, Outcome::unexpected_pass);
}

TEST_F(Divergences, a_known_outcome_does_not_hide_another_one) {
    VectorResult result = with(Outcome::wrong);
    result.untolerated = {Outcome::wrong, Outcome::fault};
    apply_divergences(load_divergences(write(list)), m_hello, m_profile, m_vector, result);
    EXPECT_EQ(result.outcome, Outcome::wrong);
    EXPECT_EQ(result.why, "r3 differs (known, but not all that came out is)");
}

TEST_F(Divergences, what_is_tolerated_needs_no_list) {
    VectorResult result = with(Outcome::wrong);
    result.tolerated = true;
    apply_divergences(load_divergences(write(list)), m_hello, m_profile, m_vector, result);
    EXPECT_EQ(result.outcome, Outcome::wrong);
}

TEST_F(Divergences, what_happens_sometimes_may_pass) {
    const std::string sometimes = std::string(list) + "  sometimes: true\n";
    EXPECT_EQ(apply(sometimes, Outcome::pass).outcome, Outcome::pass);
    EXPECT_EQ(apply(sometimes, Outcome::wrong).outcome, Outcome::expected_failure);
}

TEST_F(Divergences, another_failure_is_not_excused) {
    for (const Outcome outcome : {Outcome::crash, Outcome::timeout, Outcome::rejected,
                                  Outcome::not_run, Outcome::unsupported}) {
        EXPECT_EQ(apply(list, outcome).outcome, outcome);
        EXPECT_EQ(apply(list, outcome).why, "r3 differs");
    }
}

TEST_F(Divergences, of_another_runtime_version_or_vector) {
    m_hello.version = "1.3";
    EXPECT_EQ(apply(list, Outcome::wrong).outcome, Outcome::wrong);
    m_hello.version = "1.2.3";
    m_hello.name = "rbpf";
    EXPECT_EQ(apply(list, Outcome::wrong).outcome, Outcome::wrong);
    m_hello.name = "ubpf";
    m_vector.id = "third/vector";
    EXPECT_EQ(apply(list, Outcome::wrong).outcome, Outcome::wrong);
}

TEST_F(Divergences, a_list_without_versions_means_all) {
    std::string all = list;
    all.erase(all.find("  versions"), all.find("  vectors") - all.find("  versions"));
    EXPECT_EQ(apply(all, Outcome::wrong).outcome, Outcome::expected_failure);
}

TEST_F(Divergences, of_another_engine_or_other_options) {
    const auto with_key = [&](const std::string& key) {
        return apply(fmt::format("{}  {}\n", list, key), Outcome::wrong).outcome;
    };
    EXPECT_EQ(with_key("engine: jit"), Outcome::expected_failure);
    EXPECT_EQ(with_key("engine: interpreter"), Outcome::wrong);
    EXPECT_EQ(with_key("options: '*--blind*'"), Outcome::expected_failure);
    EXPECT_EQ(with_key("options: '*--engine cranelift*'"), Outcome::wrong);
    EXPECT_EQ(with_key("machine: x86_64"), Outcome::expected_failure);
    EXPECT_EQ(with_key("machine: aarch64"), Outcome::wrong);
    m_hello.message = nlohmann::json::object();
    EXPECT_EQ(with_key("options: '*--blind*'"), Outcome::wrong);
    EXPECT_EQ(with_key("options: '*'"), Outcome::expected_failure);
}

TEST_F(Divergences, a_profile_too_small_to_show_it_may_pass) {
    const std::string seen_in_full = std::string(list) + "  profile: full\n";
    EXPECT_EQ(apply(seen_in_full, Outcome::pass).outcome, Outcome::pass);
    EXPECT_EQ(apply(seen_in_full, Outcome::wrong).outcome, Outcome::expected_failure);
    m_profile = RunProfile::full;
    EXPECT_EQ(apply(seen_in_full, Outcome::pass).outcome, Outcome::unexpected_pass);
}

TEST_F(Divergences, mistakes_in_a_list) {
    const auto error = [&](std::string_view from, std::string_view to) {
        std::string text = list;
        text.replace(text.find(from), from.size(), to);
        return error_of([&] { load_divergences(write(text)); });
    };
    EXPECT_EQ(error("ubpf", "ubpf"), "");
    EXPECT_THAT(error("divergences", "divergence"), HasSubstr("known.yaml:1:1: unknown key"));
    EXPECT_THAT(error("  reason: bug 7\n", ""),
                HasSubstr("known.yaml:2:3: key 'reason' is missing"));
    EXPECT_THAT(error("ubpf", "[]"),
                HasSubstr("known.yaml:2:12: runtime is an empty list; expected the names"));
    EXPECT_THAT(error("versions", "version"), HasSubstr("known.yaml:3:3: unknown key 'version'"));
    EXPECT_THAT(error("[other/*, test/*]", "test/*"),
                HasSubstr("known.yaml:4:12: expected vectors: a list"));
    EXPECT_THAT(error("outcome: wrong", "outcome: pass"),
                HasSubstr("known.yaml:5:12: 'pass' is no failure; expected wrong, rejected"));
    EXPECT_THAT(error("2026-01-31", "yesterday"),
                HasSubstr("known.yaml:7:9: 'yesterday' is not a date YYYY-MM-DD"));
    EXPECT_THAT(error("versions: 1.2.*", "engine: cranelift"),
                HasSubstr("known.yaml:3:11: 'cranelift' is no engine; expected interpreter, jit"));
    EXPECT_THAT(error("versions: 1.2.*", "profile: large"),
                HasSubstr("known.yaml:3:12: 'large' is no profile; expected smoke, default"));
    EXPECT_THAT(error_of([&] { load_divergences(m_folder.path() / "none.yaml"); }),
                testing::EndsWith("none.yaml: cannot be read"));
}

} // namespace
} // namespace bpf_assay::conformance
