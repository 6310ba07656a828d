#include "conformance/loader.hpp"

#include "conformance/digest.hpp"
#include "conformance/left_out.hpp"
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

/// The extension in whose folder the file is, or nothing.
std::string extension_of(const std::filesystem::path& folder, const std::filesystem::path& file) {
    const auto relative = file.lexically_relative(folder);
    auto part = relative.begin();
    if (part == relative.end() || *part != "extensions" || std::next(part) == relative.end())
        return {};
    return (++part)->string();
}

bool describes_extensions(const std::filesystem::path& folder, const std::filesystem::path& file) {
    return file == folder / "extensions" / "reserved.yaml" ||
           (file.filename() == "extension.yaml" && !extension_of(folder, file).empty());
}

std::vector<std::filesystem::path> vector_files(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator it(folder, error), end; it != end && !error;
         it.increment(error))
        if (it->is_regular_file() && it->path().extension() == ".yaml" &&
            it->path().filename() != "operands.yaml" && !describes_extensions(folder, it->path()))
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
    std::vector<LeftOut> left_out;
    std::exception_ptr error;
};

/// The ids of the vectors of a file, as far as it can be read.
std::vector<std::string> raw_ids(const YAML::Node& root) {
    std::vector<std::string> ids;
    if (root.IsMap() && root["vectors"] && root["vectors"].IsSequence())
        for (const auto& node : root["vectors"])
            if (node.IsMap() && node["id"] && node["id"].IsScalar())
                ids.push_back(node["id"].Scalar());
    return ids;
}

std::vector<std::string> raw_ids(const std::filesystem::path& path) {
    try {
        return raw_ids(YamlFile(path).root());
    } catch (const InputError&) {
        return {};
    }
}

void read_file(const std::filesystem::path& path, const std::string& extension,
               const SuiteContext& context, CachingAssembler& assembler, Revision revision,
               ReadFile& read) {
    const YamlFile file(path);
    read.bytes = file.bytes();
    file.expect_map(file.root(), "the file", {"section", "vectors"});
    const std::string section = file.text(file.required(file.root(), "section"), "section");
    if (!extension.empty() && section != extension)
        file.fail(file.root()["section"],
                  fmt::format("vectors of {0} have the section {0}", extension));
    const YAML::Node list = file.required(file.root(), "vectors");
    file.expect_sequence(list, "vectors");
    VectorReader reader(file, context, assembler, extension);
    for (const auto& node : list)
        try {
            read.vectors.push_back(reader.read(node, section));
        } catch (const InputError& error) {
            const bool named = node.IsMap() && node["id"] && node["id"].IsScalar();
            if (revision == Revision::own || !named)
                throw;
            const std::string id = node["id"].Scalar();
            read.left_out.push_back(
                {.subject = id, .extension = extension, .why = error.what(), .ids = {id}});
        }
}

/// Every file, by as many threads as the machine has: YAML and assembly take most of a short run.
std::vector<ReadFile> read_files(const std::filesystem::path& folder,
                                 const std::vector<std::filesystem::path>& paths,
                                 const SuiteContext& context, Revision revision) {
    std::vector<ReadFile> files(paths.size());
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        CachingAssembler assembler;
        for (std::size_t at = next++; at < paths.size(); at = next++)
            try {
                read_file(paths[at], extension_of(folder, paths[at]), context, assembler, revision,
                          files[at]);
            } catch (const InputError& error) {
                if (revision == Revision::own)
                    files[at].error = std::current_exception();
                else // whole: of a broken file nothing is certain
                    files[at] = {.bytes = std::move(files[at].bytes),
                                 .vectors = {},
                                 .left_out = {{.subject = paths[at].lexically_relative(folder),
                                               .extension = extension_of(folder, paths[at]),
                                               .why = error.what(),
                                               .ids = raw_ids(paths[at])}},
                                 .error = {}};
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

Suite load(const std::filesystem::path& vectors, const std::filesystem::path& clauses,
           Revision revision, std::vector<LeftOut>& left_out) {
    SuiteContext context;
    context.clauses = load_clauses(clauses);
    auto files = vector_files(vectors);
    Suite suite;
    auto extensions =
        revision == Revision::own ? load_extensions(vectors) : load_extensions(vectors, left_out);
    for (const ExtensionFile& extension : extensions)
        if (const auto stale = stale_row(extension)) {
            if (revision == Revision::own)
                throw InputError(*stale);
            left_out.push_back({.subject = extension.name,
                                .extension = extension.name,
                                .why = *stale,
                                .stale = true,
                                .ids = {}});
        }
    for (LeftOut& out : left_out)
        std::erase_if(files, [&](const auto& file) {
            const bool is_its = extension_of(vectors, file) == out.extension;
            if (is_its)
                std::ranges::move(raw_ids(file), std::back_inserter(out.ids));
            return is_its;
        });
    for (ExtensionFile& extension : extensions) {
        if (std::ranges::find(left_out, extension.name, &LeftOut::extension) != left_out.end())
            continue;
        for (const auto& [id, clause] : extension.clauses)
            context.clauses.emplace(id, clause); // by their prefix, no two extensions share one
        suite.extensions.push_back(std::make_shared<ExtensionFile>(std::move(extension)));
    }
    if (std::filesystem::exists(vectors / "operands.yaml"))
        load_lists(vectors / "operands.yaml", context.lists);

    Sha256 digest;
    std::map<std::string_view, const Location*> ids;
    auto read = read_files(vectors, files, context, revision);
    for (ReadFile& file : read) {
        if (file.error)
            std::rethrow_exception(file.error); // of the first file by name, whoever was first
        digest.add(file.bytes);
        for (const Vector& vector : file.vectors)
            if (const auto [first, fresh] = ids.emplace(vector.id, &vector.location); !fresh)
                throw InputError(fmt::format("{}: id '{}' is taken by {}", vector.location.text(),
                                             vector.id, first->second->text()));
    }
    for (ReadFile& file : read) {
        std::ranges::move(file.vectors, std::back_inserter(suite.vectors));
        std::ranges::move(file.left_out, std::back_inserter(left_out));
    }
    suite.clauses = std::move(context.clauses);
    suite.lists = std::move(context.lists);
    suite.digest = digest.hex();
    return suite;
}

} // namespace

Suite load_suite(const std::filesystem::path& vectors, const std::filesystem::path& clauses,
                 Revision revision) {
    std::vector<LeftOut> left_out;
    return load(vectors, clauses, revision, left_out);
}

Suite load_suite(const std::filesystem::path& vectors, const std::filesystem::path& clauses,
                 std::vector<LeftOut>& left_out) {
    return load(vectors, clauses, Revision::other, left_out);
}

} // namespace bpf_assay::conformance
