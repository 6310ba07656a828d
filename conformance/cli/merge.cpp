// `merge`: results of shards and of machines in one file.
#include "conformance/cli/commands.hpp"
#include "conformance/cli/files.hpp"
#include "conformance/cli/output.hpp"
#include "conformance/group_summary.hpp"
#include "conformance/printable.hpp"

#include "reports/merge.hpp"

#include <fmt/format.h>

namespace bpf_assay::conformance::cli {
namespace {

struct Options {
    std::vector<std::string> files;
    std::string output;
    std::string vectors;
};

int merge_command(const Options& options) {
    check_writable(options.output);
    const Suite suite = load_suite_from(options.vectors);
    std::vector<reports::NamedResults> files;
    for (const std::string& path : options.files)
        files.push_back({path, read_results(path, suite)});
    const Results merged = reports::merge(files);
    write_results(options.output, suite, merged);
    for (const RuntimeResult& runtime : merged.runtimes)
        fmt::print("{}: {} vectors{}\n", printable(runtime.title()), runtime.vectors.size(),
                   runtime.status == RuntimeStatus::ran
                       ? ""
                       : fmt::format(", {}: {}", name_of(runtime.status), printable(runtime.why)));
    fmt::print("results: {}\n", options.output);
    return exit_status(merged.runtimes);
}

} // namespace

Command add_merge(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* merge = app.add_subcommand(
        "merge", "Join the results of shards (run --shard) and of machines in one file");
    merge->add_option("files", options->files, "Results of `bpf-assay run --output`")
        ->required()
        ->check(CLI::ExistingFile);
    merge->add_option("--output,-o", options->output, "Write them to this file")->required();
    merge->add_option("--vectors", options->vectors, "Folder of vectors instead of the suite's own")
        ->check(CLI::ExistingDirectory);
    merge->footer(
        "Example:\n"
        "  bpf-assay merge 1.json 2.json -o results.json    (of run --shard 1/2 and 2/2)\n\n"
        "Exit status: as of a run with these results; 2 also if they do not fit together.");
    return [options] { return merge_command(*options); };
}

} // namespace bpf_assay::conformance::cli
