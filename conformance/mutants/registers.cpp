// Mutants of the registers: the wrong one is read or written, or a bystander changes.
#include "conformance/mutants/behaviours.hpp"
#include "conformance/mutants/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bpf_assay::conformance::mutants {
namespace {

constexpr u8 turned(std::size_t number, std::size_t by) {
    return static_cast<u8>((number + by) % 10);
}

bool names_dst(const InstructionRow& row) {
    return row.dst_reg.kind == FieldRule::Kind::any && !is_platform(row);
}

bool commutes(const InstructionRow& row) {
    const std::string name = Name(row.mnemonic).operation;
    constexpr std::array<std::string_view, 5> symmetric = {"add", "mul", "or", "and", "xor"};
    return std::ranges::count(symmetric, name) != 0;
}

void add_wrong_registers(Mutants& all, const InstructionRow& row) {
    if (names_dst(row) && reads_src(row))
        all.push_back(
            mutant_of("registers-swapped", row, "", "dst and src are exchanged",
                      with_fields([](Instruction& in) { std::swap(in.dst_reg, in.src_reg); })));
    if (is_binary(row) && reads_src(row) && !commutes(row))
        all.push_back(mutant_of("operands-swapped", row, "", "computes src OP dst",
                                [](Machine& vm, const Instruction& in, Step original) {
                                    const u64 dst = vm.reg(in.dst_reg);
                                    const u64 src = vm.reg(in.src_reg);
                                    vm.reg(in.dst_reg) = src;
                                    vm.reg(in.src_reg) = dst;
                                    const bool goes_on = original(vm, in);
                                    if (in.dst_reg != in.src_reg)
                                        vm.reg(in.src_reg) = src;
                                    return goes_on;
                                }));
    if (writes_dst(row))
        all.push_back(mutant_of("result-elsewhere", row, "", "the result goes to the next register",
                                [](Machine& vm, const Instruction& in, Step original) {
                                    const u64 before = vm.reg(in.dst_reg);
                                    if (!original(vm, in))
                                        return false;
                                    vm.reg(turned(in.dst_reg, 1)) = vm.reg(in.dst_reg);
                                    vm.reg(in.dst_reg) = before;
                                    return true;
                                }));
}

/// Changes a register that the instruction neither reads nor writes.
Effect clobbering(u8 victim, const InstructionRow& row) {
    return [victim, &row](Machine& vm, const Instruction& in) {
        const bool used = (names_dst(row) && victim == in.dst_reg) ||
                          (row.src_reg.kind == FieldRule::Kind::any && victim == in.src_reg) ||
                          uses_register(row, victim);
        if (!used)
            vm.reg(victim) = ~vm.reg(victim);
    };
}

/// Which registers are special to a host's instruction differs, so they are taken in turn.
void add_bystanders(Mutants& all, const InstructionRow& row, std::size_t turn) {
    const u8 victim = turned(turn, 0);
    all.push_back(mutant_of("bystander", row, fmt::format("r{}", victim),
                            fmt::format("r{} changes", victim),
                            followed_by(clobbering(victim, row))));
    if (!names_dst(row))
        return;
    const u8 dst = turned(3 * turn, 4);
    const u8 other = turned(dst, 1 + turn % 9);
    all.push_back(mutant_of(
        "bystander-by-dst", row, fmt::format("r{}-if-dst-r{}", other, dst),
        fmt::format("r{} changes if dst is r{}", other, dst),
        only_if([dst](const Machine&, const Instruction& in) { return in.dst_reg == dst; },
                followed_by(clobbering(other, row)))));
    if (!reads_src(row))
        return;
    const u8 src = turned(dst, 1 + turn % 7);
    all.push_back(
        mutant_of("bystander-by-pair", row, fmt::format("dst-r{}-src-r{}", dst, src),
                  fmt::format("another register changes if dst is r{} and src r{}", dst, src),
                  only_if(
                      [dst, src](const Machine&, const Instruction& in) {
                          return in.dst_reg == dst && in.src_reg == src;
                      },
                      followed_by(clobbering(turned(dst, 9), row)))));
}

/// Operands that the instruction only reads.
void add_operands(Mutants& all, const InstructionRow& row) {
    if (reads_src(row) && !is_fetch(row))
        all.push_back(mutant_of("src-changed", row, "", "src is cut to 32 bits",
                                followed_by([&row](Machine& vm, const Instruction& in) {
                                    const bool result = writes_dst(row) && in.dst_reg == in.src_reg;
                                    if (!result)
                                        vm.reg(in.src_reg) &= low_half;
                                })));
    const bool reads_dst = !row.extension.empty() && names_dst(row) && !writes_dst(row);
    if (is_conditional(row) || is_store(row) || is_atomic(row) || reads_dst)
        all.push_back(mutant_of("dst-changed", row, "",
                                "dst, which is only read, is cut to 32 bits",
                                followed_by([&row](Machine& vm, const Instruction& in) {
                                    if (!is_fetch(row) || in.dst_reg != in.src_reg)
                                        vm.reg(in.dst_reg) &= low_half;
                                })));
}

/// The result is wrong for one register only, as with a wrong prefix in one of its encodings.
void add_wrong_results(Mutants& all, const InstructionRow& row, std::size_t turn) {
    if (!writes_dst(row))
        return;
    const u8 dst = turned(turn, 5);
    const Behaviour wrong = with_result([](u64, u64 result) { return result ^ 0x100; });
    all.push_back(mutant_of(
        "result-by-dst", row, fmt::format("r{}", dst), fmt::format("is wrong if dst is r{}", dst),
        only_if([dst](const Machine&, const Instruction& in) { return in.dst_reg == dst; },
                wrong)));
    if (!reads_src(row))
        return;
    const u8 src = turned(3 * turn, 2);
    all.push_back(mutant_of("result-by-pair", row, fmt::format("dst-r{}-src-r{}", dst, src),
                            fmt::format("is wrong if dst is r{} and src r{}", dst, src),
                            only_if(
                                [dst, src](const Machine&, const Instruction& in) {
                                    return in.dst_reg == dst && in.src_reg == src;
                                },
                                wrong)));
    all.push_back(mutant_of(
        "result-if-same", row, "", "is wrong if dst and src are one register",
        only_if([](const Machine&, const Instruction& in) { return in.dst_reg == in.src_reg; },
                wrong)));
}

/// A host's register that cannot be a base, or an operand, without another encoding.
void add_wrong_operand(Mutants& all, const InstructionRow& row, std::size_t turn) {
    if (writes_dst(row) || !names_dst(row))
        return;
    const u8 number = turned(turn, 2);
    const auto skip = [](Machine&, const Instruction&, Step) { return true; };
    all.push_back(mutant_of(
        "nothing-by-dst", row, fmt::format("r{}", number),
        fmt::format("does nothing if dst is r{}", number),
        only_if([number](const Machine&, const Instruction& in) { return in.dst_reg == number; },
                skip)));
    if (!reads_src(row))
        return;
    all.push_back(mutant_of(
        "nothing-by-src", row, fmt::format("r{}", number),
        fmt::format("does nothing if src is r{}", number),
        only_if([number](const Machine&, const Instruction& in) { return in.src_reg == number; },
                skip)));
    all.push_back(mutant_of(
        "nothing-if-same", row, "", "does nothing if dst and src are one register",
        only_if([](const Machine&, const Instruction& in) { return in.dst_reg == in.src_reg; },
                skip)));
}

} // namespace

void add_registers(Mutants& all) {
    std::size_t turn = 0;
    for (const InstructionRow* row : rows_of_all_where([](const InstructionRow& candidate) {
             return !is_platform(candidate) && !is_packet(candidate) &&
                    candidate.mnemonic != "exit" && candidate.mnemonic != "call_local";
         })) {
        add_wrong_registers(all, *row);
        add_operands(all, *row);
        add_bystanders(all, *row, turn);
        add_wrong_results(all, *row, turn);
        add_wrong_operand(all, *row, turn);
        ++turn;
    }
}

} // namespace bpf_assay::conformance::mutants
