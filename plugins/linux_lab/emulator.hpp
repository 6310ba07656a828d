// The emulator as a child process: its console and the channel to the plugin in the guest.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bpf_assay::linux_lab {

class Emulator {
public:
    /// Starts command(descriptor of the channel in the new process), with a warden between it and
    /// this process: when this one ends, whatever ends it, the warden ends the emulator and all
    /// that it started, and removes `folder` (none if empty). Standard output and error of the
    /// emulator are the console. Throws Unavailable.
    Emulator(const std::function<std::vector<std::string>(int)>& command,
             const std::filesystem::path& folder);
    ~Emulator(); // ends it
    Emulator(const Emulator&) = delete;
    Emulator& operator=(const Emulator&) = delete;

    /// A socket, not blocking; from now on the caller's to close. The guest then sees the end of
    /// its input.
    int take_channel() { return std::exchange(m_channel, -1); }
    int console() const { return m_console; } // a pipe, not blocking

    /// Waits until it has ended, and ends it when the time is over. "exit status 1", "SIGSEGV".
    std::string finish(std::chrono::milliseconds patience);

private:
    int m_warden = -1, m_lifeline = -1, m_channel = -1, m_console = -1;
};

} // namespace bpf_assay::linux_lab
