// What axes_of is made of, by the kind of instruction. Internal.
#pragma once

#include "conformance/coverage/features.hpp"

#include "reference_vm/formula.hpp"

namespace bpf_assay::conformance::coverage {

void add_arithmetic(const InstructionRow& row, std::vector<Axis>& axes);
void add_jump(const InstructionRow& row, std::vector<Axis>& axes);
void add_load(const InstructionRow& row, std::vector<Axis>& axes);
void add_store(const InstructionRow& row, std::vector<Axis>& axes);
void add_atomic(const InstructionRow& row, std::vector<Axis>& axes);
void add_wide(const InstructionRow& row, std::vector<Axis>& axes);
void add_packet(const InstructionRow& row, std::vector<Axis>& axes);
void add_extension(const InstructionRow& row, std::vector<Axis>& axes);
void add_address(std::vector<Axis>& axes);

/// Of an extension's row: whether it loads or stores one value and does nothing else.
bool is_plain_load(const InstructionRow& row);
bool is_plain_store(const InstructionRow& row);

constexpr unsigned width_of(const InstructionRow& row) {
    const Class cls = class_of(row.opcode);
    return cls == Class::ALU || cls == Class::JMP32 ? 32 : 64;
}

/// The operand `value` at the width of the arithmetic instruction or jump.
inline Feature operand(const InstructionRow& row, const char* label, Getter value) {
    return width_of(row) == 32 ? value32(label, value) : value64(label, value);
}

constexpr bool by_register(const InstructionRow& row) {
    return source_of(row.opcode) == Source::X;
}

/// Of the access.
inline unsigned bits_of(const InstructionRow& row) {
    if (!row.extension.empty())
        return static_cast<unsigned>(8 * formula_of(row).reach().value_or(Formula::Reach{}).size);
    return static_cast<unsigned>(8 * bytes_of(size_of(row.opcode)));
}

} // namespace bpf_assay::conformance::coverage
