// A plugin's streams in the hands of a check, which may send what the runner never sends.
#pragma once

#include "conformance/process.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace bpf_assay::conformance::plugin_checks {

/// What a check has found, for the plugin's author.
struct Wrong {
    enum class Kind {
        answer, // another one than there must be
        ended,  // the plugin has ended instead
        silent, // no answer in time
    };
    Kind kind = Kind::answer;
    std::string sent, came, must;
};

struct Request {
    std::string line; // without its '\n'
    std::vector<u8> payload;
    std::string note; // what the payload is, for the author

    std::string bytes() const;
    std::string text() const;
};

/// An answer that is well-formed: one object with one message, and its payload.
struct Reply {
    std::string line;
    std::string name;
    nlohmann::json body;
    std::vector<u8> payload;

    std::string text() const;
    /// body["why"], or a text that says it is missing.
    std::string why() const;
};

/// How a plugin has ended.
struct Ending {
    std::string text; // "exit status 1", "SIGSEGV", and its last words
    int status = -1;  // -1: by a signal
};

/// The text without what a terminal would interpret, cut where it is long.
std::string printable(std::string_view text, std::size_t most = 160);

class Conversation {
public:
    /// Starts the plugin; hello is not sent. `log` gets a line for each message. Throws InputError.
    Conversation(const std::vector<std::string>& command, std::chrono::milliseconds deadline,
                 std::vector<std::string>& log);

    void send(const Request& request);
    /// Any bytes; the description stands for them where they are shown.
    void send(std::string_view bytes, const std::string& description);
    /// A piece at a time, each in a write of its own.
    void send_in_pieces(std::string_view bytes, std::size_t piece, const std::string& description);
    /// The description of what is shown as sent from now on.
    void describe_sent(std::string description) { m_sent = std::move(description); }
    void close_input() { m_process.close_input_when_written(); }

    /// The next answer. Throws Wrong; `must` says what there must be instead.
    Reply receive(const std::string& must);
    /// The same, with one of these names.
    Reply receive(const std::vector<std::string>& names, const std::string& must);
    Reply ask(const Request& request, const std::vector<std::string>& names,
              const std::string& must);

    /// Waits until the plugin has ended by itself; throws Wrong if it does not.
    Ending wait_for_end(const std::string& must);
    /// What it has written and nobody has asked for.
    std::string_view left_over() const { return m_process.output(); }

    [[noreturn]] void wrong(const std::string& came, const std::string& must,
                            Wrong::Kind kind = Wrong::Kind::answer) const;
    [[noreturn]] void wrong(const Reply& reply, const std::string& must) const {
        wrong(reply.text(), must);
    }

private:
    Process::Event wait(Clock::time_point deadline);
    std::string take_line(Clock::time_point deadline, const std::string& must);
    Reply read_line(const std::string& line, std::size_t& payload, const std::string& must) const;
    const Ending& ending();
    void note(std::string_view arrow, const std::string& text);

    std::chrono::milliseconds m_deadline;
    Process m_process;
    std::vector<std::string>& m_log;
    std::string m_sent;
    bool m_ended = false; // its standard output has
    Ending m_ending;
};

} // namespace bpf_assay::conformance::plugin_checks
