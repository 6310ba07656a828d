// Which vectors a command takes.
#include "conformance/cli/selection.hpp"

#include "conformance/cli/files.hpp"
#include "conformance/divergences.hpp"
#include "conformance/error.hpp"
#include "conformance/extension.hpp"
#include "conformance/result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace bpf_assay::conformance::cli {
namespace {

bool matches(const std::vector<std::string>& patterns, std::string_view text) {
    return patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
               return matches_pattern(pattern, std::string(text));
           });
}

bool selected_extension(const Vector& vector, const SelectionOptions& options) {
    return vector.extension.empty() || options.extensions.front() == "all" ||
           std::ranges::find(options.extensions, vector.extension) != options.extensions.end();
}

} // namespace

void add_selection_options(CLI::App& command, SelectionOptions& options,
                           const std::string& profile) {
    options.profile = profile;
    const std::string others = command.option_defaults()->get_group();
    command.option_defaults()->group(selection_group);
    command.add_option("ids", options.ids, "Ids or patterns such as 'sdiv64-*/*'");
    command.add_option("--section,-s", options.sections, "Sections of RFC 9669, e.g. 4.1")
        ->allow_extra_args(false);
    command.add_option("--group,-g", options.groups, "Conformance groups, or 'encoding'")
        ->allow_extra_args(false);
    command
        .add_option("--instruction,-i", options.instructions,
                    "Mnemonics or patterns as `bpf-assay isa` prints them")
        ->allow_extra_args(false);
    command.add_option("--kind,-k", options.kinds, "explicit, sweep, program, packet, encoding")
        ->allow_extra_args(false)
        ->check(CLI::IsMember({"explicit", "sweep", "program", "packet", "encoding"}));
    command
        .add_option("--extensions", options.extensions,
                    "Extensions whose vectors are taken: all (default), none, or names such as "
                    "x-acqrel, separated by commas. They run where the runtime declares the "
                    "extension")
        ->delimiter(',')
        ->allow_extra_args(false);
    command
        .add_option("--vectors", options.vectors, "Folder of vectors instead of the suite's own")
        ->check(CLI::ExistingDirectory);
    command.option_defaults()->group(others);
    command
        .add_option("--profile", options.profile,
                    "How much of the sweeps: smoke (each register and value once), default (all "
                    "programs, up to 64 rows of each), full (everything)")
        ->check(CLI::IsMember({"smoke", "default", "full"}));
}

bool selected(const Vector& vector, const SelectionOptions& options) {
    return selected_extension(vector, options) && matches(options.ids, vector.id) &&
           matches(options.sections, vector.section) &&
           matches(options.groups, group_name_of(vector)) &&
           matches(options.kinds, name_of(vector.kind)) &&
           (options.instructions.empty() ||
            std::ranges::any_of(vector.tests, [&](const InstructionRow* row) {
                return matches(options.instructions, row->mnemonic);
            }));
}

void check_patterns(const SelectionOptions& options, const Suite& suite) {
    const auto names_any = [&](const std::string& pattern, auto name) {
        return std::ranges::any_of(suite.vectors, [&](const Vector& vector) {
            return matches({pattern}, std::invoke(name, vector));
        });
    };
    for (const std::string& pattern : options.ids) {
        if (names_any(pattern, &Vector::id))
            continue;
        if (pattern.find_first_of("*?[") == std::string::npos)
            find_vector(suite, pattern); // suggests the nearest
        throw InputError(fmt::format("no vector matches '{}'", pattern));
    }
    for (const std::string& pattern : options.sections)
        if (!names_any(pattern, &Vector::section))
            throw InputError(fmt::format("there is no section '{}' with vectors", pattern));
    for (const std::string& pattern : options.instructions)
        if (const auto named =
                [&](const InstructionRow& row) { return matches({pattern}, row.mnemonic); };
            std::ranges::none_of(instruction_table(), named) &&
            std::ranges::none_of(extension_table(), named))
            throw InputError(
                fmt::format("there is no instruction '{}'; `bpf-assay isa` lists them", pattern));
    const auto is_extension = [&](std::string_view name) {
        return std::ranges::any_of(suite.extensions,
                                   [&](const auto& extension) { return extension->name == name; });
    };
    for (const std::string& pattern : options.groups)
        if (pattern != "encoding" && !group_from_name(pattern) && !is_extension(pattern))
            throw InputError(fmt::format("there is no conformance group '{}'; expected base32, "
                                         "base64, divmul32, divmul64, atomic32, atomic64, packet, "
                                         "encoding or an extension",
                                         pattern));
    const bool is_word =
        options.extensions.front() == "all" || options.extensions.front() == "none";
    for (const std::string& name : options.extensions)
        if (!is_word && !is_extension(name))
            throw InputError(fmt::format("there is no extension '{}'; `bpf-assay isa "
                                         "--extensions` lists them",
                                         name));
    if (is_word && options.extensions.size() > 1)
        throw InputError(fmt::format("--extensions is 'all', 'none' or a list of names, and not "
                                     "'{}' and more",
                                     options.extensions.front()));
}

} // namespace bpf_assay::conformance::cli
