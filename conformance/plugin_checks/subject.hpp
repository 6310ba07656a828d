// The plugin under development, as all checks see it.
#pragma once

#include "conformance/assembler.hpp"
#include "conformance/plugin_checks/conversation.hpp"
#include "conformance/session.hpp"

#include <functional>
#include <optional>

namespace bpf_assay::conformance::plugin_checks {

/// Thrown by a check of what the plugin does not offer.
struct NotOffered {
    std::string what;
};

struct Program {
    std::vector<u8> image;
    std::string text;
};

/// One row of an answer to `run`.
struct Row {
    bool fault = false;
    u64 r0 = 0;
    std::vector<u8> block;
    std::string why; // of the fault, if the answer has it
};

/// Fills a block before the run.
using Fill = std::function<void(std::size_t row, std::span<u8> block)>;

class Subject {
public:
    Subject(std::vector<std::string> command, std::chrono::milliseconds deadline)
        : m_command(std::move(command)), m_deadline(deadline) {}

    const std::vector<std::string>& command() const { return m_command; }
    std::chrono::milliseconds deadline() const { return m_deadline; }
    ByteOrder byte_order() const { return m_hello.byte_order; }
    const Hello& hello() const { return m_hello; }
    void set_hello(Hello hello) { m_hello = std::move(hello); }

    /// What is not wrong, but the author should know; of the check that is under way.
    void remark(std::string text) { m_remarks.push_back(std::move(text)); }
    std::vector<std::string> take_remarks() { return std::exchange(m_remarks, {}); }
    std::vector<std::string> take_log() { return std::exchange(m_log, {}); }
    std::vector<std::string>& log() { return m_log; }

    /// A plugin that has just been started.
    Conversation start() { return Conversation(m_command, m_deadline, m_log); }
    /// A conversation that checks share as long as nothing goes wrong in it: then their number
    /// costs little, and each finds whatever the ones before have left behind.
    Conversation& shared();
    void drop_shared() { m_shared.reset(); }

    /// Set by the check that has found out: the runtime does not survive a bad address.
    bool dies_of_faults = false;

    Program assemble(std::string_view text);
    u64 number(std::span<const u8> bytes) const;
    void put_number(std::span<u8> bytes, u64 value) const;

private:
    std::vector<std::string> m_command;
    std::chrono::milliseconds m_deadline;
    Hello m_hello;
    std::vector<std::string> m_remarks, m_log;
    std::optional<Conversation> m_shared;
    Assembler m_assembler;
};

Request hello_request();
/// Sends it, and takes the answer.
void greet(Conversation& talk);
Request load_request(const Program& program, bool packet = false);
/// The block of `row` filled by `fill`, or with pattern() if there is none.
Request run_request(std::size_t rows, std::size_t size, const Fill& fill = {},
                    Concurrency concurrency = {});
/// A different byte at (nearly) every place.
u8 pattern(std::size_t row, std::size_t at);

/// The rows of an answer to `run`. Throws Wrong if its form is not what the protocol says.
std::vector<Row> rows_of(const Subject& subject, const Conversation& talk, const Reply& reply,
                         std::size_t rows, std::size_t size);
/// The same of the next answer; every row must have ended by EXIT.
std::vector<Row> take_rows(const Subject& subject, Conversation& talk, std::size_t rows,
                           std::size_t size);
/// Loads the program, which must be taken, and runs it on rows.
std::vector<Row> load_and_run(Subject& subject, Conversation& talk, std::string_view program,
                              std::size_t rows, std::size_t size, const Fill& fill = {});
void load(Subject& subject, Conversation& talk, std::string_view program);

} // namespace bpf_assay::conformance::plugin_checks
