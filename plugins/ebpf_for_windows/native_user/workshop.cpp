#ifndef _GNU_SOURCE
#define _GNU_SOURCE // pipe2, posix_spawn_file_actions_addchdir_np
#endif
#include "workshop.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace bpf_assay::native_user {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_text = 65'536, longest_why = 900;
constexpr int no_program = 126, no_such_program = 127; // of a shell

/// What posix_spawn takes: pointers to each text, and a null pointer behind them.
std::vector<char*> pointers_of(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (std::string& word : words)
        pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

std::string in_one_line(const std::string& text) {
    std::istringstream lines(text);
    std::string joined;
    for (std::string line; std::getline(lines, line);) {
        line.erase(0, line.find_first_not_of(" \t\r"));
        if (!line.empty())
            joined += (joined.empty() ? "" : "; ") + line;
    }
    return joined.substr(0, longest_why);
}

/// False at `until`.
bool ends_before(pid_t child, Clock::time_point until) {
    const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    if (descriptor < 0)
        throw std::runtime_error("pidfd_open: " + std::string(std::strerror(errno)));
    pollfd ended{.fd = descriptor, .events = POLLIN, .revents = 0};
    int count = -1;
    do {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
        count = poll(&ended, 1, left > 0 ? static_cast<int>(left) : 0);
    } while (count < 0 && errno == EINTR);
    close(descriptor);
    return count > 0;
}

} // namespace

std::string Ended::why(const std::string& tool) const {
    switch (how) {
    case How::too_late:
        return tool + " did not end in time";
    case How::by_signal:
        return tool + " died of " + strsignal(status) + (text.empty() ? "" : ": ") +
               in_one_line(text);
    case How::not_started:
        return tool + " cannot be started: " + in_one_line(text);
    case How::exited:
        break;
    }
    return in_one_line(text) + (status == 1 ? "" : " (exit status " + std::to_string(status) + ")");
}

Workshop::Workshop() {
    std::string folder = (fs::temp_directory_path() / "bpf-assay-native-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr)
        throw std::runtime_error("cannot make the folder " + folder + ": " + std::strerror(errno));
    m_folder = folder;
    // Code that crashes takes this process with it, and the runner may kill it: so another one, in
    // a session of its own, waits for its end.
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        throw std::runtime_error("no pipe: " + std::string(std::strerror(errno)));
    std::vector<std::string> words{"sh", "-c", "read -r line; rm -rf \"$1\"", "sh", m_folder};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, 1, 2); // the runner waits for the end of both
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    pid_t child = 0;
    const int error =
        posix_spawnp(&child, "sh", &actions, &attributes, pointers_of(words).data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[0]);
    m_alive = ends[1];
    if (error != 0)
        throw std::runtime_error("sh cannot be started: " + std::string(std::strerror(error)));
}

Workshop::~Workshop() {
    std::error_code ignored;
    fs::remove_all(m_folder, ignored);
    close(m_alive);
}

void Workshop::write(std::string_view name, std::string_view bytes) const {
    std::ofstream file(path(name), std::ios::binary);
    file << bytes;
    file.close();
    if (!file)
        throw std::runtime_error("cannot write " + path(name));
}

Ended Workshop::run(const std::vector<std::string>& words, int seconds,
                    Clock::time_point until) const {
    // The limit holds for what the program starts, too, as a compiler does. No group of its own:
    // the runner ends all that is in the plugin's.
    std::vector<std::string> all{"sh", "-c", "ulimit -c 0; ulimit -S -t \"$1\"; shift; exec \"$@\"",
                                 "sh", std::to_string(seconds)};
    all.insert(all.end(), words.begin(), words.end());
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, m_folder.c_str());
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "said", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    pid_t child = 0;
    const int error =
        posix_spawnp(&child, "sh", &actions, nullptr, pointers_of(all).data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        throw std::runtime_error("sh cannot be started: " + std::string(std::strerror(error)));
    const bool in_time = ends_before(child, until);
    if (!in_time)
        kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    Ended ended;
    std::ifstream said(path("said"), std::ios::binary);
    ended.text.resize(longest_text);
    said.read(ended.text.data(), longest_text);
    ended.text.resize(static_cast<std::size_t>(said.gcount()));
    ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    if (!in_time || (WIFSIGNALED(status) && ended.status == SIGXCPU))
        ended.how = Ended::How::too_late;
    else if (WIFSIGNALED(status))
        ended.how = Ended::How::by_signal;
    else if (ended.status == no_program || ended.status == no_such_program)
        ended.how = Ended::How::not_started;
    return ended;
}

} // namespace bpf_assay::native_user
