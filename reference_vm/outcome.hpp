// What a load or a run of a program comes to. The VM returns these; it never throws.
#pragma once

#include "reference_vm/numeric.hpp"

#include <string_view>
#include <variant>

namespace bpf_assay {

enum class FaultReason {
    bad_address,       // an access outside of every region, or a store to a read-only one
    call_depth,        // more than eight frames (ABI profile)
    outside_program,   // execution ran off the end, or jumped out of the program
    into_wide,         // a jump to the second slot of a wide instruction (section 4.3)
    unknown_helper,    // a static id or BTF id that the embedder does not offer (section 4.3.1)
    no_platform,       // a map, variable or code address that the embedder does not offer (5.4)
    undefined_formula, // of an extension: a division by zero, or a shift by the width or more
};

enum class RefusalReason {
    image_length,       // not a multiple of 8 bytes, or no instruction at all
    unassigned_opcode,  // section 3.1, 4, 5: no row of the table has this opcode
    not_executable,     // of an extension that is switched on, but does not run
    unassigned_variant, // the opcode is assigned, this src_reg, offset or imm is not
    register_number,    // 11 to 15 (section 3.1)
    truncated_wide,     // the second slot is missing (section 3.2)
    second_slot,        // the second slot has a non-zero opcode, register or offset (3.2)
    unused_field,       // strict: SHALL be zero (section 3.1)
    jump_target,        // strict: outside of the program or into a wide instruction (4.3)
    frame_pointer,      // strict: R10 is written (ABI: read-only)
    runs_off_end,       // strict: the last instruction is neither EXIT nor JA
};

/// The program ended by EXIT.
struct Returned {
    u64 r0;
};
/// The program did what nothing in the RFC gives a meaning to; `pc` in slots.
struct Fault {
    FaultReason reason;
    u32 pc;
};
/// The program is not loaded; `pc` in slots.
struct Refused {
    RefusalReason reason;
    u32 pc;
    std::string_view section; // of RFC 9669, or "abi"
};
struct InstructionLimit {};

using Outcome = std::variant<Returned, Fault, Refused, InstructionLimit>;

/// A sentence for a person, without the pc.
std::string_view describe(FaultReason reason);
std::string_view describe(RefusalReason reason);

} // namespace bpf_assay
