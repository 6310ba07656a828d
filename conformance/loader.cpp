#include "conformance/loader.hpp"

#include "conformance/digest.hpp"
#include "conformance/vector_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace bpf_assay::conformance {
namespace {

void load_lists(const std::filesystem::path& path, Lists& lists) {
    const YamlFile file(path);
    file.expect_map(file.root(), "the file", {"version", "lists"});
    if (file.integer(file.required(file.root(), "version"), "version") != 1)
        file.fail(file.root()["version"], "only version 1 is known");
    const YAML::Node map = file.required(file.root(), "lists");
    file.expect_map(map, "lists");
    for (const auto& entry : map) {
        file.expect_sequence(entry.second, "a list");
        for (const auto& value : entry.second)
            lists[entry.first.Scalar()].push_back(file.integer(value, "a value"));
    }
}

std::map<std::string, Clause> load_clauses(const std::filesystem::path& path) {
    const YamlFile file(path);
    const YAML::Node list = file.required(file.root(), "clauses");
    file.expect_sequence(list, "clauses");
    std::map<std::string, Clause> clauses;
    for (const auto& node : list) {
        file.expect_map(node, "a clause",
                        {"id", "section", "kind", "strength", "text", "note", "untestable"});
        const std::string id = file.text(file.required(node, "id"), "an id");
        if (!clauses
                 .emplace(id,
                          Clause{.section = file.text(file.required(node, "section"), "section"),
                                 .text = file.text(file.required(node, "text"), "text"),
                                 .untestable = node["untestable"]
                                                   ? file.text(node["untestable"], "untestable")
                                                   : ""})
                 .second)
            file.fail(node, fmt::format("clause '{}' stands twice", id));
    }
    return clauses;
}

std::vector<std::filesystem::path> vector_files(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator it(folder, error), end; it != end && !error;
         it.increment(error))
        if (it->is_regular_file() && it->path().extension() == ".yaml" &&
            it->path().filename() != "operands.yaml")
            files.push_back(it->path());
    if (error)
        throw InputError(fmt::format("{}: {}", folder.string(), error.message()));
    if (files.empty())
        throw InputError(fmt::format("{}: there are no vectors (*.yaml) here", folder.string()));
    std::ranges::sort(files);
    return files;
}

/// One file of vectors, read; or what is wrong with it.
struct ReadFile {
    std::string bytes;
    std::vector<Vector> vectors;
    std::exception_ptr error;
};

void read_file(const std::filesystem::path& path, const SuiteContext& context,
               CachingAssembler& assembler, ReadFile& read) {
    const YamlFile file(path);
    read.bytes = file.bytes();
    file.expect_map(file.root(), "the file", {"section", "vectors"});
    const std::string section = file.text(file.required(file.root(), "section"), "section");
    const YAML::Node list = file.required(file.root(), "vectors");
    file.expect_sequence(list, "vectors");
    VectorReader reader(file, context, assembler);
    for (const auto& node : list)
        read.vectors.push_back(reader.read(node, section));
}

/// Every file, by as many threads as the machine has: YAML and assembly take most of a short run.
std::vector<ReadFile> read_files(const std::vector<std::filesystem::path>& paths,
                                 const SuiteContext& context) {
    std::vector<ReadFile> files(paths.size());
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        CachingAssembler assembler;
        for (std::size_t at = next++; at < paths.size(); at = next++)
            try {
                read_file(paths[at], context, assembler, files[at]);
            } catch (...) {
                files[at].error = std::current_exception();
            }
    };
    {
        std::vector<std::jthread> threads;
        const std::size_t count = std::max(1U, std::thread::hardware_concurrency());
        for (std::size_t thread = 1; thread < std::min(count, paths.size()); ++thread)
            threads.emplace_back(work);
        work();
    }
    return files;
}

} // namespace

Suite load_suite(const std::filesystem::path& vectors, const std::filesystem::path& clauses) {
    SuiteContext context;
    context.clauses = load_clauses(clauses);
    const auto files = vector_files(vectors);
    if (std::filesystem::exists(vectors / "operands.yaml"))
        load_lists(vectors / "operands.yaml", context.lists);

    Suite suite;
    Sha256 digest;
    std::map<std::string_view, const Location*> ids;
    auto read = read_files(files, context);
    for (ReadFile& file : read) {
        if (file.error)
            std::rethrow_exception(file.error); // of the first file by name, whoever was first
        digest.add(file.bytes);
        for (const Vector& vector : file.vectors)
            if (const auto [first, fresh] = ids.emplace(vector.id, &vector.location); !fresh)
                throw InputError(fmt::format("{}: id '{}' is taken by {}", vector.location.text(),
                                             vector.id, first->second->text()));
    }
    for (ReadFile& file : read)
        std::ranges::move(file.vectors, std::back_inserter(suite.vectors));
    suite.clauses = std::move(context.clauses);
    suite.lists = std::move(context.lists);
    suite.digest = digest.hex();
    return suite;
}

} // namespace bpf_assay::conformance
