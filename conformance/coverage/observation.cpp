#include "conformance/coverage/observation.hpp"

#include "reference_vm/formula.hpp"

namespace bpf_assay::conformance::coverage {

s64 Observation::distance() const {
    if (!row->extension.empty())
        return row->offset.kind == FieldRule::Kind::any ? offset() : imm();
    const bool is_call = class_of(row->opcode) == Class::JMP && jump_of(row->opcode) == Jump::CALL;
    const bool is_ja32 = class_of(row->opcode) == Class::JMP32 && jump_of(row->opcode) == Jump::JA;
    return is_call || is_ja32 ? imm() : offset();
}

bool Observation::taken() const {
    return distance() != 0 && next_pc && *next_pc == pc + 1 + distance();
}

bool Observation::not_taken() const {
    return distance() != 0 && next_pc && *next_pc == pc + 1;
}

u8 Observation::base() const {
    bool is_src = class_of(row->opcode) == Class::LDX;
    if (!row->extension.empty())
        is_src = formula_of(*row).reach().value_or(Formula::Reach{}).base_is_src;
    return is_src ? slot().src_reg : slot().dst_reg;
}

u64 Observation::address() const {
    return before[base()] + static_cast<u64>(offset());
}

u64 Observation::memory_before() const {
    if (write)
        return write->old_value;
    return after[0]; // a CMPXCHG without a match: it has loaded the value into R0
}

} // namespace bpf_assay::conformance::coverage
