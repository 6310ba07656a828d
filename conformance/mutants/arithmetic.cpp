// Mutants of ALU and ALU64: the operation, the width, the shift count.
#include "conformance/mutants/behaviours.hpp"
#include "conformance/mutants/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace bpf_assay::conformance::mutants {
namespace {

constexpr std::array<std::string_view, 14> operations = {"add", "sub",  "mul", "div", "sdiv",
                                                         "or",  "and",  "xor", "mod", "lsh",
                                                         "rsh", "arsh", "mov", "smod"};

/// The operations that a slip in a table would give: the next one, and one further away.
void add_other_operations(Mutants& all) {
    for (const InstructionRow* row : rows_where(is_binary)) {
        const Name name(row->mnemonic);
        const auto at = static_cast<std::size_t>(std::ranges::find(operations, name.operation) -
                                                 operations.begin());
        for (const std::size_t step : {std::size_t{1}, std::size_t{5}}) {
            const auto other = operations[(at + step) % operations.size()];
            all.push_back(mutant_of("other-operation", *row, other,
                                    fmt::format("computes {}", other),
                                    as_row(*with_operation(*row, other))));
        }
    }
}

void add_signedness(Mutants& all) {
    constexpr std::array<std::array<std::string_view, 2>, 6> pairs = {{{"div", "sdiv"},
                                                                       {"sdiv", "div"},
                                                                       {"mod", "smod"},
                                                                       {"smod", "mod"},
                                                                       {"rsh", "arsh"},
                                                                       {"arsh", "rsh"}}};
    for (const InstructionRow* row : rows_where(is_binary))
        for (const auto& [right, wrong] : pairs)
            if (Name(row->mnemonic).operation == right)
                all.push_back(mutant_of("signedness", *row, "",
                                        fmt::format("computes {} in place of {}", wrong, right),
                                        as_row(*with_operation(*row, wrong))));
}

void add_widths(Mutants& all) {
    for (const InstructionRow* row : rows_where(is_arithmetic))
        if (const InstructionRow* other = with_other_width(*row))
            all.push_back(mutant_of("wrong-width", *row, "",
                                    fmt::format("is executed as {}", other->mnemonic),
                                    as_row(*other)));
}

/// What happens to bits 32 to 63 of the result.
void add_upper_halves(Mutants& all) {
    const auto narrow = [](const InstructionRow& row) {
        return is_arithmetic(row) && width_of(row) == 32;
    };
    for (const InstructionRow* row : rows_where(narrow)) {
        all.push_back(mutant_of(
            "missing-zero-extension", *row, "", "the upper half of dst stays as it was",
            with_result([](u64 before, u64 result) { return (before & high_half) | result; })));
        all.push_back(
            mutant_of("sign-extended-result", *row, "", "the 32-bit result is sign-extended",
                      with_result([](u64, u64 result) { return sign_extended_from(32, result); })));
    }
    const auto wide = [](const InstructionRow& row) {
        return is_arithmetic(row) && width_of(row) == 64;
    };
    for (const InstructionRow* row : rows_where(wide)) {
        all.push_back(mutant_of("result-cut", *row, "", "the 64-bit result is cut to 32 bits",
                                with_result([](u64, u64 result) { return result & low_half; })));
        all.push_back(mutant_of(
            "result-cut", *row, "sign-extended", "the result is its own low half, sign-extended",
            with_result([](u64, u64 result) { return sign_extended_from(32, result); })));
    }
}

/// Forms where nothing seems to happen still zero-extend.
void add_identities(Mutants& all) {
    constexpr std::array<std::string_view, 7> neutral_zero = {"add", "sub", "or",  "xor",
                                                              "lsh", "rsh", "arsh"};
    for (const InstructionRow* row : rows_where(is_binary)) {
        const std::string operation = Name(row->mnemonic).operation;
        const bool zero = std::ranges::count(neutral_zero, operation) != 0;
        const bool one = operation == "mul" || operation == "div" || operation == "sdiv";
        if (width_of(*row) != 32 || (!zero && !one))
            continue;
        const u32 neutral = zero ? 0 : 1;
        all.push_back(
            mutant_of("identity-elided", *row, "",
                      fmt::format("does nothing at all if the second operand is {}", neutral),
                      only_if(
                          [row, neutral](const Machine& vm, const Instruction& in) {
                              return static_cast<u32>(source_value(*row, vm, in)) == neutral;
                          },
                          [](Machine&, const Instruction&, Step) { return true; })));
    }
}

Behaviour with_count(const InstructionRow& row, std::function<u64(u64 count)> change) {
    return [&row, change = std::move(change)](Machine& vm, const Instruction& in, Step) {
        const u64 count = change(source_value(row, vm, in));
        Instruction changed = in;
        changed.imm = count;
        Name name(row.mnemonic);
        name.rest = "_imm";
        return step_of(*name.row())(vm, changed);
    };
}

/// A count of the width or more shifts everything out.
Behaviour unmasked(const InstructionRow& row, u64 count_mask) {
    return [&row, count_mask](Machine& vm, const Instruction& in, Step original) {
        const unsigned width = width_of(row);
        if ((source_value(row, vm, in) & count_mask) < width)
            return original(vm, in);
        const u64 sign = sign_extended_from(width, vm.reg(in.dst_reg)) >> 63;
        const u64 fill = code_of(row.opcode) == Code::ARSH && sign != 0 ? ~u64{0} : 0;
        vm.reg(in.dst_reg) = width == 32 ? fill & low_half : fill;
        return true;
    };
}

void add_shift_counts(Mutants& all) {
    for (const InstructionRow* row : rows_where(is_shift)) {
        const auto add = [&](std::string_view detail, std::string what, Behaviour step) {
            all.push_back(mutant_of("shift-count", *row, detail, std::move(what), std::move(step)));
        };
        add("unmasked", "a count of the width or more shifts everything out",
            unmasked(*row, ~u64{0}));
        add("8-bits", "the count is taken from 8 bits and not masked to the width",
            unmasked(*row, 0xff));
        add("low-half", "the count is taken from 32 bits and not masked to the width",
            unmasked(*row, low_half));
        if (width_of(*row) == 64)
            add("mask-31", "the count is masked to 5 bits",
                with_count(*row, [](u64 count) { return count & 31; }));
        else
            add("mask-63", "the count is masked to 6 bits", unmasked(*row, 63));
        add("mask-15", "the count is masked to 4 bits",
            with_count(*row, [](u64 count) { return count & 15; }));
        add("plus-1", "the count is one too large",
            with_count(*row, [](u64 count) { return count + 1; }));
    }
}

void add_neg_and_movsx(Mutants& all) {
    for (const std::string_view mnemonic : {"neg32", "neg64"}) {
        const InstructionRow& row = *find_row(mnemonic);
        const u64 mask = width_of(row) == 32 ? low_half : ~u64{0};
        all.push_back(mutant_of("unary", row, "complement", "computes ~dst",
                                computing(row, [mask](u64 dst, u64) { return ~dst & mask; })));
        all.push_back(mutant_of("unary", row, "nothing", "does nothing",
                                computing(row, [mask](u64 dst, u64) { return dst & mask; })));
        all.push_back(mutant_of("unary", row, "r0", "negates r0, which src_reg names",
                                [mask](Machine& vm, const Instruction& in, Step) {
                                    vm.reg(in.dst_reg) = (0 - vm.reg(0)) & mask;
                                    return true;
                                }));
    }
    for (const InstructionRow* row : rows_where([](const InstructionRow& candidate) {
             return candidate.mnemonic.starts_with("movsx");
         })) {
        const bool narrow = width_of(*row) == 32;
        all.push_back(mutant_of("movsx", *row, "as-mov", "is executed as MOV",
                                as_row(*find_row(narrow ? "mov32_reg" : "mov64_reg"))));
        const auto bits = static_cast<unsigned>(row->offset.value);
        all.push_back(mutant_of(
            "movsx", *row, "zero-extended", "zero-extends",
            computing(*row, [bits](u64, u64 src) { return src & ((u64{1} << bits) - 1); })));
        for (const unsigned other : {8U, 16U, 32U})
            if (other != bits && !(narrow && other == 32))
                all.push_back(mutant_of("movsx", *row, fmt::format("from-{}", other),
                                        fmt::format("extends from {} bits", other),
                                        computing(*row, [other, narrow](u64, u64 src) {
                                            return sign_extended_from(other, src) &
                                                   (narrow ? low_half : ~u64{0});
                                        })));
    }
}

} // namespace

void add_arithmetic(Mutants& all) {
    add_other_operations(all);
    add_signedness(all);
    add_widths(all);
    add_upper_halves(all);
    add_identities(all);
    add_shift_counts(all);
    add_neg_and_movsx(all);
}

} // namespace bpf_assay::conformance::mutants
