#include "reports/run_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace bpf_assay::reports {
namespace {

using conformance::RunDescription;
using Arguments = RunDescription::Arguments;

struct Bystander {
    std::string_view name, letter;
    bool has_value;
};

constexpr std::array<Bystander, 6> bystanders{{{"--shard", "", true},
                                               {"--output", "-o", true},
                                               {"--jobs", "-j", true},
                                               {"--unavailable-status", "", true},
                                               {"--verbose", "-v", false},
                                               {"--list", "", false}}};

/// How many words of a command such an option takes that begins with this one; 0 if none does.
std::size_t words_of_bystander(std::string_view word) {
    for (const auto& [name, letter, has_value] : bystanders) {
        if (word == name || (!letter.empty() && word == letter))
            return has_value ? 2 : 1;
        const bool with_equals = word.starts_with(name) && word.substr(name.size(), 1) == "=";
        const bool with_letter = has_value && !letter.empty() && word.starts_with(letter);
        if (with_equals || with_letter) // --output=x, -ox
            return 1;
    }
    return 0;
}

/// Is it what holds without the option?
bool is_default(const Arguments& options, const std::string& name,
                const std::vector<std::string>& values) {
    if (name == "--r0-bits")
        return values.back() == "64";
    return name == "--plugin" && values == std::vector<std::string>{"reference_vm"} &&
           !options.contains("--runtime") && !options.contains("--one-shot");
}

} // namespace

Arguments chosen_by(const Arguments& selection) {
    Arguments chosen;
    for (auto [option, values] : selection) {
        if (option == "--extensions")
            std::erase(values, "all");
        if (option == "--vectors" || values.empty())
            continue;
        std::ranges::sort(values);
        const auto again = std::ranges::unique(values);
        values.erase(again.begin(), again.end());
        chosen[option] = std::move(values);
    }
    return chosen;
}

std::map<std::string, std::string> deciding_options(const RunDescription& run) {
    std::map<std::string, std::string> deciding{{"--profile", run.profile}};
    if (run.strict)
        deciding["--strict"] = "given";
    for (const auto& [option, values] : chosen_by(run.selection))
        deciding[option] = fmt::format("{}", fmt::join(values, " "));
    const Arguments options = without_bystanders(run).options;
    for (const auto& [option, values] : options)
        if (option != "--profile" && option != "--strict" && !is_default(options, option, values))
            deciding[option] = fmt::format("{}", fmt::join(values, " "));
    return deciding;
}

RunDescription without_bystanders(RunDescription run) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < run.command_line.size();) {
        const std::size_t skipped = words_of_bystander(run.command_line[at]);
        if (skipped == 0)
            words.push_back(run.command_line[at]);
        at += std::max<std::size_t>(skipped, 1);
    }
    run.command_line = std::move(words);
    for (const Bystander& bystander : bystanders)
        run.options.erase(std::string(bystander.name));
    return run;
}

} // namespace bpf_assay::reports
