#include "conformance/abilities.hpp"

#include "reference_vm/helpers.hpp"
#include "reference_vm/instructions.hpp"

namespace bpf_assay::conformance {

std::string_view name_of(HelperRole role) {
    switch (role) {
    case HelperRole::mix:
        return "mix";
    case HelperRole::copy:
        return "copy";
    case HelperRole::unstated:
        return "unstated";
    }
    return "";
}

std::optional<HelperRole> helper_role_from_name(std::string_view name) {
    for (const HelperRole role : all_helper_roles)
        if (name_of(role) == name)
            return role;
    return std::nullopt;
}

void put_helper_ids(std::span<Slot> slots, const HelperIds& ids) {
    static const InstructionRow* const call = find_row("call_helper");
    for (Slot& slot : slots)
        if (find_row(slot) == call)
            for (const HelperRole role : all_helper_roles)
                if (ids[role] && static_cast<u32>(slot.imm) == reserved_id(role)) {
                    slot.imm = static_cast<s32>(*ids[role]);
                    break;
                }
}

Platform platform_of(State& state) {
    static constexpr std::array helpers{
        Helper{reserved_id(HelperRole::mix), helper_mix},
        Helper{reserved_id(HelperRole::copy), helper_copy},
        Helper{reserved_id(HelperRole::unstated), helper_unstated},
    };
    return {.context = &state, .helpers = helpers};
}

} // namespace bpf_assay::conformance
