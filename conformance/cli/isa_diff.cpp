#include "conformance/cli/isa_diff.hpp"

#include "conformance/cli/files.hpp"
#include "conformance/cli/output.hpp"
#include "conformance/error.hpp"
#include "conformance/isa_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

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

/// Each revision has clauses of its own, beside its vectors.
std::filesystem::path clauses_beside(const std::string& folder) {
    // "vectors/" has a name behind the slash, which is empty
    const auto vectors = (std::filesystem::absolute(folder) / ".").lexically_normal().parent_path();
    const auto beside = vectors.parent_path() / "docs" / "clauses.yaml";
    return std::filesystem::exists(beside) ? beside : clauses_file();
}

std::optional<BaseSuite> load_base(const std::string& folder) {
    if (folder.empty())
        return std::nullopt;
    BaseSuite base;
    base.suite = load_suite(folder, clauses_beside(folder), base.left_out);
    return base;
}

std::optional<Suite> load_head(const std::string& folder) {
    return folder.empty() ? std::nullopt
                          : std::optional(load_suite(folder, clauses_beside(folder)));
}

std::optional<Runtime> vm_of(const std::vector<std::string>& commands, std::size_t at) {
    if (at >= commands.size())
        return std::nullopt;
    return Runtime{.command = plugin_command(commands[at])};
}

std::vector<VmPair> vms_of(const DiffOptions& options) {
    const auto& [base, head] = std::tie(options.base_vms, options.head_vms);
    if (!base.empty() && !head.empty() && base.size() != head.size())
        throw InputError("--base-vm and --head-vm come in pairs: the first of each, and so on");
    if (!head.empty() && options.base_vectors.empty())
        throw InputError("--head-vm runs the vectors of before: give --base-vectors");
    if (!base.empty() && options.head_vectors.empty() && head.empty())
        throw InputError("--base-vm runs the vectors of after: give --head-vectors");
    std::vector<VmPair> vms;
    for (std::size_t i = 0; i < std::max(base.size(), head.size()); ++i)
        vms.push_back({.base = vm_of(base, i), .head = vm_of(head, i)});
    return vms;
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

} // namespace

int isa_diff(const DiffOptions& options) {
    const auto vms = vms_of(options);
    const IsaDump base = load_table(options.base);
    const IsaDump head = load_table(options.head);
    const auto base_suite = load_base(options.base_vectors);
    const auto head_suite = load_head(options.head_vectors);
    std::vector<Explanation> explanations;
    for (const std::string& file : options.explained)
        std::ranges::copy(load_explanations(file), std::back_inserter(explanations));

    IsaDiff diff;
    compare_tables(base, head, diff);
    if (head_suite)
        compare_vectors(base, head, base_suite ? &*base_suite : nullptr, *head_suite, diff);
    if (base_suite) {
        find_turned(base, head, base_suite->suite, head_suite ? &*head_suite : nullptr, diff);
        report_left_out(base, head, base_suite->left_out, diff);
    }
    find_changed_meanings({.head = head,
                           .base_suite = base_suite ? &base_suite->suite : nullptr,
                           .head_suite = head_suite ? &*head_suite : nullptr,
                           .vms = vms},
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
        write_text(options.output, report);
    return diff.unexplained() ? 1 : 0;
}

CLI::App* add_isa_diff(CLI::App& isa, DiffOptions& options) {
    CLI::App* diff = isa.add_subcommand(
        "diff", "What a change of the instruction set does: to the table, vectors and runtimes");
    diff->add_option("base", options.base, "Table of before: isa --extensions --json")->required();
    diff->add_option("head", options.head, "Table of after")->required();
    diff->add_option("--base-vectors", options.base_vectors,
                     "Vectors of before: which are gone, say something else, or must be refused "
                     "and mean something now. The clauses are those of docs beside the folder")
        ->check(CLI::ExistingDirectory);
    diff->add_option("--head-vectors", options.head_vectors,
                     "Vectors of after, of this build: what is new has to be tested")
        ->check(CLI::ExistingDirectory);
    diff->add_option("--base-vm", options.base_vms,
                     "Plugin command of the reference VM of before: runs the vectors of both. May "
                     "stand several times, in pairs with --head-vm: other options")
        ->allow_extra_args(false);
    diff->add_option("--head-vm", options.head_vms,
                     "That of after, with the same options: runs the vectors of before")
        ->allow_extra_args(false);
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
