// Mutants of the 32-bit immediate and its extension, and of special operands.
#include "conformance/mutants/behaviours.hpp"
#include "conformance/mutants/catalogue.hpp"

#include <fmt/format.h>

#include <array>

namespace bpf_assay::conformance::mutants {
namespace {

Behaviour with_imm(u64 (*change)(u64 imm)) {
    return with_fields([change](Instruction& in) { in.imm = change(in.imm); });
}

void add_extensions(Mutants& all, const InstructionRow& row) {
    const bool wide =
        class_of(row.opcode) == Class::ST ? access_size(row) == 8 : width_of(row) == 64;
    if (wide)
        all.push_back(mutant_of("imm-zero-extended", row, "", "imm is zero-extended",
                                with_imm([](u64 imm) { return imm & low_half; })));
    all.push_back(mutant_of("imm-off-by-one", row, "", "imm is one too large",
                            with_imm([](u64 imm) { return imm + 1; })));
    all.push_back(mutant_of("imm-narrow", row, "8-bits", "imm is cut to 8 bits, sign-extended",
                            with_imm([](u64 imm) { return sign_extended_from(8, imm); })));
    all.push_back(mutant_of("imm-narrow", row, "16-bits", "imm is cut to 16 bits, sign-extended",
                            with_imm([](u64 imm) { return sign_extended_from(16, imm); })));
    all.push_back(mutant_of(
        "imm-narrow", row, "16-bits-unsigned",
        "an imm that fits in 16 bits is zero-extended from there",
        with_imm([](u64 imm) { return imm == sign_extended_from(16, imm) ? imm & 0xffff : imm; })));
    all.push_back(mutant_of("imm-narrow", row, "12-bits", "imm is cut to 12 bits, sign-extended",
                            with_imm([](u64 imm) { return sign_extended_from(12, imm); })));
}

/// Source by another rule than bit 3 of the opcode.
void add_forms(Mutants& all, const InstructionRow& row) {
    Name name(row.mnemonic);
    name.rest = name.rest == "_imm" ? "_reg" : "_imm";
    if (name.row() == nullptr)
        return;
    all.push_back(mutant_of("other-source", row, "",
                            name.rest == "_imm" ? "takes imm for src" : "takes src_reg for imm",
                            as_row(*name.row())));
    if (name.rest == "_reg")
        all.push_back(
            mutant_of("other-source", row, "if-0", "takes src_reg for an imm of 0",
                      only_if([](const Machine&, const Instruction& in) { return in.imm == 0; },
                              as_row(*name.row()))));
}

struct Edge {
    std::string_view detail;
    u64 low, high; // of 32 and of 64 bits
};

constexpr std::array<Edge, 4> edges = {{
    {"zero", 0, 0},
    {"all-ones", low_half, ~u64{0}},
    {"min", 0x8000'0000, 0x8000'0000'0000'0000},
    {"max", 0x7fff'ffff, 0x7fff'ffff'ffff'ffff},
}};

/// A slip that only one operand shows: bit 31 of the result is wrong.
void add_edges(Mutants& all, const InstructionRow& row) {
    const Behaviour wrong = with_result([](u64, u64 result) { return result ^ 0x8000'0000; });
    const u64 mask = width_of(row) == 32 ? low_half : ~u64{0};
    for (const Edge& edge : edges) {
        const u64 value = width_of(row) == 32 ? edge.low : edge.high;
        const auto add = [&](std::string_view operand, Condition condition) {
            all.push_back(mutant_of(fmt::format("special-{}", operand), row, edge.detail,
                                    fmt::format("wrong if {} is {:#x}", operand, value),
                                    only_if(std::move(condition), wrong)));
        };
        add("dst", [=](const Machine& vm, const Instruction& in) {
            return (vm.reg(in.dst_reg) & mask) == value;
        });
        const bool fits = source_of(row.opcode) == Source::X ||
                          sign_extended_from(32, value) == value || width_of(row) == 32;
        if (fits)
            add("src", [=, &row](const Machine& vm, const Instruction& in) {
                return (source_value(row, vm, in) & mask) == value;
            });
    }
}

/// SUB as ADD of the negated imm, which does not fit for MIN.
void add_negated_immediates(Mutants& all) {
    for (const std::string_view mnemonic : {"sub32_imm", "sub64_imm"})
        all.push_back(mutant_of(
            "imm-negated", *find_row(mnemonic), "",
            "subtracts MIN of 32 bits by adding it, sign-extended",
            only_if([](const Machine&,
                       const Instruction& in) { return static_cast<u32>(in.imm) == 0x8000'0000; },
                    [](Machine& vm, const Instruction& in, Step) {
                        vm.reg(in.dst_reg) += in.imm;
                        return true;
                    })));
}

} // namespace

void add_immediates(Mutants& all) {
    for (const InstructionRow* row : rows_where(reads_imm))
        add_extensions(all, *row);
    for (const InstructionRow* row : rows_where([](const InstructionRow& candidate) {
             return is_binary(candidate) || is_conditional(candidate);
         }))
        add_forms(all, *row);
    for (const InstructionRow* row : rows_where(is_binary))
        add_edges(all, *row);
    add_negated_immediates(all);
}

} // namespace bpf_assay::conformance::mutants
