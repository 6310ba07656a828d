// Commands that a user can paste into a shell.
#pragma once

#include <string>

namespace bpf_assay::conformance {

/// The text as one word of a shell, in quotes only where they are needed.
std::string shell_word(const std::string& text);

} // namespace bpf_assay::conformance
