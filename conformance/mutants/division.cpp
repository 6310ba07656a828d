// Mutants of DIV, SDIV, MOD and SMOD: zero divisors, and the quotient that does not fit.
#include "conformance/mutants/behaviours.hpp"
#include "conformance/mutants/catalogue.hpp"

#include <fmt/format.h>

namespace bpf_assay::conformance::mutants {
namespace {

bool is_division(const InstructionRow& row) {
    const Code code = code_of(row.opcode);
    return is_binary(row) && (code == Code::DIV || code == Code::MOD);
}

bool is_signed(const InstructionRow& row) {
    return row.mnemonic.starts_with("s");
}

u64 mask_of(const InstructionRow& row) {
    return width_of(row) == 32 ? low_half : ~u64{0};
}

Condition divisor_is_zero(const InstructionRow& row) {
    return [&row](const Machine& vm, const Instruction& in) {
        return (source_value(row, vm, in) & mask_of(row)) == 0;
    };
}

Behaviour giving(u64 value) {
    return [value](Machine& vm, const Instruction& in, Step) {
        vm.reg(in.dst_reg) = value;
        return true;
    };
}

Behaviour ending() {
    return [](Machine& vm, const Instruction&, Step) {
        vm.reg(0) = 0;
        return vm.exit();
    };
}

void add_zero_divisor(Mutants& all, const InstructionRow& row) {
    const auto add = [&](std::string_view detail, std::string what, Behaviour step) {
        all.push_back(mutant_of("zero-divisor", row, detail, std::move(what),
                                only_if(divisor_is_zero(row), std::move(step))));
    };
    const u64 mask = mask_of(row);
    add("ends", "a zero divisor ends the program", ending());
    add("all-ones", "a zero divisor gives all ones", giving(mask));
    if (code_of(row.opcode) == Code::DIV) {
        add("dividend", "a zero divisor leaves the dividend",
            computing(row, [mask](u64 dst, u64) { return dst & mask; }));
    } else {
        add("zero", "a zero divisor gives 0", giving(0));
        if (mask == low_half)
            add("untouched", "a zero divisor leaves all 64 bits of dst",
                [](Machine&, const Instruction&, Step) { return true; });
    }
}

/// Tells a zero divisor by bits that are not the operand's.
void add_zero_test(Mutants& all, const InstructionRow& row) {
    if (source_of(row.opcode) == Source::K)
        return;
    const bool narrow = width_of(row) == 32;
    const u64 result_mask = mask_of(row);
    const bool remainder = code_of(row.opcode) == Code::MOD;
    const Behaviour as_zero =
        computing(row, [=](u64 dst, u64) { return remainder ? dst & result_mask : u64{0}; });
    if (narrow)
        all.push_back(mutant_of("zero-test", row, "64-bits",
                                "tests 64 bits of the divisor and divides by a low half of 0",
                                only_if(
                                    [](const Machine& vm, const Instruction& in) {
                                        const u64 src = vm.reg(in.src_reg);
                                        return src != 0 && (src & low_half) == 0;
                                    },
                                    ending())));
    else
        all.push_back(mutant_of(
            "zero-test", row, "32-bits", "takes a divisor for 0 if its low half is",
            only_if([](const Machine& vm,
                       const Instruction& in) { return (vm.reg(in.src_reg) & low_half) == 0; },
                    as_zero)));
    all.push_back(mutant_of("zero-test", row, "dividend", "tests the dividend for 0 instead",
                            only_if(
                                [result_mask](const Machine& vm, const Instruction& in) {
                                    return (vm.reg(in.dst_reg) & result_mask) != 0 &&
                                           (vm.reg(in.src_reg) & result_mask) == 0;
                                },
                                ending())));
}

Condition overflows(const InstructionRow& row) {
    return [&row](const Machine& vm, const Instruction& in) {
        const unsigned width = width_of(row);
        const u64 minimum = u64{1} << (width - 1);
        return (vm.reg(in.dst_reg) & mask_of(row)) == minimum &&
               (source_value(row, vm, in) & mask_of(row)) == mask_of(row);
    };
}

void add_overflow(Mutants& all, const InstructionRow& row) {
    const auto add = [&](std::string_view detail, std::string what, Behaviour step) {
        all.push_back(mutant_of("min-by-minus-one", row, detail, std::move(what),
                                only_if(overflows(row), std::move(step))));
    };
    add("ends", "MIN by -1 ends the program", ending());
    if (code_of(row.opcode) == Code::DIV) {
        add("zero", "MIN / -1 is 0", giving(0));
        add("max", "MIN / -1 is MAX", giving(mask_of(row) >> 1));
    } else {
        add("min", "MIN % -1 is MIN", giving(mask_of(row) / 2 + 1));
        add("minus-one", "MIN % -1 is -1", giving(mask_of(row)));
    }
}

/// The quotient rounded down, the remainder with the sign of the divisor.
Behaviour floored(const InstructionRow& row) {
    return [&row](Machine& vm, const Instruction& in, Step original) {
        const unsigned width = width_of(row);
        const auto a = static_cast<s64>(sign_extended_from(width, vm.reg(in.dst_reg)));
        const auto n = static_cast<s64>(sign_extended_from(width, source_value(row, vm, in)));
        if (n == 0 || n == -1 || a % n == 0 || (a < 0) == (n < 0))
            return original(vm, in);
        const s64 value = code_of(row.opcode) == Code::DIV ? a / n - 1 : a % n + n;
        vm.reg(in.dst_reg) = static_cast<u64>(value) & mask_of(row);
        return true;
    };
}

} // namespace

void add_division(Mutants& all) {
    for (const InstructionRow* row : rows_where(is_division)) {
        add_zero_divisor(all, *row);
        add_zero_test(all, *row);
        if (!is_signed(*row))
            continue;
        add_overflow(all, *row);
        all.push_back(
            mutant_of("rounding", *row, "", "rounds down and not towards 0", floored(*row)));
    }
}

} // namespace bpf_assay::conformance::mutants
