// RFC 9669 section 5.4: 64-bit immediate instructions. Subtype 0 is here; the values of subtypes 1
// to 6 (maps, platform variables, code addresses) are the platform's.
#pragma once

#include "reference_vm/numeric.hpp"

namespace bpf_assay::semantics {

/// {IMM, DW, LD}, src_reg 0   dst = (next_imm << 32) | imm      imm taken as u32: it fills the low
/// half
constexpr u64 wide_immediate(s32 imm, s32 next_imm) {
    return u64{static_cast<u32>(next_imm)} << 32 | static_cast<u32>(imm);
}

} // namespace bpf_assay::semantics
