#include "conformance/reduction/code.hpp"

#include "reference_vm/decoder.hpp"

#include <limits>

namespace bpf_assay::conformance::reduction {
namespace {

template <class Field>
bool fits(s64 value) {
    return value >= std::numeric_limits<Field>::min() && value <= std::numeric_limits<Field>::max();
}

/// JA32 and calls of local functions keep their distance in imm.
bool distance_in_imm(const InstructionRow& row) {
    return row.offset.kind != FieldRule::Kind::any;
}

bool set_distance(Slot& slot, s64 distance) {
    if (distance_in_imm(*find_row(slot))) {
        slot.imm = static_cast<s32>(distance);
        return fits<s32>(distance);
    }
    slot.offset = static_cast<s16>(distance);
    return fits<s16>(distance);
}

bool is_named(const CodeInstruction& in, std::string_view mnemonic) {
    return find_row(in.slot)->mnemonic == mnemonic;
}

} // namespace

std::optional<Code> code_of(std::span<const Slot> slots) {
    constexpr std::size_t none = ~std::size_t{0};
    std::vector<std::size_t> numbers(slots.size() + 1, none); // of instructions, by slot
    Code code;
    std::vector<std::size_t> starts;
    for (std::size_t pc = 0; pc < slots.size(); ++pc) {
        const InstructionRow* row = find_row(slots[pc]);
        if (row == nullptr || (row->wide && pc + 1 == slots.size()))
            return std::nullopt;
        numbers[pc] = code.size();
        starts.push_back(pc);
        code.push_back({.slot = slots[pc], .second = std::nullopt, .target = std::nullopt});
        if (row->wide)
            code.back().second = slots[++pc];
    }
    numbers[slots.size()] = code.size();
    for (std::size_t i = 0; i < code.size(); ++i) {
        const auto target = target_of(code[i].slot, static_cast<u32>(starts[i]));
        if (!target)
            continue;
        if (*target < 0 || *target > static_cast<s64>(slots.size()) ||
            numbers[static_cast<std::size_t>(*target)] == none)
            return std::nullopt;
        code[i].target = numbers[static_cast<std::size_t>(*target)];
    }
    return code;
}

std::optional<std::vector<Slot>> slots_of(const Code& code) {
    std::vector<s64> starts{0};
    for (const CodeInstruction& in : code)
        starts.push_back(starts.back() + static_cast<s64>(in.slots()));
    std::vector<Slot> slots;
    for (std::size_t i = 0; i < code.size(); ++i) {
        slots.push_back(code[i].slot);
        if (code[i].target &&
            !set_distance(slots.back(), starts.at(*code[i].target) - starts[i] - 1))
            return std::nullopt;
        if (code[i].second)
            slots.push_back(*code[i].second);
    }
    return slots;
}

Code without(const Code& code, const std::vector<bool>& gone) {
    std::vector<std::size_t> numbers; // of what is left, or of the first one behind
    Code left;
    for (std::size_t i = 0; i < code.size(); ++i) {
        numbers.push_back(left.size());
        if (!gone[i])
            left.push_back(code[i]);
    }
    numbers.push_back(left.size());
    for (CodeInstruction& in : left)
        if (in.target)
            in.target = numbers[*in.target];
    return left;
}

bool all_reachable(const Code& code) {
    std::vector<bool> seen(code.size() + 1, false);
    std::vector<std::size_t> next{0};
    while (!next.empty()) {
        const std::size_t at = next.back();
        next.pop_back();
        if (seen[at])
            continue;
        seen[at] = true;
        if (at == code.size())
            continue;
        const CodeInstruction& in = code[at];
        if (in.target)
            next.push_back(*in.target);
        if (!is_named(in, "exit") && !is_named(in, "ja") && !is_named(in, "ja32"))
            next.push_back(at + 1);
    }
    seen.pop_back(); // the end
    for (const bool reached : seen)
        if (!reached)
            return false;
    return true;
}

} // namespace bpf_assay::conformance::reduction
