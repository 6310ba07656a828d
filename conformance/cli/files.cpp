#include "conformance/cli/files.hpp"

#include "conformance/error.hpp"
#include "conformance/process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace bpf_assay::conformance::cli {
namespace {

namespace fs = std::filesystem;

fs::path program_folder() {
    std::error_code error;
    return fs::read_symlink("/proc/self/exe", error).parent_path();
}

/// <prefix>/share/bpf-assay where the program is <prefix>/bin/bpf-assay. In a build folder that is
/// a link to the source tree, so that the program holds no path of the machine that built it.
fs::path data_folder() {
    const fs::path folder = program_folder() / "../share/bpf-assay";
    std::error_code error;
    const fs::path found = fs::canonical(folder, error);
    if (error)
        throw InputError(fmt::format("{}: no such folder; the program has to stay in the tree that "
                                     "it was installed with",
                                     folder.lexically_normal().string()));
    return found;
}

/// How many letters have to be changed, added or left out to get from one word to the other.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j)
            diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1,
                                                       diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)}));
    }
    return row.back();
}

} // namespace

fs::path vectors_folder(const std::string& vectors) {
    return vectors.empty() ? data_folder() / "vectors" : fs::path(vectors);
}

fs::path clauses_file() {
    return data_folder() / "docs" / "clauses.yaml";
}

Suite load_suite_from(const std::string& vectors) {
    return load_suite(vectors_folder(vectors), clauses_file());
}

fs::path equivalents_file() {
    return data_folder() / "conformance" / "mutants" / "equivalent.yaml";
}

fs::path exemptions_file() {
    return data_folder() / "conformance" / "coverage" / "exempt.yaml";
}

fs::path runtimes_file() {
    return data_folder() / "plugins" / "runtimes.yaml";
}

std::string in_quotes(const std::string& word) {
    const char quote = word.find('\'') == std::string::npos ? '\'' : '"';
    return fmt::format("{0}{1}{0}", quote, word);
}

fs::path sdk_folder() {
    return data_folder() / "plugins" / "sdk";
}

const Vector& find_vector(const Suite& suite, const std::string& id) {
    const auto found = std::ranges::find(suite.vectors, id, &Vector::id);
    if (found != suite.vectors.end())
        return *found;
    const auto nearest = std::ranges::min_element(
        suite.vectors, {}, [&](const auto& vector) { return distance(vector.id, id); });
    throw InputError(fmt::format("there is no vector '{}'; the nearest is '{}' (`bpf-assay run "
                                 "--list` lists all)",
                                 id, nearest->id));
}

std::string plugin_command(const std::string& text) {
    const auto words = split_command(text);
    if (words.empty())
        throw InputError("an empty plugin command");
    if (words[0].find('/') != std::string::npos)
        return text;
    for (const char* folder : {"../plugins", "plugins", "../libexec/bpf-assay"}) {
        std::error_code error;
        const fs::path path = fs::canonical(program_folder() / folder / words[0], error);
        if (!error)
            return fmt::format("{}{}", in_quotes(path.string()),
                               text.substr(text.find(words[0]) + words[0].size()));
    }
    return text; // a program in PATH
}

} // namespace bpf_assay::conformance::cli
