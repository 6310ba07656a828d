// `plugin`: help for those who write one.
#include "conformance/cli/plugin.hpp"

#include "conformance/cli/commands.hpp"

namespace bpf_assay::conformance::cli {
namespace {

CLI::App* add_check(CLI::App& plugin, CheckOptions& options) {
    CLI::App* check =
        plugin.add_subcommand("check", "Does the plugin speak the protocol? Says what is wrong");
    check->add_option("command", options.command, "Plugin command, quoted if it has arguments")
        ->required();
    check->add_option("--timeout", options.timeout, "Seconds for the answer to one request")
        ->check(CLI::PositiveNumber);
    check->add_option("--only", options.only, "Make the checks with this text in their title");
    check->add_flag("--verbose,-v", options.verbose, "Show every message");
    check->footer(
        "The exit status is 0 if nothing is WRONG, 1 otherwise, 2 if the plugin cannot be\n"
        "started. A remark is no mistake.\n\n"
        "Example:\n  bpf-assay plugin check './my_plugin --jit'");
    return check;
}

void add_new(CLI::App& plugin, NewOptions& options) {
    CLI::App* create = plugin.add_subcommand(
        "new", "Write a whole plugin, with a small runtime to be replaced by yours");
    create->add_option("name", options.name, "Name of the runtime: [a-z][a-z0-9_-]*")->required();
    create->add_option("--language,-l", options.language, "c, python or rust")
        ->required()
        ->check(CLI::IsMember({"c", "python", "rust"}));
    create->add_option("--folder", options.folder, "Folder to write, instead of ./NAME");
    create->footer("Example:\n  bpf-assay plugin new my-vm --language c");
}

} // namespace

Command add_plugin(CLI::App& app) {
    struct Options {
        CheckOptions check;
        NewOptions create;
    };
    auto options = std::make_shared<Options>();
    CLI::App* plugin = app.add_subcommand("plugin", "Help for those who write a plugin");
    plugin->require_subcommand(1);
    const CLI::App* check = add_check(*plugin, options->check);
    add_new(*plugin, options->create);
    plugin->footer("Examples:\n"
                   "  bpf-assay plugin new my-vm --language c\n"
                   "  bpf-assay plugin check './my_plugin --jit'\n"
                   "docs/add-a-plugin.md leads from nothing to a report.");
    return [options, check] {
        return check->parsed() ? check_plugin(options->check) : new_plugin(options->create);
    };
}

} // namespace bpf_assay::conformance::cli
