// What a Windows program runs on: Windows, or Wine.
#pragma once

#include <string>

namespace windows_bpf {

/// Wine's version; empty on Windows.
std::string wine_version();

/// Of Windows, or the one that Wine pretends to be: major.minor.build.
std::string windows_version();

/// `Windows 10.0.22631`, or `Wine 8.0`.
std::string system_name();

/// As Windows names it; empty if it does not.
std::string cpu();

} // namespace windows_bpf
