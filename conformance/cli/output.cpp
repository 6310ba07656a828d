#include "conformance/cli/output.hpp"

#include "conformance/error.hpp"

#include <fmt/format.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>

namespace bpf_assay::conformance::cli {
namespace {

/// A device or a pipe, which is written itself.
bool is_special(const std::string& path) {
    std::error_code unknown;
    const auto type = std::filesystem::status(path, unknown).type();
    return type == std::filesystem::file_type::character ||
           type == std::filesystem::file_type::fifo;
}

} // namespace

void check_writable(const std::string& path) {
    if (is_special(path))
        return;
    const std::string beside = path + ".part";
    const bool opened = std::ofstream(beside).is_open();
    std::error_code ignored;
    std::filesystem::remove(beside, ignored);
    if (!opened || !std::filesystem::path(path).has_filename() ||
        std::filesystem::is_directory(path, ignored))
        throw InputError(fmt::format("{}: cannot be written", path));
}

void write_text(const std::string& path, std::string_view text) {
    const std::string beside = is_special(path) ? path : path + ".part";
    std::ofstream stream(beside, std::ios::binary);
    stream << text;
    stream.close();
    std::error_code error;
    if (stream && beside != path)
        std::filesystem::rename(beside, path, error);
    if (!stream || error)
        throw InputError(fmt::format("{}: cannot be written", path));
}

std::string utc_now() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text.data();
}

void write_results(const std::string& path, const Suite& suite, const Results& results) {
    write_text(
        path,
        results_json(suite, results).dump(1, ' ', false, nlohmann::json::error_handler_t::replace) +
            "\n");
}

} // namespace bpf_assay::conformance::cli
