#include "reference_vm/outcome.hpp"

namespace bpf_assay {

std::string_view describe(FaultReason reason) {
    switch (reason) {
    case FaultReason::bad_address:
        return "access to an address that is not mapped, or store to a read-only one";
    case FaultReason::call_depth:
        return "more than eight frames";
    case FaultReason::outside_program:
        return "execution left the program";
    case FaultReason::into_wide:
        return "jump to the second slot of a wide instruction";
    case FaultReason::unknown_helper:
        return "call of a helper that the platform does not offer";
    case FaultReason::no_platform:
        return "map, variable or code address that the platform does not offer";
    case FaultReason::undefined_formula:
        return "the extension's formula divides by zero, or shifts by the width or more";
    }
    return "unknown fault";
}

std::string_view describe(RefusalReason reason) {
    switch (reason) {
    case RefusalReason::image_length:
        return "the program is not a whole number of slots, has none, or has too many";
    case RefusalReason::unassigned_opcode:
        return "unassigned opcode";
    case RefusalReason::not_executable:
        return "an instruction of an extension that this VM decodes, and does not run";
    case RefusalReason::unassigned_variant:
        return "the opcode has no instruction with this src_reg, offset or imm";
    case RefusalReason::register_number:
        return "register number above 10";
    case RefusalReason::truncated_wide:
        return "the second slot of a wide instruction is missing";
    case RefusalReason::second_slot:
        return "the second slot of a wide instruction has a non-zero opcode, register or offset";
    case RefusalReason::unused_field:
        return "an unused field is not zero";
    case RefusalReason::jump_target:
        return "jump out of the program or into a wide instruction";
    case RefusalReason::frame_pointer:
        return "R10 is written";
    case RefusalReason::runs_off_end:
        return "the last instruction is neither EXIT nor JA";
    }
    return "unknown refusal";
}

} // namespace bpf_assay
