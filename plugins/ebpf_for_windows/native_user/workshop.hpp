// A temporary folder, and programs that work in it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace bpf_assay::native_user {

using Clock = std::chrono::steady_clock;

/// How a program ended, and what it said on its standard streams.
struct Ended {
    enum class How {
        exited,
        by_signal, // crashed, or somebody ended it for want of memory
        too_late,
        not_started
    } how = How::exited;
    int status = 0; // of exit; or the signal
    std::string text;

    bool well() const { return how == How::exited && status == 0; }
    /// Whether it came to the end and says no, and not for want of time, memory or itself.
    bool refuses() const { return how == How::exited && status == 1 && !text.empty(); }
    /// In one line.
    std::string why(const std::string& tool) const;
};

class Workshop {
public:
    /// Throws std::runtime_error.
    Workshop();
    /// The folder goes, as it does when this process dies of anything.
    ~Workshop();
    Workshop(const Workshop&) = delete;
    Workshop& operator=(const Workshop&) = delete;

    std::string path(std::string_view name) const { return m_folder + "/" + std::string(name); }
    /// Throws std::runtime_error.
    void write(std::string_view name, std::string_view bytes) const;

    /// Runs words[0] in the folder, for at most so many seconds of its own processors' time and
    /// until then. It dies with this process's group. Throws std::runtime_error if this system
    /// starts no process.
    Ended run(const std::vector<std::string>& words, int seconds, Clock::time_point until) const;

private:
    std::string m_folder;
    int m_alive = -1; // what removes the folder reads its other end
};

} // namespace bpf_assay::native_user
