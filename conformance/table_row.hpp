// A row of an instruction table that need not be that of this build: of an extension's file, or of
// what another revision printed.
#pragma once

#include "reference_vm/instructions.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace bpf_assay::conformance {

struct TableRow {
    std::string mnemonic;
    u8 opcode = 0;
    FieldRule dst_reg{FieldRule::Kind::unused}, src_reg{FieldRule::Kind::unused},
        offset{FieldRule::Kind::unused}, imm{FieldRule::Kind::unused},
        next_imm{FieldRule::Kind::unused};
    bool wide = false;
    std::string group, rfc_name, section, formula, syntax, llvm_cpu;
    std::string extension; // x-..., or empty
    std::string where;     // file, or file:line:column

    /// The same as the table has it; refers to this object.
    InstructionRow view() const;
    /// What an encoding has to have to be this instruction: "opcode 0xd3, imm 0x100".
    std::string encoding() const;
};

/// A row as `bpf-assay isa --json` prints it. Throws std::string: what is wrong with it.
TableRow row_from_json(const nlohmann::json& object);

} // namespace bpf_assay::conformance
