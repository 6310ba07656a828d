// Mutants of END: byte order, width, truncation.
#include "conformance/mutants/behaviours.hpp"
#include "conformance/mutants/catalogue.hpp"

#include <fmt/format.h>

namespace bpf_assay::conformance::mutants {
namespace {

u64 mask_of(const InstructionRow& row) {
    return row.imm.value == 64 ? ~u64{0} : (u64{1} << row.imm.value) - 1;
}

void add_orders(Mutants& all, const InstructionRow& row) {
    const std::string name = Name(row.mnemonic).operation;
    for (const std::string_view other : {"le", "be", "bswap"})
        if (other != name)
            all.push_back(mutant_of("swap-order", row, other,
                                    fmt::format("is executed as {}", other),
                                    as_row(*with_operation(row, other))));
    all.push_back(mutant_of("swap-nothing", row, "", "does nothing",
                            [](Machine&, const Instruction&, Step) { return true; }));
    all.push_back(
        mutant_of("swap-nothing", row, "but-cut", "only cuts to the width",
                  with_result([mask = mask_of(row)](u64 before, u64) { return before & mask; })));
}

void add_widths(Mutants& all, const InstructionRow& row) {
    for (const std::string_view width : {"16", "32", "64"}) {
        Name name(row.mnemonic);
        if (name.width == width)
            continue;
        name.width = width;
        all.push_back(mutant_of("swap-width", row, width, fmt::format("converts {} bits", width),
                                as_row(*name.row())));
    }
    if (row.imm.value == 64)
        return;
    const u64 mask = mask_of(row);
    all.push_back(mutant_of(
        "swap-uncut", row, "", "the bits above the width stay as they were",
        with_result([mask](u64 before, u64 result) { return (before & ~mask) | result; })));
    all.push_back(
        mutant_of("swap-sign-extended", row, "", "the result is sign-extended",
                  with_result([bits = static_cast<unsigned>(row.imm.value)](u64, u64 result) {
                      return sign_extended_from(bits, result);
                  })));
}

} // namespace

void add_byte_swaps(Mutants& all) {
    for (const InstructionRow* row : rows_where(is_byte_swap)) {
        add_orders(all, *row);
        add_widths(all, *row);
    }
    // As the instruction that REV32 of one host is on 64-bit registers: both words swapped.
    all.push_back(mutant_of("swap-uncut", *find_row("bswap32"), "both-words",
                            "swaps the bytes of both halves",
                            with_result([](u64 before, u64 result) {
                                const auto high = static_cast<u32>(before >> 32);
                                return static_cast<u64>(byte_swap(high)) << 32 | result;
                            })));
}

} // namespace bpf_assay::conformance::mutants
