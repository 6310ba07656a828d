// bpf-assay: the command line of the conformance suite.
#include "conformance/cli/commands.hpp"
#include "conformance/error.hpp"
#include "conformance/printable.hpp"

#include <csignal>
#include <cstdio>
#include <map>

using namespace bpf_assay::conformance;

namespace {

int run(int argc, char** argv) {
    CLI::App app("Conformance suite and reference implementation of the BPF instruction set, "
                 "RFC 9669.");
    app.name("bpf-assay");
    app.set_version_flag("--version", "bpf-assay " BPF_ASSAY_VERSION);
    app.require_subcommand(1);
    app.failure_message(CLI::FailureMessage::simple);
    app.get_formatter()->column_width(34);

    const std::map<std::string, cli::Command> commands{
        {"run", cli::add_run(app, {argv, argv + argc})},
        {"show", cli::add_show(app)},
        {"explain", cli::add_explain(app)},
        {"reduce", cli::add_reduce(app)},
        {"export", cli::add_export(app)},
        {"asm", cli::add_asm(app)},
        {"disasm", cli::add_disasm(app)},
        {"isa", cli::add_isa(app)},
        {"mutants", cli::add_mutants(app)},
        {"merge", cli::add_merge(app)},
        {"compare", cli::add_compare(app)},
        {"gate", cli::add_gate(app)},
        {"report", cli::add_report(app, {argv, argv + argc})},
        {"coverage", cli::add_coverage(app)},
        {"plugin", cli::add_plugin(app)},
    };
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return commands.at(app.get_subcommands().front()->get_name())();
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGCHLD, SIG_DFL); // or no plugin had an exit status
    std::signal(SIGPIPE, SIG_IGN); // `| head` must not end a run that writes results
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        // It may quote what a file or a plugin says.
        std::fprintf(stderr, "bpf-assay: %s\n", printable(error.what()).c_str());
        return 2;
    }
}
