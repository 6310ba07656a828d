// Between the runner on the standard streams and the plugin in the guest.
#pragma once

#include "console.hpp"
#include "emulator.hpp"

#include <string>

namespace bpf_assay::linux_lab {

/// Facts that are added to the guest's answer to `hello`.
struct About {
    std::string emulator; // "QEMU emulator version 7.2.22"
    std::string machine;  // its command, as scripts/lab prepared it
};

/// Passes messages on, to and from the socket `channel`, which it closes, until one side ends; then
/// says on standard error what became of the guest. Returns the exit status of the plugin. Throws
/// Unavailable if the guest does not get as far as to answer.
int relay(Emulator& emulator, int channel, const About& about);

} // namespace bpf_assay::linux_lab
