#include "api.hpp"

#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

#include <cerrno>
#include <vector>

namespace windows_bpf {
namespace {

static_assert(EPERM == 1 && ENOENT == 2 && EBADF == 9 && ENOMEM == 12 && EACCES == 13 &&
                  EFAULT == 14 && EINVAL == 22 && ENOSPC == 28 && ENOBUFS == 119 && ENOTSUP == 129,
              "the DLL returns the numbers of Microsoft's C library");

std::string system_message(DWORD error) {
    char text[256] = "";
    DWORD size = FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr,
                                error, 0, text, sizeof text, nullptr);
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r' || text[size - 1] == ' ' ||
                        text[size - 1] == '.'))
        --size;
    std::string message = "error " + std::to_string(error);
    return size > 0 ? message + ": " + std::string(text, size) : message;
}

// What is not in the PATH yet, because the session is older than the installation.
std::string installed_path() {
    char folder[MAX_PATH] = "";
    const DWORD size = GetEnvironmentVariableA("ProgramFiles", folder, sizeof folder);
    if (size == 0 || size >= sizeof folder)
        return {};
    return std::string(folder, size) + "\\ebpf-for-windows\\ebpfapi.dll";
}

HMODULE load_library(const std::string& file, DWORD& error) {
    const bool is_path = file.find_first_of("/\\") != std::string::npos;
    char full[MAX_PATH] = "";
    // Only of a full path are the DLLs that it needs looked for beside it.
    if (is_path && GetFullPathNameA(file.c_str(), sizeof full, full, nullptr) < sizeof full) {
        const HMODULE module = LoadLibraryExA(full, nullptr, LOAD_WITH_ALTERED_SEARCH_PATH);
        error = GetLastError();
        return module;
    }
    const HMODULE module = LoadLibraryA(file.c_str());
    error = GetLastError();
    return module;
}

std::string why_not_loaded(const std::string& file, DWORD error) {
    switch (error) {
    case ERROR_MOD_NOT_FOUND:
        return file + " is not found, or a DLL that it needs is not (a Debug build needs the debug "
                      "runtime of Visual C++): install eBPF for Windows with its JIT feature, or "
                      "name the file with --dll";
    case ERROR_BAD_EXE_FORMAT:
        return file + " is no DLL for this processor architecture";
    case ERROR_DLL_INIT_FAILED:
        return file + " refuses to start: is this eBPF for Windows installed completely?";
    default:
        return file + " cannot be loaded (" + system_message(error) + ")";
    }
}

std::string path_of(HMODULE module) {
    char path[MAX_PATH] = "";
    const DWORD size = GetModuleFileNameA(module, path, sizeof path);
    return std::string(path, size);
}

std::string version_of(const std::string& path) {
    DWORD ignored = 0;
    const DWORD size = GetFileVersionInfoSizeA(path.c_str(), &ignored);
    std::vector<char> data(size);
    VS_FIXEDFILEINFO* info = nullptr;
    UINT info_size = 0;
    if (size == 0 || !GetFileVersionInfoA(path.c_str(), 0, size, data.data()) ||
        !VerQueryValueA(data.data(), "\\", reinterpret_cast<void**>(&info), &info_size) ||
        info_size < sizeof *info)
        return "unknown";
    return std::to_string(HIWORD(info->dwFileVersionMS)) + "." +
           std::to_string(LOWORD(info->dwFileVersionMS)) + "." +
           std::to_string(HIWORD(info->dwFileVersionLS)) + "." +
           std::to_string(LOWORD(info->dwFileVersionLS));
}

template <typename Function>
bool find(HMODULE module, const char* name, Function*& function) {
    // By way of void*: no compiler warns about that.
    void* const address = reinterpret_cast<void*>(GetProcAddress(module, name));
    function = reinterpret_cast<Function*>(address);
    return function != nullptr;
}

} // namespace

std::string open_api(Api& api, const std::string& file, bool for_drivers) {
    DWORD error = 0;
    std::string name = file.empty() ? "ebpfapi.dll" : file;
    HMODULE module = load_library(name, error);
    const std::string installed = file.empty() ? installed_path() : "";
    if (module == nullptr && error == ERROR_MOD_NOT_FOUND && !installed.empty() &&
        GetFileAttributesA(installed.c_str()) != INVALID_FILE_ATTRIBUTES) {
        name = installed;
        module = load_library(name, error);
    }
    if (module == nullptr)
        return why_not_loaded(name, error);
    api.path = path_of(module);
    api.version = version_of(api.path);
    std::string missing;
    const auto need = [&](const char* function_name, auto*& function) {
        if (!find(module, function_name, function))
            (missing += missing.empty() ? "" : ", ") += function_name;
    };
    need("bpf_map_update_elem", api.map_update_elem);
    need("bpf_map_lookup_elem", api.map_lookup_elem);
    if (for_drivers) {
        need("bpf_object__open", api.object_open);
        need("bpf_object__load", api.object_load);
        need("bpf_object__close", api.object_close);
        need("bpf_object__find_program_by_name", api.object_find_program_by_name);
        need("bpf_program__fd", api.program_fd);
        need("bpf_object__find_map_by_name", api.object_find_map_by_name);
        need("bpf_map__fd", api.map_fd);
        need("bpf_map__value_size", api.map_value_size);
        need("libbpf_get_error", api.get_error);
    } else {
        need("bpf_map_create", api.map_create);
        need("bpf_prog_load", api.prog_load);
    }
    need("bpf_prog_test_run_opts", api.prog_test_run_opts);
    need("ebpf_close_fd", api.close_fd);
    find(module, "ebpf_program_query_info", api.program_query_info);
    find(module, "ebpf_free_string", api.free_string);
    int (*marker)() = nullptr;
    api.is_stand_in = find(module, "bpf_assay_stand_in", marker);
    if (!missing.empty())
        return api.path + ", version " + api.version + ", does not export " + missing +
               ": it is older than January 2023, when it got test runs; install a newer eBPF for "
               "Windows";
    return {};
}

const char* describe_errno(int error) {
    switch (error < 0 ? -error : error) {
    case EPERM:
        return "EPERM: access denied";
    case ENOENT:
        return "ENOENT: not found";
    case EBADF:
        return "EBADF: no such file descriptor";
    case ENOMEM:
        return "ENOMEM: out of memory";
    case EACCES:
        return "EACCES: the verifier refuses it";
    case EFAULT:
        return "EFAULT: an invalid pointer";
    case EINVAL:
        return "EINVAL: an invalid argument";
    case ENOSPC:
        return "ENOSPC: out of space";
    case ENOBUFS:
        return "ENOBUFS: a buffer is too small";
    case ENOTSUP:
        return "ENOTSUP: not supported";
    case error_other:
        return "EOTHER: it failed, and the DLL does not say why";
    default:
        return "an errno that the DLL is not known to return";
    }
}

} // namespace windows_bpf
