// What the tests of the runner share.
#pragma once

#include "conformance/error.hpp"
#include "conformance/experiment.hpp"
#include "conformance/loader.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace bpf_assay::conformance::test {

/// A folder that is gone at the end of the test.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::filesystem::path& path() const { return m_path; }
    /// Creates the folders on the way, too.
    std::filesystem::path write(const std::string& name, std::string_view content) const;

private:
    std::filesystem::path m_path;
};

/// The suite's own vectors, loaded once for the process.
const Suite& suite();

/// A suite of one file: `section: "4.1"`, and `vectors` as the text of its list. There are the
/// clauses C-1 and C-2, and the lists `few` (1, 2) and `odd` (3, 5, 7).
Suite suite_of(std::string_view vectors);

/// The only vector of suite_of("  - id: test/vector ..."), where `keys` are the lines behind
/// id, clauses and because, each indented by four.
Vector vector_of(std::string_view keys);

/// The text of the InputError that `action` throws; empty if it throws none.
template <class Action>
std::string error_of(Action&& action) {
    try {
        action();
    } catch (const InputError& error) {
        return error.what();
    }
    return {};
}

/// What a row comes to on the reference VM, in this process.
struct Ran {
    u64 r0 = 0;
    std::vector<u8> block;
};
Ran run_row(Experiment& experiment, std::size_t row, ByteOrder order);

inline constexpr std::array both_orders{ByteOrder::little, ByteOrder::big};
inline const char* name_of(ByteOrder order) {
    return order == ByteOrder::little ? "little" : "big";
}

/// Whether this process has a child, alive or not waited for.
bool has_children();

/// The command of plugins/tests/fake_plugin.py with these arguments.
std::string fake_plugin(const std::string& arguments);

/// Assembles, or fails the test.
std::vector<Slot> assembled(std::string_view text);

} // namespace bpf_assay::conformance::test
