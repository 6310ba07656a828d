// The assembly of extensions: their rows say what it looks like, so LLVM need not know it.
#pragma once

#include <string>

namespace bpf_assay::conformance {

/// The text with every instruction of an extension written as `.quad SLOT`, line by line; all else
/// stays as it is.
std::string with_extension_syntax(const std::string& text);

} // namespace bpf_assay::conformance
