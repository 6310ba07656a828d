// `mutants`: which wrong VMs the vectors catch.
#include "conformance/cli/commands.hpp"
#include "conformance/cli/files.hpp"
#include "conformance/drafts.hpp"
#include "conformance/error.hpp"
#include "conformance/mutants/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include <fnmatch.h>

namespace bpf_assay::conformance::cli {
namespace {

using namespace mutants;

struct Options {
    std::string vectors;
    std::string equivalents;
    std::vector<std::string> operators, ids;
    std::string profile = "default";
    std::string byte_order = "little";
    std::string json;
    unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
    bool bugs = false, list = false;
};

bool matches(const std::vector<std::string>& patterns, const std::string& text) {
    return patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
               return fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
           });
}

Mutants all_mutants() {
    Mutants all = systematic_mutants();
    std::ranges::move(bug_mutants(), std::back_inserter(all));
    return all;
}

std::vector<const Mutant*> selected(const Mutants& all, const Options& options) {
    std::vector<const Mutant*> chosen;
    for (const Mutant& mutant : all)
        if ((!options.bugs || mutant.mutation == "bug") &&
            matches(options.operators, mutant.mutation) && matches(options.ids, mutant.id))
            chosen.push_back(&mutant);
    if (chosen.empty())
        throw InputError("no mutant is selected by these filters");
    return chosen;
}

int list_mutants(const std::vector<const Mutant*>& chosen) {
    for (const Mutant* mutant : chosen)
        fmt::print("{:<50} {}\n", mutant->id, mutant->what);
    return 0;
}

void print_unmodelled() {
    fmt::print("\nBugs of real runtimes without a mutant:\n");
    for (const UnmodelledBug& bug : unmodelled_bugs())
        fmt::print("  {:<36} {}\n", bug.name, bug.why);
}

void write_json(const std::string& path, const nlohmann::json& score) {
    std::ofstream stream(path, std::ios::binary);
    stream << score.dump(1) << '\n';
    stream.close();
    if (!stream)
        throw InputError(fmt::format("{}: cannot be written", path));
}

int mutants_command(const Options& options) {
    const Mutants all = all_mutants();
    const auto chosen = selected(all, options);
    if (options.list)
        return list_mutants(chosen);
    const ByteOrder order = options.byte_order == "big" ? ByteOrder::big : ByteOrder::little;
    const Equivalents equivalents = load_equivalents(
        options.equivalents.empty() ? equivalents_file().string() : options.equivalents, all,
        order);
    const Suite suite = load_suite_from(options.vectors);
    std::vector<const Vector*> vectors;
    for (const Vector& vector : suite.vectors)
        if (vector.extension.empty() || running_extensions().contains(vector.extension))
            vectors.push_back(&vector);
    const auto hunts =
        hunt_all(chosen, vectors, order, *run_profile_from_name(options.profile), options.jobs);
    const auto verdicts = verdicts_of(chosen, hunts, equivalents);
    fmt::print("{}", score_table(verdicts));
    if (const std::string survivors = survivor_list(verdicts); !survivors.empty())
        fmt::print("\n{}", survivors);
    if (options.bugs)
        print_unmodelled();
    if (!options.json.empty())
        write_json(options.json, score_json(verdicts, suite.digest));
    return all_caught(verdicts, drafts_of(suite)) ? 0 : 1;
}

} // namespace

Command add_mutants(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "mutants", "Run the vectors on VMs that are wrong on purpose; all must be caught");
    command->add_option("--operator", options->operators, "Mutants of this operator (a pattern)");
    command->add_option("--mutant", options->ids, "Mutants with this id (a pattern)");
    command->add_flag("--bugs", options->bugs, "Only bugs that real runtimes had");
    command->add_flag("--list", options->list, "Print the mutants, run nothing");
    command->add_option("--profile", options->profile, "Rows to run: smoke, default or full")
        ->check(CLI::IsMember({"smoke", "default", "full"}));
    command->add_option("--byte-order", options->byte_order, "Of the wrong VMs: little or big")
        ->check(CLI::IsMember({"little", "big"}));
    command->add_option("--json", options->json, "Write what became of each mutant to this file");
    command->add_option("--jobs,-j", options->jobs, "Threads")->check(CLI::Range(1, 1024));
    command
        ->add_option("--vectors", options->vectors, "Folder of vectors instead of the suite's own")
        ->check(CLI::ExistingDirectory);
    command->add_option("--equivalents", options->equivalents,
                        "List of equivalent mutants instead of the suite's own");
    command->footer("Examples:\n"
                    "  bpf-assay mutants --jobs 2\n"
                    "  bpf-assay mutants --operator 'shift-*' --json score.json\n"
                    "  bpf-assay mutants --bugs --profile smoke");
    return [options] { return mutants_command(*options); };
}

} // namespace bpf_assay::conformance::cli
