#ifndef _GNU_SOURCE
#define _GNU_SOURCE // F_SETPIPE_SZ
#endif
#include "read_ahead.hpp"

#include "bpf_assay_plugin.h"

#include <chrono>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

namespace bpf_assay::native_user {
namespace {

constexpr int pipe_bytes = 1 << 20; // as much as the runner has on its way
constexpr std::chrono::milliseconds quiet{4};

/// Whole messages out of a stream of bytes.
class Messages {
public:
    template <class Note>
    void add(const char* bytes, std::size_t size, Note note) {
        m_buffer.append(bytes, size);
        for (;;) {
            const std::size_t end = m_buffer.find('\n');
            if (end == std::string::npos)
                return;
            bpf_assay_request request{};
            if (bpf_assay_read_request(m_buffer.data(), end, &request) != nullptr) {
                m_buffer.clear(); // unreadable: the SDK will say so, and end
                return;
            }
            const std::size_t payload = request.bytes;
            if (m_buffer.size() - end - 1 < payload)
                return;
            if (std::string(request.name) == "load")
                note(m_buffer.substr(end + 1, payload));
            m_buffer.erase(0, end + 1 + payload);
        }
    }

private:
    std::string m_buffer;
};

} // namespace

bool ReadAhead::start() {
    int ends[2];
    if (pipe(ends) != 0)
        return false;
    const int in = dup(0);
    if (in < 0 || dup2(ends[0], 0) < 0)
        return false;
    close(ends[0]);
    fcntl(in, F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETPIPE_SZ, pipe_bytes); // or as it is: then less is seen ahead
    std::thread([this, in, out = ends[1]] { pass_on(in, out); }).detach();
    return true;
}

void ReadAhead::pass_on(int in, int out) {
    static char buffer[1 << 16];
    Messages messages;
    for (;;) {
        const ssize_t got = read(in, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        messages.add(buffer, static_cast<std::size_t>(got),
                     [this](std::string image) { note(std::move(image)); });
        if (bpf_assay_write_all(out, buffer, static_cast<std::size_t>(got)) == 0)
            break;
    }
    close(out);
}

void ReadAhead::note(std::string image) {
    const std::lock_guard lock(m_mutex);
    m_images.push_back(std::move(image));
    m_noted.notify_one();
}

std::deque<std::string> ReadAhead::take(std::size_t most) {
    std::unique_lock lock(m_mutex);
    for (std::size_t before = m_images.size(); m_images.size() < most; before = m_images.size())
        if (!m_noted.wait_for(lock, quiet, [&] { return m_images.size() > before; }))
            break;
    std::deque<std::string> taken;
    while (!m_images.empty() && taken.size() < most) {
        taken.push_back(std::move(m_images.front()));
        m_images.pop_front();
    }
    return taken;
}

} // namespace bpf_assay::native_user
