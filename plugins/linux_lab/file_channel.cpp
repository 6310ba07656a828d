#include "file_channel.hpp"

#include "guest.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bpf_assay::linux_lab {
namespace {

constexpr std::size_t most = 1 << 20; // bytes of a chunk: as in guest_files.c

/// Writes all of it to a socket that does not block; false if nobody reads.
bool write_all(int socket, const char* data, std::size_t size) {
    while (size > 0) {
        const ssize_t count = write(socket, data, size);
        if (count < 0 && errno == EAGAIN) {
            pollfd writable{socket, POLLOUT, 0};
            poll(&writable, 1, -1);
            continue;
        }
        if (count <= 0)
            return false;
        data += count;
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

class Passing {
public:
    Passing(std::filesystem::path folder, int terminal, int bytes, int stop)
        : m_folder(std::move(folder)), m_terminal(terminal), m_bytes(bytes), m_stop(stop),
          m_chunk(most) {}

    void run() {
        bool good = true;
        while (good) {
            std::array<pollfd, 3> polled{
                pollfd{m_stop, POLLIN, 0},
                pollfd{m_terminal, POLLIN, 0},
                pollfd{m_taken && !m_ended ? m_bytes : -1, POLLIN, 0},
            };
            if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR)
                return;
            if (polled[0].revents != 0)
                return;
            if (polled[1].revents != 0)
                good = read_terminal();
            if (good && polled[2].revents != 0)
                good = send_chunk();
        }
    }

private:
    bool tell(const std::string& line) { return write_all(m_terminal, line.data(), line.size()); }

    bool send_chunk() {
        const ssize_t count = read(m_bytes, m_chunk.data(), m_chunk.size());
        if (count < 0)
            return errno == EAGAIN || errno == EINTR;
        if (count == 0) {
            m_ended = true;
            return tell("end\n");
        }
        const std::string number = std::to_string(++m_sent);
        std::ofstream file(m_folder / ("in." + number), std::ios::binary);
        file.write(m_chunk.data(), count);
        file.close();
        m_taken = false;
        return file && tell("chunk " + number + "\n");
    }

    bool read_terminal() {
        std::array<char, 256> buffer;
        const ssize_t count = read(m_terminal, buffer.data(), buffer.size());
        if (count <= 0)
            return count < 0 && (errno == EAGAIN || errno == EINTR);
        m_lines.append(buffer.data(), static_cast<std::size_t>(count));
        for (std::size_t end = 0; (end = m_lines.find('\n')) != std::string::npos;) {
            const std::string line = m_lines.substr(0, end);
            m_lines.erase(0, end + 1);
            if (line == "ready" || line == "taken")
                m_taken = true;
            else if (line.starts_with("chunk ") &&
                     !pass_answer(m_folder / ("out." + line.substr(6))))
                return false;
        }
        return true;
    }

    bool pass_answer(const std::filesystem::path& path) {
        std::ifstream file(path, std::ios::binary);
        const std::string answer(std::istreambuf_iterator<char>(file), {});
        if (!file)
            return false;
        std::filesystem::remove(path);
        return write_all(m_bytes, answer.data(), answer.size());
    }

    std::filesystem::path m_folder;
    int m_terminal, m_bytes, m_stop;
    std::vector<char> m_chunk;
    unsigned long m_sent = 0;
    bool m_taken = false; // the guest is there, and has read the last chunk
    bool m_ended = false;
    std::string m_lines;
};

} // namespace

FileChannel::FileChannel() {
    // In memory, where the machine has such a folder.
    const char* parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    std::string name = fmt::format("{}/bpf-assay-lab.XXXXXX", parent);
    if (mkdtemp(name.data()) == nullptr || pipe2(m_stop, O_CLOEXEC) != 0)
        throw Unavailable(fmt::format("no folder {}: {}", name, std::strerror(errno)));
    m_folder = name;
}

FileChannel::~FileChannel() {
    close(m_stop[1]);
    if (m_thread.joinable())
        m_thread.join();
    close(m_stop[0]);
    std::error_code ignored;
    std::filesystem::remove_all(m_folder, ignored);
}

int FileChannel::start(int terminal) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets) != 0)
        throw Unavailable(fmt::format("no sockets: {}", std::strerror(errno)));
    m_thread = std::thread([folder = m_folder, terminal, bytes = sockets[1], stop = m_stop[0]] {
        Passing(folder, terminal, bytes, stop).run();
        close(bytes);
        close(terminal);
    });
    return sockets[0];
}

} // namespace bpf_assay::linux_lab
