#include "conformance/caveats.hpp"
#include "conformance/cli/commands.hpp"
#include "conformance/cli/files.hpp"
#include "conformance/cli/output.hpp"
#include "conformance/cli/runtimes.hpp"
#include "conformance/cli/selection.hpp"
#include "conformance/cli/table.hpp"
#include "conformance/error.hpp"
#include "conformance/group_summary.hpp"
#include "conformance/runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <thread>

#include <unistd.h>

namespace bpf_assay::conformance::cli {
namespace {

struct Options {
    RuntimeOptions runtimes;
    SelectionOptions selection;
    std::vector<std::string> divergences;
    std::string output, shard;
    unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
    std::optional<double> timeout;
    int unavailable_status = 2;
    bool strict = false, list = false, verbose = false;
};

std::optional<Shard> shard_from(const std::string& text) {
    if (text.empty())
        return std::nullopt;
    Shard shard;
    char behind = 0;
    if (std::sscanf(text.c_str(), "%zu/%zu%c", &shard.number, &shard.count, &behind) != 2 ||
        text.find('-') != std::string::npos || shard.number == 0 || shard.number > shard.count)
        throw InputError(fmt::format("--shard is K/N, such as 1/4, and not '{}'", text));
    return shard;
}

/// The options of this command that were given, however they were written: those of the group, or
/// the others.
RunDescription::Arguments arguments_of(const CLI::App& command, bool of_selection) {
    RunDescription::Arguments arguments;
    for (const CLI::Option* option : command.get_options())
        if (option->count() != 0 && (option->get_group() == selection_group) == of_selection)
            arguments[option->get_name()] = option->results();
    return arguments;
}

/// Every N-th vector: neighbours are alike, and so each shard takes about as long.
bool is_in(const std::optional<Shard>& shard, std::size_t position) {
    return !shard || position % shard->count == shard->number - 1;
}

void on_interrupt(int) {
    interrupt_requested = true;
}

void list_vectors(const std::vector<const Vector*>& vectors) {
    for (const Vector* vector : vectors)
        fmt::print("{}\n", vector->id);
}

std::vector<Runtime> runtimes_of(const Options& options) {
    auto runtimes = selected_runtimes(options.runtimes);
    if (runtimes.empty())
        runtimes.push_back({.command = plugin_command("reference_vm")});
    for (Runtime& runtime : runtimes)
        if (options.timeout)
            runtime.deadline.reset();
    for (const std::string& path : options.divergences) {
        const auto known = load_divergences(path);
        for (Runtime& runtime : runtimes)
            std::ranges::copy(known, std::back_inserter(runtime.known_divergences));
    }
    return runtimes;
}

int run_command(const Options& options, RunDescription description) {
    const Suite suite = load_suite_from(options.selection.vectors);
    check_patterns(options.selection, suite);
    const std::optional<Shard> shard = shard_from(options.shard);
    std::vector<const Vector*> vectors;
    std::size_t count = 0;
    for (const Vector& vector : suite.vectors)
        if (selected(vector, options.selection) && is_in(shard, count++))
            vectors.push_back(&vector);
    if (vectors.empty())
        throw InputError("no vector is selected by these filters");
    if (options.list) {
        list_vectors(vectors);
        return 0;
    }
    if (!options.output.empty())
        check_writable(options.output);
    const auto runtimes = runtimes_of(options);
    std::signal(SIGINT, on_interrupt);
    std::signal(SIGTERM, on_interrupt);

    RunOptions run_options{.examine = {.strict = options.strict,
                                       .profile = *run_profile_from_name(options.selection.profile),
                                       .deadline = std::chrono::milliseconds(static_cast<long long>(
                                           options.timeout.value_or(10) * 1000))},
                           .jobs = options.jobs,
                           .progress = {}};
    const bool shows_progress = isatty(STDERR_FILENO) != 0;
    auto last = Clock::now();
    if (shows_progress)
        run_options.progress = [&](std::size_t done, std::size_t total) {
            if (Clock::now() - last < std::chrono::milliseconds(100) && done != total)
                return;
            last = Clock::now();
            fmt::print(stderr, "\r{} of {} vectors{}", done, total,
                       done == total ? "\r\x1b[K" : "");
        };

    description.profile = options.selection.profile;
    description.strict = options.strict;
    description.shard = shard;
    description.started = utc_now();
    const auto start = Clock::now();
    auto results = run_vectors(vectors, runtimes, run_options);
    description.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (shows_progress && interrupt_requested)
        fmt::print(stderr, "\n");

    const bool colour = use_colour(stdout);
    for (const RuntimeResult& result : results) {
        const auto partly = partly_because(result, description, suite);
        fmt::print("{}{}{}", results_table(result, suite, partly, colour),
                   partly.empty() ? claims_table(result, colour) : "",
                   results_details(result, colour, options.verbose));
    }
    if (!options.output.empty()) {
        write_results(options.output, suite, {{description}, results});
        fmt::print("\nresults: {}\n", options.output);
    }
    if (std::fflush(stdout) != 0)
        throw InputError("standard output cannot be written");
    if (std::ranges::all_of(results, [](const RuntimeResult& result) {
            const bool offers_nothing = result.status == RuntimeStatus::ran &&
                                        result.vectors.empty() && !result.not_offered.empty();
            return result.status == RuntimeStatus::unavailable || offers_nothing;
        }))
        return options.unavailable_status;
    const int status = exit_status(results);
    if (interrupt_requested)
        fmt::print(stderr, "interrupted: what was run up to then is above\n");
    else if (status == 2)
        fmt::print(stderr, "bpf-assay: not everything that was asked for could be run\n");
    return status;
}

} // namespace

Command add_run(CLI::App& app, std::vector<std::string> command_line) {
    auto options = std::make_shared<Options>();
    CLI::App* run = app.add_subcommand(
        "run", "Run vectors on runtimes (the reference VM if none is named) and judge what "
               "comes out");
    add_runtime_options(*run, options->runtimes);
    add_selection_options(*run, options->selection, "default");
    run->add_flag("--strict", options->strict,
                  "What SHALL be zero (RFC 9669 section 3.1) must be refused, R10 not be written");
    run->add_option("--jobs,-j", options->jobs, "Plugin processes at once")
        ->check(CLI::Range(1U, 256U));
    run->add_option("--timeout", options->timeout,
                    "Seconds for the answer to one request; 10, or what the runtime declares")
        ->check(CLI::Range(0.01, 86'400.0));
    run->add_option("--output,-o", options->output, "Write the results as JSON to this file");
    run->add_option("--shard", options->shard,
                    "K/N: the K-th of N parts of the vectors; `bpf-assay merge` joins the results");
    run->add_option("--divergences", options->divergences,
                    "File of known divergences (docs/policy.md); may stand several times")
        ->allow_extra_args(false)
        ->check(CLI::ExistingFile);
    run->add_option("--unavailable-status", options->unavailable_status,
                    "Exit status if no runtime is available here, or none offers what the vectors "
                    "need (test drivers want 77: skipped)");
    run->add_flag("--list", options->list, "Print the ids that would run, and end");
    run->add_flag("--verbose,-v", options->verbose, "Show every divergence and tolerated vector");
    run->footer("Example:\n"
                "  bpf-assay run -p reference_vm -p 'linux_kernel --type socket_filter' "
                "-g divmul64 -o results.json\n\n"
                "Exit status: 0 all as expected (tolerated outcomes are listed), 1 a divergence, "
                "2 unusable input or setup.");
    return [options, run, command_line = std::move(command_line)] {
        return run_command(*options, {.command_line = command_line,
                                      .selection = arguments_of(*run, true),
                                      .options = arguments_of(*run, false)});
    };
}

} // namespace bpf_assay::conformance::cli
