// Texts of others in Markdown.
#pragma once

#include <string>
#include <string_view>

namespace bpf_assay::reports {

/// The text as text: no markup, no end of a table's cell, one line; cut after `longest` bytes.
std::string markdown_text(std::string_view text, std::size_t longest = 200);

} // namespace bpf_assay::reports
