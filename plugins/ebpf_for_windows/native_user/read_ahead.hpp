// The programs of requests that are on their way: compiling many at once costs little more than
// one.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>

namespace bpf_assay::native_user {

/// Stands between standard input and the SDK: passes everything on, and notes programs to be
/// loaded.
class ReadAhead {
public:
    /// From now on standard input is the passed-on one. False if the system refuses.
    bool start();

    /// The images of loads that came in and were not taken yet, in order: up to `most`, waiting for
    /// more until none has come for a moment. The runner sends without waiting for answers, but no
    /// further than its window.
    std::deque<std::string> take(std::size_t most);

private:
    void pass_on(int in, int out);
    void note(std::string image);

    std::mutex m_mutex;
    std::condition_variable m_noted;
    std::deque<std::string> m_images;
};

} // namespace bpf_assay::native_user
