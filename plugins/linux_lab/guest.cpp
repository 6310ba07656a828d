#include "guest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <sstream>

namespace bpf_assay::linux_lab {
namespace {

constexpr int megabytes = 512;

// What ends the guest instead of letting it go on in a state that nobody can vouch for. Emulated, a
// kernel is slow: only 60 s (twice watchdog_thresh) without a schedule are a lockup. Warnings and
// worse are shown.
constexpr const char* kernel_words =
    "panic=-1 oops=panic softlockup_panic=1 watchdog_thresh=30 loglevel=5";

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;)
        words.push_back(word);
    return words;
}

std::string kernel_command_line(const Guest& guest, const Settings& settings,
                                const std::string& channel) {
    std::string line = fmt::format("{} assay.channel={} assay.jit={} assay.harden={}", kernel_words,
                                   channel, settings.jit ? 1 : 0, settings.harden ? 2 : 0);
    if (!guest.console.empty())
        line = fmt::format("console={} {}", guest.console, line);
    if (!guest.words.empty())
        line += " " + guest.words;
    // In one word: some machines take 256 bytes.
    return line + fmt::format(" assay.options={}", fmt::join(settings.options, ","));
}

} // namespace

Guest read_guest(const std::filesystem::path& folder, const std::string& name) {
    Guest guest{.name = name,
                .folder = folder / name,
                .emulator = {},
                .console = {},
                .words = {},
                .virtio = {}};
    const auto path = guest.folder / "machine";
    std::ifstream file(path);
    if (!file)
        throw Unavailable(fmt::format("the guest {0} is not ready: there is no {1}; "
                                      "scripts/lab fetch {0}, then scripts/lab build {0}",
                                      name, path.string()));
    std::size_t number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        const auto space = line.find(' ');
        const std::string key = line.substr(0, space);
        const std::string value = space == std::string::npos ? "" : line.substr(space + 1);
        if (key == "emulator")
            guest.emulator = words_of(value);
        else if (key == "console")
            guest.console = value;
        else if (key == "words")
            guest.words = value;
        else if (key == "virtio")
            guest.virtio = value;
        else
            throw Unavailable(fmt::format("{}:{}: '{}' is none of emulator, console, words, virtio",
                                          path.string(), number, key));
    }
    if (guest.emulator.empty())
        throw Unavailable(fmt::format("{}: names no emulator", path.string()));
    return guest;
}

std::vector<std::string> boot_command(const Guest& guest, const Settings& settings, int channel,
                                      const std::filesystem::path& folder) {
    const std::string kernel = (guest.folder / "kernel").string();
    const std::string initrd = (guest.folder / "initrd").string();
    std::vector<std::string> command = guest.emulator;
    const auto add = [&](auto&&... words) { (command.emplace_back(words), ...); };
    if (guest.is_user_mode()) {
        add(fmt::format("mem={}M", megabytes), "initrd=" + (folder / "initrd").string(),
            "rdinit=/init", "con=null", "con0=null,fd:1",
            fmt::format("con1=fd:{0},fd:{0}", channel));
        for (const std::string& word :
             words_of(kernel_command_line(guest, settings, folder.string())))
            add(word);
        return command;
    }
    // In front of the machine's own words: the last -m counts.
    command.insert(command.begin() + 1, {"-m", fmt::format("{}M", megabytes)});
    add("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot");
    add("-kernel", kernel, "-initrd", initrd);
    add("-append", kernel_command_line(guest, settings, "virtio"));
    add("-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console");
    add("-chardev", fmt::format("socket,id=channel,fd={}", channel));
    add("-device", "virtio-serial-" + guest.virtio);
    add("-device", "virtserialport,chardev=channel,name=bpf-assay");
    return command;
}

} // namespace bpf_assay::linux_lab
