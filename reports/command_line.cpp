#include "reports/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace bpf_assay::reports {
namespace {

struct RunOption {
    std::string_view name;
    std::string_view letter = {}; // "-p"
    bool selects = false;         // vectors
    bool has_value = true;
};

constexpr std::array run_options{
    RunOption{.name = "--section", .letter = "-s", .selects = true},
    RunOption{.name = "--group", .letter = "-g", .selects = true},
    RunOption{.name = "--instruction", .letter = "-i", .selects = true},
    RunOption{.name = "--kind", .letter = "-k", .selects = true},
    RunOption{.name = "--extensions", .selects = true},
    RunOption{.name = "--vectors", .selects = true},
    RunOption{.name = "--runtime", .letter = "-r"},
    RunOption{.name = "--runtimes"},
    RunOption{.name = "--plugin", .letter = "-p"},
    RunOption{.name = "--one-shot"},
    RunOption{.name = "--r0-bits"},
    RunOption{.name = "--profile"},
    RunOption{.name = "--divergences"},
    RunOption{.name = "--output", .letter = "-o"},
    RunOption{.name = "--shard"},
    RunOption{.name = "--jobs", .letter = "-j"},
    RunOption{.name = "--timeout"},
    RunOption{.name = "--unavailable-status"},
    RunOption{.name = "--strict", .has_value = false},
    RunOption{.name = "--list", .has_value = false},
    RunOption{.name = "--verbose", .letter = "-v", .has_value = false},
};

/// An option of the command with its value, or a word that is none.
struct Part {
    const RunOption* option = nullptr;
    std::string text = {}; // the value, or the word
};

Part part_at(const std::vector<std::string>& command, std::size_t& at) {
    const std::string& word = command[at];
    for (const RunOption& option : run_options) {
        if (word == option.name || (!option.letter.empty() && word == option.letter)) {
            const bool takes_next = option.has_value && at + 1 < command.size();
            return {.option = &option, .text = takes_next ? command[++at] : std::string()};
        }
        if (word.size() > option.name.size() && word.starts_with(option.name) &&
            word[option.name.size()] == '=')
            return {.option = &option, .text = word.substr(option.name.size() + 1)};
        if (!option.letter.empty() && word.starts_with(option.letter))
            return {.option = &option, .text = word.substr(option.letter.size())};
    }
    return {.text = word};
}

std::vector<Part> parts_of(const std::vector<std::string>& command) {
    std::vector<Part> parts;
    bool only_words = false;                            // behind --
    for (std::size_t at = 2; at < command.size(); ++at) // behind "bpf-assay run"
        if (only_words)
            parts.push_back({.text = command[at]});
        else if (command[at] == "--")
            only_words = true;
        else
            parts.push_back(part_at(command, at));
    return parts;
}

/// "a,b" is as good as "a" and "b".
std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> items;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        items.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return items;
}

} // namespace

std::vector<std::string> values_of(const std::vector<std::string>& command,
                                   std::string_view option) {
    std::vector<std::string> values;
    for (Part& part : parts_of(command))
        if (part.option != nullptr && part.option->name == option)
            values.push_back(std::move(part.text));
    return values;
}

std::vector<std::string> selection_of(const std::vector<std::string>& command) {
    std::vector<std::string> words;
    for (const Part& part : parts_of(command)) {
        if (part.option == nullptr) {
            words.push_back(part.text);
        } else if (part.option->selects) {
            const bool is_list = part.option->name == "--extensions";
            for (const std::string& value :
                 is_list ? split(part.text) : std::vector<std::string>{part.text})
                if (!is_list || value != "all") // which is what there is without it
                    words.push_back(fmt::format("{} {}", part.option->name, value));
        }
    }
    std::ranges::sort(words);
    words.erase(std::unique(words.begin(), words.end()), words.end());
    return words;
}

std::vector<std::string> without_options(const std::vector<std::string>& command,
                                         std::span<const std::string_view> options) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < command.size(); ++at) {
        const std::string& word = command[at];
        const auto has_value = [&](std::string_view option) {
            return word.starts_with(option) && word.size() > option.size() &&
                   (option.size() == 2 || word[option.size()] == '=');
        };
        if (std::ranges::find(options, word) != options.end())
            ++at; // and its value
        else if (std::ranges::none_of(options, has_value))
            words.push_back(word);
    }
    return words;
}

} // namespace bpf_assay::reports
