// Bins of jumps, calls and EXIT (RFC 9669 section 4.3).
#include "conformance/coverage/row_axes.hpp"

namespace bpf_assay::conformance::coverage {
namespace {

using enum Subject;

/// Whether the condition can have this outcome where both operands are the same register.
bool with_itself(Jump code, bool taken) {
    switch (code) {
    case Jump::JEQ:
    case Jump::JGE:
    case Jump::JLE:
    case Jump::JSGE:
    case Jump::JSLE:
        return taken;
    case Jump::JSET:
        return true; // zero or not
    default:
        return !taken;
    }
}

/// dst and the outcome as one feature, so that both are asked of each src.
Feature dst_and_outcome() {
    const Feature dst = dst_register();
    const Feature jump = outcome();
    Feature both{"dst", {}, {}};
    for (const std::string& name : dst.classes)
        for (const std::string& how : jump.classes)
            both.classes.push_back(name + "," + how);
    both.belongs = [dst, jump](const Observation& seen) -> u64 {
        const u64 how = jump.belongs(seen);
        const u8 number = seen.slot().dst_reg;
        return number < frame_register ? how << (2 * number) : 0;
    };
    return both;
}

void add_conditional(const InstructionRow& row, std::vector<Axis>& axes) {
    const unsigned width = width_of(row);
    const Jump code = jump_of(row.opcode);
    const Feature dst = operand(row, "dst", dst_value);
    if (by_register(row)) {
        axes.emplace_back(registers, dst_and_outcome(), src_register(),
                          [code](std::size_t first, std::size_t src) {
                              return first / 2 != src || with_itself(code, first % 2 == 0);
                          });
        axes.emplace_back(operands, dst, operand(row, "src", src_value));
        axes.emplace_back(operands, equal_operands(width));
    } else {
        axes.emplace_back(registers, dst_and_outcome());
        axes.emplace_back(operands, dst);
        axes.emplace_back(immediates, immediate());
        axes.emplace_back(immediates, equal_to_immediate(width));
    }
    axes.emplace_back(distances, jump_distance());
    axes.emplace_back(distances, over_wide());
}

} // namespace

void add_jump(const InstructionRow& row, std::vector<Axis>& axes) {
    switch (jump_of(row.opcode)) {
    case Jump::JA:
        axes.emplace_back(distances, class_of(row.opcode) == Class::JMP
                                         ? far_distance(-0x8000, 0x7fff)
                                         : far_distance(-0x8001, 0x8000));
        axes.emplace_back(distances, over_wide());
        return;
    case Jump::CALL:
        if (row.src_reg.value != call::LOCAL)
            break;
        axes.emplace_back(distances, far_distance(-0x8001, 0x8000));
        axes.emplace_back(calls, depth("callers", 0, max_frames - 2));
        return;
    case Jump::EXIT:
        axes.emplace_back(calls, depth("callers", 0, max_frames - 1));
        axes.emplace_back(
            calls, Feature{"in-program", {"last-slot", "followed"}, [](const Observation& seen) {
                               const bool last = seen.pc + 1 == seen.program.size();
                               return u64{1} << (last ? 0 : 1);
                           }});
        return;
    default:
        return add_conditional(row, axes);
    }
    axes.emplace_back(calls, executed()); // helper functions: what they do is the platform's
}

} // namespace bpf_assay::conformance::coverage
