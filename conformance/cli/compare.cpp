// `compare`: what changed from one file of results to another.
#include "conformance/cli/commands.hpp"
#include "conformance/cli/output.hpp"

#include "reports/compare.hpp"

#include <fmt/format.h>

namespace bpf_assay::conformance::cli {
namespace {

struct Options {
    std::string before, after, markdown;
};

int compare_command(const Options& options) {
    if (!options.markdown.empty())
        check_writable(options.markdown);
    const reports::Comparison comparison = reports::compare(reports::read_outcomes(options.before),
                                                            reports::read_outcomes(options.after));
    fmt::print("{}", reports::comparison_text(comparison, false));
    if (!options.markdown.empty())
        write_text(options.markdown, reports::comparison_text(comparison, true));
    return comparison.is_worse() ? 1 : 0;
}

} // namespace

Command add_compare(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* compare =
        app.add_subcommand("compare", "Show what changed from one file of results to another");
    compare->add_option("old", options->before, "Results of `bpf-assay run --output` or `merge`")
        ->required()
        ->check(CLI::ExistingFile);
    compare->add_option("new", options->after, "Newer ones")->required()->check(CLI::ExistingFile);
    compare->add_option("--markdown", options->markdown, "Write it as Markdown to this file, too");
    compare->footer(
        "Example:\n"
        "  bpf-assay compare yesterday.json today.json\n\n"
        "Exit status: 0 nothing is worse; 1 a vector regressed, was lost (has no verdict any "
        "more), "
        "is gone or is new and diverges, or a runtime is gone, not available or was cut short; 2 "
        "unusable input. What makes two runs hard to compare is a note, and changes no status.");
    return [options] { return compare_command(*options); };
}

} // namespace bpf_assay::conformance::cli
