// A vector as its file states it, to stand in a file of its own.
#pragma once

#include "conformance/loader.hpp"

#include <filesystem>
#include <map>
#include <memory>

namespace bpf_assay::conformance {

class YamlFile;

/// Reads the files of a suite again, each once.
class VectorSources {
public:
    explicit VectorSources(const Suite& suite);
    ~VectorSources();

    /// A whole vector file with this vector in it, in the words of its own file, comments included.
    /// Names of lists are replaced by their values: operands.yaml need not be beside it. Throws
    /// InputError if the file is not there any more, or is another.
    std::string file_with(const Vector& vector);

private:
    const YamlFile& file(const std::string& path);

    const Suite& m_suite;
    std::map<std::string, std::unique_ptr<YamlFile>> m_files;
};

} // namespace bpf_assay::conformance
