// One vector from its YAML node.
#pragma once

#include "conformance/assembler.hpp"
#include "conformance/loader.hpp"
#include "conformance/yaml_reader.hpp"

#include <unordered_map>

namespace bpf_assay::conformance {

using Lists = std::map<std::string, std::vector<u64>>;

/// What every file of a suite shares while it is read.
struct SuiteContext {
    Lists lists;
    std::map<std::string, Clause> clauses;
};

/// LLVM's set-up costs more than a short text, and many texts stand in the suite again and again.
class CachingAssembler {
public:
    std::variant<std::vector<Slot>, AssemblyError> assemble(const std::string& text);

private:
    Assembler m_assembler;
    std::unordered_map<std::string, std::vector<Slot>> m_known;
};

/// Reads vectors of one file. Ids are unique only over the whole suite: load_suite sees to that.
class VectorReader {
public:
    /// `extension`: in whose folder the file is, or empty.
    VectorReader(const YamlFile& file, const SuiteContext& context, CachingAssembler& assembler,
                 std::string extension)
        : m_file(file), m_context(context), m_assembler(assembler),
          m_extension(std::move(extension)) {}

    Vector read(const YAML::Node& node, const std::string& section);

private:
    void allow(const YAML::Node& node, std::string_view kind,
               std::initializer_list<std::string_view> keys) const;
    void read_common(const YAML::Node& node, Vector& vector);
    void read_explicit(const YAML::Node& node, Vector& vector);
    void read_program(const YAML::Node& node, Vector& vector);
    void read_threads(const YAML::Node& node, Vector& vector);
    void read_sweep(const YAML::Node& node, Vector& vector);
    void read_encoding(const YAML::Node& node, Vector& vector);
    void read_tests(const YAML::Node& node, Vector& vector);

    std::vector<Slot> assemble(const YAML::Node& node, const std::string& text);
    std::vector<Slot> assemble_with_helpers(const YAML::Node& node, Vector& vector);
    std::vector<Slot> read_slots(const YAML::Node& node, Encoding* table = nullptr);
    Slot read_fields(const YAML::Node& node, std::size_t position, Encoding* table);
    StatedState read_state(const YAML::Node& node, const Vector& vector, bool is_after);
    RegisterValue read_register(const YAML::Node& node, bool is_after);
    std::vector<Cell> read_cells(const YAML::Node& node, s64 low, s64 high);
    void read_memory_size(const YAML::Node& node, Vector& vector);
    std::vector<u8> read_register_list(const YAML::Node& node);
    std::vector<u64> read_values(const YAML::Node& node);
    std::vector<s64> read_signed_values(const YAML::Node& node);
    void read_rows(const YAML::Node& node, Sweep& sweep);
    void read_cell(const YAML::Node& node, Sweep& sweep);
    void read_digest(const YAML::Node& node, Sweep& sweep);
    void make_sweep_programs(const YAML::Node& text, Vector& vector);
    void assemble_sweep(const YAML::Node& text, Vector& vector);

    const YamlFile& m_file;
    const SuiteContext& m_context;
    CachingAssembler& m_assembler;
    std::string m_extension;
};

} // namespace bpf_assay::conformance
