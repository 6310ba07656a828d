// Bins of arithmetic and byte swaps (RFC 9669 sections 4.1, 4.2).
#include "conformance/coverage/row_axes.hpp"

namespace bpf_assay::conformance::coverage {
namespace {

using enum Subject;

u64 immediate_value(const Observation& observation) {
    return static_cast<u64>(observation.imm());
}

/// Shift counts, each by itself. The operands' classes are those of all arithmetic.
void add_counts(const InstructionRow& row, std::vector<Axis>& axes) {
    const unsigned width = width_of(row);
    if (by_register(row)) {
        axes.emplace_back(operands, exact("count", src_value, 0, 63));
        if (width == 64)
            axes.emplace_back(operands, exact("count", src_value, 64, 127));
        return;
    }
    axes.emplace_back(immediates, exact("count", immediate_value, 0, width - 1));
    axes.emplace_back(immediates, oversized_count(width));
}

/// MOV64 hands R10 on, ADD64 and SUB64 compute with it; what else would come out is no address and
/// no number that a vector could state.
bool takes_r10_as_source(const InstructionRow& row) {
    if (class_of(row.opcode) != Class::ALU64 || row.offset.value != 0)
        return false;
    const Code code = code_of(row.opcode);
    return code == Code::MOV || code == Code::ADD || code == Code::SUB;
}

bool is_shift(const InstructionRow& row) {
    const Code code = code_of(row.opcode);
    return code == Code::LSH || code == Code::RSH || code == Code::ARSH;
}

/// Pairs of dst and src, and R10 where it may be the source.
void add_registers(const InstructionRow& row, std::vector<Axis>& axes) {
    axes.emplace_back(registers, dst_register(), src_register());
    if (takes_r10_as_source(row))
        axes.emplace_back(registers,
                          exact(
                              "src-number",
                              [](const Observation& seen) -> u64 { return seen.slot().src_reg; },
                              frame_register, frame_register));
}

void add_binary(const InstructionRow& row, std::vector<Axis>& axes) {
    const Feature dst = operand(row, "dst", dst_value);
    if (by_register(row)) {
        add_registers(row, axes);
        axes.emplace_back(operands, dst, operand(row, "src", src_value));
        axes.emplace_back(operands, equal_operands(width_of(row)));
    } else if (is_shift(row)) {
        axes.emplace_back(registers, dst_register());
        axes.emplace_back(operands, dst);
    } else {
        axes.emplace_back(registers, dst_register());
        axes.emplace_back(operands, dst);
        axes.emplace_back(immediates, immediate());
    }
    if (is_shift(row))
        add_counts(row, axes);
}

/// NEG and END: one operand.
void add_unary(const InstructionRow& row, std::vector<Axis>& axes) {
    axes.emplace_back(registers, dst_register());
    if (code_of(row.opcode) == Code::NEG)
        axes.emplace_back(operands, operand(row, "dst", dst_value));
    for (const unsigned bits : {8U, 16U, 32U, 64U})
        if (code_of(row.opcode) == Code::END && bits <= static_cast<unsigned>(row.imm.value))
            axes.emplace_back(operands,
                              sign_and_garbage("bit" + std::to_string(bits - 1), dst_value, bits));
}

/// MOV and MOVSX read src only; dst is garbage that must not show.
void add_move(const InstructionRow& row, std::vector<Axis>& axes) {
    if (!by_register(row)) {
        axes.emplace_back(registers, dst_register());
        axes.emplace_back(immediates, immediate());
    } else {
        const auto from = static_cast<unsigned>(row.offset.value);
        add_registers(row, axes);
        axes.emplace_back(operands, operand(row, "src", src_value));
        if (from != 0)
            axes.emplace_back(operands,
                              sign_and_garbage("bit" + std::to_string(from - 1), src_value, from));
    }
    axes.emplace_back(operands, upper_half("dst", dst_value));
}

} // namespace

void add_arithmetic(const InstructionRow& row, std::vector<Axis>& axes) {
    switch (code_of(row.opcode)) {
    case Code::NEG:
    case Code::END:
        return add_unary(row, axes);
    case Code::MOV:
        return add_move(row, axes);
    default:
        return add_binary(row, axes);
    }
}

} // namespace bpf_assay::conformance::coverage
