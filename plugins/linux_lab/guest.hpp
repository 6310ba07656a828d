// A guest of the lab: a folder that scripts/lab prepared, and how to boot what is in it.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace bpf_assay::linux_lab {

/// The guest cannot be used; the text says why, and what to do.
struct Unavailable : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What the file `machine` of the folder says, a key and its value on each line.
struct Guest {
    std::string name;
    std::filesystem::path folder;      // with `kernel` and `initrd`
    std::vector<std::string> emulator; // QEMU with the machine's options, or User-Mode Linux
    std::string console;               // of the kernel, for console=
    std::string words;                 // more, for the kernel's command line
    std::string virtio;                // the bus of the channel: pci, ccw; empty: User-Mode Linux

    bool is_user_mode() const { return virtio.empty(); }
};

/// What to ask of the guest's kernel and of the plugin in it.
struct Settings {
    bool jit = true;                  // bpf_jit_enable; the plugin proves that it is so
    bool harden = false;              // bpf_jit_harden = 2: constants are blinded
    std::vector<std::string> options; // of linux_kernel, the plugin in the guest
};

/// Reads <folder>/<name>. Throws Unavailable.
Guest read_guest(const std::filesystem::path& folder, const std::string& name);

/// The command that boots it. The channel is a socket with this descriptor in the new process; with
/// User-Mode Linux, it is a terminal that names files in `folder`, which has the initrd, too. The
/// console is standard output.
std::vector<std::string> boot_command(const Guest& guest, const Settings& settings, int channel,
                                      const std::filesystem::path& folder);

} // namespace bpf_assay::linux_lab
