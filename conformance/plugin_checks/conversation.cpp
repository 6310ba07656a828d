#include "conformance/plugin_checks/conversation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bpf_assay::conformance::plugin_checks {
namespace {

constexpr std::size_t max_line = 64 * 1024;
constexpr std::size_t max_payload = 64 * 1024 * 1024;
constexpr std::chrono::milliseconds between_pieces{1};

std::string with_payload(std::string_view line, std::size_t bytes) {
    std::string text = printable(line);
    if (bytes != 0)
        text += fmt::format(", then {} bytes", bytes);
    return text;
}

bool is_ascii(char c) {
    return static_cast<unsigned char>(c) < 0x80;
}

/// Why a line is not a JSON object, as far as that can be told.
std::string trouble_with(std::string line) {
    if (std::ranges::all_of(line, is_ascii))
        return "not a JSON object: " + printable(line) +
               " (does the runtime print on standard output? Or had the answer before more bytes "
               "than it announced?)";
    const std::string shown = printable(line);
    std::ranges::replace_if(line, [](char c) { return !is_ascii(c); }, '?');
    if (nlohmann::json::accept(line))
        return "not a JSON object, as it holds bytes that are no UTF-8: " + shown;
    return "not a JSON object: " + shown;
}

} // namespace

std::string printable(std::string_view text, std::size_t most) {
    std::string result(text.substr(0, most));
    for (char& c : result)
        if (!is_ascii(c) || c < 0x20 || c == 0x7f)
            c = '.';
    return result + (text.size() > most ? "..." : "");
}

std::string Request::bytes() const {
    std::string all = line + "\n";
    all.append(reinterpret_cast<const char*>(payload.data()), payload.size());
    return all;
}

std::string Request::text() const {
    return with_payload(line, payload.size()) + (note.empty() ? "" : ": " + note);
}

std::string Reply::text() const {
    return with_payload(line, payload.size());
}

std::string Reply::why() const {
    const auto why = body.value("why", nlohmann::json());
    return why.is_string() ? why.get<std::string>() : "the plugin gives no reason";
}

Conversation::Conversation(const std::vector<std::string>& command,
                           std::chrono::milliseconds deadline, std::vector<std::string>& log)
    : m_deadline(deadline), m_process(command), m_log(log) {}

void Conversation::note(std::string_view arrow, const std::string& text) {
    m_log.push_back(fmt::format("{} {}", arrow, text));
}

void Conversation::send(const Request& request) {
    send(request.bytes(), request.text());
}

void Conversation::send(std::string_view bytes, const std::string& description) {
    m_process.write(bytes);
    m_sent = description;
    note("->", description);
}

void Conversation::send_in_pieces(std::string_view bytes, std::size_t piece,
                                  const std::string& description) {
    m_sent = description;
    note("->", description);
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
        m_process.write(bytes.substr(0, piece));
        if (wait(Clock::now() + between_pieces) == Process::Event::end_of_output)
            return; // the next receive() says so
    }
}

Process::Event Conversation::wait(Clock::time_point deadline) {
    const auto event = m_ended ? Process::Event::end_of_output : m_process.wait(deadline);
    m_ended = event == Process::Event::end_of_output;
    return event;
}

void Conversation::wrong(const std::string& came, const std::string& must, Wrong::Kind kind) const {
    throw Wrong{.kind = kind, .sent = m_sent, .came = came, .must = must};
}

const Ending& Conversation::ending() {
    if (!m_ending.text.empty())
        return m_ending;
    Ending ending;
    ending.text = m_process.finish(Clock::now() + std::chrono::seconds(1));
    ending.status = m_process.exit_status();
    std::string_view errors = m_process.errors();
    while (!errors.empty() && errors.back() == '\n')
        errors.remove_suffix(1);
    if (const auto line = errors.rfind('\n'); line != std::string_view::npos)
        errors.remove_prefix(line + 1);
    if (!errors.empty())
        ending.text += "; its last words: " + printable(errors);
    note("..", "the plugin has ended: " + ending.text);
    return m_ending = ending;
}

std::string Conversation::take_line(Clock::time_point deadline, const std::string& must) {
    std::size_t end = 0;
    while ((end = m_process.output().find('\n')) == std::string_view::npos || end >= max_line) {
        if (m_process.output().size() > max_line)
            wrong("a line of more than 64 KiB: " + printable(m_process.output(), 60), must);
        switch (wait(deadline)) {
        case Process::Event::output:
            break;
        case Process::Event::end_of_output:
            wrong(fmt::format("no answer: the plugin ended ({})", ending().text), must,
                  Wrong::Kind::ended);
        case Process::Event::deadline:
            const std::string part = m_process.output().empty()
                                         ? " (is each answer flushed?)"
                                         : "; a line began: " + printable(m_process.output(), 60);
            wrong(fmt::format("no answer within {:.1f} s{}",
                              std::chrono::duration<double>(m_deadline).count(), part),
                  must, Wrong::Kind::silent);
        }
    }
    std::string line(m_process.output().substr(0, end));
    m_process.consume(end + 1);
    return line;
}

Reply Conversation::read_line(const std::string& line, std::size_t& payload,
                              const std::string& must) const {
    const auto message = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!message.is_object())
        wrong(trouble_with(line), must);
    Reply reply{.line = line, .name = {}, .body = {}, .payload = {}};
    for (const auto& [key, value] : message.items())
        if (key == "bytes" && value.is_number_unsigned()) {
            payload = value.get<std::size_t>();
        } else if (key == "bytes") {
            wrong("'bytes' is not a number: " + printable(line), must);
        } else if (reply.name.empty() && value.is_object()) {
            reply.name = key;
            reply.body = value;
        }
    if (reply.name.empty())
        wrong("not an answer: " + printable(line), must);
    if (payload > max_payload)
        wrong(fmt::format("a payload of {} bytes is announced, more than 64 MiB", payload), must);
    return reply;
}

Reply Conversation::receive(const std::string& must) {
    const auto deadline = Clock::now() + m_deadline;
    const std::string line = take_line(deadline, must);
    std::size_t payload = 0;
    Reply reply = read_line(line, payload, must);
    while (m_process.output().size() < payload) {
        const auto event = wait(deadline);
        if (event == Process::Event::output)
            continue;
        const std::string came = fmt::format("{}, but only {} bytes of the {} come",
                                             printable(line), m_process.output().size(), payload);
        if (event == Process::Event::end_of_output)
            wrong(fmt::format("{}; the plugin ended ({})", came, ending().text), must,
                  Wrong::Kind::ended);
        wrong(came, must, Wrong::Kind::silent);
    }
    const auto bytes = m_process.output().substr(0, payload);
    reply.payload.assign(bytes.begin(), bytes.end());
    m_process.consume(payload);
    note("<-", reply.text());
    return reply;
}

Reply Conversation::receive(const std::vector<std::string>& names, const std::string& must) {
    Reply reply = receive(must);
    if (std::ranges::find(names, reply.name) == names.end())
        wrong(reply, must);
    return reply;
}

Reply Conversation::ask(const Request& request, const std::vector<std::string>& names,
                        const std::string& must) {
    send(request);
    return receive(names, must);
}

Ending Conversation::wait_for_end(const std::string& must) {
    const auto deadline = Clock::now() + m_deadline;
    for (;;)
        switch (wait(deadline)) {
        case Process::Event::output:
            if (left_over().size() > max_payload)
                wrong("output without an end: " + printable(left_over(), 60), must);
            break;
        case Process::Event::end_of_output:
            return ending();
        case Process::Event::deadline:
            wrong(fmt::format("the plugin has not ended within {:.1f} s",
                              std::chrono::duration<double>(m_deadline).count()),
                  must, Wrong::Kind::silent);
        }
}

} // namespace bpf_assay::conformance::plugin_checks
