#include "reports/mutation_score.hpp"

#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpf_assay::reports {
namespace {

using namespace conformance::test;
using nlohmann::json;
using testing::HasSubstr;

class MutationScore : public testing::Test {
protected:
    json read(const json& file) const {
        return read_mutation_score(m_folder.write("score.json", file.dump()).string());
    }
    std::string complaint(const json& file) const {
        return error_of([&] { read(file); });
    }

    json m_file{{"format", "bpf-assay-mutants"},
                {"version", 1},
                {"vectors_digest", "d"},
                {"operators",
                 {{{"operator", "a"},
                   {"generated", 5},
                   {"killed", 3},
                   {"killed_by_smoke", 2},
                   {"equivalent", 1},
                   {"survived", 1}},
                  {{"operator", "b"},
                   {"generated", 2},
                   {"killed", 2},
                   {"killed_by_smoke", 2},
                   {"equivalent", 0},
                   {"survived", 0}}}},
                {"mutants",
                 {{{"id", "a/1"}, {"what", "it adds"}, {"status", "survived"}},
                  {{"id", "a/2"}, {"what", "it takes"}, {"status", "killed"}}}}};

private:
    TemporaryFolder m_folder;
};

TEST_F(MutationScore, is_summed_up) {
    const json score = read(m_file);
    EXPECT_EQ(score["generated"], 7);
    EXPECT_EQ(score["killed"], 5);
    EXPECT_EQ(score["killed_by_smoke"], 4);
    EXPECT_EQ(score["equivalent"], 1);
    EXPECT_EQ(score["survived"], 1);
    EXPECT_EQ(score["vectors_digest"], "d");
    EXPECT_EQ(score["operators"], m_file["operators"]);
    EXPECT_EQ(score["survivors"], (json{{{"id", "a/1"}, {"what", "it adds"}}}));
}

TEST_F(MutationScore, files_that_are_none) {
    json file = m_file;
    file["format"] = "bpf-assay-results";
    EXPECT_THAT(complaint(file), HasSubstr("score.json: is no score of `bpf-assay mutants"));
    file = m_file;
    file.erase("vectors_digest");
    EXPECT_THAT(complaint(file), HasSubstr("score.json: "));
    file = m_file;
    file["operators"][0].erase("killed");
    EXPECT_THAT(complaint(file), HasSubstr("score.json: "));
    file = m_file;
    file["operators"][0]["survived"] = 0;
    EXPECT_THAT(complaint(file), HasSubstr("its counts are not those of its mutants"));
    EXPECT_THAT(error_of([] { read_mutation_score("/no/such"); }),
                HasSubstr("/no/such: cannot be read"));
}

} // namespace
} // namespace bpf_assay::reports
