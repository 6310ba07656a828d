// load: verdicts, images of any length, contexts.
#include "conformance/plugin_checks/checks.hpp"

#include <fmt/format.h>

#include <array>

namespace bpf_assay::conformance::plugin_checks {
namespace {

const std::vector<std::string> verdicts{"loaded", "rejected", "unsupported", "unable"};
const std::vector<std::string> refusals{"rejected", "unsupported"};

bool has_packets(const Subject& subject) {
    const auto contexts = subject.hello().message.value("contexts", nlohmann::json::array());
    return std::ranges::find(contexts, "packet") != contexts.end();
}

/// What an answer to a load may hold beyond its name.
void check_verdict(Subject& subject, const Conversation& talk, const Reply& reply) {
    const auto text = [&](const char* key) {
        return !reply.body.contains(key) || reply.body[key].is_string();
    };
    if (!text("why") || !text("cause") || !text("log") || !text("engine"))
        talk.wrong(reply, "'why', 'cause', 'log' and 'engine' as texts");
    if (reply.name != "loaded" && reply.body.value("why", "").empty())
        talk.wrong(reply, "a reason in 'why', in the runtime's own words");
    if (reply.body.value("log", "").size() > 4096)
        talk.wrong(fmt::format("a 'log' of {} bytes", reply.body.value("log", "").size()),
                   "at most 4 KiB, the end of it");
    if (reply.body.contains("translated") &&
        reply.body["translated"] != reply.payload.size() / slot_size)
        talk.wrong(reply, "a payload of 8 bytes for each slot that 'translated' counts");
    const std::string engine = reply.body.value("engine", subject.hello().engine);
    if (engine != "interpreter" && engine != "jit" && engine != "native")
        talk.wrong(reply, "'engine': interpreter, jit or native");
    if (reply.name == "loaded" && engine == "jit" && !reply.body.contains("machine_code_bytes"))
        subject.remark(
            "the engine is jit, and 'loaded' has no 'machine_code_bytes': the report will "
            "say that machine code is the plugin's word only");
}

std::string as_hello_says(const Subject& subject) {
    return subject.byte_order() == ByteOrder::big ? "big-endian, as hello says"
                                                  : "little-endian, as hello says";
}

/// R0 is written with the same digits in both byte orders of the program.
void runs_a_program(Subject& subject) {
    Conversation& talk = subject.shared();
    const Request request = load_request(subject.assemble("r0 = 16843009; exit"));
    check_verdict(subject, talk, talk.ask(request, {"loaded"}, "'loaded'"));
    talk.send(run_request(2, 8));
    for (const Row& row : take_rows(subject, talk, 2, 8)) {
        if (row.r0 == 0x0101'0101'0000'0000)
            talk.wrong("R0 in the answer is in the other byte order", as_hello_says(subject));
        if (row.r0 != 0x0101'0101)
            talk.wrong(fmt::format("R0 = {:#x}; the program is: r0 = 0x1010101; exit", row.r0),
                       "R0 = 0x1010101");
    }
}

void has_its_byte_order(Subject& subject) {
    Conversation& talk = subject.shared();
    const u64 imm = load_and_run(subject, talk, "r0 = 16909060; exit", 1, 8).at(0).r0;
    if (imm == 0x0403'0201)
        talk.wrong("the program's immediates are read in the other byte order",
                   as_hello_says(subject));
    const auto fill = [&](std::size_t, std::span<u8> block) { subject.put_number(block, 0x0102); };
    const u64 data =
        load_and_run(subject, talk, "r0 = *(u64 *)(r1 + 0); exit", 1, 8, fill).at(0).r0;
    if (data == u64{0x0201} << 48)
        talk.wrong("a load of 8 bytes reads the block in the other byte order",
                   as_hello_says(subject));
}

Request with_unassigned_opcode(Subject& subject) {
    Program program = subject.assemble("r0 = 0; exit");
    program.image[0] = 0xff;
    program.text = "the unassigned opcode 0xff; exit";
    return load_request(program);
}

void hands_on_a_refusal(Subject& subject) {
    Conversation& talk = subject.shared();
    const Reply reply =
        talk.ask(with_unassigned_opcode(subject), refusals, "'rejected', the runtime's refusal");
    check_verdict(subject, talk, reply);
}

void has_no_program_after_a_refusal(Subject& subject) {
    Conversation& talk = subject.shared();
    load(subject, talk, "r0 = 7; exit");
    talk.ask(with_unassigned_opcode(subject), refusals, "'rejected', the runtime's refusal");
    talk.ask(run_request(1, 8), {"not_loaded"},
             "'not_loaded': a load replaces the program before it, also when it fails");
}

void replaces_the_program(Subject& subject) {
    Conversation& talk = subject.shared();
    load(subject, talk, "r0 = 1; exit");
    const u64 r0 = load_and_run(subject, talk, "r0 = 2; exit", 1, 8).at(0).r0;
    if (r0 != 2)
        talk.wrong(fmt::format("R0 = {:#x}", r0), "R0 = 2, of the program that was loaded last");
}

/// A verdict on what may be no program at all; a crash is the runtime's affair.
void judge(Subject& subject, const Request& request) {
    Conversation& talk = subject.shared();
    try {
        const Reply reply =
            talk.ask(request, verdicts, "a verdict: 'loaded', 'rejected', 'unsupported'");
        check_verdict(subject, talk, reply);
        if (reply.name == "loaded")
            subject.remark(fmt::format("{}: loaded; vectors of such programs will be 'accepted'",
                                       request.text()));
    } catch (const Wrong& wrong) {
        if (wrong.kind != Wrong::Kind::ended)
            throw;
        subject.drop_shared();
        subject.remark(fmt::format("{}: {}; the runner goes on, and vectors of such programs are "
                                   "crashes",
                                   request.text(), wrong.came));
    }
}

void judges_images_of_any_length(Subject& subject) {
    const auto image = subject.assemble("r0 = 7; exit").image;
    for (const std::size_t size : {0U, 1U, 8U, 12U}) {
        Program part{.image = {image.begin(), image.begin() + size}, .text = "no whole program"};
        judge(subject, load_request(part));
    }
    load_and_run(subject, subject.shared(), "r0 = 7; exit", 1, 8);
}

void loads_a_long_program(Subject& subject) {
    Conversation& talk = subject.shared();
    const std::size_t slots = std::clamp<std::size_t>(subject.hello().max_insns, 3, 4096);
    Program program = subject.assemble("r0 = 0; r0 += 1; exit");
    const std::vector<u8> add(program.image.begin() + 8, program.image.begin() + 16);
    for (std::size_t more = 3; more < slots; ++more)
        program.image.insert(program.image.begin() + 8, add.begin(), add.end());
    program.text = fmt::format("r0 = 0; {} x r0 += 1; exit", slots - 2);
    try {
        talk.ask(
            load_request(program), {"loaded"},
            fmt::format("'loaded': hello says that max_insns is {}", subject.hello().max_insns));
    } catch (const Wrong& wrong) {
        if (wrong.kind != Wrong::Kind::ended)
            throw;
        subject.drop_shared();
        return subject.remark(fmt::format("a program of {} slots: {}; the runner goes on, and "
                                          "vectors of such programs are crashes",
                                          slots, wrong.came));
    }
    talk.send(run_request(1, 8));
    const u64 r0 = take_rows(subject, talk, 1, 8).at(0).r0;
    if (r0 != slots - 2)
        talk.wrong(fmt::format("R0 = {}", r0), fmt::format("R0 = {}", slots - 2));
}

void answers_contexts(Subject& subject) {
    Conversation& talk = subject.shared();
    const Program program = subject.assemble("r0 = 0; exit");
    const bool offered = has_packets(subject);
    const Reply reply =
        talk.ask(load_request(program, /*packet=*/true),
                 offered ? std::vector<std::string>{"loaded"} : verdicts,
                 offered ? "'loaded': hello's 'contexts' has packet" : "a verdict: 'unsupported'");
    if (!offered && reply.name == "loaded")
        subject.remark("the context packet was loaded, and hello's 'contexts' does not have it");
    Request unknown = load_request(program);
    unknown.line = R"({"load": {"insns": 2, "context": "moon"}, "bytes": 16})";
    talk.ask(unknown, refusals, "'unsupported': this context does not exist");
    talk.ask(run_request(1, 8), {"not_loaded"}, "'not_loaded' after a refusal");
}

void runs_on_packets(Subject& subject) {
    if (!has_packets(subject))
        throw NotOffered{"not offered"};
    Conversation& talk = subject.shared();
    const Program program = subject.assemble("r6 = r1; r0 = *(u32 *)skb[0]; exit");
    const Reply reply = talk.ask(load_request(program, /*packet=*/true), verdicts, "a verdict");
    if (reply.name != "loaded")
        throw NotOffered{"it refuses packet loads: " + printable(reply.why(), 80)};
    for (const std::size_t size : {0U, 4U, 7U}) {
        talk.send(run_request(2, size));
        const auto rows = take_rows(subject, talk, 2, size);
        for (std::size_t row = 0; row < 2; ++row) {
            u64 expected = 0; // big-endian whatever the machine is
            for (std::size_t at = 0; size >= 4 && at < 4; ++at)
                expected = expected << 8 | pattern(row, at);
            if (rows[row].r0 != expected)
                talk.wrong(fmt::format("row {}: R0 = {:#x}", row, rows[row].r0),
                           fmt::format("R0 = {:#x}, the packet's first 4 bytes as a big-endian "
                                       "number, or 0 if it has none",
                                       expected));
            for (std::size_t at = 0; at < size; ++at)
                if (rows[row].block[at] != pattern(row, at))
                    talk.wrong(fmt::format("byte {} of row {} differs", at, row),
                               "the packet as it was");
        }
    }
}

constexpr std::array checks{
    Check{"loads and runs a program", "run", runs_a_program, true},
    Check{"has the byte order that it says", "hello", has_its_byte_order, true},
    Check{"hands on a refusal", "load", hands_on_a_refusal},
    Check{"has no program after a refusal", "load", has_no_program_after_a_refusal},
    Check{"replaces one program by the next", "load", replaces_the_program},
    Check{"judges images of any length", "load", judges_images_of_any_length},
    Check{"loads a long program", "hello", loads_a_long_program},
    Check{"judges programs for other contexts", "load", answers_contexts},
    Check{"runs on packets", "load", runs_on_packets},
};

} // namespace

std::span<const Check> load_checks() {
    return checks;
}

} // namespace bpf_assay::conformance::plugin_checks
