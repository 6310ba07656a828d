// Requests that the runner never sends. A plugin answers `error` and ends, or just ends; what it
// must not do is to wait, or to answer as if nothing were wrong.
#include "conformance/plugin_checks/checks.hpp"

#include <fmt/format.h>

#include <array>

namespace bpf_assay::conformance::plugin_checks {
namespace {

const std::string must_fail = "'error' and exit status 1, or an end with another status than 0";

/// Whether the request can be answered as usual by a plugin that does not mind.
enum class Sense { none, some };

void expect_failure(Subject& subject, const Conversation& talk, const Ending& ending,
                    const std::string& after) {
    if (ending.status == 0)
        talk.wrong(after + "exit status 0", must_fail, Wrong::Kind::ended);
    if (ending.status < 0)
        subject.remark("a request that cannot be read ends the plugin by a signal: " + ending.text);
}

/// What becomes of a plugin that has been sent a bad request.
void expect_refusal(Subject& subject, Conversation& talk, Sense sense = Sense::none) {
    Reply reply;
    try {
        reply = talk.receive(must_fail);
    } catch (const Wrong& wrong) {
        if (wrong.kind != Wrong::Kind::ended)
            throw;
        return expect_failure(subject, talk, talk.wait_for_end(must_fail), "no answer, and ");
    }
    if (reply.name == "error") {
        if (reply.body.value("why", nlohmann::json()).is_string())
            return expect_failure(subject, talk, talk.wait_for_end(must_fail),
                                  "'error', and then ");
        talk.wrong(reply, "a reason in 'why'");
    }
    if (sense == Sense::none)
        talk.wrong(reply, must_fail);
}

void refuse(Subject& subject, const Request& request, Sense sense = Sense::none) {
    Conversation talk = subject.start();
    greet(talk);
    talk.send(request);
    expect_refusal(subject, talk, sense);
}

Request bare(std::string line, std::size_t bytes = 0) {
    return {.line = std::move(line), .payload = std::vector<u8>(bytes), .note = {}};
}

void refuses_other_protocols(Subject& subject) {
    Conversation talk = subject.start();
    talk.send(bare(R"({"hello": {"protocol": 2}})"));
    expect_refusal(subject, talk);
}

void copes_without_hello(Subject& subject) {
    Conversation talk = subject.start();
    talk.send(load_request(subject.assemble("r0 = 7; exit")));
    expect_refusal(subject, talk, Sense::some);
}

void refuses_what_is_not_json(Subject& subject) {
    for (const char* line : {R"({"load": )", "7", "hello"})
        refuse(subject, bare(line));
}

void refuses_unknown_messages(Subject& subject) {
    refuse(subject, bare(R"({"dance": {"rows": 0, "size": 0, "insns": 0}})"));
}

void copes_with_long_lines(Subject& subject) {
    Request request = load_request(subject.assemble("r0 = 7; exit"));
    request.line.insert(1, fmt::format(R"("new": "{}", )", std::string(70'000, 'x')));
    refuse(subject, request, Sense::some);
}

void refuse_run(Subject& subject, const Request& request, Sense sense = Sense::none) {
    Conversation talk = subject.start();
    greet(talk);
    load(subject, talk, "r0 = 7; exit");
    talk.send(request);
    expect_refusal(subject, talk, sense);
}

void refuses_runs_of_other_lengths(Subject& subject) {
    refuse_run(subject, bare(R"({"run": {"rows": 2, "size": 16}, "bytes": 16})", 16));
    refuse_run(subject, bare(R"({"run": {"rows": 2, "size": 16}, "bytes": 48})", 48));
    // rows x size is 0 in 64 bits
    refuse_run(subject, bare(R"({"run": {"rows": 1152921504606846976, "size": 16}, "bytes": 0})"));
}

void refuses_incomplete_requests(Subject& subject) {
    refuse_run(subject, bare(R"({"run": {"rows": 2}, "bytes": 32})", 32));
}

void copes_with_blocks_above_max_block(Subject& subject) {
    constexpr std::size_t most = 16 << 20;
    const std::size_t size = subject.hello().max_block / 8 * 8 + 8;
    if (size > most)
        throw NotOffered{"it is too large to try"};
    refuse_run(subject, run_request(1, size), Sense::some);
}

void copes_with_lies_about_slots(Subject& subject) {
    for (const char* insns : {"1", "3", "1000000000"}) {
        Request request = load_request(subject.assemble("r0 = 7; exit"));
        request.line =
            fmt::format(R"({{"load": {{"insns": {}, "context": "memory"}}, "bytes": 16}})", insns);
        refuse(subject, request, Sense::some);
    }
}

/// A payload or a line that ends too early. To end without a word is no answer, and does no harm.
void refuse_end(Subject& subject, std::string_view bytes, const std::string& description) {
    Conversation talk = subject.start();
    greet(talk);
    talk.send(bytes, description);
    talk.close_input();
    const std::string must = "'error' and exit status 1, or an end without an answer";
    try {
        const Reply reply = talk.receive(must);
        if (reply.name != "error")
            talk.wrong(reply, must);
    } catch (const Wrong& wrong) {
        if (wrong.kind != Wrong::Kind::ended)
            throw;
    }
    if (talk.wait_for_end(must).status == 0)
        subject.remark(description + ": exit status 0, as if all had been well");
}

void refuses_half_a_payload(Subject& subject) {
    const std::string request = load_request(subject.assemble("r0 = 7; exit")).bytes();
    refuse_end(subject, std::string_view(request).substr(0, request.size() - 8),
               "a load whose payload ends after 8 of 16 bytes, and the end of input");
}

void refuses_half_a_line(Subject& subject) {
    refuse_end(subject, R"({"load": {"insns": 2, "con)", "half a line, and the end of input");
}

constexpr std::array checks{
    Check{"refuses protocol 2", "errors", refuses_other_protocols},
    Check{"copes with a load before hello", "errors", copes_without_hello},
    Check{"refuses what is not JSON", "errors", refuses_what_is_not_json},
    Check{"refuses messages that do not exist", "errors", refuses_unknown_messages},
    Check{"refuses a run without 'size'", "errors", refuses_incomplete_requests},
    Check{"refuses a run whose 'bytes' is not rows x size", "errors",
          refuses_runs_of_other_lengths},
    Check{"copes with a block above 'max_block'", "errors", copes_with_blocks_above_max_block},
    Check{"copes with a wrong 'insns'", "errors", copes_with_lies_about_slots},
    Check{"copes with a line above 64 KiB", "errors", copes_with_long_lines},
    Check{"refuses a payload that ends too early", "errors", refuses_half_a_payload},
    Check{"refuses a line that ends too early", "errors", refuses_half_a_line},
};

} // namespace

std::span<const Check> bad_request_checks() {
    return checks;
}

} // namespace bpf_assay::conformance::plugin_checks
