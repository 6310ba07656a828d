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

} // namespace bpf_assay::reports
