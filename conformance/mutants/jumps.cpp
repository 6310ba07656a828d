// Mutants of jumps: the condition, the distance.
#include "conformance/mutants/behaviours.hpp"
#include "conformance/mutants/catalogue.hpp"

#include <fmt/format.h>

#include <array>
#include <map>

namespace bpf_assay::conformance::mutants {
namespace {

using Neighbours = std::map<std::string_view, std::vector<std::string_view>>;

/// What a wrong condition code of the host gives.
const Neighbours& neighbours() {
    static const Neighbours table = {
        {"jeq", {"jge", "jset"}},          {"jne", {"jgt", "jset"}},
        {"jset", {"jne", "jeq"}},          {"jgt", {"jge", "jsgt", "jlt"}},
        {"jge", {"jgt", "jsge", "jle"}},   {"jlt", {"jle", "jslt", "jgt"}},
        {"jle", {"jlt", "jsle", "jge"}},   {"jsgt", {"jsge", "jgt", "jslt"}},
        {"jsge", {"jsgt", "jge", "jsle"}}, {"jslt", {"jsle", "jlt", "jsgt"}},
        {"jsle", {"jslt", "jle", "jsge"}},
    };
    return table;
}

void add_conditions(Mutants& all, const InstructionRow& row) {
    for (const std::string_view other : neighbours().at(Name(row.mnemonic).operation))
        all.push_back(mutant_of("other-condition", row, other, fmt::format("decides as {}", other),
                                as_row(*with_operation(row, other))));
    all.push_back(mutant_of("comparison-width", row, "",
                            fmt::format("compares {} bits", width_of(row) == 32 ? 64 : 32),
                            as_row(*with_other_width(row))));
    static const std::map<std::string_view, std::string_view> opposite = {
        {"jeq", "jne"}, {"jne", "jeq"},   {"jgt", "jle"},   {"jle", "jgt"},   {"jge", "jlt"},
        {"jlt", "jge"}, {"jsgt", "jsle"}, {"jsle", "jsgt"}, {"jsge", "jslt"}, {"jslt", "jsge"}};
    const auto found = opposite.find(Name(row.mnemonic).operation);
    if (found != opposite.end())
        all.push_back(mutant_of("condition-inverted", row, "", "jumps if it must not",
                                as_row(*with_operation(row, found->second))));
    else
        all.push_back(mutant_of("condition-inverted", row, "", "jumps if it must not",
                                deciding(row, [&row](u64 dst, u64 src) {
                                    const u64 both = dst & src;
                                    return (width_of(row) == 32 ? both & low_half : both) == 0;
                                })));
    all.push_back(mutant_of("condition-ignored", row, "always", "always jumps",
                            deciding(row, [](u64, u64) { return true; })));
    all.push_back(mutant_of("condition-ignored", row, "never", "never jumps",
                            deciding(row, [](u64, u64) { return false; })));
}

/// Halves compared one by one, as a 32-bit host does, with a mistake in the low ones.
void add_half_comparisons(Mutants& all, const InstructionRow& row) {
    if (width_of(row) == 32)
        return;
    const auto only_high = [](const Machine& vm, const Instruction& in, const InstructionRow& of) {
        return ((vm.reg(in.dst_reg) ^ source_value(of, vm, in)) & high_half) != 0;
    };
    all.push_back(mutant_of("half-compared", row, "high", "compares the upper halves only",
                            [&row](Machine& vm, const Instruction& in, Step original) {
                                Instruction changed = in;
                                const u64 dst = vm.reg(in.dst_reg);
                                const u64 src = source_value(row, vm, in);
                                const bool same =
                                    in.dst_reg == in.src_reg && source_of(row.opcode) == Source::X;
                                vm.reg(in.dst_reg) = dst & high_half;
                                changed.imm = src & high_half;
                                if (source_of(row.opcode) == Source::X)
                                    vm.reg(in.src_reg) = src & high_half;
                                const bool goes_on = original(vm, changed);
                                if (source_of(row.opcode) == Source::X)
                                    vm.reg(in.src_reg) = src;
                                if (!same)
                                    vm.reg(in.dst_reg) = dst;
                                return goes_on;
                            }));
    if (!row.mnemonic.starts_with("js"))
        return; // of the others this is right
    const InstructionRow* narrow = with_other_width(row);
    all.push_back(mutant_of("half-compared", row, "low-signed",
                            "compares the low halves by their sign if the upper "
                            "ones are equal",
                            [&row, only_high, step = step_of(*narrow)](
                                Machine& vm, const Instruction& in, Step original) {
                                return only_high(vm, in, row) ? original(vm, in) : step(vm, in);
                            }));
}

void change_distance(Instruction& in, bool in_imm, const std::function<s64(s64)>& change) {
    if (in_imm)
        in.imm = static_cast<u64>(change(static_cast<s64>(in.imm)));
    else
        in.offset = static_cast<s16>(change(in.offset));
}

struct DistanceChange {
    std::string_view mutation, detail, what;
    s64 (*change)(s64 distance);
};

constexpr std::array<DistanceChange, 8> distance_changes = {{
    {"distance-off-by-one", "plus", "the target is one slot too far", [](s64 d) { return d + 1; }},
    {"distance-off-by-one", "minus", "the target is one slot short", [](s64 d) { return d - 1; }},
    {"distance-backward", "plus", "backward jumps land one slot too late",
     [](s64 d) { return d < 0 ? d + 1 : d; }},
    {"distance-backward", "unsigned", "a negative distance is taken for a positive one",
     [](s64 d) { return d & 0x7fff; }},
    {"distance-narrow", "8-bits", "the distance is cut to 8 bits",
     [](s64 d) { return s64{static_cast<s8>(d)}; }},
    {"distance-narrow", "12-bits", "the distance is cut to 12 bits",
     [](s64 d) { return static_cast<s64>(sign_extended_from(12, static_cast<u64>(d))); }},
    {"distance-narrow", "15-bits", "the distance is cut to 15 bits",
     [](s64 d) { return static_cast<s64>(sign_extended_from(15, static_cast<u64>(d))); }},
    {"distance-narrow", "half-range", "distances beyond 16383 slots are halved",
     [](s64 d) { return d > 16383 || d < -16384 ? d / 2 : d; }},
}};

void add_distances(Mutants& all, const InstructionRow& row) {
    const bool in_imm = row.offset.kind != FieldRule::Kind::any;
    for (const DistanceChange& wrong : distance_changes)
        all.push_back(mutant_of(wrong.mutation, row, wrong.detail, std::string(wrong.what),
                                with_fields([in_imm, change = wrong.change](Instruction& in) {
                                    change_distance(in, in_imm, change);
                                })));
    if (in_imm)
        all.push_back(mutant_of(
            "distance-narrow", row, "16-bits", "the distance is cut to 16 bits",
            with_fields([](Instruction& in) { in.imm = sign_extended_from(16, in.imm); })));
}

} // namespace

void add_jumps(Mutants& all) {
    for (const InstructionRow* row : rows_where(is_conditional)) {
        add_conditions(all, *row);
        add_half_comparisons(all, *row);
    }
    for (const InstructionRow* row : rows_of_all_where(is_jump))
        add_distances(all, *row);
    all.push_back(mutant_of("distance-field", *find_row("ja32"), "",
                            "takes the distance from offset", with_fields([](Instruction& in) {
                                in.imm = sign_extend<u64>(static_cast<u16>(in.offset));
                            })));
    all.push_back(
        mutant_of("distance-field", *find_row("ja"), "", "takes the distance from imm",
                  with_fields([](Instruction& in) { in.offset = static_cast<s16>(in.imm); })));
}

} // namespace bpf_assay::conformance::mutants
