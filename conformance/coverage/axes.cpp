#include "conformance/coverage/axes.hpp"

#include "conformance/coverage/row_axes.hpp"

namespace bpf_assay::conformance::coverage {

std::vector<Axis> axes_of(const InstructionRow& row) {
    std::vector<Axis> axes;
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
    axes.emplace_back(Subject::positions, position());
    return axes;
}

} // namespace bpf_assay::conformance::coverage
