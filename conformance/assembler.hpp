// BPF assembly to slots, by LLVM's MC layer in this process.
#pragma once

#include "reference_vm/encoding.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace bpf_assay::conformance {

/// Position within the assembled text: line from 1, column from 0.
struct AssemblyError {
    std::size_t line = 1;
    std::size_t column = 0;
    std::string message;
};

class Assembler {
public:
    /// The byte order of LLVM's target. The slots are the same for both; tests hold LLVM to that.
    explicit Assembler(ByteOrder order = ByteOrder::little);
    ~Assembler();

    /// Labels must be defined in the text; nothing is left to a linker.
    std::variant<std::vector<Slot>, AssemblyError> assemble(std::string_view text);

    /// The ELF object of the text, with its sections, symbols and relocations.
    std::variant<std::vector<u8>, AssemblyError> object(std::string_view text);

    static std::string llvm_version();

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace bpf_assay::conformance
