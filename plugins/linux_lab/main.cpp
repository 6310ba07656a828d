// The lab as a plugin: boots a Linux kernel in an emulator, with the plugin linux_kernel in it, and
// passes the protocol on (docs/linux-lab.md).
#include "emulator.hpp"
#include "file_channel.hpp"
#include "guest.hpp"
#include "relay.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>

namespace {

using namespace bpf_assay::linux_lab;

/// The first line that `program --version` prints, with words for people; the program if it prints
/// none.
std::string version_of(const std::string& program) {
    std::array<char, 256> line{};
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(
        popen(fmt::format("'{}' --version 2>&1 </dev/null", program).c_str(), "re"), pclose);
    if (!pipe || fgets(line.data(), line.size(), pipe.get()) == nullptr)
        return program;
    std::string text = line.data();
    text.erase(text.find_last_not_of("\r\n") + 1);
    return text.starts_with("QEMU") ? text : "User-Mode Linux " + text;
}

/// The answer to `hello`, the first request, whether it has been read by now or not. The runner
/// then ends the input; to end before it has written would break its pipe.
int answer_unavailable(const std::string& why) {
    const nlohmann::json answer{{"unavailable", {{"why", why}, {"cause", "setup"}}}};
    std::cout << answer.dump() << std::endl;
    std::string rest;
    while (std::getline(std::cin, rest))
        ;
    return 1;
}

int boot(const Guest& guest, const Settings& settings) {
    const About about{version_of(guest.emulator[0]),
                      fmt::to_string(fmt::join(guest.emulator, " "))};
    std::optional<FileChannel> files;
    if (guest.is_user_mode())
        files.emplace();
    const std::filesystem::path folder = files ? files->folder() : "";
    if (files) // its command line cannot hold a path with spaces
        std::filesystem::create_symlink(guest.folder / "initrd", folder / "initrd");
    Emulator emulator([&](int channel) { return boot_command(guest, settings, channel, folder); },
                      folder);
    return relay(emulator, files ? files->start(emulator.take_channel()) : emulator.take_channel(),
                 about);
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app("Boots a Linux kernel in an emulator and tests its BPF; scripts/lab prepares the "
                 "guests, and lists them");
    std::string name, engine = "jit", type = "syscall";
    const char* variable = std::getenv("BPF_ASSAY_LAB");
    std::string folder = variable != nullptr ? variable : BPF_ASSAY_LAB_FOLDER;
    Settings settings;
    bool rnd_hi32 = false, strict_alignment = false;
    app.add_option("guest", name, "Guest, such as linux-7.2-arm64")->required();
    app.add_option("--guests", folder,
                   "Folder of the guests (default: BPF_ASSAY_LAB, or that of this build)");
    app.add_option("--engine", engine, "jit (default) or interpreter")
        ->check(CLI::IsMember({"jit", "interpreter"}));
    app.add_flag("--harden", settings.harden, "Blind constants: bpf_jit_harden = 2");
    app.add_flag("--rnd-hi32", rnd_hi32, "Load with BPF_F_TEST_RND_HI32");
    app.add_flag("--strict-alignment", strict_alignment, "Load with BPF_F_STRICT_ALIGNMENT");
    app.add_option("--type", type, "Of programs on memory: syscall (default) or socket_filter")
        ->check(CLI::IsMember({"syscall", "socket_filter"}));
    CLI11_PARSE(app, argc, argv);

    settings.jit = engine == "jit";
    settings.options = {"--engine", engine, "--type", type};
    if (settings.harden)
        settings.options.emplace_back("--blinded"); // it proves that they are
    if (rnd_hi32)
        settings.options.emplace_back("--rnd-hi32");
    if (strict_alignment)
        settings.options.emplace_back("--strict-alignment");
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return boot(read_guest(folder, name), settings);
    } catch (const Unavailable& unavailable) {
        return answer_unavailable(unavailable.what());
    } catch (const std::exception& error) {
        fmt::print(stderr, "linux_lab: {}\n", error.what());
        return 1;
    }
}
