// What of another revision's vectors this build cannot use: extensions whose rows are others here,
// and what is written in another format. It is left out, and listed.
#pragma once

#include "conformance/extension.hpp"

namespace bpf_assay::conformance {

struct LeftOut {
    std::string subject;   // an extension, a file, or a vector's id
    std::string extension; // whose it is, or empty
    std::string why;
    bool stale = false;           // the extension's rows are not those of this build
    std::vector<std::string> ids; // of the vectors, as they stand in the files
};

/// As of Revision::other.
Suite load_suite(const std::filesystem::path& vectors, const std::filesystem::path& clauses,
                 std::vector<LeftOut>& left_out);

/// Without those that cannot be read.
std::vector<ExtensionFile> load_extensions(const std::filesystem::path& vectors,
                                           std::vector<LeftOut>& left_out);

} // namespace bpf_assay::conformance
