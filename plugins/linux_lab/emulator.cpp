#include "emulator.hpp"

#include "guest.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bpf_assay::linux_lab {
namespace {

constexpr int warden_slice = 20; // ms: how soon the emulator's end is seen

void close_descriptor(int& descriptor) {
    if (descriptor >= 0)
        close(descriptor);
    descriptor = -1;
}

/// What the new processes hold.
struct Ends {
    int channel, console, failure, lifeline;
};

[[noreturn]] void become_emulator(char* const* arguments, const Ends& ends, int warden) {
    prctl(PR_SET_PDEATHSIG, SIGKILL); // also if somebody ends the warden
    if (getppid() != warden)
        _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    dup2(ends.console, STDOUT_FILENO);
    dup2(ends.console, STDERR_FILENO);
    fcntl(ends.channel, F_SETFD, 0);
    execvp(arguments[0], arguments);
    const int error = errno;
    (void)!write(ends.failure, &error, sizeof error);
    _exit(127);
}

/// All children of this process, also those that others left to it.
void kill_children() {
    const std::string path = fmt::format("/proc/self/task/{}/children", getpid());
    while (FILE* file = std::fopen(path.c_str(), "re")) {
        int child = 0, count = 0;
        for (; std::fscanf(file, "%d", &child) == 1; ++count)
            kill(child, SIGKILL);
        std::fclose(file);
        if (count == 0)
            return;
        waitpid(-1, nullptr, 0);
    }
}

/// Not in the group of this process, so that what ends the group does not end the warden.
[[noreturn]] void become_warden(char* const* arguments, const Ends& ends,
                                const std::filesystem::path& folder) {
    setsid();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr); // it has the name of linux_lab, and outlives it
    const int warden = getpid();
    const int emulator = fork();
    if (emulator == 0)
        become_emulator(arguments, ends, warden);
    close(ends.channel);
    close(ends.console);
    close(ends.failure);
    int status = 0;
    pollfd lifeline{ends.lifeline, POLLIN, 0};
    while (waitpid(emulator, &status, WNOHANG) == 0)
        if (poll(&lifeline, 1, warden_slice) > 0)
            kill(emulator, SIGKILL);
    kill_children();
    std::error_code ignored;
    if (!folder.empty())
        std::filesystem::remove_all(folder, ignored);
    if (WIFSIGNALED(status)) {
        std::signal(WTERMSIG(status), SIG_DFL);
        sigemptyset(&all);
        sigprocmask(SIG_SETMASK, &all, nullptr);
        raise(WTERMSIG(status));
    }
    _exit(WEXITSTATUS(status));
}

} // namespace

Emulator::Emulator(const std::function<std::vector<std::string>(int)>& command,
                   const std::filesystem::path& folder) {
    int sockets[2], console[2], failure[2], lifeline[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0 ||
        pipe2(console, O_CLOEXEC) != 0 || pipe2(failure, O_CLOEXEC) != 0 ||
        pipe2(lifeline, O_CLOEXEC) != 0)
        throw Unavailable(fmt::format("no sockets: {}", std::strerror(errno)));
    m_channel = sockets[0];
    m_console = console[0];
    m_lifeline = lifeline[1];
    fcntl(m_channel, F_SETFL, O_NONBLOCK);
    fcntl(m_console, F_SETFL, O_NONBLOCK);

    std::vector<std::string> words = command(sockets[1]);
    std::vector<char*> arguments;
    for (std::string& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    m_warden = fork();
    if (m_warden == 0) {
        close(m_channel);
        close(m_console);
        close(m_lifeline);
        close(failure[0]);
        become_warden(arguments.data(), {sockets[1], console[1], failure[1], lifeline[0]}, folder);
    }
    for (const int end : {sockets[1], console[1], failure[1], lifeline[0]})
        close(end);
    int error = m_warden < 0 ? errno : 0;
    if (m_warden > 0)
        (void)!read(failure[0], &error, sizeof error);
    close(failure[0]);
    if (error != 0)
        throw Unavailable(fmt::format("cannot start {}: {}; scripts/lab list says what is missing",
                                      words[0], std::strerror(error)));
}

Emulator::~Emulator() {
    finish(std::chrono::milliseconds(0));
    close_descriptor(m_channel);
    close_descriptor(m_console);
}

std::string Emulator::finish(std::chrono::milliseconds patience) {
    if (m_warden <= 0)
        return "ended";
    const auto deadline = std::chrono::steady_clock::now() + patience;
    int status = 0;
    while (waitpid(m_warden, &status, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() >= deadline)
            close_descriptor(m_lifeline);
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    m_warden = -1;
    close_descriptor(m_lifeline);
    if (WIFEXITED(status))
        return fmt::format("exit status {}", WEXITSTATUS(status));
    const char* name = sigabbrev_np(WTERMSIG(status));
    return name != nullptr ? fmt::format("SIG{}", name)
                           : fmt::format("signal {}", WTERMSIG(status));
}

} // namespace bpf_assay::linux_lab
