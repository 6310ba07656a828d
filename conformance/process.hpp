// A child process with its three standard streams, in a process group of its own.
#pragma once

#include "conformance/error.hpp"

#include "reference_vm/numeric.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bpf_assay::conformance {

using Clock = std::chrono::steady_clock;

/// Set by the command line's signal handler; every wait ends soon after.
extern std::atomic<bool> interrupt_requested;
struct Interrupted {};

/// Splits "a 'b c' d" into words as a shell does, without any expansion.
std::vector<std::string> split_command(std::string_view command);

/// The program is not there, or is none.
struct CannotStart : InputError {
    CannotStart(const std::string& text, int error) : InputError(text), missing(error == ENOENT) {}
    bool missing; // rather than out of memory, or without permission
};

/// Where the program is: a name without a slash is searched in PATH. Throws CannotStart if it is
/// not there, or may not be executed.
std::string find_program(const std::string& program);

class Process {
public:
    /// Starts argv[0] (searched in PATH) with these variables added to the environment. Throws
    /// CannotStart.
    explicit Process(const std::vector<std::string>& argv,
                     const std::map<std::string, std::string>& environment = {});
    ~Process(); // kills the whole process group, and waits
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    /// Queues bytes for standard input; written while waiting.
    void write(std::string_view bytes);
    void write(std::span<const u8> bytes);
    void close_input_when_written() { m_close_when_written = true; }

    enum class Event { output, end_of_output, deadline };
    /// Waits until there is more output (appended to `output()`), its end, or the deadline.
    /// Throws Interrupted.
    Event wait(Clock::time_point deadline);

    /// What came from standard output and has not been consumed.
    std::string_view output() const { return std::string_view(m_output).substr(m_consumed); }
    void consume(std::size_t bytes);
    /// The last few KiB of standard error.
    std::string_view errors() const { return m_errors; }

    /// Waits for the exit, killing the group at the deadline. "exit status 3", "SIGSEGV".
    std::string finish(Clock::time_point deadline);
    /// The exit status if finish() saw a regular exit, else -1.
    int exit_status() const { return m_exit_status; }
    /// Whether finish() had to kill it.
    bool was_killed() const { return m_was_killed; }

private:
    void write_some();
    bool read_some(int& descriptor, bool errors);
    void close_all();

    int m_pid = -1;
    int m_input = -1, m_output_end = -1, m_error_end = -1;
    std::string m_pending; // for standard input
    std::size_t m_written = 0;
    bool m_close_when_written = false;
    std::string m_output;
    std::size_t m_consumed = 0;
    std::string m_errors;
    int m_exit_status = -1;
    bool m_was_killed = false;
};

} // namespace bpf_assay::conformance
