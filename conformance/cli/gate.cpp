// `gate`: results held against a baseline and a policy, for the CI of a runtime.
#include "conformance/cli/commands.hpp"
#include "conformance/cli/files.hpp"
#include "conformance/cli/output.hpp"
#include "conformance/cli/runtimes.hpp"
#include "conformance/error.hpp"

#include "gate/rerun.hpp"
#include "gate/writers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <random>

namespace bpf_assay::conformance::cli {
namespace {

struct Options {
    std::string results, baseline, policy;
    std::string junit, markdown, today;
    std::string vectors;
    std::vector<std::string> divergences;
    RuntimeOptions runtimes;
    unsigned rerun = 2;
    double timeout = 10;
    bool github = false, update = false, baseline_required = false;
};

/// Results of the same outcomes without what was seen: a baseline is kept, and read by eye at most.
Results without_failures(Results results) {
    for (RuntimeResult& runtime : results.runtimes)
        for (VectorResult& result : runtime.results)
            result.failures.clear();
    return results;
}

std::vector<KnownDivergence> divergences_of(const Options& options) {
    std::vector<KnownDivergence> all;
    for (const std::string& path : options.divergences)
        std::ranges::copy(load_divergences(path), std::back_inserter(all));
    return all;
}

/// Only what the user names, or the file of runtimes declares, is started: results are data, and
/// may be anybody's.
std::optional<Runtime> startable(const Options& options, const RuntimeResult& result) {
    std::optional<Runtime> runtime;
    if (!result.name.empty()) {
        runtime = declared_runtime(options.runtimes, result.name);
    } else {
        RuntimeOptions given = options.runtimes;
        given.file.clear(); // of declared ones
        for (const Runtime& candidate : selected_runtimes(given))
            if (candidate.text() == result.command &&
                candidate.one_shot.has_value() == result.one_shot)
                runtime = candidate;
    }
    if (runtime)
        std::ranges::copy(divergences_of(options), std::back_inserter(runtime->known_divergences));
    return runtime;
}

std::optional<reports::FileOutcomes> read_baseline(const Options& options) {
    std::error_code error;
    if (std::filesystem::equivalent(options.baseline, options.results, error))
        throw InputError(
            fmt::format("{}: the baseline is the file of results itself", options.baseline));
    if (std::filesystem::exists(options.baseline))
        return reports::read_outcomes(options.baseline);
    if (options.baseline_required)
        throw InputError(fmt::format("{}: there is no such baseline", options.baseline));
    return std::nullopt;
}

/// Nobody who has a say in what is printed before it can guess it.
std::string secret_word() {
    std::random_device device;
    return fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

void write_forms(const Options& options, const gate::Judgement& judgement) {
    if (!options.junit.empty())
        write_text(options.junit, gate::junit(judgement));
    if (!options.markdown.empty())
        write_text(options.markdown, gate::markdown(judgement));
    fmt::print("{}",
               options.github ? gate::github(judgement, secret_word()) : gate::text(judgement));
}

/// A run that did not end well is no measure for the next. Empty: it did.
std::string why_no_baseline(const gate::Judgement& judgement) {
    using gate::Cause;
    if (judgement.count(Cause::nothing_ran) != 0)
        return "nothing ran";
    if (judgement.count(Cause::runtime_broken) != 0)
        return "a runtime was not there, or broke down";
    if (const std::size_t count = judgement.count(Cause::no_verdict); count != 0)
        return fmt::format("{} {} no verdict", count, count == 1 ? "vector has" : "vectors have");
    return {};
}

int gate_command(const Options& options) {
    for (const std::string& path : {options.junit, options.markdown})
        if (!path.empty())
            check_writable(path);
    const Suite suite = load_suite_from(options.vectors);
    const gate::Policy policy =
        options.policy.empty() ? gate::Policy{} : gate::load_policy(options.policy, suite);
    const auto baseline = read_baseline(options);
    const bool writes_baseline = !baseline || options.update;
    if (writes_baseline)
        check_writable(options.baseline);
    const Results results = read_results(options.results, suite);
    const gate::Question question{.suite = suite,
                                  .results = results,
                                  .results_file = options.results,
                                  .baseline = baseline,
                                  .policy = policy,
                                  .today = options.today.empty() ? utc_now().substr(0, 10)
                                                                 : options.today};
    gate::Judgement judgement = gate::judge(question);
    gate::run_again(
        judgement, question,
        {.times = options.rerun,
         .deadline = std::chrono::milliseconds(static_cast<long long>(options.timeout * 1000))},
        [&](std::size_t index) { return startable(options, results.runtimes[index]); });
    write_forms(options, judgement);
    if (std::fflush(stdout) != 0)
        throw InputError("standard output cannot be written");
    if (!writes_baseline)
        return judgement.is_open() ? 0 : 1;
    if (const std::string why = why_no_baseline(judgement); !why.empty()) {
        fmt::print("{}: not written, as these results are no measure for others: {}\n",
                   options.baseline, why);
        return 1;
    }
    write_results(options.baseline, suite, without_failures(results));
    fmt::print("{}: {}; the next results are held against it\n", options.baseline,
               baseline ? "the baseline is now these results" : "a first baseline was written");
    return judgement.is_open() ? 0 : 1;
}

} // namespace

Command add_gate(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* gate = app.add_subcommand(
        "gate", "Hold results against a baseline and a policy: is anything worse?");
    gate->add_option("results", options->results, "Results of `bpf-assay run --output` or `merge`")
        ->required()
        ->check(CLI::ExistingFile);
    gate->add_option("--baseline,-b", options->baseline,
                     "Results that these must not be worse than; written, if there is no such file")
        ->required();
    gate->add_flag("--baseline-required", options->baseline_required,
                   "A missing baseline is an error: for CI, where it should be there");
    gate->add_flag("--update", options->update, "Make these results the baseline");
    gate->add_option("--policy", options->policy,
                     "What must hold and what may fail, as YAML (docs/ci-gate.md)")
        ->check(CLI::ExistingFile);
    gate->add_option("--rerun", options->rerun,
                     "How often the vector of a finding is run again, to tell flaky ones; 2 if "
                     "left out")
        ->check(CLI::Range(0U, 100U));
    gate->add_option("--runtimes", options->runtimes.file,
                     "File that declares the runtimes which results name, instead of the suite's "
                     "own: those are started for that")
        ->check(CLI::ExistingFile);
    add_command_options(*gate, options->runtimes);
    gate->add_option("--timeout", options->timeout, "Seconds for the answer to one request, then")
        ->check(CLI::Range(0.01, 86'400.0));
    gate->add_option("--divergences", options->divergences,
                     "File of known divergences that the run had, too")
        ->allow_extra_args(false)
        ->check(CLI::ExistingFile);
    gate->add_option("--junit", options->junit, "JUnit XML, for CI systems");
    gate->add_option("--markdown", options->markdown, "Markdown, for a step summary");
    gate->add_flag("--github", options->github,
                   "Print findings as annotations of a GitHub workflow, too");
    gate->add_option("--today", options->today,
                     "YYYY-MM-DD: judge the ends of tolerances as of this day")
        ->check([](const std::string& day) {
            return gate::is_day(day) ? std::string()
                                     : fmt::format("'{}' is not a day YYYY-MM-DD", day);
        });
    gate->add_option("--vectors", options->vectors, "Folder of vectors instead of the suite's own")
        ->check(CLI::ExistingDirectory);
    gate->footer("Example:\n"
                 "  bpf-assay gate --baseline baseline.json results.json --policy gate.yaml -p "
                 "./my_plugin\n\n"
                 "Exit status: 0 the gate is open, 1 it is shut, 2 unusable input or setup.");
    return [options] { return gate_command(*options); };
}

} // namespace bpf_assay::conformance::cli
