// A folder that `bpf-assay export --elf` has written, and in which build-drivers.ps1 has made a
// driver of each object (docs/windows-native.md). Its file programs.txt says which program is
// where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace windows_bpf {

struct ExportedObject {
    std::string name;           // of its files, without .o
    std::size_t value_size = 0; // of its map
    std::vector<std::string> functions;
};

struct ExportedProgram {
    std::size_t object;
    std::string function;
};

struct ExportedFolder {
    std::string path;         // absolute
    std::string section;      // of all programs
    std::size_t block_at = 0; // in the map's value
    std::vector<ExportedObject> objects;
    std::unordered_map<std::string, ExportedProgram> programs; // by their slots

    std::string driver_of(const ExportedObject& object) const;
    /// What bpf2c said, if it has refused the object; else empty.
    std::string refusal_of(const ExportedObject& object) const;
};

/// Reads programs.txt. Returns why that cannot be; empty if it was.
std::string read_folder(ExportedFolder& folder, const std::string& path);

bool exists(const std::string& file);

} // namespace windows_bpf
