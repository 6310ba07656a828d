// The files of an export: docs/export.md.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bpf_assay::conformance::cli {

/// The programs by lines, for tools that read no JSON, and the first word of it.
inline constexpr const char *programs_name = "programs.txt", *programs_head = "bpf-assay-programs";

/// A folder that gets all files of an export, or none: until they are whole, they lie in a folder
/// of their own in it, and an older export stays.
class ExportFolder {
public:
    /// "vectors-0007": of an object, and of its rows
    static std::string object_name(std::size_t number);

    /// Makes the folder. Throws InputError if that cannot be, or if it holds an export that must
    /// not be overwritten.
    ExportFolder(const std::string& path, bool overwrite);
    ExportFolder(const ExportFolder&) = delete;
    ExportFolder& operator=(const ExportFolder&) = delete;
    ~ExportFolder();

    void write(const std::string& name, std::string_view text);
    /// Puts the files where they belong, instead of those of an older export.
    void finish(const std::string& manifest);
    std::string manifest_path() const;

private:
    std::vector<std::filesystem::path> older_export() const; // its manifest first

    std::filesystem::path m_path, m_staging;
    std::vector<std::string> m_names;
};

} // namespace bpf_assay::conformance::cli
