// uBPF as eBPF for Windows embeds it, as a plugin: its Windows calling convention and its options,
// without the verifier and the kernel (docs/windows.md).
#include "runtime.h"
#include "system.hpp"

#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

/// What the service of eBPF for Windows has room for.
constexpr std::size_t code_room = 32 * 1024;

/// As its kernel part hands it to ubpf_exec(), which checks no bounds.
constexpr std::size_t stated_size = 1024;

/// As its kernel part calls machine code: with the context alone, and it takes 32 bits back.
using Entry = std::uint32_t (*)(void* context);

// A page that is first written and then executed, for one program at a time.
std::uint8_t* code = nullptr;

} // namespace

int set_up_vm(struct runtime* runtime) {
    ubpf_toggle_bounds_check(runtime->vm, false);
    ubpf_toggle_readonly_bytecode(runtime->vm, false);
    return 0;
}

enum bpf_assay_verdict compile(struct runtime* runtime, size_t, struct bpf_assay_loaded* loaded) {
    static std::uint8_t translated[code_room];
    std::size_t size = code_room;
    char* message = nullptr;
    DWORD before = 0;
    if (ubpf_translate(runtime->vm, translated, &size, &message) != 0) {
        // uBPF has one message for a program that it refuses and another for lack of room.
        const bool room = message && std::strstr(message, "too small");
        take_message(message, "ubpf_translate() fails, and does not say why", loaded->why);
        return room ? BPF_ASSAY_UNSUPPORTED : BPF_ASSAY_REJECTED;
    }
    std::free(message);
    if (code == nullptr)
        code = static_cast<std::uint8_t*>(
            VirtualAlloc(nullptr, code_room, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE));
    if (code == nullptr || !VirtualProtect(code, code_room, PAGE_READWRITE, &before)) {
        bpf_assay_say(loaded->why, "no memory for machine code: error %lu", GetLastError());
        return BPF_ASSAY_UNABLE_MEMORY;
    }
    std::memcpy(code, translated, size);
    if (!VirtualProtect(code, code_room, PAGE_EXECUTE_READ, &before)) {
        bpf_assay_say(loaded->why, "memory cannot be made executable: error %lu", GetLastError());
        return BPF_ASSAY_UNABLE_MEMORY;
    }
    FlushInstructionCache(GetCurrentProcess(), code, size);
    loaded->machine_code_bytes = size;
    return BPF_ASSAY_LOADED;
}

int run(void* user, uint8_t* block, size_t, uint64_t* r0, char* why) {
    const auto& runtime = *static_cast<const struct runtime*>(user);
    if (runtime.jit) {
        *r0 = reinterpret_cast<Entry>(reinterpret_cast<std::uintptr_t>(code))(block);
        return 0;
    }
    std::uint64_t result = 0;
    clear_error();
    if (ubpf_exec(runtime.vm, block, stated_size, &result) != 0) {
        take_error(why);
        return 1;
    }
    *r0 = static_cast<std::uint32_t>(result);
    return 0;
}

namespace {

int set_engine(void* user, const char* value, char* why) {
    auto& runtime = *static_cast<struct runtime*>(user);
    runtime.jit = std::strcmp(value, "jit") == 0;
    if (runtime.jit || std::strcmp(value, "interpreter") == 0)
        return 0;
    bpf_assay_say(why, "%s is neither jit nor interpreter", value);
    return 1;
}

constexpr struct bpf_assay_option options[] = {
    {"--engine", "ENGINE", "jit (default) or interpreter", set_engine},
    {nullptr, nullptr, nullptr, nullptr},
};

int describe(void* user, struct bpf_assay_info* info) {
    static const std::string system = windows_bpf::system_name();
    static const std::string wine = windows_bpf::wine_version();
    static const std::string executed_by =
        system + (wine.empty() ? ", user space, no Windows kernel" : ", no Windows kernel");
    static const std::string cpu = windows_bpf::cpu();
    static const char* const facts[] = {
        "executed_by", executed_by.c_str(),
        "machine",     "x86_64",
        "options",     "bounds checks off, as in eBPF for Windows; frames of 512 bytes",
        "cpu",         cpu.empty() ? "unknown" : cpu.c_str(),
        nullptr};
    offer(info);
    info->name = "ubpf_windows";
    info->version = BPF_ASSAY_UBPF_VERSION;
    info->engine = static_cast<const struct runtime*>(user)->jit ? "jit" : "interpreter";
    info->r0_bits = 32;
    info->facts = facts;
    return 0;
}

// Machine code has no unwind information, so that no other handler is sure to be reached; and Wine
// would start its debugger.
LONG WINAPI end_process(EXCEPTION_POINTERS* exception) {
    const EXCEPTION_RECORD& record = *exception->ExceptionRecord;
    constexpr DWORD error = 0xc0000000;
    if ((record.ExceptionCode & error) != error)
        return EXCEPTION_CONTINUE_SEARCH;
    std::fprintf(stderr, "exception 0x%08lx\n", record.ExceptionCode);
    std::fflush(stderr);
    TerminateProcess(GetCurrentProcess(), record.ExceptionCode);
    return EXCEPTION_CONTINUE_SEARCH;
}

} // namespace

int main(int argc, char** argv) {
    static struct runtime runtime = {};
    struct bpf_assay_plugin plugin = {};
    AddVectoredExceptionHandler(1, end_process);
    runtime.jit = 1;
    plugin.info = describe;
    plugin.load = load;
    plugin.run = run;
    plugin.user = &runtime;
    plugin.options = options;
    return bpf_assay_plugin_main(argc, argv, &plugin);
}
