// What mutants are made of: ways to do an instruction wrong, and the shape of rows.
#pragma once

#include "conformance/mutants/mutant.hpp"

#include "reference_vm/all_rows.hpp"

#include <optional>

namespace bpf_assay::conformance::mutants {

/// As the instruction of another row, with the same fields.
Behaviour as_row(const InstructionRow& other);

/// The instruction with other fields.
Behaviour with_fields(std::function<void(Instruction&)> change);

/// The instruction, and then something besides, unless the program has ended.
using Effect = std::function<void(Machine& vm, const Instruction& in)>;
Behaviour followed_by(Effect effect);
Behaviour preceded_by(Effect effect);

/// The result of an instruction that writes dst_reg, from its value before and its right value.
Behaviour with_result(std::function<u64(u64 before, u64 result)> change);

/// Another function of the operands in place of an arithmetic instruction.
using Operation = std::function<u64(u64 dst, u64 src)>;
Behaviour computing(const InstructionRow& row, Operation operation);

/// Another decision in place of a conditional jump.
using Decision = std::function<bool(u64 dst, u64 src)>;
Behaviour deciding(const InstructionRow& row, Decision decision);

/// The first if the condition holds, else what is right.
using Condition = std::function<bool(const Machine& vm, const Instruction& in)>;
Behaviour only_if(Condition condition, Behaviour wrong);

/// The second operand: src_reg's value, or the sign-extended imm.
u64 source_value(const InstructionRow& row, const Machine& vm, const Instruction& in);

bool is_arithmetic(const InstructionRow& row); // ALU and ALU64, but END
bool is_binary(const InstructionRow& row);     // arithmetic of dst and src
bool is_byte_swap(const InstructionRow& row);
bool is_shift(const InstructionRow& row);
bool is_conditional(const InstructionRow& row);
// Of a row of an extension, these and what follows say what its formula does.
bool is_load(const InstructionRow& row);   // LDX
bool is_store(const InstructionRow& row);  // ST and STX, but ATOMIC
bool is_atomic(const InstructionRow& row); // of the RFC
bool has_address(const InstructionRow& row);
bool is_packet(const InstructionRow& row);
bool is_platform(const InstructionRow& row); // means what an embedder offers; here none does
bool is_jump(const InstructionRow& row);     // with a distance; CALL of a local function, too
bool reads_imm(const InstructionRow& row);   // as an operand of 32 bits, sign-extended
bool reads_src(const InstructionRow& row);
bool writes_dst(const InstructionRow& row);
bool uses_register(const InstructionRow& row, u8 number); // by name, and not in a field
bool is_fetch(const InstructionRow& row);                 // writes src
bool sign_extends(const InstructionRow& row);             // a load
bool address_is_src(const InstructionRow& row);           // src + offset, and not dst + offset
std::size_t access_size(const InstructionRow& row);       // bytes
unsigned width_of(const InstructionRow& row);             // of arithmetic and comparison: 32 or 64

/// "atomic_fetch_add", "32", "" or "movsx", "64", "_8_reg"; without a width: all in `operation`.
struct Name {
    std::string operation, width, rest;

    explicit Name(std::string_view mnemonic);
    const InstructionRow* row() const;
};

/// The row with another operation, width or form; none if there is none.
const InstructionRow* with_operation(const InstructionRow& row, std::string_view operation);
const InstructionRow* with_other_width(const InstructionRow& row);

/// Rows of the RFC.
template <class Predicate>
std::vector<const InstructionRow*> rows_where(Predicate&& predicate) {
    std::vector<const InstructionRow*> found;
    for (const InstructionRow& row : instruction_table())
        if (predicate(row))
            found.push_back(&row);
    return found;
}

/// And behind them those of the extensions that run.
template <class Predicate>
std::vector<const InstructionRow*> rows_of_all_where(Predicate&& predicate) {
    std::vector<const InstructionRow*> found = rows_where(predicate);
    for (const InstructionRow& row : extension_table())
        if (running_extensions().contains(row.extension) && predicate(row))
            found.push_back(&row);
    return found;
}

constexpr u64 low_half = 0xffff'ffff;
constexpr u64 high_half = ~low_half;

constexpr u64 sign_extended_from(unsigned bits, u64 value) {
    const unsigned unused = 64 - bits;
    return static_cast<u64>(static_cast<s64>(value << unused) >> unused);
}

/// A mutant of one row; an empty detail is left out of the id.
Mutant mutant_of(std::string_view mutation, const InstructionRow& row, std::string_view detail,
                 std::string what, Behaviour step);

} // namespace bpf_assay::conformance::mutants
