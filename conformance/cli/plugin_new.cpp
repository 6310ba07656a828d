// `plugin new`: an example of the SDK as a folder of its own, in which nothing refers to the source
// tree.
#include "conformance/cli/files.hpp"
#include "conformance/cli/plugin.hpp"
#include "conformance/error.hpp"
#include "conformance/shell_word.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace bpf_assay::conformance::cli {
namespace {

namespace fs = std::filesystem;

struct Copy {
    const char* from; // in the SDK's folder
    const char* to;
    bool adjusted = true; // the example's files; not the SDK's
};

struct Skeleton {
    const char* language;
    std::vector<Copy> files;
    const char* runtime; // the file to replace
    const char* build;   // {} is the folder
    const char* program; // {} is the name
};

const std::vector<Skeleton>& skeletons() {
    static const std::vector<Skeleton> all{
        {"c",
         {{"examples/c/CMakeLists.txt", "CMakeLists.txt"},
          {"examples/c/main.c", "main.c"},
          {"examples/c/runtime.c", "runtime.c"},
          {"examples/c/runtime.h", "runtime.h"},
          {"bpf_assay_plugin.h", "bpf_assay_plugin.h", false},
          {"bpf_assay_threads.h", "bpf_assay_threads.h", false}},
         "runtime.c",
         "cmake -S {0} -B {0}/build && cmake --build {0}/build",
         "build/plugin"},
        {"python",
         {{"examples/python/plugin.py", "plugin.py"},
          {"examples/python/runtime.py", "runtime.py"},
          {"bpf_assay_plugin.py", "bpf_assay_plugin.py", false}},
         "runtime.py",
         "",
         "plugin.py"},
        {"rust",
         {{"examples/rust/Cargo.toml", "Cargo.toml"},
          {"examples/rust/Cargo.lock", "Cargo.lock"},
          {"examples/rust/src/main.rs", "src/main.rs"},
          {"examples/rust/src/runtime.rs", "src/runtime.rs"},
          {"bpf_assay_plugin.rs", "src/bpf_assay_plugin.rs", false}},
         "src/runtime.rs",
         "cargo build --release --manifest-path {}/Cargo.toml",
         "target/release/{}"},
    };
    return all;
}

bool is_name(const std::string& name) {
    const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
    return !name.empty() && letter(name[0]) && std::ranges::all_of(name, [&](char c) {
        return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
}

std::string read(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::stringstream text;
    text << stream.rdbuf();
    if (!stream)
        throw InputError(fmt::format("{}: cannot be read", path.string()));
    return text.str();
}

/// The example's text with the runtime's name, and without the line by which it finds the SDK two
/// or more folders above.
std::string adjusted(const std::string& text, const std::string& token, const std::string& name) {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
        std::string line = text.substr(at, end - at);
        at = end;
        if (line.find("../..") != std::string::npos)
            continue;
        for (std::size_t found = 0; (found = line.find(token, found)) != std::string::npos;
             found += name.size())
            line.replace(found, token.size(), name);
        result += line;
    }
    return result;
}

void write(const fs::path& path, const std::string& text, fs::perms permissions) {
    fs::create_directories(path.parent_path());
    std::ofstream stream(path, std::ios::binary);
    stream << text;
    stream.close();
    if (!stream)
        throw InputError(fmt::format("{}: cannot be written", path.string()));
    fs::permissions(path, permissions | fs::perms::owner_write);
}

void write_all(const Skeleton& skeleton, const std::string& name, const fs::path& folder) {
    struct File {
        fs::path path;
        std::string text;
        fs::perms permissions;
    };
    std::vector<File> files; // all are read before one is written
    for (const Copy& copy : skeleton.files) {
        const fs::path from = sdk_folder() / copy.from;
        const std::string text = read(from);
        files.push_back({folder / copy.to,
                         copy.adjusted
                             ? adjusted(text, std::string("minimal-") + skeleton.language, name)
                             : text,
                         fs::status(from).permissions()});
    }
    for (const File& file : files)
        write(file.path, file.text, file.permissions);
}

/// A command is split into words once more after the shell has done so.
std::string shell_command(const std::string& program) {
    const std::string word = shell_word(program);
    return word == program ? word : shell_word(in_quotes(program));
}

void print_next(const Skeleton& skeleton, const std::string& name, const std::string& folder) {
    const std::string plugin =
        shell_command((folder.starts_with('/') || folder.starts_with('.') ? "" : "./") + folder +
                      "/" + fmt::format(fmt::runtime(skeleton.program), name));
    fmt::print(
        "{}/ holds a whole plugin. It runs as it is, with the runtime of six instructions in\n"
        "{}; put yours in its place. Next:\n",
        folder, skeleton.runtime);
    if (*skeleton.build != 0)
        fmt::print("  {}\n", fmt::format(fmt::runtime(skeleton.build), shell_word(folder)));
    fmt::print("  bpf-assay plugin check {0}\n"
               "  bpf-assay run -p {0} 'add64-*'\n",
               plugin);
}

} // namespace

int new_plugin(const NewOptions& options) {
    if (!is_name(options.name))
        throw InputError(
            fmt::format("the name '{}' is not of the form [a-z][a-z0-9_-]*", options.name));
    std::string folder = options.folder.empty() ? options.name : options.folder;
    while (folder.size() > 1 && folder.ends_with('/'))
        folder.pop_back();
    if (fs::exists(fs::symlink_status(folder)) &&
        !(fs::is_directory(folder) && fs::is_empty(folder)))
        throw InputError(fmt::format("'{}' exists; nothing was written", folder));
    const auto skeleton =
        std::ranges::find(skeletons(), options.language,
                          [](const Skeleton& item) { return std::string(item.language); });
    write_all(*skeleton, options.name, folder);
    print_next(*skeleton, options.name, folder);
    return 0;
}

} // namespace bpf_assay::conformance::cli
