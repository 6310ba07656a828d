// Texts of others in XML 1.0.
#pragma once

#include <string>
#include <string_view>

namespace bpf_assay::reports {

/// Characters that XML has no place for, whatever the escape, as \x1b or U+FFFD. Markup stays: the
/// XML writer escapes it.
std::string xml_text(std::string_view text);

} // namespace bpf_assay::reports
