// `report`: results as a page, and in the forms that other programs take.
#include "conformance/caveats.hpp"
#include "conformance/cli/commands.hpp"
#include "conformance/cli/files.hpp"
#include "conformance/cli/output.hpp"
#include "conformance/cli/table.hpp"
#include "conformance/error.hpp"

#include "reports/history.hpp"
#include "reports/merge.hpp"
#include "reports/mutation_score.hpp"
#include "reports/page.hpp"
#include "reports/writers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <fstream>
#include <optional>

namespace bpf_assay::conformance::cli {
namespace {

struct Options {
    std::vector<std::string> files;
    std::string html, junit, markdown, csv, badges;
    std::string before, history, mutants;
    std::string vectors;
    bool table = false;
};

/// Badges of an earlier report would look like those of this one: a runtime may be gone since.
void remove_badges(const std::filesystem::path& folder) {
    std::error_code error;
    std::vector<std::filesystem::path> old;
    for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
         it.increment(error)) {
        if (!it->is_regular_file() || it->path().extension() != ".svg")
            continue;
        std::ifstream stream(it->path(), std::ios::binary);
        std::string begin(200, '\0');
        stream.read(begin.data(), static_cast<std::streamsize>(begin.size()));
        if (reports::is_badge(begin))
            old.push_back(it->path());
    }
    for (const auto& path : old)
        if (!error)
            std::filesystem::remove(path, error);
    if (error)
        throw InputError(fmt::format("{}: {}", folder.string(), error.message()));
}

void write_badges(const std::string& folder, const Suite& suite, const Results& results) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw InputError(fmt::format("{}: {}", folder, error.message()));
    remove_badges(folder);
    for (const auto& [name, text] : reports::badges(suite, results))
        write_text((std::filesystem::path(folder) / name).string(), text);
}

coverage::Report measure(const Suite& suite) {
    const coverage::SuiteBins bins = coverage::measure(suite.vectors, RunProfile::full);
    return coverage::make_report(coverage::clause_coverage(suite), bins,
                                 coverage::load_exemptions(exemptions_file(), bins));
}

void check_options(const Options& options) {
    if (options.html.empty() && options.junit.empty() && options.markdown.empty() &&
        options.csv.empty() && options.badges.empty() && !options.table)
        throw InputError("nothing to write: name a file with --output, --junit, --markdown or "
                         "--csv, a folder with --badges, or use --table");
    if (options.html.empty() && (!options.history.empty() || !options.mutants.empty()))
        throw InputError("--history and --mutants are shown by the page: name one with --output");
    if (options.html.empty() && options.markdown.empty() && !options.before.empty())
        throw InputError("--before is shown by the page and in Markdown: name one with --output "
                         "or --markdown");
    for (const std::string& path : {options.html, options.junit, options.markdown, options.csv})
        if (!path.empty())
            check_writable(path);
}

reports::PageExtras read_extras(const Options& options, const Suite& suite,
                                const Results& results) {
    reports::PageExtras extras;
    const std::string names = fmt::format("{}", fmt::join(options.files, ", "));
    if (!options.before.empty())
        extras.comparison = reports::compare(reports::read_outcomes(options.before),
                                             reports::outcomes_of(names, suite, results));
    if (!options.history.empty())
        extras.trends = reports::trends_of(reports::read_history(options.history));
    if (!options.mutants.empty())
        extras.mutants = reports::read_mutation_score(options.mutants);
    return extras;
}

int report_command(const Options& options, const std::vector<std::string>& command_line) {
    check_options(options);
    const Suite suite = load_suite_from(options.vectors);
    std::vector<reports::NamedResults> files;
    for (const std::string& path : options.files)
        files.push_back({path, read_results(path, suite)});
    const Results results = reports::merge(files);
    const reports::PageExtras extras = read_extras(options, suite, results);

    if (!options.html.empty())
        write_text(options.html, reports::page(reports::page_data(
                                     suite, results, measure(suite),
                                     {.command_line = command_line,
                                      .files = fmt::format("{}", fmt::join(options.files, ", ")),
                                      .made = utc_now()},
                                     extras)));
    if (!options.junit.empty())
        write_text(options.junit, reports::junit(suite, results));
    if (!options.markdown.empty())
        write_text(options.markdown, reports::markdown(suite, results, extras.comparison));
    if (!options.csv.empty())
        write_text(options.csv, reports::csv(results));
    if (!options.badges.empty())
        write_badges(options.badges, suite, results);
    const bool colour = use_colour(stdout);
    if (options.table)
        for (const RuntimeResult& result : results.runtimes) {
            const auto partly =
                partly_because(result, results.runs.at(result.run), suite.vectors.size());
            fmt::print("{}{}", results_table(result, partly, colour),
                       partly.empty() ? claims_table(result, colour) : "");
        }
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
    report->add_option(
        "--badges", options->badges,
        "A folder of SVG badges: the verdict of each runtime and group; badges of an "
        "earlier report in it are removed");
    report
        ->add_option("--before", options->before,
                     "Earlier results: the page and Markdown say what changed since")
        ->check(CLI::ExistingFile);
    report
        ->add_option("--history", options->history,
                     "A folder of earlier results, all of its files: the page shows the trend")
        ->check(CLI::ExistingDirectory);
    report
        ->add_option("--mutants", options->mutants,
                     "The score of `bpf-assay mutants --json`, for the page's coverage")
        ->check(CLI::ExistingFile);
    report->add_flag("--table", options->table, "The table of each runtime, on the terminal");
    report
        ->add_option("--vectors", options->vectors, "Folder of vectors instead of the suite's own")
        ->check(CLI::ExistingDirectory);
    report->footer(
        "Example:\n"
        "  bpf-assay report results.json -o report.html --markdown summary.md\n"
        "  bpf-assay report today.json -o report.html --before yesterday.json "
        "--history nights\n\n"
        "No group is called held of a run in the smoke profile, of a part of the vectors, "
        "of a one-shot plugin, or of one that was cut short.");
    return [options, command_line = std::move(command_line)] {
        return report_command(*options, command_line);
    };
}

} // namespace bpf_assay::conformance::cli
