#include "conformance/process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bpf_assay::conformance {

std::atomic<bool> interrupt_requested = false;

namespace {

constexpr std::size_t kept_errors = 4096;
constexpr std::size_t pipe_size = 1 << 20;
constexpr std::chrono::milliseconds wait_slice{100}; // how soon an interrupt is seen
constexpr std::chrono::seconds death_patience{5};    // a process that is held in the kernel stays

struct Pipe {
    int read_end = -1, write_end = -1;

    Pipe() {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0)
            throw CannotStart(fmt::format("no pipe: {}", std::strerror(errno)), errno);
        read_end = ends[0];
        write_end = ends[1];
#ifdef F_SETPIPE_SZ
        fcntl(write_end, F_SETPIPE_SZ, pipe_size); // fewer switches between runner and plugin
#endif
    }
};

void close_descriptor(int& descriptor) {
    if (descriptor >= 0)
        close(descriptor);
    descriptor = -1;
}

/// What posix_spawn takes: pointers to each text, and a null pointer behind them.
std::vector<char*> pointers_of(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts)
        pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// This process's environment, with these variables set.
std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
    std::vector<std::string> variables;
    for (char** variable = environ; *variable != nullptr; ++variable)
        if (const std::string text = *variable; !added.contains(text.substr(0, text.find('='))))
            variables.push_back(text);
    for (const auto& [name, value] : added)
        variables.push_back(name + "=" + value);
    return variables;
}

std::string text_of_status(int status) {
    if (WIFEXITED(status))
        return fmt::format("exit status {}", WEXITSTATUS(status));
    const char* name = sigabbrev_np(WTERMSIG(status));
    return name != nullptr ? fmt::format("SIG{}", name)
                           : fmt::format("signal {}", WTERMSIG(status));
}

/// write(2), where a pipe that nobody reads gives EPIPE: the program that embeds the runner gets no
/// SIGPIPE, which would end it, whatever it has set for that signal.
ssize_t write_without_signal(int descriptor, std::string_view bytes) {
    sigset_t sigpipe, pending, before;
    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    const int error = errno;
    constexpr timespec at_once{};
    if (count < 0 && error == EPIPE && sigismember(&pending, SIGPIPE) == 0)
        sigtimedwait(&sigpipe, nullptr, &at_once);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    return count;
}

} // namespace

std::vector<std::string> split_command(std::string_view command) {
    std::vector<std::string> words;
    char quote = 0;
    bool in_word = false;
    for (const char c : command) {
        if (quote == 0 && std::string_view(" \t\r\n").find(c) != std::string_view::npos) {
            in_word = false;
            continue;
        }
        if (!in_word) {
            words.emplace_back();
            in_word = true;
        }
        if (quote == 0 && (c == '\'' || c == '"'))
            quote = c;
        else if (c == quote)
            quote = 0;
        else
            words.back() += c;
    }
    if (quote != 0)
        throw InputError(fmt::format("unbalanced {} in the command: {}", quote, command));
    return words;
}

std::string find_program(const std::string& program) {
    std::vector<std::string> places;
    const char* path = std::getenv("PATH");
    if (program.find('/') != std::string::npos)
        places.push_back(program);
    else
        for (std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
             std::getline(folders, places.emplace_back(), ':');)
            places.back() += "/" + program;
    int reason = ENOENT;
    for (const std::string& place : places) {
        if (access(place.c_str(), X_OK) == 0)
            return place;
        reason = errno == EACCES ? EACCES : reason;
    }
    throw CannotStart(fmt::format("cannot start '{}': {}", program, std::strerror(reason)), reason);
}

Process::Process(const std::vector<std::string>& argv,
                 const std::map<std::string, std::string>& environment) {
    Pipe input, output, errors;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input.read_end, 0);
    posix_spawn_file_actions_adddup2(&actions, output.write_end, 1);
    posix_spawn_file_actions_adddup2(&actions, errors.write_end, 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // A group of its own: a Ctrl-C reaches the runner only, which then ends all that a plugin
    // started.
    sigset_t none, ignored;
    sigemptyset(&none);
    sigemptyset(&ignored);
    sigaddset(&ignored, SIGPIPE); // the runner ignores it; a plugin starts with the default
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &ignored);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);

    std::vector<std::string> words = argv;
    const auto arguments = pointers_of(words);
    std::vector<std::string> variables = environment_with(environment);
    const auto variable_pointers = pointers_of(variables);
    const int error = posix_spawnp(&m_pid, arguments[0], &actions, &attributes, arguments.data(),
                                   variable_pointers.data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close_descriptor(input.read_end);
    close_descriptor(output.write_end);
    close_descriptor(errors.write_end);
    m_input = input.write_end;
    m_output_end = output.read_end;
    m_error_end = errors.read_end;
    if (error != 0) {
        m_pid = -1;
        close_all();
        throw CannotStart(fmt::format("cannot start '{}': {}", argv[0], std::strerror(error)),
                          error);
    }
    for (const int descriptor : {m_input, m_output_end, m_error_end})
        fcntl(descriptor, F_SETFL, O_NONBLOCK);
}

Process::~Process() {
    if (m_pid > 0)
        finish(Clock::now());
    close_all();
}

void Process::close_all() {
    close_descriptor(m_input);
    close_descriptor(m_output_end);
    close_descriptor(m_error_end);
}

void Process::write(std::string_view bytes) {
    if (m_written == m_pending.size()) {
        m_pending.clear();
        m_written = 0;
    }
    m_pending.append(bytes);
}

void Process::write(std::span<const u8> bytes) {
    write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void Process::write_some() {
    const ssize_t count =
        write_without_signal(m_input, std::string_view(m_pending).substr(m_written));
    if (count > 0)
        m_written += static_cast<std::size_t>(count);
    else if (count < 0 && errno != EAGAIN && errno != EINTR)
        close_descriptor(m_input); // it no longer reads: its end shows on standard output
}

/// Reads what there is; false at the end of the stream.
bool Process::read_some(int& descriptor, bool errors) {
    static thread_local std::array<char, 1 << 18> buffer;
    const ssize_t count = read(descriptor, buffer.data(), buffer.size());
    if (count < 0)
        return errno == EAGAIN || errno == EINTR;
    if (count == 0) {
        close_descriptor(descriptor);
        return false;
    }
    std::string& target = errors ? m_errors : m_output;
    target.append(buffer.data(), static_cast<std::size_t>(count));
    if (errors && m_errors.size() > 2 * kept_errors)
        m_errors.erase(0, m_errors.size() - kept_errors);
    return true;
}

void Process::consume(std::size_t bytes) {
    m_consumed += bytes;
    if (m_consumed == m_output.size()) {
        m_output.clear();
        m_consumed = 0;
    } else if (m_consumed > pipe_size) {
        m_output.erase(0, m_consumed);
        m_consumed = 0;
    }
}

Process::Event Process::wait(Clock::time_point deadline) {
    for (;;) {
        if (interrupt_requested)
            throw Interrupted{};
        if (m_written == m_pending.size() && m_close_when_written)
            close_descriptor(m_input);
        const bool writes = m_input >= 0 && m_written < m_pending.size();
        std::array<pollfd, 3> polled{
            pollfd{.fd = m_output_end, .events = POLLIN, .revents = 0},
            pollfd{.fd = m_error_end, .events = POLLIN, .revents = 0},
            pollfd{.fd = writes ? m_input : -1, .events = POLLOUT, .revents = 0},
        };
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0)
            return Event::deadline;
        const int ready = poll(polled.data(), polled.size(),
                               static_cast<int>(std::min(left, wait_slice).count()));
        if (ready <= 0)
            continue;
        if (polled[2].revents != 0)
            write_some();
        if (polled[1].revents != 0)
            read_some(m_error_end, /*errors=*/true);
        if (polled[0].revents != 0)
            return read_some(m_output_end, /*errors=*/false) ? Event::output : Event::end_of_output;
    }
}

std::string Process::finish(Clock::time_point deadline) {
    if (m_pid <= 0)
        return "ended";
    close_descriptor(m_input);
    int status = 0;
    pid_t ended = 0;
    while ((ended = waitpid(m_pid, &status, WNOHANG)) == 0) {
        if (Clock::now() >= deadline) {
            if (m_was_killed) { // to wait on would let a runtime that hangs in the kernel hang the
                                // run
                m_pid = -1;
                m_exit_status = -1;
                return "does not end by SIGKILL, and is left behind";
            }
            kill(-m_pid, SIGKILL);
            m_was_killed = true;
            deadline = Clock::now() + death_patience;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    kill(-m_pid, SIGKILL); // whatever it started and left behind
    if (m_error_end >= 0)
        read_some(m_error_end, /*errors=*/true);
    m_pid = -1;
    if (ended < 0) { // a program that embeds the runner ignores SIGCHLD: nobody knows the status
        m_exit_status = -1;
        return "ended, its exit status is not known";
    }
    m_exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return text_of_status(status);
}

} // namespace bpf_assay::conformance
