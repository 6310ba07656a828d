#include "conformance/cli/export_folder.hpp"

#include "conformance/cli/output.hpp"
#include "conformance/error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <fstream>

namespace bpf_assay::conformance::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* manifest_name = "manifest.json";
constexpr std::string_view prefix = "vectors-";

/// Is it called as the objects and rows of an export are?
bool is_name_of_export(const fs::path& name) {
    const std::string stem = name.stem().string();
    return (name.extension() == ".o" || name.extension() == ".rows") && stem.starts_with(prefix) &&
           stem.size() >= ExportFolder::object_name(0).size() &&
           std::ranges::all_of(stem.substr(prefix.size()),
                               [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool is_list(std::istream& stream) {
    std::string word;
    return stream >> word && word == programs_head;
}

bool is_manifest(std::istream& stream) {
    const json content = json::parse(stream, nullptr, false);
    return content.is_object() && content.contains("bpf-assay");
}

} // namespace

std::string ExportFolder::object_name(std::size_t number) {
    return fmt::format("{}{:04}", prefix, number);
}

ExportFolder::ExportFolder(const std::string& path, bool overwrite)
    : m_path(path), m_staging(m_path / ".bpf-assay-export") {
    std::error_code error;
    fs::create_directories(m_path, error);
    if (error)
        throw InputError(
            fmt::format("{} is no folder and cannot be made: {}", path, error.message()));
    if (const auto older = older_export(); !older.empty() && !overwrite)
        throw InputError(fmt::format("{} holds an export ({} files, {} is one): choose another "
                                     "folder, or replace it with --overwrite",
                                     path, older.size(), older.front().filename().string()));
    fs::remove_all(m_staging, error); // of an export that was killed
    if (!error)
        fs::create_directory(m_staging, error);
    if (error)
        throw InputError(fmt::format("{}: cannot be written: {}", path, error.message()));
}

ExportFolder::~ExportFolder() {
    std::error_code ignored;
    fs::remove_all(m_staging, ignored);
}

void ExportFolder::write(const std::string& name, std::string_view text) {
    write_text((m_staging / name).string(), text);
    m_names.push_back(name);
}

void ExportFolder::finish(const std::string& manifest) {
    write(manifest_name, manifest);
    try { // what has no manifest is no export: the old one goes first, the new one comes last
        for (const fs::path& path : older_export())
            fs::remove(path);
        for (const std::string& name : m_names)
            fs::rename(m_staging / name, m_path / name);
    } catch (const fs::filesystem_error& error) {
        throw InputError(error.what());
    }
}

std::string ExportFolder::manifest_path() const {
    return (m_path / manifest_name).string();
}

std::vector<fs::path> ExportFolder::older_export() const {
    std::vector<fs::path> paths;
    std::error_code unreadable;
    for (const auto& entry : fs::directory_iterator(m_path, unreadable))
        if (is_name_of_export(entry.path().filename()))
            paths.push_back(entry.path());
    std::ranges::sort(paths);
    for (const auto& [name, is_of_export] :
         {std::pair{programs_name, &is_list}, {manifest_name, &is_manifest}}) {
        const fs::path path = m_path / name;
        if (!fs::exists(path, unreadable))
            continue;
        std::ifstream stream(path);
        if (!is_of_export(stream))
            throw InputError(
                fmt::format("{} is of something else than an export, and stays: choose "
                            "another folder",
                            path.string()));
        paths.insert(paths.begin(), path);
    }
    return paths;
}

} // namespace bpf_assay::conformance::cli
