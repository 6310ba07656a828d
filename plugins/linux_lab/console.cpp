#include "console.hpp"

#include <algorithm>
#include <array>

namespace bpf_assay::linux_lab {
namespace {

constexpr std::string_view mark = "bpf-assay: "; // of /init's lines: guest_init.c
constexpr std::size_t longest_line = 1024;       // a guest that never ends one does not fill memory

// How Linux begins to tell of its end, on any architecture.
constexpr std::array<std::string_view, 12> troubles = {
    "Kernel panic",      "Oops",        "BUG: ",
    "kernel BUG at",     "soft lockup", "Unable to handle kernel",
    "Internal error:",   "hard LOCKUP", "general protection fault",
    "divide error:",     "[#1]", // of the first report of a dying kernel
    "illegal operation:"};

/// Behind "[    1.234567] ", where the kernel puts the time.
std::string_view without_time(std::string_view line) {
    if (!line.starts_with('['))
        return line;
    const auto end = line.find("] ");
    return end == std::string_view::npos ? line : line.substr(end + 2);
}

bool continues(std::string_view& text, std::string_view beginning) {
    if (!text.starts_with(beginning))
        return false;
    text.remove_prefix(beginning.size());
    return true;
}

} // namespace

std::string Console::take(std::string_view bytes) {
    std::string lines;
    for (const char c : bytes) {
        if (c != '\n' && m_partial.size() < longest_line) {
            if (static_cast<unsigned char>(c) >= 0x20)
                m_partial += c;
            continue;
        }
        read(m_partial);
        lines += m_partial + "\n";
        m_partial.clear();
    }
    return lines;
}

void Console::read(const std::string& line) {
    if (line.find_first_not_of(' ') == std::string::npos)
        return;
    m_last_line = line;
    std::string_view text = without_time(line);
    // Kernel messages may stand in the same line, in front of it.
    if (const auto at = text.find(mark); at != std::string_view::npos) {
        text.remove_prefix(at + mark.size());
        if (continues(text, "the plugin ended "))
            m_plugin_end = text;
        else if (continues(text, "cannot start: "))
            m_init_failure = text;
        else if (text.starts_with("the plugin starts"))
            m_plugin_started = true;
        return;
    }
    const auto is_in_text = [&](std::string_view trouble) {
        return text.find(trouble) != std::string_view::npos;
    };
    if (!m_trouble && std::ranges::any_of(troubles, is_in_text))
        m_trouble = text;
}

} // namespace bpf_assay::linux_lab
