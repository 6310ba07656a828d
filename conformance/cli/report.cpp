// `report`: results as a page, and in the forms that other programs take.
#include "conformance/cli/commands.hpp"
#include "conformance/cli/files.hpp"
#include "conformance/cli/output.hpp"
#include "conformance/cli/table.hpp"
#include "conformance/error.hpp"
#include "conformance/group_summary.hpp"

#include "reports/merge.hpp"
#include "reports/page.hpp"
#include "reports/writers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

namespace bpf_assay::conformance::cli {
namespace {

struct Options {
    std::vector<std::string> files;
    std::string html, junit, markdown, csv, badges;
    std::string vectors;
    bool table = false;
};

void write_badges(const std::string& folder, const Suite& suite, const Results& results) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw InputError(fmt::format("{}: {}", folder, error.message()));
    for (const auto& [name, text] : reports::badges(suite, results))
        write_text((std::filesystem::path(folder) / name).string(), text);
}

coverage::Report measure(const Suite& suite) {
    const coverage::SuiteBins bins = coverage::measure(suite.vectors, RunProfile::full);
    return coverage::make_report(coverage::clause_coverage(suite), bins,
                                 coverage::load_exemptions(exemptions_file(), bins));
}

int report_command(const Options& options, const std::vector<std::string>& command_line) {
    if (options.html.empty() && options.junit.empty() && options.markdown.empty() &&
        options.csv.empty() && options.badges.empty() && !options.table)
        throw InputError("nothing to write: name a file with --output, --junit, --markdown or "
                         "--csv, a folder with --badges, or use --table");
    for (const std::string& path : {options.html, options.junit, options.markdown, options.csv})
        if (!path.empty())
            check_writable(path);
    const Suite suite = load_suite_from(options.vectors);
    std::vector<reports::NamedResults> files;
    for (const std::string& path : options.files)
        files.push_back({path, read_results(path, suite)});
    const Results results = reports::merge(files);

    if (!options.html.empty())
        write_text(options.html, reports::page(reports::page_data(
                                     suite, results, measure(suite),
                                     {.command_line = command_line,
                                      .files = fmt::format("{}", fmt::join(options.files, ", ")),
                                      .made = utc_now()})));
    if (!options.junit.empty())
        write_text(options.junit, reports::junit(results));
    if (!options.markdown.empty())
        write_text(options.markdown, reports::markdown(suite, results));
    if (!options.csv.empty())
        write_text(options.csv, reports::csv(results));
    if (!options.badges.empty())
        write_badges(options.badges, suite, results);
    const bool colour = use_colour(stdout);
    if (options.table)
        for (const RuntimeResult& result : results.runtimes)
            fmt::print("{}{}", results_table(result, colour), claims_table(result, colour));
    for (const std::string& path :
         {options.html, options.junit, options.markdown, options.csv, options.badges})
        if (!path.empty())
            fmt::print("{}\n", path);
    return 0;
}

} // namespace

Command add_report(CLI::App& app, std::vector<std::string> command_line) {
    auto options = std::make_shared<Options>();
    CLI::App* report =
        app.add_subcommand("report", "Make a page of results, or JUnit XML, Markdown, CSV, badges");
    report->add_option("files", options->files, "Results of `bpf-assay run --output` or `merge`")
        ->required()
        ->check(CLI::ExistingFile);
    report->add_option("--output,-o", options->html,
                       "The page: one HTML file that needs no network and no server");
    report->add_option("--junit", options->junit, "JUnit XML, for CI systems");
    report->add_option("--markdown", options->markdown, "Markdown, for a step summary");
    report->add_option("--csv", options->csv, "A line for each vector, a column for each runtime");
    report->add_option("--badges", options->badges,
                       "A folder of SVG badges: the verdict of each runtime and group");
    report->add_flag("--table", options->table, "The table of each runtime, on the terminal");
    report
        ->add_option("--vectors", options->vectors, "Folder of vectors instead of the suite's own")
        ->check(CLI::ExistingDirectory);
    report->footer("Example:\n"
                   "  bpf-assay report results.json -o report.html --markdown summary.md");
    return [options, command_line = std::move(command_line)] {
        return report_command(*options, command_line);
    };
}

} // namespace bpf_assay::conformance::cli
