// Bugs of real runtimes that need a mutant of their own.
#include "conformance/mutants/behaviours.hpp"
#include "conformance/mutants/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bpf_assay::conformance::mutants {
namespace {

using Rows = std::vector<const InstructionRow*>;

Mutant bug_of(std::string_view name, std::string_view what, Rows rows, Behaviour step) {
    return {.id = fmt::format("bug/{}", name),
            .mutation = "bug",
            .what = std::string(what),
            .rows = std::move(rows),
            .step = std::move(step)};
}

Rows named(std::initializer_list<std::string_view> mnemonics) {
    Rows rows;
    for (const std::string_view mnemonic : mnemonics)
        rows.push_back(find_row(mnemonic));
    return rows;
}

const InstructionRow& row_at(const Machine& vm, const Instruction& in) {
    return *find_row(vm.slots()[in.pc]);
}

bool nothing(Machine&, const Instruction&, Step) {
    return true;
}

bool crash(Machine& vm, const Instruction& in, Step) {
    return vm.fault(FaultReason::outside_program, in);
}

Condition dst_is(std::initializer_list<u8> numbers) {
    return [numbers = std::vector(numbers)](const Machine&, const Instruction& in) {
        return std::ranges::count(numbers, in.dst_reg) != 0;
    };
}

Rows shifts_of(unsigned width, std::string_view form) {
    return rows_where([=](const InstructionRow& row) {
        return is_shift(row) && (width == 0 || width_of(row) == width) &&
               row.mnemonic.ends_with(form);
    });
}

void add_alu_bugs(Mutants& all) {
    all.push_back(bug_of("rbpf-x86-div-skip-length", "DIV crashes with high registers as dst",
                         named({"div32_reg", "div64_reg"}),
                         only_if(dst_is({4, 5, 7, 8, 9}), crash)));
    all.push_back(
        bug_of("sbpf-jit-div-imm-tests-src-reg", "DIV and MOD of an imm act as by 0 if r0 is 0",
               named({"div32_imm", "div64_imm", "mod32_imm", "mod64_imm"}),
               only_if([](const Machine& vm, const Instruction&) { return vm.reg(0) == 0; },
                       with_fields([](Instruction& in) { in.imm = 0; }))));
    all.push_back(bug_of("sbpf-jit-shift-dst-rcx", "shifts of r4 by a register leave it as it was",
                         shifts_of(0, "_reg"), only_if(dst_is({4}), nothing)));
    all.push_back(bug_of("starry-x86-shift-dst-rcx", "shifts of r4 by a register shift the count",
                         shifts_of(0, "_reg"),
                         only_if(dst_is({4}), preceded_by([](Machine& vm, const Instruction& in) {
                                     vm.reg(4) = vm.reg(in.src_reg);
                                 }))));
    all.push_back(bug_of("linux-interp-sdiv32-intmin", "a MIN as operand has the wrong sign",
                         named({"sdiv32_imm", "sdiv32_reg", "smod32_imm", "smod32_reg"}),
                         [](Machine& vm, const Instruction& in, Step original) {
                             const auto minimum = [](u64 value) {
                                 return static_cast<u32>(value) == 0x8000'0000;
                             };
                             const u64 src = source_value(row_at(vm, in), vm, in);
                             const bool wrong = minimum(vm.reg(in.dst_reg)) || minimum(src);
                             const bool goes_on = original(vm, in);
                             if (wrong)
                                 vm.reg(in.dst_reg) = static_cast<u32>(0 - vm.reg(in.dst_reg));
                             return goes_on;
                         }));
    all.push_back(bug_of("linux-x86_32-neg64", "NEG of 64 bits borrows nothing from the low half",
                         named({"neg64"}), with_result([](u64 before, u64) {
                             const u64 high = 0 - (before >> 32);
                             return high << 32 | static_cast<u32>(0 - before);
                         })));
}

/// Halves are mixed, as by the second half of a double-word shift by 32.
Behaviour mixing_halves() {
    return [](Machine& vm, const Instruction& in, Step original) {
        const InstructionRow& row = row_at(vm, in);
        if (source_value(row, vm, in) != 0)
            return original(vm, in);
        const u64 dst = vm.reg(in.dst_reg);
        const bool left = row.mnemonic.starts_with("lsh");
        vm.reg(in.dst_reg) = left ? dst | dst << 32 : dst | dst >> 32;
        return true;
    };
}

void add_other_alu_bugs(Mutants& all) {
    all.push_back(bug_of("linux-x86_32-shift-imm0", "a shift by an imm of 0 mixes the halves",
                         shifts_of(64, "_imm"), mixing_halves()));
    all.push_back(bug_of("linux-x86_32-shift-reg0", "a shift by a register of 0 mixes the halves",
                         shifts_of(64, "_reg"), mixing_halves()));
    const auto in_place_of = [](std::initializer_list<u8> high) {
        // The number without its highest bit, as without the prefix that carries it.
        return only_if(dst_is(high), with_fields([](Instruction& in) { in.dst_reg &= 3; }));
    };
    all.push_back(bug_of("ubpf-x86-be32-high-regs", "BE of 32 bits swaps another register",
                         named({"be32"}), in_place_of({5, 6, 7, 8, 9})));
    all.push_back(bug_of("ubpf-x86-ldxb-high-regs", "LDX of a byte loads another register",
                         named({"ldxb"}), in_place_of({5, 6, 7, 8, 9})));
    all.push_back(bug_of("ubpf-x86-ldxh-high-regs", "LDX of 16 bits loads another register",
                         named({"ldxh"}), in_place_of({5, 6, 7, 8, 9})));
}

/// Where the jump goes if it is taken, in slots.
s64 target_of(const InstructionRow& row, const Instruction& in) {
    const bool by_imm = row.offset.kind != FieldRule::Kind::any;
    return s64{in.next} + (by_imm ? static_cast<s64>(in.imm) : s64{in.offset});
}

Instruction moved(const InstructionRow& row, const Instruction& in, s64 by) {
    Instruction changed = in;
    if (row.offset.kind == FieldRule::Kind::any)
        changed.offset = static_cast<s16>(in.offset + by);
    else
        changed.imm = in.imm + static_cast<u64>(by);
    return changed;
}

/// Jumps with such a target land `by` slots away from it.
using TargetTest = std::function<bool(const Machine& vm, s64 target)>;
Behaviour missing_target(TargetTest fits, s64 by) {
    return [fits = std::move(fits), by](Machine& vm, const Instruction& in, Step original) {
        const InstructionRow& row = row_at(vm, in);
        if (!fits(vm, target_of(row, in)))
            return original(vm, in);
        return original(vm, moved(row, in, by));
    };
}

Rows jumps() {
    return rows_where(
        [](const InstructionRow& row) { return is_jump(row) && row.mnemonic != "call_local"; });
}

bool is_start(const Machine&, s64 target) {
    return target == 0;
}

/// A jump far out of the program: whoever takes it crashes.
constexpr s64 nowhere = -0x4000;

bool ends_in_sentinels(const Machine& vm, s64 target) {
    const auto is_wide = [](const Slot& slot) { return slot.opcode == find_row("lddw")->opcode; };
    return target + 1 == static_cast<s64>(vm.slots().size()) &&
           std::ranges::any_of(vm.slots(), is_wide);
}

bool is_behind_wide(const Machine& vm, s64 target) {
    return target >= 2 && target < static_cast<s64>(vm.slots().size()) &&
           find_row(vm.slots()[static_cast<std::size_t>(target - 2)]) == find_row("lddw");
}

void add_jump_bugs(Mutants& all) {
    all.push_back(bug_of("ubpf-x86-jump-to-insn0", "a jump to the first instruction crashes",
                         jumps(), missing_target(is_start, nowhere)));
    all.push_back(bug_of("linux-x86-jump-first-insn", "a jump to the first instruction goes astray",
                         jumps(), missing_target(is_start, nowhere)));
    all.push_back(bug_of("linux-arm64-jump-first", "a jump to the first instruction skips it",
                         jumps(), missing_target(is_start, 1)));
    all.push_back(bug_of("sbpf-lddw-near-end-sentinels",
                         "a jump to the last slot crashes if the program has a wide instruction",
                         jumps(), missing_target(ends_in_sentinels, nowhere)));
    all.push_back(bug_of("linux-sparc64-branch-after-lddw",
                         "a jump to behind a wide instruction lands before it", jumps(),
                         missing_target(is_behind_wide, -2)));
    all.push_back(
        bug_of("ghidra-call-imm-scale", "the distance of CALL is not scaled", named({"call_local"}),
               with_fields([](Instruction& in) { in.imm = sign_extended_from(61, in.imm >> 3); })));
    all.push_back(bug_of(
        "ubpf-jeq32-imm-negative", "JEQ of 32 bits never finds a negative imm",
        named({"jeq32_imm"}),
        only_if([](const Machine&, const Instruction& in) { return static_cast<s64>(in.imm) < 0; },
                nothing)));
    all.push_back(bug_of("linux-ppc32-jset32-imm-neg",
                         "JSET of 32 bits zero-extends a short negative imm", named({"jset32_imm"}),
                         with_fields([](Instruction& in) {
                             if (in.imm == sign_extended_from(16, in.imm))
                                 in.imm &= 0xffff;
                         })));
}

/// Conditional jumps beyond what the host's short form reaches.
void add_range_bugs(Mutants& all) {
    const auto add = [&](std::string_view name, std::string_view what, auto change) {
        all.push_back(
            bug_of(name, what, rows_where(is_conditional), with_fields([change](Instruction& in) {
                       in.offset = static_cast<s16>(change(int{in.offset}));
                   })));
    };
    add("linux-arm64-check-imm-off1", "the farthest distance forward is taken for one backward",
        [](int distance) { return distance == 32767 ? -32768 : distance; });
    add("linux-arm64-bcond-range", "distances beyond 16,383 slots are cut to 15 bits",
        [](int distance) {
            return static_cast<int>(sign_extended_from(15, static_cast<u64>(distance)));
        });
    add("linux-ppc-branch-range", "distances beyond 8,191 slots are cut to 14 bits",
        [](int distance) {
            return static_cast<int>(sign_extended_from(14, static_cast<u64>(distance)));
        });
}

Rows accesses() {
    return rows_where(
        [](const InstructionRow& row) { return is_load(row) || is_store(row) || is_atomic(row); });
}

u8 base_of(const InstructionRow& row, const Instruction& in) {
    return is_load(row) ? in.src_reg : in.dst_reg;
}

void add_memory_bugs(Mutants& all) {
    all.push_back(bug_of("ubpf-r10-wrong-end", "r10 is the low end of the frame", accesses(),
                         [](Machine& vm, const Instruction& in, Step original) {
                             if (base_of(row_at(vm, in), in) != frame_register)
                                 return original(vm, in);
                             vm.reg(frame_register) -= stack_size;
                             const bool goes_on = original(vm, in);
                             vm.reg(frame_register) += stack_size;
                             return goes_on;
                         }));
    all.push_back(bug_of("ubpf-win64-volatile-mapping", "a base of r7 has no offset", accesses(),
                         [](Machine& vm, const Instruction& in, Step original) {
                             Instruction changed = in;
                             if (base_of(row_at(vm, in), in) == 7)
                                 changed.offset = 0;
                             return original(vm, changed);
                         }));
    all.push_back(bug_of("linux-arm64-ldxsw-regoff", "an offset beyond 8 bits is ignored",
                         named({"ldxsw"}), with_fields([](Instruction& in) {
                             if (in.offset < -256 || in.offset > 255)
                                 in.offset = 0;
                         })));
    all.push_back(bug_of(
        "starry-x86-st-base-rcx", "ST at r4 takes imm for its base",
        rows_where([](const InstructionRow& row) { return class_of(row.opcode) == Class::ST; }),
        only_if(dst_is({4}),
                preceded_by([](Machine& vm, const Instruction& in) { vm.reg(4) = in.imm; }))));
}

void add_atomic_bugs(Mutants& all) {
    all.push_back(bug_of("ubpf-x86-fetch-src-r0", "a fetching operation with r0 loses its operand",
                         rows_where([](const InstructionRow& row) {
                             return row.mnemonic.starts_with("atomic_fetch_");
                         }),
                         [](Machine& vm, const Instruction& in, Step original) {
                             if (in.src_reg != 0)
                                 return original(vm, in);
                             Instruction load = in;
                             load.src_reg = in.dst_reg;
                             load.dst_reg = 0;
                             const bool narrow = access_size(row_at(vm, in)) == 4;
                             if (!step_of(*find_row(narrow ? "ldxw" : "ldxdw"))(vm, load))
                                 return false;
                             return original(vm, in);
                         }));
}

bool is_entry(const Machine& vm, u32 pc) {
    const auto slots = vm.slots();
    for (std::size_t at = 0; at < slots.size(); ++at)
        if (find_row(slots[at]) == find_row("call_local") &&
            static_cast<s64>(at) + 1 + slots[at].imm == s64{pc})
            return true;
    return false;
}

Mutant refusing(std::string_view name, std::string_view what, Severity refuses) {
    return {.id = fmt::format("bug/{}", name),
            .mutation = "bug",
            .what = std::string(what),
            .rows = {},
            .refuses = std::move(refuses)};
}

void add_program_bugs(Mutants& all) {
    all.push_back(bug_of("ubpf-fallthrough-into-function",
                         "a function that is entered without CALL crashes",
                         rows_where([](const InstructionRow& row) {
                             return !is_jump(row) && row.mnemonic != "exit" && !is_platform(row);
                         }),
                         [](Machine& vm, const Instruction& in, Step original) {
                             if (!original(vm, in))
                                 return false;
                             return is_entry(vm, in.next) ? crash(vm, in, original) : true;
                         }));
    all.push_back(refusing("rbpf-ends-with-jump", "a program must end with EXIT",
                           [](std::span<const Slot> program) {
                               const InstructionRow* last = find_row(program.back());
                               return last == find_row("ja") || last == find_row("ja32");
                           }));
    all.push_back(refusing(
        "dpdk-first-insn-cond-jump", "a program must not begin with a conditional jump",
        [](std::span<const Slot> program) { return is_conditional(*find_row(program.front())); }));
}

} // namespace

void add_special_bugs(Mutants& all) {
    add_alu_bugs(all);
    add_other_alu_bugs(all);
    add_jump_bugs(all);
    add_range_bugs(all);
    add_memory_bugs(all);
    add_atomic_bugs(all);
    add_program_bugs(all);
}

} // namespace bpf_assay::conformance::mutants
