#include "relay.hpp"

#include "guest.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <cmath>
#include <optional>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bpf_assay::linux_lab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_waiting = 1 << 20; // bytes that are read ahead
constexpr std::size_t longest_hello = 1 << 16;
constexpr std::chrono::seconds boot_patience{100};
constexpr std::chrono::seconds end_patience{30}; // from the plugin's end to that of the emulator
constexpr std::chrono::seconds trouble_patience{10}; // from an oops to the end that should follow

bool would_wait() {
    return errno == EAGAIN || errno == EINTR;
}

/// One direction.
class Stream {
public:
    Stream(int from, int to) : m_from(from), m_to(to) {}

    bool wants_to_read() const { return !m_ended && m_waiting.size() < most_waiting; }
    bool wants_to_write() const { return m_written < m_waiting.size(); }
    bool ended() const { return m_ended && !wants_to_write(); }
    std::string& waiting() { return m_waiting; } // before anything is written

    void read_some() {
        static thread_local std::array<char, 1 << 16> buffer;
        const ssize_t count = read(m_from, buffer.data(), buffer.size());
        if (count > 0)
            m_waiting.append(buffer.data(), static_cast<std::size_t>(count));
        else if (count == 0 || !would_wait())
            m_ended = true;
    }
    void write_some() {
        const ssize_t count =
            write(m_to, m_waiting.data() + m_written, m_waiting.size() - m_written);
        if (count > 0)
            m_written += static_cast<std::size_t>(count);
        else if (count < 0 && !would_wait())
            m_written = m_waiting.size(); // nobody reads: the end shows on the other side
        if (!wants_to_write()) {
            m_waiting.clear();
            m_written = 0;
        }
    }

private:
    int m_from, m_to;
    std::string m_waiting;
    std::size_t m_written = 0; // of m_waiting
    bool m_ended = false;
};

class Relay {
public:
    Relay(Emulator& emulator, int channel, const About& about)
        : m_emulator(emulator), m_channel(channel), m_about(about),
          m_requests(STDIN_FILENO, channel), m_answers(channel, STDOUT_FILENO) {}

    int run();

private:
    void wait();
    void read_console();
    void pass_hello();
    void check_boot();
    bool lingers();
    int end();
    int explain_end(const std::string& emulator_end) const;

    Emulator& m_emulator;
    int m_channel;
    const About& m_about;
    Stream m_requests, m_answers;
    Console m_console;
    bool m_console_ended = false;
    bool m_greeted = false; // the guest has answered `hello`
    Clock::time_point m_start = Clock::now(), m_healthy = m_start;
};

/// The guest's answer with what this side knows; as it is, if it is something else.
std::string with_facts(const std::string& line, const About& about, double seconds) {
    auto message = nlohmann::ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!message.is_object() || !message.contains("hello") || !message["hello"].is_object())
        return line;
    auto& hello = message["hello"];
    hello["environment"]["emulator"] = about.emulator;
    hello["environment"]["emulated_machine"] = about.machine;
    hello["boot_seconds"] = std::round(seconds * 100) / 100;
    return message.dump();
}

void Relay::pass_hello() {
    std::string& waiting = m_answers.waiting();
    const auto end = waiting.find('\n');
    if (end == std::string::npos && waiting.size() < longest_hello)
        return;
    if (end != std::string::npos) {
        const std::chrono::duration<double> seconds = Clock::now() - m_start;
        waiting.replace(0, end, with_facts(waiting.substr(0, end), m_about, seconds.count()));
    }
    m_greeted = true;
}

void Relay::read_console() {
    std::array<char, 4096> buffer;
    const ssize_t count = read(m_emulator.console(), buffer.data(), buffer.size());
    if (count > 0) {
        const std::string lines =
            m_console.take(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
        (void)!write(STDERR_FILENO, lines.data(), lines.size());
    } else if (count == 0 || !would_wait()) {
        m_console_ended = true;
    }
}

void Relay::wait() {
    std::array<pollfd, 5> polled{
        pollfd{m_requests.wants_to_read() ? STDIN_FILENO : -1, POLLIN, 0},
        pollfd{m_requests.wants_to_write() ? m_channel : -1, POLLOUT, 0},
        pollfd{m_answers.wants_to_read() ? m_channel : -1, POLLIN, 0},
        pollfd{m_greeted && m_answers.wants_to_write() ? STDOUT_FILENO : -1, POLLOUT, 0},
        pollfd{m_console_ended ? -1 : m_emulator.console(), POLLIN, 0},
    };
    if (poll(polled.data(), polled.size(), 500) <= 0)
        return;
    if (polled[0].revents != 0)
        m_requests.read_some();
    if (polled[1].revents != 0)
        m_requests.write_some();
    if (polled[2].revents != 0)
        m_answers.read_some();
    if (polled[3].revents != 0)
        m_answers.write_some();
    if (polled[4].revents != 0)
        read_console();
    if (!m_greeted)
        pass_hello();
}

void Relay::check_boot() {
    if (m_greeted || Clock::now() - m_start < boot_patience)
        return;
    throw Unavailable(fmt::format("the guest does not boot within {} s; its last words: {}",
                                  boot_patience.count(), m_console.last_line()));
}

/// Some kernels do not get as far as to end: they oops again and again.
bool Relay::lingers() {
    if (!m_console.trouble())
        m_healthy = Clock::now();
    return Clock::now() - m_healthy > trouble_patience;
}

int Relay::run() {
    // Console and channel end with the emulator; the input ends with the runner, but a request that
    // came before its end is still answered while the guest boots.
    while (!m_answers.ended() &&
           !(m_requests.ended() && m_greeted && !m_answers.wants_to_write())) {
        wait();
        check_boot();
        if ((m_console.plugin_end() && !m_greeted) || lingers())
            break;
    }
    return end();
}

int Relay::end() {
    // The runner may end the input without a word: then the guest's plugin sees the end of its own,
    // and ends. If it was the plugin that ended, the guest is about to go.
    close(m_channel);
    const auto deadline = Clock::now() + (lingers() ? std::chrono::seconds(0) : end_patience);
    while (!m_console_ended && Clock::now() < deadline) {
        pollfd console{m_emulator.console(), POLLIN, 0};
        if (poll(&console, 1, 100) > 0)
            read_console();
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    return explain_end(m_emulator.finish(std::max(left, std::chrono::milliseconds(0))));
}

int Relay::explain_end(const std::string& emulator_end) const {
    std::string what;
    if (m_console.trouble())
        what = "the guest's kernel broke down: " + *m_console.trouble();
    else if (m_console.init_failure())
        what = "the guest is of no use: " + *m_console.init_failure();
    else if (!m_console.plugin_end())
        what = fmt::format("the guest ended ({}); its last words: {}", emulator_end,
                           m_console.last_line());
    if (!m_greeted)
        throw Unavailable(what.empty() ? "the plugin in the guest ended " + *m_console.plugin_end()
                                       : what);
    if (!what.empty()) {
        fmt::print(stderr, "{}\n", what);
        return 1;
    }
    if (*m_console.plugin_end() == "with exit status 0")
        return 0;
    fmt::print(stderr, "the plugin in the guest ended {}\n", *m_console.plugin_end());
    return 1;
}

} // namespace

int relay(Emulator& emulator, int channel, const About& about) {
    return Relay(emulator, channel, about).run();
}

} // namespace bpf_assay::linux_lab
