// Strict reading of YAML: every mistake is an InputError with file:line:column.
// Only the loader and vector_source.cpp include this; yaml-cpp is seen nowhere else.
#pragma once

#include "conformance/error.hpp"
#include "conformance/vector.hpp"

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <initializer_list>

namespace bpf_assay::conformance {

/// A file, its lines (to place errors inside of assembly) and its root node.
class YamlFile {
public:
    explicit YamlFile(const std::filesystem::path& path);

    const YAML::Node& root() const { return m_root; }
    const std::string& bytes() const { return m_bytes; }
    Location location_of(const YAML::Node& node) const;
    [[noreturn]] void fail(const YAML::Node& node, const std::string& message) const;

    /// Fails unless the node is a map whose keys are all allowed and stand once.
    void expect_map(const YAML::Node& node, std::string_view what,
                    std::initializer_list<std::string_view> allowed = {}) const;
    void expect_sequence(const YAML::Node& node, std::string_view what) const;

    /// The value of a key that must be there.
    YAML::Node required(const YAML::Node& map, const char* key) const;
    std::string text(const YAML::Node& node, std::string_view what) const;
    bool flag(const YAML::Node& node, std::string_view what) const;
    /// An integer from -2^63 to 2^64-1, as its two's complement.
    u64 integer(const YAML::Node& node, std::string_view what) const;
    s64 integer_between(const YAML::Node& node, std::string_view what, s64 low, s64 high) const;
    std::vector<u8> hex_bytes(const YAML::Node& node, std::string_view what) const;

    /// Where line `line` (from 1), column `column` (from 0) of a scalar's text stands in the file.
    Location inside(const YAML::Node& scalar, std::size_t line, std::size_t column) const;

private:
    std::shared_ptr<const std::string> m_name;
    std::string m_bytes;
    std::vector<std::string> m_lines;
    YAML::Node m_root;
};

} // namespace bpf_assay::conformance
