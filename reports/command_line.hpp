// What a command line says of how a run was made.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bpf_assay::reports {

/// The words without these options and their values: `--output x`, `--output=x`, `-ox`.
std::vector<std::string> without_options(const std::vector<std::string>& command,
                                         std::span<const std::string_view> options);

/// What follows each such option, in the order of the words.
std::vector<std::string> values_of(const std::vector<std::string>& command,
                                   std::string_view option);

/// Of a command of `bpf-assay run`, which vectors it chose: "--group base32", "v/*". However it was
/// written: in long names, sorted. Profile and strictness are apart, and lists of divergences tell
/// what is news.
std::vector<std::string> selection_of(const std::vector<std::string>& command);

} // namespace bpf_assay::reports
