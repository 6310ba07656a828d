// THE table: one row per instruction of RFC 9669.
#pragma once

#include "reference_vm/encoding.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace bpf_assay {

/// Conformance groups (RFC 9669 section 2.4).
enum class Group { base32, base64, divmul32, divmul64, atomic32, atomic64, packet };
std::string_view name_of(Group group);
std::optional<Group> group_from_name(std::string_view name);

/// What a field of the instruction may hold.
struct FieldRule {
    enum class Kind { any, only, unused } kind; // unused: SHALL be zero (section 3.1)
    s64 value = 0;                              // of `only`: the value that selects this row
};

struct InstructionRow {
    std::string_view mnemonic; // e.g. add32_imm; unique
    u8 opcode;
    FieldRule dst_reg, src_reg, offset, imm; // `any` in dst_reg or src_reg: a register 0..10
    bool wide;                               // takes a second slot (section 3.2)
    Group group;
    std::string_view rfc_name; // {CODE, SOURCE, CLASS} or {MODE, SIZE, CLASS} as the RFC writes it
    std::string_view section;  // RFC 9669
    std::string_view formula;  // what the RFC defines the instruction by
    std::string_view syntax;   // assembly with {dst} {dst32} {src} {src32} {imm} {offset} {target} ...
    std::string_view llvm_cpu; // lowest LLVM cpu level (v1..v4) whose code generation uses it
};

inline constexpr std::size_t instruction_count = 170;

/// All rows, ordered by opcode.
std::span<const InstructionRow, instruction_count> instruction_table();

/// The row whose opcode and selecting fields match, registers and unused fields aside; none if
/// the encoding is unassigned.
const InstructionRow* find_row(const Slot& slot);
const InstructionRow* find_row(std::string_view mnemonic);

/// Assembly of the instruction at program[pc], in the dialect of LLVM; ".raw ..." for what has no row.
/// (A std::string is the one allocation here.)
} // namespace bpf_assay
