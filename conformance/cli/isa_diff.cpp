#include "conformance/cli/isa_diff.hpp"

#include "conformance/cli/files.hpp"
#include "conformance/error.hpp"
#include "conformance/isa_diff.hpp"

#include <fmt/format.h>

#include <fstream>

#include <fnmatch.h>

namespace bpf_assay::conformance::cli {
namespace {

/// A revision has no table until it is built, which scripts/isa-gate does.
IsaDump load_table(const std::string& path) {
    if (!std::filesystem::is_regular_file(path))
        throw InputError(fmt::format("{}: there is no such file. `bpf-assay isa --extensions "
                                     "--json` prints a table; scripts/isa-gate takes git revisions",
                                     path));
    return load_isa_dump(path);
}

std::optional<Suite> load_vectors(const std::string& folder, Revision revision) {
    if (folder.empty())
        return std::nullopt;
    // The clauses of either revision: which of them are still there is not the question.
    const auto beside = std::filesystem::path(folder).parent_path() / "docs" / "clauses.yaml";
    return load_suite(
        folder,
        revision == Revision::other && std::filesystem::exists(beside) ? beside : clauses_file(),
        revision);
}

std::optional<Runtime> vm_of(const std::string& command) {
    if (command.empty())
        return std::nullopt;
    return Runtime{.command = plugin_command(command)};
}

std::vector<const TableRow*> rows_to_probe(const DiffOptions& options, const IsaDump& head,
                                           const IsaDiff& diff) {
    std::vector<const TableRow*> rows;
    for (const TableRow* row : diff.added)
        if (!row->extension.empty())
            rows.push_back(row);
    for (const std::string& pattern : options.probed) {
        const std::size_t before = rows.size();
        bool found = false;
        for (const TableRow& row : head.rows)
            if (!row.extension.empty() && (fnmatch(pattern.c_str(), row.mnemonic.c_str(), 0) == 0 ||
                                           row.extension == pattern)) {
                found = true;
                if (std::ranges::find(rows, &row) == rows.end())
                    rows.push_back(&row);
            }
        if (!found && rows.size() == before)
            throw InputError(
                fmt::format("{}: has no instruction of an extension '{}'", head.file, pattern));
    }
    return rows;
}

void write(const std::string& path, const std::string& text) {
    std::ofstream stream(path, std::ios::binary);
    stream << text;
    stream.close();
    if (!stream)
        throw InputError(fmt::format("{}: cannot be written", path));
}

} // namespace

int isa_diff(const DiffOptions& options) {
    const IsaDump base = load_table(options.base);
    const IsaDump head = load_table(options.head);
    const auto base_suite = load_vectors(options.base_vectors, Revision::other);
    const auto head_suite = load_vectors(options.head_vectors, Revision::own);
    std::vector<Explanation> explanations;
    for (const std::string& file : options.explained)
        std::ranges::copy(load_explanations(file), std::back_inserter(explanations));

    IsaDiff diff;
    compare_tables(base, head, diff);
    if (head_suite)
        compare_vectors(base, head, base_suite ? &*base_suite : nullptr, *head_suite, diff);
    if (base_suite)
        find_turned(base, head, *base_suite, head_suite ? &*head_suite : nullptr, diff);
    find_changed_meanings({.base_suite = base_suite ? &*base_suite : nullptr,
                           .head_suite = head_suite ? &*head_suite : nullptr,
                           .base_vm = vm_of(options.base_vm),
                           .head_vm = vm_of(options.head_vm)},
                          diff);
    const auto runtimes = selected_runtimes(options.runtimes);
    if (!runtimes.empty()) {
        if (!head_suite)
            throw InputError(
                "runtimes are tried with the vectors of the head: give --head-vectors");
        probe(rows_to_probe(options, head, diff), *head_suite, runtimes, diff);
    }
    explain(explanations, diff);
    const std::string report = isa_diff_markdown(base, head, diff);
    if (options.output.empty())
        fmt::print("{}", report);
    else
        write(options.output, report);
    return diff.unexplained() ? 1 : 0;
}

CLI::App* add_isa_diff(CLI::App& isa, DiffOptions& options) {
    CLI::App* diff = isa.add_subcommand(
        "diff", "What a change of the instruction set does: to the table, vectors and runtimes");
    diff->add_option("base", options.base, "Table of before: isa --extensions --json")->required();
    diff->add_option("head", options.head, "Table of after")->required();
    diff->add_option("--base-vectors", options.base_vectors,
                     "Vectors of before: which that must be refused mean something now")
        ->check(CLI::ExistingDirectory);
    diff->add_option("--head-vectors", options.head_vectors,
                     "Vectors of after, of this build: what is new has to be tested")
        ->check(CLI::ExistingDirectory);
    diff->add_option("--base-vm", options.base_vm,
                     "Plugin command of the reference VM of before: runs the vectors of after");
    diff->add_option("--head-vm", options.head_vm,
                     "That of after, with its extensions on: runs the vectors of before");
    diff->add_option("--explained", options.explained,
                     "File of intended changes (docs/propose-an-instruction.md); may stand several "
                     "times")
        ->allow_extra_args(false)
        ->check(CLI::ExistingFile);
    diff->add_option("--probe", options.probed,
                     "Try these on the runtimes, too: an extension, or a pattern of instructions "
                     "(default: what was added)")
        ->allow_extra_args(false);
    add_runtime_options(*diff, options.runtimes);
    diff->add_option("--output,-o", options.output, "Write the report to this file");
    diff->footer("Example:\n"
                 "  bpf-assay isa diff base.json head.json --head-vectors vectors --runtime all\n\n"
                 "Exit status: 0 nothing is unexplained, 1 something is, 2 unusable input.");
    return diff;
}

} // namespace bpf_assay::conformance::cli
