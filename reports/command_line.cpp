#include "reports/command_line.hpp"

#include <algorithm>

namespace bpf_assay::reports {

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
