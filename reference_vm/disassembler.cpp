#include "reference_vm/disassembler.hpp"

#include "reference_vm/instructions.hpp"
#include "reference_vm/semantics/wide_immediate.hpp"

#include <algorithm>

namespace bpf_assay {
namespace {

/// The number with `plus` or `minus` in the place of its sign.
std::string signed_text(s64 value, std::string_view plus, std::string_view minus) {
    std::string text(value < 0 ? minus : plus);
    return text += std::to_string(value < 0 ? -value : value);
}

std::string term_text(s64 value) {
    return signed_text(value, " + ", " - ");
}
std::string distance_text(s64 value) {
    return signed_text(value, "+", "-");
}
std::string register_text(char kind, u8 number) {
    return std::string(1, kind) += std::to_string(number);
}

/// What stands for {name} in a syntax template.
std::string field_text(std::string_view name, const Slot& slot, s32 next_imm) {
    if (name == "dst")
        return register_text('r', slot.dst_reg);
    if (name == "dst32")
        return register_text('w', slot.dst_reg);
    if (name == "src")
        return register_text('r', slot.src_reg);
    if (name == "src32")
        return register_text('w', slot.src_reg);
    if (name == "imm")
        return std::to_string(slot.imm);
    if (name == "imm64")
        return std::to_string(static_cast<s64>(semantics::wide_immediate(slot.imm, next_imm)));
    if (name == "next_imm")
        return next_imm == 0 ? "" : std::string(" # next_imm ") += std::to_string(next_imm);
    if (name == "offset")
        return term_text(slot.offset);
    if (name == "index")
        return slot.imm == 0 ? "" : term_text(slot.imm);
    if (name == "target")
        return distance_text(slot.offset);
    if (name == "far_target")
        return distance_text(slot.imm);
    return std::string(name); // a test holds every template to the names above
}

std::string raw_text(const Slot& slot) {
    constexpr std::string_view digits = "0123456789abcdef";
    return std::string(".raw {opcode: 0x") + digits[slot.opcode >> 4] + digits[slot.opcode & 0xf] +
           ", dst: " + std::to_string(slot.dst_reg) + ", src: " + std::to_string(slot.src_reg) +
           ", offset: " + std::to_string(slot.offset) + ", imm: " + std::to_string(slot.imm) + "}";
}

} // namespace

std::string disassemble(std::span<const Slot> program, std::size_t pc) {
    const Slot& slot = program[pc];
    const InstructionRow* row = find_row(slot, ExtensionSet::all());
    if (row == nullptr || (row->wide && pc + 1 == program.size()))
        return raw_text(slot);
    const s32 next_imm = row->wide ? program[pc + 1].imm : 0;
    std::string text;
    std::string_view rest = row->syntax;
    while (!rest.empty()) {
        const std::size_t open = std::min(rest.find('{'), rest.size());
        text += rest.substr(0, open);
        rest.remove_prefix(open);
        if (rest.empty())
            break;
        const std::size_t close = rest.find('}');
        text += field_text(rest.substr(1, close - 1), slot, next_imm);
        rest.remove_prefix(close + 1);
    }
    return text;
}

} // namespace bpf_assay
