// `plugin check`: does a plugin speak the protocol? Each check says what was asked and what was
// wrong.
#include "conformance/assembler.hpp"
#include "conformance/cli/commands.hpp"
#include "conformance/cli/files.hpp"
#include "conformance/error.hpp"
#include "conformance/session.hpp"

#include <fmt/format.h>

namespace bpf_assay::conformance::cli {
namespace {

constexpr std::size_t block_size = 64;

/// Thrown by a check: what is wrong, for the plugin's author.
struct Wrong {
    std::string what;
};

void expect(bool condition, const std::string& what) {
    if (!condition)
        throw Wrong{what};
}

class Checker {
public:
    Checker(std::vector<std::string> command, std::chrono::milliseconds deadline)
        : m_command(std::move(command)), m_deadline(deadline) {}

    int run();

private:
    using Check = void (Checker::*)(Session&);
    bool perform(const char* title, Check check);

    void answers_hello(Session& session);
    void runs_rows(Session& session);
    void returns_memory(Session& session);
    void takes_pipelined_requests(Session& session);
    void answers_run_without_program(Session& session);
    void refuses_unassigned_opcodes(Session& session);
    void forgets_between_programs(Session& session);
    void calls_helpers(Session& session);
    void runs_threads(Session& session);

    std::vector<u8> assemble(std::string_view text, ByteOrder order);
    void load(Session& session, std::string_view text);
    void send_rows(Session& session, std::size_t rows, Concurrency concurrency = {});
    /// The rows' parts: u64 r0, block.
    std::vector<std::pair<u64, std::vector<u8>>> take_rows(Session& session, std::size_t rows);
    void take_loaded(Session& session);
    /// Bytes 0..7 of the block after one row of a program that calls the helper.
    u64 call_helper(Session& session, u32 id, std::string_view before, std::string_view after);

    std::vector<std::string> m_command;
    std::chrono::milliseconds m_deadline;
};

std::vector<u8> Checker::assemble(std::string_view text, ByteOrder order) {
    return wire_form(std::get<std::vector<Slot>>(Assembler().assemble(text)), order);
}

void Checker::load(Session& session, std::string_view text) {
    const auto image = assemble(text, session.hello().byte_order);
    session.load(image, image.size() / slot_size, /*packet=*/false);
}

void Checker::take_loaded(Session& session) {
    const Answer answer = session.receive();
    expect(answer.name == "loaded",
           fmt::format("'load' was answered with '{}': {}", answer.name, answer.why()));
}

u8 pattern(std::size_t row, std::size_t at) {
    return static_cast<u8>(17 * row + 3 * at + 1);
}

void Checker::send_rows(Session& session, std::size_t rows, Concurrency concurrency) {
    session.run(
        rows, block_size,
        [](std::size_t row, std::span<u8> block) {
            for (std::size_t at = 0; at < block.size(); ++at)
                block[at] = pattern(row, at);
        },
        concurrency);
}

std::vector<std::pair<u64, std::vector<u8>>> Checker::take_rows(Session& session,
                                                                std::size_t rows) {
    const Answer answer = session.receive();
    expect(answer.name == "ran",
           fmt::format("'run' was answered with '{}': {}", answer.name, answer.why()));
    const std::size_t bytes = rows * (16 + block_size);
    expect(answer.payload.size() == bytes,
           fmt::format("'ran' announces {} bytes; {} rows of 16 + {} bytes are {}",
                       answer.payload.size(), rows, block_size, bytes));
    std::vector<std::pair<u64, std::vector<u8>>> result;
    const std::span payload(reinterpret_cast<const u8*>(answer.payload.data()),
                            answer.payload.size());
    for (std::size_t row = 0; row < rows; ++row) {
        const auto part = payload.subspan(row * (16 + block_size), 16 + block_size);
        const u64 status = conformance::load(part.first(4), session.hello().byte_order);
        expect(status == 0, fmt::format("row {} has status {}, must be 0", row, status));
        const auto block = part.subspan(16);
        result.emplace_back(conformance::load(part.subspan(8, 8), session.hello().byte_order),
                            std::vector<u8>(block.begin(), block.end()));
    }
    return result;
}

void Checker::answers_hello(Session& session) {
    const Hello& hello = session.hello();
    expect(!hello.name.empty() && !hello.version.empty(), "'name' or 'version' is empty");
    fmt::print("        {} {}, {}, {}-endian\n", hello.name, hello.version, hello.engine,
               hello.byte_order == ByteOrder::little ? "little" : "big");
}

void Checker::runs_rows(Session& session) {
    load(session, "r0 = 7; exit");
    take_loaded(session);
    send_rows(session, 3);
    for (const auto& [r0, block] : take_rows(session, 3))
        expect(r0 == 7, fmt::format("'r0 = 7; exit' gives r0 = {:#x}", r0));
}

void Checker::returns_memory(Session& session) {
    load(session, "r2 = *(u64 *)(r1 + 0); *(u64 *)(r1 + 8) = r2; r0 = 0; exit");
    take_loaded(session);
    send_rows(session, 2);
    const auto rows = take_rows(session, 2);
    for (std::size_t row = 0; row < rows.size(); ++row)
        for (std::size_t at = 0; at < block_size; ++at) {
            const u8 expected = pattern(row, at >= 8 && at < 16 ? at - 8 : at);
            expect(rows[row].second[at] == expected,
                   fmt::format("bytes 0..7 of the block were copied to 8..15; after it, byte {} of "
                               "row {} is {:#04x}, must be {:#04x}",
                               at, row, rows[row].second[at], expected));
        }
}

void Checker::takes_pipelined_requests(Session& session) {
    constexpr std::size_t programs = 50;
    for (std::size_t program = 0; program < programs; ++program) {
        load(session, fmt::format("r0 = {}; exit", program));
        send_rows(session, 100);
    }
    for (std::size_t program = 0; program < programs; ++program) {
        take_loaded(session);
        for (const auto& [r0, block] : take_rows(session, 100))
            expect(r0 == program,
                   fmt::format("answers are out of order: r0 = {:#x}, must be {:#x}", r0, program));
    }
}

void Checker::refuses_unassigned_opcodes(Session& session) {
    auto image = assemble("r0 = 0; exit", session.hello().byte_order);
    image[0] = 0xff;
    session.load(image, 2, /*packet=*/false);
    const Answer answer = session.receive();
    expect(answer.name == "rejected" || answer.name == "unsupported",
           fmt::format("a program with the unassigned opcode 0xff was answered with '{}', must be "
                       "'rejected' (the runtime's refusal, handed on)",
                       answer.name));
    expect(answer.body.contains("why"), "'rejected' has no 'why'");
}

void Checker::answers_run_without_program(Session& session) {
    refuses_unassigned_opcodes(session);
    send_rows(session, 1);
    const Answer answer = session.receive();
    expect(answer.name == "not_loaded",
           fmt::format("'run' after a refused 'load' was answered with '{}', must be 'not_loaded'",
                       answer.name));
}

void Checker::forgets_between_programs(Session& session) {
    load(session, "r0 = 1; exit");
    take_loaded(session);
    load(session, "r0 = 2; exit");
    take_loaded(session);
    send_rows(session, 1);
    expect(take_rows(session, 1).at(0).first == 2, "a second 'load' did not replace the program");
}

u64 Checker::call_helper(Session& session, u32 id, std::string_view before,
                         std::string_view after) {
    load(session, fmt::format("r6 = r1; {}; call {}; {}; *(u64 *)(r6 + 0) = r0; r0 = 0; exit",
                              before, static_cast<s32>(id), after));
    take_loaded(session);
    send_rows(session, 1);
    const auto rows = take_rows(session, 1);
    return conformance::load(std::span(rows.at(0).second).first(8), session.hello().byte_order);
}

void Checker::calls_helpers(Session& session) {
    const HelperIds& ids = session.hello().helpers;
    if (ids[HelperRole::mix]) {
        const u64 seen = call_helper(session, *ids[HelperRole::mix],
                                     "r1 = 1; r2 = 256; r3 = 65536; r4 = 16777216; r5 = -1", "");
        const u64 expected = 0x7050301 - 11;
        expect(seen == expected, fmt::format("'mix' of 1, 0x100, 0x10000, 0x1000000 and -1 is "
                                             "{:#x}, must be {:#x}",
                                             seen, expected));
    }
    if (ids[HelperRole::copy]) {
        const u64 seen =
            call_helper(session, *ids[HelperRole::copy], "r3 = r1; r3 += 8; r1 += 16; r2 = 8",
                        "r1 = *(u64 *)(r6 + 8); r2 = *(u64 *)(r6 + 16); r0 |= r1; "
                        "r0 -= r2");
        expect(seen == 0, "'copy' of bytes 8..15 of the block to 16..23 does not return 0, or "
                          "does not copy them");
    }
    if (ids[HelperRole::unstated]) {
        const u64 seen = call_helper(session, *ids[HelperRole::unstated], "r7 = 7", "r0 = r7");
        expect(seen == 7, fmt::format("after a call of 'unstated', r7 is {:#x}, was 7", seen));
    }
}

/// As with vectors, the threads are two; a plugin that offers more has to take fewer.
void Checker::runs_threads(Session& session) {
    if (session.hello().threads < 2)
        return;
    constexpr u64 times = 1000;
    load(session, "r2 = 1; lock *(u64 *)(r1 + 8) += r2; r0 = 5; exit");
    take_loaded(session);
    send_rows(session, 2, {.threads = 2, .times = times});
    const auto rows = take_rows(session, 2);
    for (std::size_t row = 0; row < rows.size(); ++row) {
        std::array<u8, 8> before{};
        for (std::size_t at = 0; at < before.size(); ++at)
            before[at] = pattern(row, 8 + at);
        const ByteOrder order = session.hello().byte_order;
        const u64 runs = conformance::load(std::span(rows[row].second).subspan(8, 8), order) -
                         conformance::load(before, order);
        expect(runs == 2 * times,
               fmt::format("two threads that each run a program {} times, which adds 1 to the "
                           "block, have added {} (row {}): runs are missing or too many, or the "
                           "runtime's addition is not atomic",
                           times, runs, row));
        expect(rows[row].first == 5,
               fmt::format("every run returns 5, and their OR is {:#x}", rows[row].first));
    }
}

bool Checker::perform(const char* title, Check check) {
    std::string wrong;
    try {
        Session session(m_command, m_deadline);
        (this->*check)(session);
    } catch (const Wrong& found) {
        wrong = found.what;
    } catch (const PluginFailure& failure) {
        wrong = failure.text;
    }
    fmt::print("{}  {}\n", wrong.empty() ? "ok    " : "WRONG ", title);
    if (!wrong.empty())
        fmt::print("        {}\n", wrong);
    return wrong.empty();
}

int Checker::run() {
    static constexpr std::array checks{
        std::pair{"answers 'hello'", &Checker::answers_hello},
        std::pair{"loads a program and runs rows", &Checker::runs_rows},
        std::pair{"runs on the row's memory, and returns it", &Checker::returns_memory},
        std::pair{"takes requests before it has answered others",
                  &Checker::takes_pipelined_requests},
        std::pair{"hands on a refusal", &Checker::refuses_unassigned_opcodes},
        std::pair{"answers 'run' without a program", &Checker::answers_run_without_program},
        std::pair{"replaces one program by the next", &Checker::forgets_between_programs},
        std::pair{"calls the helper functions that it names, if any", &Checker::calls_helpers},
        std::pair{"runs as many threads as it says on one block", &Checker::runs_threads},
    };
    std::size_t wrong = 0;
    for (const auto& [title, check] : checks)
        wrong += perform(title, check) ? 0 : 1;
    if (wrong == 0)
        fmt::print("The plugin speaks the protocol.\n");
    else
        fmt::print("{} of {} checks failed; docs/plugin-protocol.md has the details.\n", wrong,
                   checks.size());
    return wrong == 0 ? 0 : 1;
}

struct Options {
    std::string command;
    double timeout = 10;
};

int check_plugin(const Options& options) {
    try {
        return Checker(split_command(plugin_command(options.command)),
                       std::chrono::milliseconds(static_cast<long long>(options.timeout * 1000)))
            .run();
    } catch (const RuntimeUnavailable& unavailable) {
        throw InputError("the plugin says that its runtime is not available: " + unavailable.why);
    }
}

} // namespace

Command add_plugin(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* plugin = app.add_subcommand("plugin", "Help for those who write a plugin");
    plugin->require_subcommand(1);
    CLI::App* check = plugin->add_subcommand("check", "Does the plugin speak the protocol?");
    check->add_option("command", options->command, "Plugin command, quoted if it has arguments")
        ->required();
    check->add_option("--timeout", options->timeout, "Seconds for the answer to one request");
    check->footer("Example:\n  bpf-assay plugin check './my_plugin --jit'");
    plugin->footer("Example:\n  bpf-assay plugin check './my_plugin --jit'");
    return [options] { return check_plugin(*options); };
}

} // namespace bpf_assay::conformance::cli
