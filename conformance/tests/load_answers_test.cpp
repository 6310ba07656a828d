// What the answer to a load says: refusals, encodings, lack of memory, translated programs, limits.
#include "conformance/tests/examiner_fixture.hpp"

#include <gmock/gmock.h>

#include <fmt/format.h>

namespace bpf_assay::conformance {
namespace {

using namespace test;
using testing::HasSubstr;

constexpr auto vectors_text = R"(
  - {id: v/first, clauses: [C-1], because: B, asm: r9 += 1, after: {}}
  - {id: v/second, clauses: [C-1], because: B, asm: r9 += 2, after: {}}
  - {id: v/tolerant, clauses: [C-1], because: B, asm: r9 += 2, after: {}, policy: verifier}
  - id: v/encoding
    clauses: [C-1]
    because: B
    tests: [add64_imm]
    slots: [{opcode: 0x07, dst: 11}, exit]
    control: [r9 += 3, exit]
    expect: refused
  - {id: v/image, clauses: [C-1], because: B, image: 95 00 00, expect: refused}
)";

/// A hello with the usual keys and these, quoted.
std::string hello_message(const std::string& keys) {
    return "'{\"hello\": {\"protocol\": 1, \"name\": \"n\", \"version\": \"1\", "
           "\"byte_order\": \"little\", " +
           keys + "}}'";
}
std::string hello(const std::string& keys) {
    return " --hello " + hello_message(keys);
}

class LoadAnswers : public ExaminerTest {
protected:
    LoadAnswers() : ExaminerTest(vectors_text) {}

    std::vector<Outcome> outcomes() {
        std::vector<Outcome> list;
        for (const VectorResult& result : results())
            list.push_back(result.outcome);
        return list;
    }
};

using enum Outcome;

TEST_F(LoadAnswers, good) {
    examine("good");
    EXPECT_THAT(outcomes(), testing::ElementsAre(pass, pass, pass, pass, pass));
    EXPECT_EQ(results()[3].programs, 1);
    EXPECT_EQ(results()[3].rows.total, 0); // an encoding vector has none
}

TEST_F(LoadAnswers, a_refusal_is_rejected_if_claimed_and_the_policy_decides) {
    examine("rejects --program 0709000002000000");
    EXPECT_THAT(outcomes(), testing::ElementsAre(pass, rejected, rejected, pass, pass));
    EXPECT_FALSE(results()[1].tolerated);
    EXPECT_TRUE(results()[2].tolerated);
    EXPECT_EQ(results()[1].why, "nothing is good enough");
    EXPECT_EQ(results()[1].rows.run, 0);
    EXPECT_EQ(results()[1].rows.total, 1);
}

/// A plugin that answers `hello` with its first argument and `load` with its second.
std::string scripted_plugin(const TemporaryFolder& folder, const std::string& hello_keys,
                            const std::string& load_answer) {
    const auto file = folder.write("scripted.py", R"(import json, sys
while line := sys.stdin.buffer.readline():
    request = json.loads(line)
    sys.stdin.buffer.read(request.get("bytes", 0))
    key = 1 if "hello" in request else 2
    print('{"not_loaded": {}}' if "run" in request else sys.argv[key], flush=True)
)");
    return "'" ASSAY_PYTHON "' '" + file.string() + "' " + hello_message(hello_keys) + " '" +
           load_answer + "'";
}

TEST_F(LoadAnswers, what_is_not_claimed_is_unsupported) {
    for (const char* keys : {"\"engine\": \"jit\", \"groups\": [\"base32\"]",
                             "\"engine\": \"jit\", \"excluded\": [\"add64_imm\"]"}) {
        examine_on(scripted_plugin(folder(), keys, R"({"rejected": {"why": "no"}})"));
        ASSERT_EQ(given_up(), "");
        EXPECT_EQ(results()[0].outcome, unsupported);
        EXPECT_TRUE(results()[0].tolerated);
        EXPECT_EQ(results()[3].outcome, unsupported); // the legal program is refused, too
        EXPECT_EQ(results()[3].why, "refused, and so is the same program made legal: no");
        EXPECT_EQ(results()[4].outcome, pass); // there is no legal form of it
    }
}

TEST_F(LoadAnswers, what_is_no_answer_to_a_load_is_no_refusal) {
    for (const char* answer :
         {R"({"ran": {"rows": 1}})", R"({"loaded": {"engine": 5}})", R"({"rejected": "no"})",
          R"({"unable": {"why": "no", "cause": 7}})", R"({"loaded": {"machine_code_bytes": "1"}})",
          R"({"loaded": {"faults": [{"row": "x"}]}})"}) {
        examine_on(scripted_plugin(folder(), "\"engine\": \"jit\"", answer));
        EXPECT_THAT(outcomes(), testing::Each(crash)) << answer;
    }
}

TEST_F(LoadAnswers, a_program_that_is_loaded_must_run_and_no_other) {
    examine_on(scripted_plugin(folder(), "\"engine\": \"jit\"", R"({"loaded": {}})"));
    EXPECT_THAT(outcomes(), testing::ElementsAre(crash, crash, crash, accepted, accepted));
    EXPECT_THAT(results()[0].why,
                HasSubstr("answered 'run' with 'not_loaded' when a program was loaded"));
    const auto runs_all = folder().write("runs_all.py", R"(import json, sys
while line := sys.stdin.buffer.readline():
    request = json.loads(line)
    data = sys.stdin.buffer.read(request.get("bytes", 0))
    if "hello" in request:
        print(sys.argv[1], flush=True)
    elif "load" in request:
        print('{"rejected": {"why": "no"}}', flush=True)
    else:
        sys.stdout.buffer.write(b'{"ran": {"rows": 1}, "bytes": %d}\n' % (16 + len(data)))
        sys.stdout.buffer.write(bytes(16) + data)
        sys.stdout.buffer.flush()
)");
    examine_on("'" ASSAY_PYTHON "' '" + runs_all.string() + "' " +
               hello_message("\"engine\": \"jit\""));
    EXPECT_EQ(results()[0].outcome, crash);
    EXPECT_THAT(results()[0].why,
                HasSubstr("answered 'run' with 'ran' when no program was loaded"));
    EXPECT_EQ(results()[0].rows.run, 0);
}

TEST_F(LoadAnswers, what_must_be_refused_and_is_accepted) {
    examine("accepts-everything");
    EXPECT_THAT(outcomes(), testing::ElementsAre(pass, pass, pass, accepted, accepted));
    EXPECT_EQ(results()[3].failures.at(0).slots.size(), 2);
    EXPECT_FALSE(results()[3].tolerated);
}

class TableAnswers : public ExaminerTest {
protected:
    TableAnswers()
        : ExaminerTest(R"(
  - id: v/all-flawed
    clauses: [C-1]
    because: B
    values: [11, 12, 13]
    slots: [{opcode: 0x07, dst: value}, exit]
    control: [r9 += 3, exit]
    expect: refused
  - id: v/last-is-good
    clauses: [C-1]
    because: B
    values: [11, 3]
    slots: [{opcode: 0x07, dst: value}, exit]
    control: [r9 += 3, exit]
    expect: refused
)") {}
};

TEST_F(TableAnswers, every_value_has_to_be_refused) {
    examine("good");
    EXPECT_EQ(results()[0].outcome, pass);
    EXPECT_EQ(results()[0].programs, 3);
    EXPECT_EQ(results()[1].outcome, accepted);
    EXPECT_EQ(results()[1].failing_rows, 1);
    EXPECT_EQ(results()[1].failures.at(0).program, 1);
    EXPECT_EQ(results()[1].failures[0].program_text, "value 0x3");
    examine("accepts-everything");
    EXPECT_EQ(results()[0].outcome, accepted);
    EXPECT_EQ(results()[0].failing_rows, 3);
}

TEST_F(TableAnswers, a_refused_twin_hides_no_accepted_value) {
    examine("rejects --program 0709000003000000"); // the twin of both
    EXPECT_EQ(results()[0].outcome, unsupported);
    EXPECT_EQ(results()[1].outcome, accepted);
}

TEST_F(LoadAnswers, a_breakdown_over_an_encoding_is_a_crash) {
    const auto script = folder().write("dies.py", R"(import json, os, runpy, sys
class Reader:
    def readline(self):
        line = sys.__stdin__.buffer.readline()
        if b'"insns": 0' in line or b'"insns":0' in line:
            os.kill(os.getpid(), 11)
        return line
    def read(self, size):
        return sys.__stdin__.buffer.read(size)
class Input:
    buffer = Reader()
sys.stdin = Input()
sys.argv = [sys.argv[1], "good"]
runpy.run_path(sys.argv[0], run_name="__main__")
)");
    examine_on("'" ASSAY_PYTHON "' '" + script.string() +
               "' '" ASSAY_SOURCE_DIR "/plugins/tests/fake_plugin.py'");
    EXPECT_THAT(outcomes(), testing::ElementsAre(pass, pass, pass, pass, crash)) << given_up();
    EXPECT_THAT(results()[4].why, HasSubstr("SIGSEGV"));
}

TEST_F(LoadAnswers, lack_of_memory_is_tried_again) {
    examine("unable --times 2 --program 0709000002000000");
    EXPECT_THAT(outcomes(), testing::ElementsAre(pass, pass, pass, pass, pass));
    EXPECT_EQ(results()[1].programs, 1); // counted once, however often it is loaded
    EXPECT_EQ(results()[1].rows.total, 1);
    examine("unable --times 1 --program 0709000003000000"); // the control of the encoding
    EXPECT_THAT(outcomes(), testing::ElementsAre(pass, pass, pass, pass, pass));
}

TEST_F(LoadAnswers, lack_of_memory_for_good_is_no_verdict) {
    examine("unable --times 1000 --program 0709000002000000");
    EXPECT_THAT(outcomes(), testing::ElementsAre(pass, not_run, not_run, pass, pass));
    EXPECT_THAT(results()[1].why, HasSubstr("out of memory, 5 times"));
    EXPECT_FALSE(results()[1].tolerated);
}

TEST_F(LoadAnswers, a_program_without_the_instruction_under_test_is_not_executed) {
    examine("optimises --program 0709000002000000");
    EXPECT_THAT(outcomes(),
                testing::ElementsAre(pass, pass_not_executed, pass_not_executed, pass, pass));
    EXPECT_EQ(results()[1].rows.not_executed, 1);
    EXPECT_EQ(results()[1].rows.passed, 1);
    EXPECT_EQ(results()[1].why, "not in the program that ran: add64_imm");
    EXPECT_THAT(results()[1].not_executed, testing::ElementsAre("add64_imm"));
}

TEST_F(LoadAnswers, an_interpreter_does_not_pass_for_a_jit_compiler) {
    examine("interprets --program 0709000002000000" + hello("\"engine\": \"jit\""));
    EXPECT_THAT(outcomes(),
                testing::ElementsAre(pass, pass_not_executed, pass_not_executed, pass, pass));
    examine("interprets" + hello("\"engine\": \"interpreter\""));
    EXPECT_EQ(results()[1].outcome, pass);
}

TEST_F(LoadAnswers, programs_and_blocks_beyond_the_limits_are_unsupported) {
    examine("interprets" + hello("\"engine\": \"native\", \"max_insns\": 20"));
    EXPECT_EQ(results()[0].outcome, unsupported);
    EXPECT_THAT(results()[0].why, testing::MatchesRegex("[0-9]+ slots; the runtime takes 20"));
    examine("interprets" + hello("\"engine\": \"native\", \"max_block\": 271"));
    EXPECT_EQ(results()[0].why, "a block of 272 bytes; the runtime takes 271");
    examine("interprets" + hello("\"engine\": \"native\", \"max_block\": 272"));
    EXPECT_EQ(results()[0].outcome, pass);
}

/// What the runner says of a plugin whose hello is this line.
std::string mistake_in(const std::string& line) {
    try {
        const Session session(split_command(fake_plugin("bad-hello --hello '" + line + "'")),
                              std::chrono::seconds(20));
    } catch (const PluginFailure& failure) {
        EXPECT_EQ(failure.kind, PluginFailure::Kind::protocol);
        return failure.text;
    }
    return {};
}

std::string with(const std::string& key, const std::string& value) {
    auto body = nlohmann::json::parse(
        R"({"protocol": 1, "name": "n", "version": "1", "engine": "jit", "byte_order": "big"})");
    if (value.empty())
        body.erase(key);
    else
        body[key] = nlohmann::json::parse(value);
    return nlohmann::json{{"hello", body}}.dump();
}

TEST(hello, every_key_is_checked) {
    const struct {
        const char* key;
        const char* value; // empty: left out
        const char* mistake;
    } cases[] = {{"name", "", "hello: 'name' must be a text"},
                 {"name", "5", "hello: 'name' must be a text"},
                 {"version", "", "hello: 'version' must be a text"},
                 {"engine", "\"fast\"", "hello: 'engine' must be interpreter, jit or native"},
                 {"byte_order", "\"middle\"", "hello: 'byte_order' must be little or big"},
                 {"protocol", "2", "hello: 'protocol' must be 1"},
                 {"protocol", "", "hello: 'protocol' must be 1"},
                 {"r0_bits", "16", "hello: 'r0_bits' must be 32 or 64"},
                 {"max_insns", "-1", "hello: 'max_insns' must be a number"},
                 {"max_block", "\"1\"", "hello: 'max_block' must be a number"},
                 {"groups", "\"base32\"", "hello: 'groups' must be a list of texts"},
                 {"groups", "[\"base16\"]", "hello: there is no conformance group 'base16'"},
                 {"excluded", "[5]", "hello: 'excluded' must be a list of texts"},
                 {"excluded", "[\"add\"]", "hello: excluded 'add' is no instruction"},
                 {"extensions", "{}", "hello: 'extensions' must be a list of texts"},
                 {"stores_pointers", "1", "hello: 'stores_pointers' must be true or false"},
                 {"helpers", "[\"mix\"]", "hello: 'helpers' must be an object of ids"},
                 {"helpers", "{\"mux\": 1}", "hello: there is no helper 'mux'"},
                 {"helpers", "{\"mix\": -1}", "hello: the id of 'mix' must be a number"},
                 {"helpers", "{\"mix\": 4294967296}", "hello: the id of 'mix' must be a number"},
                 {"threads", "\"2\"", "hello: 'threads' must be a number"}};
    for (const auto& [key, value, mistake] : cases)
        EXPECT_THAT(mistake_in(with(key, value)), testing::StartsWith(mistake)) << key;
    EXPECT_EQ(mistake_in(with("unknown", "1")), "");
    EXPECT_THAT(mistake_in("{\"hi\": {}}"), HasSubstr("answered 'hello' with 'hi'"));
    EXPECT_THAT(mistake_in("{\"error\": {\"why\": \"no\"}}"),
                HasSubstr("the plugin could not read a request: no"));
    EXPECT_THAT(mistake_in("[1]"), HasSubstr("not a JSON object: [1]"));
}

TEST(hello, what_holds_without_the_optional_keys) {
    const Session session(split_command(fake_plugin("bad-hello --hello '" + with("x", "1") + "'")),
                          std::chrono::seconds(20));
    const Hello& hello = session.hello();
    EXPECT_EQ(hello.byte_order, ByteOrder::big);
    EXPECT_EQ(hello.r0_bits, 64);
    EXPECT_EQ(hello.max_insns, 1'000'000);
    EXPECT_EQ(hello.max_block, 131'072);
    EXPECT_THAT(hello.groups, testing::ElementsAre(Group::base32, Group::base64));
    EXPECT_TRUE(hello.stores_pointers);
    EXPECT_TRUE(hello.extensions.empty());
    for (const HelperRole role : all_helper_roles)
        EXPECT_EQ(hello.helpers[role], std::nullopt);
    EXPECT_EQ(hello.threads, 1);
}

} // namespace
} // namespace bpf_assay::conformance
