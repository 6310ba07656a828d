// `reduce`: the smallest statement that fails like a vector does.
#include "conformance/cli/commands.hpp"
#include "conformance/cli/files.hpp"
#include "conformance/cli/output.hpp"
#include "conformance/cli/runtimes.hpp"
#include "conformance/error.hpp"
#include "conformance/profile.hpp"
#include "conformance/reduction/finding.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>

namespace bpf_assay::conformance::cli {
namespace {

using namespace reduction;
namespace fs = std::filesystem;

struct Options {
    std::string id;
    RuntimeOptions runtimes;
    std::vector<std::string> against;
    std::string vectors;
    std::string output;
    std::string profile = "default";
    std::optional<std::size_t> program, row;
    double budget = 60;
    double timeout = 10;
    bool strict = false;
};

constexpr int status_passes = 1;
constexpr int status_unusable = 2;

std::chrono::milliseconds milliseconds(double seconds) {
    return std::chrono::milliseconds(static_cast<long long>(seconds * 1000));
}

Runtime runtime_of(const Options& options) {
    const auto selected = selected_runtimes(options.runtimes);
    if (selected.empty())
        throw InputError("on which runtime? Name one by --runtime, or a plugin by --plugin");
    if (selected.size() > 1) {
        std::vector<std::string> names;
        for (const Runtime& runtime : selected)
            names.push_back(runtime.name.empty() ? runtime.text() : runtime.name);
        throw InputError(fmt::format("one runtime at a time; these are {}: {}", selected.size(),
                                     fmt::join(names, ", ")));
    }
    if (selected[0].one_shot)
        throw InputError("a one-shot plugin shows too little to reduce on; use one that speaks the "
                         "protocol");
    return selected[0];
}

/// Those of --against, or else all that are declared and speak the protocol.
std::vector<Runtime> others_of(const Options& options, const Runtime& runtime) {
    std::vector<Runtime> others;
    for (const std::string& command : options.against)
        others.push_back({.command = plugin_command(command)});
    if (others.empty())
        for (Runtime& declared : declared_runtimes(options.runtimes))
            if (!declared.one_shot && declared.text() != runtime.text())
                others.push_back(std::move(declared));
    return others;
}

/// How the runtime is named on a command line.
std::string argument_of(const Runtime& runtime, const Options& options) {
    if (runtime.name.empty())
        return fmt::format("-p '{}'", options.runtimes.plugins.at(0));
    const std::string& file = options.runtimes.file;
    return fmt::format("{}--runtime {}", file.empty() ? "" : fmt::format("--runtimes '{}' ", file),
                       runtime.name);
}

std::string title_of(const Runtime& runtime, const Hello& hello) {
    RuntimeResult named;
    named.name = runtime.name;
    named.command = runtime.text();
    named.hello = hello;
    return named.title();
}

ExamineOptions examine_options(const Options& options) {
    return {.strict = options.strict,
            .profile = *run_profile_from_name(options.profile),
            .deadline = milliseconds(options.timeout)};
}

void check_selection(const Vector& vector, const Options& options) {
    const std::size_t programs = vector.kind == Kind::sweep      ? vector.sweep_programs.size()
                                 : vector.kind == Kind::encoding ? vector.encoding.count()
                                                                 : 1;
    const std::size_t program = options.program.value_or(0);
    if (program >= programs)
        throw InputError(fmt::format("program {}; the vector has {}", program, programs));
    const std::size_t rows =
        vector.kind == Kind::sweep ? make_experiment(vector, program, {})->rows() : 1;
    if (options.row.value_or(0) >= rows)
        throw InputError(fmt::format("row {}; the program has {}", *options.row, rows));
}

/// A folder with one file, gone at the end.
class Folder {
public:
    Folder() {
        std::string name = fs::temp_directory_path() / "bpf-assay-reduce-XXXXXX";
        if (mkdtemp(name.data()) == nullptr)
            throw InputError(fmt::format("{}: cannot be made", name));
        m_path = name;
    }
    ~Folder() {
        std::error_code ignored;
        fs::remove_all(m_path, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const fs::path& path() const { return m_path; }

private:
    fs::path m_path;
};

std::string verdict_of(const Runtime& runtime, const Vector& vector, const Options& options,
                       std::string& title) {
    title = runtime.name.empty() ? runtime.text() : runtime.name;
    try {
        Trials trials(runtime, examine_options(options));
        title = title_of(runtime, trials.hello());
        if (const auto needs = lacking(trials.hello(), vector))
            return "not run: it does not offer " + *needs;
        return verdict_text(trials.examine(vector));
    } catch (const RuntimeUnavailable& unavailable) {
        return "not available: " + unavailable.why;
    } catch (const GivenUp& given_up) {
        return "not available: " + given_up.why;
    } catch (const CannotStart& cannot_start) {
        if (runtime.install.empty())
            throw;
        return "not available: " + runtime.install;
    }
}

/// The written file, loaded and run as `run --vectors` would. Returns what is not as it must be.
std::string flaw_of(const std::string& yaml, const Finding& finding, Trials& trials,
                    const Options& options) {
    const Folder folder;
    write_text((folder.path() / "found.yaml").string(), yaml);
    const Suite suite = load_suite_from(folder.path().string());
    const Vector& vector = suite.vectors.at(0);
    std::string title;
    const std::string reference =
        verdict_of({.command = plugin_command("reference_vm")}, vector, options, title);
    if (reference != "right")
        return fmt::format("{}: {}", title, reference);
    const VectorResult result = trials.examine_freshly(vector, 1);
    if (const auto kind = kind_of(result); !kind || kind->outcome != finding.report->kind.outcome)
        return fmt::format("the written vector, run once, is {} ({})", name_of(result.outcome),
                           result.why);
    return {};
}

int nothing_to_reduce(const Report& report, const Vector& vector, const std::string& runtime,
                      const Options& options) {
    fmt::print("{}\n  nothing to reduce on {}: ", vector.id, runtime);
    if (report.status == Report::Status::not_reproducible) {
        if (options.program || options.row)
            fmt::print("program {}, row {} does not fail\n", options.program.value_or(0),
                       options.row.value_or(0));
        else
            fmt::print("not reproducible. It was {} ({}), and no row of it fails twice in a row "
                       "by itself\n",
                       name_of(report.whole.outcome), report.whole.why);
        return status_passes;
    }
    const VectorResult& whole = report.whole;
    fmt::print("{}{}{}\n  {} programs and {} rows were run, profile {}\n", name_of(whole.outcome),
               whole.tolerated ? ", tolerated" : "",
               whole.why.empty() ? "" : fmt::format(" ({})", whole.why), whole.programs,
               whole.rows.run, options.profile);
    return status_passes;
}

void write_results(const Finding& finding, const std::string& yaml, const Options& options) {
    const fs::path folder = options.output;
    std::error_code error;
    fs::create_directories(folder, error);
    const std::string slug = slug_of(*finding.original, finding.hello);
    write_text((folder / (slug + ".yaml")).string(), yaml);
    write_text((folder / (slug + ".md")).string(), page_of(finding));
    fmt::print("written\n    {}\n    {}\n", (folder / (slug + ".yaml")).string(),
               (folder / (slug + ".md")).string());
}

int reduce_command(const Options& options) {
    const Suite suite = load_suite_from(options.vectors);
    const Vector& vector = find_vector(suite, options.id);
    if (!vector.extension.empty())
        throw InputError(fmt::format("'{}' is about {}, and only instructions of RFC 9669 can be "
                                     "reduced",
                                     vector.id, vector.extension));
    check_selection(vector, options);
    Trials trials(runtime_of(options), examine_options(options));
    const auto others = others_of(options, trials.runtime());
    for (const Runtime& other : others) // a mistake must not show at the end of a search
        if (other.install.empty())
            find_program(other.words().at(0)); // throws, if it is not there
    const std::string runtime = title_of(trials.runtime(), trials.hello());
    const Report report = reduce_vector(trials, vector,
                                        {.program = options.program,
                                         .row = options.row,
                                         .budget = milliseconds(options.budget),
                                         .deadline = milliseconds(options.timeout)});
    if (report.status != Report::Status::reduced)
        return nothing_to_reduce(report, vector, runtime, options);
    Finding finding{.suite = &suite,
                    .original = &vector,
                    .report = &report,
                    .vector = found_vector(report, vector, suite, trials.hello(), runtime),
                    .runtime = runtime,
                    .hello = trials.hello(),
                    .command = trials.runtime().text(),
                    .reproduce = fmt::format("bpf-assay run --vectors {} {} {}{}",
                                             options.output.empty() ? "FOLDER" : options.output,
                                             argument_of(trials.runtime(), options),
                                             options.strict ? "--strict " : "",
                                             "found/" + slug_of(vector, trials.hello())),
                    .tool = "bpf-assay " BPF_ASSAY_VERSION,
                    .others = {}};
    for (const Runtime& other : others) {
        Comparison comparison;
        comparison.verdict = verdict_of(other, finding.vector, options, comparison.title);
        finding.others.push_back(std::move(comparison));
    }
    const std::string yaml = yaml_of(finding);
    const std::string flaw = flaw_of(yaml, finding, trials, options);
    fmt::print("{}", text_of(finding));
    if (options.output.empty())
        fmt::print("vector\n{}", yaml);
    else
        write_results(finding, yaml, options);
    if (flaw.empty())
        return 0;
    std::fflush(stdout);
    fmt::print(stderr, "bpf-assay: the vector does not hold by itself: {}\n", flaw);
    return status_unusable;
}

void add_selection(CLI::App* command, Options& options) {
    command->add_option("--program", options.program,
                        "Of a sweep or a table: only this program, from 0");
    command->add_option("--row", options.row, "Of a sweep: only this row of the program, from 0");
    command
        ->add_option("--profile", options.profile,
                     "How much of a sweep is run to find a row that fails: smoke, default or full")
        ->check(CLI::IsMember({"smoke", "default", "full"}));
    command->add_flag("--strict", options.strict,
                      "What SHALL be zero (RFC 9669 section 3.1) must be refused");
}

} // namespace

Command add_reduce(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "reduce", "Make a vector that fails on a runtime as small as it can be and still fail");
    command->add_option("id", options->id, "Id of the vector")->required();
    add_runtime_options(*command, options->runtimes);
    command
        ->add_option("--against", options->against,
                     "Plugin command to compare with, instead of all declared runtimes; may stand "
                     "several times")
        ->allow_extra_args(false);
    add_selection(command, *options);
    command->add_option("--budget", options->budget, "Seconds for the search")
        ->check(CLI::Range(0.0, 86'400.0));
    command->add_option("--timeout", options->timeout, "Seconds for the answer to one request")
        ->check(CLI::Range(0.01, 86'400.0));
    command->add_option("--output,-o", options->output,
                        "Folder to write the vector (.yaml) and a page for a bug report (.md) to");
    command
        ->add_option("--vectors", options->vectors, "Folder of vectors instead of the suite's own")
        ->check(CLI::ExistingDirectory);
    command->footer(
        "The reduced vector is the smallest statement found that the reference VM runs with a "
        "defined result,\nthat fails with the same outcome twice in a row, and that is still about "
        "an instruction of the first.\n\nExample:\n"
        "  bpf-assay reduce div64-reg/sweep-edges --runtime dpdk:jit -o found\n"
        "  bpf-assay run --vectors found --runtime dpdk:jit\n\n"
        "Exit status: 0 reduced, and the written vector fails by itself; 1 nothing fails, or not "
        "again;\n2 unusable input or setup, or the written vector does not fail by itself.");
    return [options] {
        try {
            return reduce_command(*options);
        } catch (const RuntimeUnavailable& unavailable) {
            throw InputError("the runtime is not available: " + unavailable.why);
        } catch (const GivenUp& given_up) {
            throw InputError("the runtime is given up: " + given_up.why);
        }
    };
}

} // namespace bpf_assay::conformance::cli
