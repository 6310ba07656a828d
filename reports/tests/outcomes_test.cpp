// Outcomes as they are read from files, and from results in memory.
#include "reports/outcomes.hpp"
#include "reports/tests/support.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpf_assay::reports {
namespace {

using namespace test;
using conformance::Outcome; // the reference VM has one, too
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// Results of every kind of outcome that a reader has to tell apart.
conformance::Results mixed(const conformance::Suite& suite) {
    conformance::Results results = passing(suite);
    conformance::RuntimeResult& runtime = results.runtimes[0];
    runtime.results[1].add(Outcome::wrong, "r1 differs");
    runtime.results[1].rows = {.total = 4, .run = 4, .passed = 3};
    runtime.results[2].add(Outcome::rejected, "no");
    runtime.results[2].tolerated = true;
    const conformance::Vector* last = runtime.vectors.back();
    runtime.vectors.pop_back();
    runtime.results.pop_back();
    runtime.not_offered.push_back({last, "helper mix"});
    return results;
}

class ReadOutcomes : public testing::Test {
protected:
    std::string write(const std::string& text) const {
        return m_folder.write("results.json", text).string();
    }
    FileOutcomes read(const json& file) const { return read_outcomes(write(file.dump())); }
    std::string complaint(const json& file) const {
        return error_of([&] { read(file); });
    }

    conformance::Suite m_suite = suite_of_size(4);
    json m_file = results_json(m_suite, mixed(m_suite));

private:
    TemporaryFolder m_folder;
};

TEST_F(ReadOutcomes, reads_each_kind) {
    const FileOutcomes file = read(m_file);
    EXPECT_EQ(file.digest, m_suite.digest);
    EXPECT_EQ(file.vectors, 4);
    ASSERT_EQ(file.runtimes.size(), 1);
    const RuntimeOutcomes& runtime = file.runtimes[0];
    EXPECT_EQ(runtime.title, "my-vm 1.0 (interpreter)");
    EXPECT_EQ(runtime.base(), "./my-vm");
    EXPECT_EQ(runtime.profile, "default");
    EXPECT_THAT(runtime.identity, StartsWith("my-vm, interpreter, little, "));
    EXPECT_THAT(runtime.ids, ElementsAre("test/v1", "test/v2", "test/v3", "test/v4"));
    EXPECT_EQ(runtime.by_id.at("test/v1").text(), "pass");
    EXPECT_EQ(runtime.by_id.at("test/v2").text(), "wrong");
    EXPECT_TRUE(runtime.by_id.at("test/v2").diverges());
    EXPECT_EQ(runtime.by_id.at("test/v3").text(), "rejected (tolerated)");
    EXPECT_FALSE(runtime.by_id.at("test/v3").diverges());
    EXPECT_EQ(runtime.by_id.at("test/v4").text(), "not offered: helper mix");
}

TEST_F(ReadOutcomes, memory_and_file_say_the_same) {
    const RuntimeOutcomes from_file = read(m_file).runtimes.at(0);
    const RuntimeOutcomes from_memory = outcomes_of("here", m_suite, mixed(m_suite)).runtimes.at(0);
    EXPECT_EQ(from_file.by_id, from_memory.by_id);
    EXPECT_EQ(from_file.ids, from_memory.ids);
    EXPECT_EQ(from_file.identity, from_memory.identity);
    EXPECT_EQ(from_file.title, from_memory.title);
    EXPECT_EQ(from_file.started, from_memory.started);
    EXPECT_EQ(from_file.options, from_memory.options);
    const auto& file_rows = from_file.by_id.at("test/v2");
    const auto& memory_rows = from_memory.by_id.at("test/v2");
    EXPECT_EQ(file_rows.total_rows, 4);
    EXPECT_EQ(file_rows.passed_rows, 3);
    EXPECT_EQ(file_rows.total_rows, memory_rows.total_rows);
    EXPECT_EQ(file_rows.passed_rows, memory_rows.passed_rows);
}

TEST_F(ReadOutcomes, the_machine_is_the_plugins_or_the_runners) {
    const auto identity = [&](const json& environment) {
        json file = m_file;
        file["runs"][0]["environment"]["machine"] = "x86_64";
        file["runtimes"][0]["hello"]["environment"] = environment;
        return read(file).runtimes.at(0).identity;
    };
    EXPECT_EQ(identity({}), "my-vm, interpreter, little, x86_64");
    EXPECT_EQ(identity({{"machine", "s390x"}, {"program_type", "syscall"}, {"kernel", "6.1"}}),
              "my-vm, interpreter, little, s390x, syscall");
}

TEST_F(ReadOutcomes, the_order_of_a_selection_says_nothing) {
    const auto options = [&](const json& selection) {
        json file = m_file;
        file["runs"][0]["selection"] = selection;
        file["runs"][0]["options"] = {{"--output", {"r.json"}}};
        return read(file).runtimes.at(0).options;
    };
    EXPECT_THAT(options(json::object()), IsEmpty());
    const auto selected = ElementsAre("--extensions x-a", "--extensions x-b", "--group base32",
                                      "--group base64", "v/*");
    EXPECT_THAT(options({{"--group", {"base64", "base32", "base64"}},
                         {"ids", {"v/*"}},
                         {"--extensions", {"x-b", "x-a"}}}),
                selected);
    EXPECT_THAT(options({{"--extensions", {"all"}}, {"ids", {"--strict"}}}),
                ElementsAre("--strict"));
}

TEST_F(ReadOutcomes, files_that_are_no_results) {
    for (const char* text : {"", "[]", "{", R"({"format": "bpf-assay-results"})"})
        EXPECT_THAT(error_of([&] { read_outcomes(write(text)); }),
                    HasSubstr("results.json: is no results file of `bpf-assay run --output`"));
    EXPECT_THAT(error_of([] { read_outcomes("/no/such.json"); }),
                HasSubstr("/no/such.json: cannot be read"));
}

TEST_F(ReadOutcomes, malformed_results_are_refused_with_the_file) {
    const auto changed = [&](const char* pointer, const json& value) {
        json file = m_file;
        file[json::json_pointer(pointer)] = value;
        return complaint(file);
    };
    EXPECT_THAT(changed("/version", 1), HasSubstr("results.json: its head: has version 1"));
    EXPECT_THAT(changed("/runtimes", json::array()), HasSubstr("holds no runtime"));
    EXPECT_THAT(changed("/runtimes/0/run", 7), HasSubstr("results.json: runtime 'my-vm"));
    EXPECT_THAT(changed("/runtimes/0/status", "x"), HasSubstr("'x' is no status"));
    EXPECT_THAT(changed("/runtimes/0/vectors/0/outcome", "x"), HasSubstr("'x' is no outcome"));
    EXPECT_THAT(changed("/runtimes/0/vectors/0/id", "test/v2"),
                HasSubstr("vector 'test/v2' stands twice"));
    EXPECT_THAT(changed("/runtimes/0/vectors/0/id", 5), HasSubstr("results.json: runtime"));
    EXPECT_THAT(changed("/runtimes/0/vectors", "x"), HasSubstr("results.json: runtime"));
    EXPECT_THAT(changed("/runtimes/0/vectors/1/outcome", "pass"),
                HasSubstr("its counts by group are not those of its vectors"));
}

TEST_F(ReadOutcomes, errors_move_no_cursor) {
    json file = m_file;
    file["runtimes"][0]["title"] = "a\x1b[2J";
    file["runtimes"][0]["status"] = "x";
    EXPECT_THAT(complaint(file), HasSubstr("runtime 'a [2J'"));
}

} // namespace
} // namespace bpf_assay::reports
