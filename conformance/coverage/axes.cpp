#include "conformance/coverage/axes.hpp"

#include "conformance/coverage/row_axes.hpp"

namespace bpf_assay::conformance::coverage {

namespace {

/// At the start of a program only R1 and R10 have values, and both are addresses. So there can
/// stand what needs no operand, moves one of them, adds a number, reaches memory by it, or compares
/// it with zero. A narrow store would leave a part of an address.
bool can_be_first(const InstructionRow& row) {
    if (!row.extension.empty()) {
        const Formula& formula = formula_of(row);
        return is_plain_load(row) || (is_plain_store(row) && bits_of(row) == 64) ||
               (!formula.reads("dst") && !formula.reads("src"));
    }
    const std::string_view name = row.mnemonic;
    switch (class_of(row.opcode)) {
    case Class::LDX:
    case Class::ST:
        return true;
    case Class::LD:
        return name == "lddw";
    case Class::STX:
        return name == "stxdw";
    case Class::ALU:
        return name == "mov32_imm";
    case Class::ALU64:
        return name == "mov64_imm" || name == "mov64_reg" || name == "add64_imm" ||
               name == "sub64_imm";
    case Class::JMP:
        return name == "ja" || name == "call_local" || name == "jeq64_imm" || name == "jne64_imm";
    case Class::JMP32:
        return name == "ja32";
    }
    return false;
}

/// A call is followed by the function, EXIT by nothing. What the platform has to offer never runs.
void add_position(const InstructionRow& row, std::vector<Axis>& axes) {
    const std::string_view name = row.mnemonic;
    if (name.starts_with("lddw_") || name == "call_helper" || name == "call_btf")
        return;
    if (can_be_first(row))
        axes.emplace_back(Subject::positions, first_of_program());
    if (name != "call_local" && name != "exit")
        axes.emplace_back(Subject::positions, before_exit());
    axes.emplace_back(Subject::positions, after_wide());
}

} // namespace

std::vector<Axis> axes_of(const InstructionRow& row) {
    std::vector<Axis> axes;
    if (!row.extension.empty()) {
        add_extension(row, axes);
        add_position(row, axes);
        return axes;
    }
    switch (class_of(row.opcode)) {
    case Class::ALU:
    case Class::ALU64:
        add_arithmetic(row, axes);
        break;
    case Class::JMP:
    case Class::JMP32:
        add_jump(row, axes);
        break;
    case Class::LDX:
        add_load(row, axes);
        break;
    case Class::ST:
        add_store(row, axes);
        break;
    case Class::STX:
        mode_of(row.opcode) == Mode::ATOMIC ? add_atomic(row, axes) : add_store(row, axes);
        break;
    case Class::LD:
        row.wide ? add_wide(row, axes) : add_packet(row, axes);
        break;
    }
    add_position(row, axes);
    return axes;
}

} // namespace bpf_assay::conformance::coverage
