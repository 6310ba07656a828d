#include "objects.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace windows_bpf {
namespace {

/// What hex digits say; empty if they are none.
std::string bytes_of(const std::string& hex) {
    const auto digit = [](char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    std::string bytes;
    if (hex.size() % 16 != 0) // whole slots only
        return bytes;
    for (std::size_t at = 0; at < hex.size(); at += 2) {
        if (digit(hex[at]) < 0 || digit(hex[at + 1]) < 0)
            return {};
        bytes += static_cast<char>(digit(hex[at]) << 4 | digit(hex[at + 1]));
    }
    return bytes;
}

/// One line of programs.txt: a keyword and what follows it. Whether it was understood.
bool read_line(ExportedFolder& folder, const std::string& line) {
    std::istringstream words(line);
    std::string keyword, name, hex;
    words >> keyword >> name;
    if (keyword == "section" && !name.empty()) {
        folder.section = name;
        return true;
    }
    if (keyword == "block_at")
        return static_cast<bool>(std::istringstream(name) >> folder.block_at);
    if (keyword == "object") {
        ExportedObject object;
        object.name = name.substr(0, name.rfind(".o"));
        if (!(words >> object.value_size) || object.name.empty())
            return false;
        folder.objects.push_back(object);
        return true;
    }
    if (keyword != "program" || folder.objects.empty() || !(words >> hex))
        return false;
    const std::string slots = bytes_of(hex);
    folder.objects.back().functions.push_back(name);
    // Two vectors may have the same program, and blocks of different sizes: the larger map serves
    // both.
    const std::size_t object = folder.objects.size() - 1;
    const auto [known, is_new] = folder.programs.try_emplace(slots, ExportedProgram{object, name});
    if (!is_new &&
        folder.objects[known->second.object].value_size < folder.objects[object].value_size)
        known->second = {object, name};
    return !slots.empty();
}

} // namespace

bool exists(const std::string& file) {
    return std::ifstream(file, std::ios::binary).good();
}

std::string ExportedFolder::driver_of(const ExportedObject& object) const {
    return path + "\\" + object.name + ".sys";
}

std::string ExportedFolder::refusal_of(const ExportedObject& object) const {
    std::ifstream file(path + "\\" + object.name + ".refused", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string read_folder(ExportedFolder& folder, const std::string& path) {
    std::error_code error;
    folder.path = std::filesystem::absolute(path, error).string();
    // The service opens drivers by itself, by a path in UTF-8 (ebpf_verify_signature_and_open_file
    // in libs/service/api_service.cpp), and a driver's path may have MAX_PATH characters.
    constexpr std::size_t longest_path = 230;
    if (std::ranges::any_of(folder.path, [](char c) { return c < 0x20 || c > 0x7e; }) ||
        folder.path.size() > longest_path)
        return path + ": move the folder to a shorter path, in ASCII: the runtime's service must "
                      "be able to open the drivers in it";
    const std::string list = folder.path + "\\programs.txt";
    std::ifstream file(list, std::ios::binary);
    std::string line;
    if (!std::getline(file, line))
        return list + " is missing: --objects wants the folder that `bpf-assay export --elf` wrote";
    if (line != "bpf-assay-programs 1")
        return list + ":1: this is no list of programs that this version of the plugin reads; "
                      "export with the bpf-assay that it belongs to";
    for (std::size_t number = 2; std::getline(file, line); ++number)
        if (!read_line(folder, line))
            return list + ":" + std::to_string(number) + ": not understood; export again";
    if (folder.programs.empty())
        return list + " names no program";
    return {};
}

} // namespace windows_bpf
