#include "system.hpp"

#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

namespace windows_bpf {

std::string wine_version() {
    const HMODULE ntdll = GetModuleHandleA("ntdll.dll");
    void* const address =
        ntdll ? reinterpret_cast<void*>(GetProcAddress(ntdll, "wine_get_version")) : nullptr;
    if (address == nullptr)
        return {};
    return reinterpret_cast<const char* (*)()>(address)();
}

std::string system_name() {
    const std::string wine = wine_version();
    return wine.empty() ? "Windows " + windows_version() : "Wine " + wine;
}

// GetVersionEx says what the program's manifest asks for; this says what it is.
std::string windows_version() {
    const HMODULE ntdll = GetModuleHandleA("ntdll.dll");
    void* const address =
        ntdll ? reinterpret_cast<void*>(GetProcAddress(ntdll, "RtlGetVersion")) : nullptr;
    RTL_OSVERSIONINFOW version = {};
    version.dwOSVersionInfoSize = sizeof version;
    if (address == nullptr ||
        reinterpret_cast<LONG(WINAPI*)(RTL_OSVERSIONINFOW*)>(address)(&version) != 0)
        return "unknown";
    return std::to_string(version.dwMajorVersion) + "." + std::to_string(version.dwMinorVersion) +
           "." + std::to_string(version.dwBuildNumber);
}

std::string cpu() {
    char text[128] = "";
    const DWORD size = GetEnvironmentVariableA("PROCESSOR_IDENTIFIER", text, sizeof text);
    return size < sizeof text ? std::string(text, size) : std::string();
}

} // namespace windows_bpf
