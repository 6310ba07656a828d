// What the guest says on its console: the kernel's messages, and the lines of /init.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace bpf_assay::linux_lab {

class Console {
public:
    /// Takes what came. Returns it in whole lines for people, without carriage returns and escapes.
    std::string take(std::string_view bytes);

    /// Whether /init has started the plugin.
    bool plugin_started() const { return m_plugin_started; }
    /// How the plugin ended: "by signal 11 (Segmentation fault)", "with exit status 0".
    const std::optional<std::string>& plugin_end() const { return m_plugin_end; }
    /// Why /init could not start it.
    const std::optional<std::string>& init_failure() const { return m_init_failure; }
    /// The first line that says that the kernel is in trouble: an oops, a panic, a lockup.
    const std::optional<std::string>& trouble() const { return m_trouble; }
    /// The last line that is not empty.
    const std::string& last_line() const { return m_last_line; }

private:
    void read(const std::string& line);

    std::string m_partial;
    bool m_plugin_started = false;
    std::optional<std::string> m_plugin_end, m_init_failure, m_trouble;
    std::string m_last_line;
};

} // namespace bpf_assay::linux_lab
