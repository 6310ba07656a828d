// hello, and the forms that a request may have.
#include "conformance/plugin_checks/checks.hpp"

#include <fmt/format.h>

#include <array>

namespace bpf_assay::conformance::plugin_checks {
namespace {

// What lowered vectors need; a few programs and blocks are larger.
constexpr std::size_t usual_insns = 64;
constexpr std::size_t usual_block = 512;

void check_contexts(const Conversation& talk, const Reply& reply) {
    const auto contexts = reply.body.value("contexts", nlohmann::json::array({"memory"}));
    const auto known = [](const nlohmann::json& name) {
        return name == "memory" || name == "packet";
    };
    if (!contexts.is_array() || !std::ranges::all_of(contexts, known))
        talk.wrong("hello: 'contexts' is " + contexts.dump(), "a list of memory and packet");
    const auto environment = reply.body.value("environment", nlohmann::json::object());
    const auto text = [](const nlohmann::json& value) { return value.is_string(); };
    if (!environment.is_object() || !std::ranges::all_of(environment, text))
        talk.wrong("hello: 'environment' is " + printable(environment.dump()),
                   "an object of texts");
}

void answers_hello(Subject& subject) {
    Conversation talk = subject.start();
    talk.send(hello_request());
    const std::string must = "the answer 'hello' with its required keys";
    const Reply reply = talk.receive({"hello", "unavailable"}, must);
    if (reply.name == "unavailable")
        throw RuntimeUnavailable{reply.why()};
    try {
        subject.set_hello(read_hello(reply.body));
    } catch (const std::string& mistake) {
        talk.wrong(mistake + ": " + printable(reply.line, 400), must);
    }
    const Hello& hello = subject.hello();
    if (hello.name.empty() || hello.version.empty())
        talk.wrong("hello: 'name' or 'version' is empty", must);
    check_contexts(talk, reply);
    if (hello.max_insns < usual_insns)
        subject.remark(fmt::format("max_insns is {}: most vectors are programs of up to {} slots",
                                   hello.max_insns, usual_insns));
    if (hello.max_block < usual_block)
        subject.remark(fmt::format("max_block is {}: most vectors have blocks of up to {} bytes",
                                   hello.max_block, usual_block));
}

/// The same requests as another writer of JSON would send them.
void reads_any_layout(Subject& subject) {
    Conversation talk = subject.start();
    talk.ask(
        {.line = R"({"x":[1,{"bytes":3}],"hello":{"later":{"a":[null,true,-1.5e3]},"protocol":1}})",
         .payload = {},
         .note = {}},
        {"hello"}, "'hello': keys that are not known are ignored, and need no spaces");
    const Program program = subject.assemble("r0 = 7; exit");
    talk.ask(
        {.line =
             R"({ "bytes" : 16 , "load" : { "context" : "memory" , "new": "\"}{" , "insns" : 2 } })",
         .payload = program.image,
         .note = program.text},
        {"loaded"}, "'loaded': keys come in any order, with spaces between or none");
    talk.send({.line = R"({"bytes":16,"run":{"size":8,"rows":2},"new":"\u00e9\\"})",
               .payload = std::vector<u8>(16),
               .note = {}});
    take_rows(subject, talk, 2, 8);
}

constexpr std::array checks{
    Check{"answers 'hello'", "hello", answers_hello, true},
    Check{"reads JSON in any layout, and ignores unknown keys", "messages", reads_any_layout},
};

} // namespace

std::span<const Check> hello_checks() {
    return checks;
}

} // namespace bpf_assay::conformance::plugin_checks
