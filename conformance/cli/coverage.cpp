// `coverage`: which clauses and which bins the vectors cover.
#include "conformance/cli/commands.hpp"
#include "conformance/cli/files.hpp"
#include "conformance/coverage/report.hpp"
#include "conformance/error.hpp"

#include <fmt/format.h>

#include <fstream>

#include <fnmatch.h>

namespace bpf_assay::conformance::cli {
namespace {

struct Options {
    std::string vectors;
    std::string exemptions;
    std::vector<std::string> instructions;
    std::string profile = "full";
    std::string json;
    bool verbose = false;
};

/// Leaves the instructions that a pattern fits.
void select(const std::vector<std::string>& patterns, coverage::Report& report) {
    if (patterns.empty())
        return;
    std::erase_if(report.instructions, [&](const coverage::InstructionReport& instruction) {
        const std::string name(instruction.row != nullptr ? instruction.row->mnemonic
                                                          : "unassigned");
        return std::ranges::none_of(patterns, [&](const std::string& pattern) {
            return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
        });
    });
    if (report.instructions.empty())
        throw InputError("no instruction is selected; `bpf-assay isa` lists them");
}

void write_json(const std::string& path, const nlohmann::json& report) {
    std::ofstream stream(path, std::ios::binary);
    stream << report.dump(1) << '\n';
    stream.close();
    if (!stream)
        throw InputError(fmt::format("{}: cannot be written", path));
}

int coverage_command(const Options& options) {
    const Suite suite = load_suite_from(options.vectors);
    const coverage::SuiteBins bins =
        coverage::measure(suite.vectors, *run_profile_from_name(options.profile));
    coverage::Report report = coverage::make_report(
        coverage::clause_coverage(suite), bins,
        coverage::load_exemptions(
            options.exemptions.empty() ? exemptions_file().string() : options.exemptions, bins),
        drafts_of(suite));
    select(options.instructions, report);
    if (!options.json.empty())
        write_json(options.json, coverage::report_json(report));
    fmt::print("{}", coverage::report_text(report, options.verbose));
    return report.complete() ? 0 : 1;
}

} // namespace

Command add_coverage(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "coverage", "Measure which clauses and which bins the vectors cover; print every gap");
    command->add_option(
        "--instruction", options->instructions,
        "Bins of these instructions only (a pattern, as `bpf-assay isa` names them)");
    command->add_option("--profile", options->profile, "Rows to run: smoke, default or full")
        ->check(CLI::IsMember({"smoke", "default", "full"}));
    command->add_option("--json", options->json, "Write the report to this file, too");
    command->add_flag("--verbose,-v", options->verbose,
                      "A line for each instruction, and why clauses and bins are left out");
    command
        ->add_option("--vectors", options->vectors, "Folder of vectors instead of the suite's own")
        ->check(CLI::ExistingDirectory);
    command->add_option("--exemptions", options->exemptions,
                        "List of exempt bins instead of the suite's own");
    command->footer("Examples:\n"
                    "  bpf-assay coverage\n"
                    "  bpf-assay coverage --instruction 'lsh*' --verbose\n"
                    "  bpf-assay coverage --json coverage.json");
    return [options] { return coverage_command(*options); };
}

} // namespace bpf_assay::conformance::cli
