// The host's side of User-Mode Linux's channel (guest_files.h).
#pragma once

#include <filesystem>
#include <thread>

namespace bpf_assay::linux_lab {

/// A thread between a socket, where the relay reads and writes bytes, and a folder that is shared
/// with the guest, with a terminal that names the files in it.
class FileChannel {
public:
    /// Makes the folder. Throws Unavailable.
    FileChannel();
    /// Ends the thread, and removes the folder.
    ~FileChannel();
    FileChannel(const FileChannel&) = delete;
    FileChannel& operator=(const FileChannel&) = delete;

    const std::filesystem::path& folder() const { return m_folder; }
    /// Starts the thread, which takes the terminal, a socket. Returns the relay's socket, not
    /// blocking; it ends with the guest. Throws Unavailable.
    int start(int terminal);

private:
    std::filesystem::path m_folder;
    std::thread m_thread;
    int m_stop[2] = {-1, -1};
};

} // namespace bpf_assay::linux_lab
