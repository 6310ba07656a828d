#include "conformance/coverage/observation.hpp"

namespace bpf_assay::conformance::coverage {

s64 Observation::distance() const {
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

u64 Observation::address() const {
    const bool is_load = class_of(row->opcode) == Class::LDX;
    return (is_load ? src() : dst()) + static_cast<u64>(offset());
}

u64 Observation::memory_before() const {
    if (write)
        return write->old_value;
    return after[0]; // a CMPXCHG without a match: it has loaded the value into R0
}

} // namespace bpf_assay::conformance::coverage
