// Which options decide what a run comes to.
#include "reports/run_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpf_assay::reports {
namespace {

using conformance::RunDescription;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(RunOptions, the_order_of_a_selection_says_nothing) {
    EXPECT_THAT(chosen_by({{"ids", {"v/2", "v/1", "v/2"}},
                           {"--extensions", {"all"}},
                           {"--vectors", {"elsewhere"}}}),
                ElementsAre(Pair("ids", ElementsAre("v/1", "v/2"))));
    EXPECT_THAT(chosen_by({{"--extensions", {"none"}}}),
                ElementsAre(Pair("--extensions", ElementsAre("none"))));
}

TEST(RunOptions, defaults_and_bystanders_decide_nothing) {
    RunDescription run{.command_line = {},
                       .options = {{"--verbose", {"true"}},
                                   {"--list", {"false"}},
                                   {"--unavailable-status", {"77"}},
                                   {"--output", {"r.json"}},
                                   {"--jobs", {"3"}},
                                   {"--shard", {"1/2"}},
                                   {"--strict", {"false"}},
                                   {"--profile", {"default"}},
                                   {"--plugin", {"reference_vm"}},
                                   {"--r0-bits", {"64"}}},
                       .profile = "default"};
    EXPECT_THAT(deciding_options(run), ElementsAre(Pair("--profile", "default")));
    run.options["--one-shot"] = {"./my-vm"}; // with which the reference VM is one more
    run.strict = true;
    run.selection = {{"--group", {"base64", "base32"}}};
    EXPECT_THAT(deciding_options(run),
                ElementsAre(Pair("--group", "base32 base64"), Pair("--one-shot", "./my-vm"),
                            Pair("--plugin", "reference_vm"), Pair("--profile", "default"),
                            Pair("--strict", "given")));
}

TEST(RunOptions, a_command_without_bystanders) {
    const auto rest = [](std::vector<std::string> words) {
        return without_bystanders({.command_line = std::move(words)}).command_line;
    };
    EXPECT_THAT(rest({"run", "-o", "r.json", "--jobs=2", "-v", "-j4", "--shard", "1/2", "--verbose",
                      "--unavailable-status=77", "--list=false", "v/*"}),
                ElementsAre("run", "v/*"));
    EXPECT_THAT(rest({"--one-shot", "--outputs", "--vectors", "x", "-verbose"}),
                ElementsAre("--one-shot", "--outputs", "--vectors", "x", "-verbose"));
    EXPECT_THAT(rest({"-o"}), IsEmpty());
}

} // namespace
} // namespace bpf_assay::reports
