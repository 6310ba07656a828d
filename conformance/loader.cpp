#include "conformance/loader.hpp"

#include "conformance/digest.hpp"
#include "conformance/vector_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

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

} // namespace

Suite load_suite(const std::filesystem::path& vectors, const std::filesystem::path& clauses) {
    SuiteContext context;
    context.clauses = load_clauses(clauses);
    const auto files = vector_files(vectors);
    if (std::filesystem::exists(vectors / "operands.yaml"))
        load_lists(vectors / "operands.yaml", context.lists);

    Suite suite;
    Sha256 digest;
    for (const auto& path : files) {
        const YamlFile file(path);
        digest.add(file.bytes());
        file.expect_map(file.root(), "the file", {"section", "vectors"});
        const std::string section = file.text(file.required(file.root(), "section"), "section");
        const YAML::Node list = file.required(file.root(), "vectors");
        file.expect_sequence(list, "vectors");
        VectorReader reader(file, context);
        for (const auto& node : list)
            suite.vectors.push_back(reader.read(node, section));
    }
    suite.clauses = std::move(context.clauses);
    suite.digest = digest.hex();
    return suite;
}

} // namespace bpf_assay::conformance
