// Mutants of atomic operations: the operation, what is fetched, what CMPXCHG compares.
#include "conformance/mutants/behaviours.hpp"
#include "conformance/mutants/catalogue.hpp"

#include <fmt/format.h>

#include <array>

namespace bpf_assay::conformance::mutants {
namespace {

constexpr std::array<std::string_view, 6> fetching = {
    "atomic_fetch_add", "atomic_fetch_or", "atomic_fetch_and", "atomic_fetch_xor", "xchg",
    "cmpxchg"};
constexpr std::array<std::string_view, 4> plain = {"atomic_add", "atomic_or", "atomic_and",
                                                   "atomic_xor"};

/// Runs the step and then gives the register back that it must, or must not, have fetched to.
Behaviour keeping(u8 (*which)(const Instruction&)) {
    return [which](Machine& vm, const Instruction& in, Step original) {
        const u64 value = vm.reg(which(in));
        const bool goes_on = original(vm, in);
        vm.reg(which(in)) = value;
        return goes_on;
    };
}

/// The register that receives the old value.
u8 fetched_to(const InstructionRow& row, const Instruction& in) {
    return row.imm.value == atomic::CMPXCHG ? u8{0} : in.src_reg;
}

Behaviour with_fetched(const InstructionRow& row, std::function<u64(u64 before, u64 old)> change) {
    return [&row, change = std::move(change)](Machine& vm, const Instruction& in, Step original) {
        const u8 number = fetched_to(row, in);
        const u64 before = vm.reg(number);
        if (!original(vm, in))
            return false;
        vm.reg(number) = change(before, vm.reg(number));
        return true;
    };
}

u64 address_of(const Machine& vm, const Instruction& in) {
    return vm.reg(in.dst_reg) + sign_extend<u64>(static_cast<u16>(in.offset));
}

/// The operation without its store.
Behaviour without_store(const InstructionRow& row) {
    return [&row](Machine& vm, const Instruction& in, Step original) {
        std::array<u8, 8> kept{};
        const std::size_t size = access_size(row);
        u8* bytes = vm.mapped(address_of(vm, in), size);
        if (bytes == nullptr)
            return original(vm, in);
        std::copy_n(bytes, size, kept.begin());
        const bool goes_on = original(vm, in);
        std::copy_n(kept.begin(), size, bytes);
        return goes_on;
    };
}

void add_operations(Mutants& all, const InstructionRow& row) {
    const auto add = [&](const auto& names) {
        for (const std::string_view other : names)
            if (other != Name(row.mnemonic).operation)
                all.push_back(mutant_of("atomic-operation", row, other,
                                        fmt::format("is executed as {}", other),
                                        as_row(*with_operation(row, other))));
    };
    if (is_fetch(row))
        add(fetching);
    else
        add(plain);
    all.push_back(
        mutant_of("atomic-store-dropped", row, "", "memory stays as it was", without_store(row)));
}

void add_fetches(Mutants& all, const InstructionRow& row) {
    if (!is_fetch(row)) {
        std::string name = "atomic_fetch_" + Name(row.mnemonic).operation.substr(7);
        all.push_back(mutant_of("atomic-fetch", row, "extra", "fetches the old value to src",
                                as_row(*with_operation(row, name))));
        return;
    }
    if (row.imm.value == atomic::CMPXCHG)
        all.push_back(mutant_of("atomic-fetch", row, "missing", "R0 stays as it was",
                                keeping([](const Instruction&) { return u8{0}; })));
    else
        all.push_back(mutant_of("atomic-fetch", row, "missing", "src stays as it was",
                                keeping([](const Instruction& in) { return in.src_reg; })));
    all.push_back(mutant_of("atomic-fetch", row, "new-value",
                            "fetches the value after the operation",
                            [&row](Machine& vm, const Instruction& in, Step original) {
                                const u64 address = address_of(vm, in);
                                if (!original(vm, in))
                                    return false;
                                Instruction load = in;
                                const u8 number = fetched_to(row, in);
                                const u64 kept = vm.reg(10);
                                vm.reg(10) = address;
                                load.src_reg = 10;
                                load.dst_reg = number;
                                load.offset = 0;
                                const auto* as = find_row(access_size(row) == 4 ? "ldxw" : "ldxdw");
                                const bool goes_on = step_of(*as)(vm, load);
                                vm.reg(10) = kept;
                                return goes_on;
                            }));
    if (access_size(row) != 4)
        return;
    all.push_back(
        mutant_of("atomic-fetch", row, "sign-extended", "the old value is sign-extended",
                  with_fetched(row, [](u64, u64 old) { return sign_extended_from(32, old); })));
    all.push_back(mutant_of(
        "atomic-fetch", row, "upper-half-kept", "the upper half of the fetched register stays",
        with_fetched(row, [](u64 before, u64 old) { return (before & high_half) | old; })));
}

/// A CMPXCHG by hand: what it compares, and what becomes of memory and R0.
struct Comparison {
    std::string_view detail, what;
    u64 (*r0)(u64 r0, u64 old, bool match); // after
    bool (*match)(u64 r0, u64 old, u64 mask);
    bool stores_always;
};

constexpr bool matches(u64 r0, u64 old, u64 mask) {
    return (r0 & mask) == old;
}
constexpr u64 old_value(u64, u64 old, bool) {
    return old;
}

constexpr std::array<Comparison, 7> comparisons = {{
    {"kept-on-match", "R0 stays as it was on a match",
     [](u64 r0, u64 old, bool match) { return match ? r0 : old; }, matches, false},
    {"kept-on-mismatch", "R0 stays as it was on a mismatch",
     [](u64 r0, u64 old, bool match) { return match ? old : r0; }, matches, false},
    {"flag", "R0 tells whether there was a match", [](u64, u64, bool match) { return u64{match}; },
     matches, false},
    {"whole-r0", "compares all 64 bits of R0", old_value,
     [](u64 r0, u64 old, u64) { return r0 == old; }, false},
    {"low-half", "compares the low halves", old_value,
     [](u64 r0, u64 old, u64) { return ((r0 ^ old) & low_half) == 0; }, false},
    {"inverted", "stores on a mismatch", old_value,
     [](u64 r0, u64 old, u64 mask) { return !matches(r0, old, mask); }, false},
    {"stores-always", "stores in any case", old_value, matches, true},
}};

/// Reads or writes memory in the width of the row, with the steps of a load and a store.
bool transfer(Machine& vm, const Instruction& in, std::string_view mnemonic, u64 address,
              u64& value) {
    Instruction access = in;
    access.dst_reg = mnemonic.starts_with("st") ? 10 : 9;
    access.src_reg = mnemonic.starts_with("st") ? 9 : 10;
    access.offset = 0;
    const std::array<u64, 2> kept = {vm.reg(9), vm.reg(10)};
    vm.reg(9) = value;
    vm.reg(10) = address;
    const bool goes_on = step_of(*find_row(mnemonic))(vm, access);
    value = vm.reg(9);
    vm.reg(9) = kept[0];
    vm.reg(10) = kept[1];
    return goes_on;
}

Behaviour comparing(const InstructionRow& row, const Comparison& wrong) {
    return [&row, &wrong](Machine& vm, const Instruction& in, Step) {
        const bool narrow = access_size(row) == 4;
        const u64 address = address_of(vm, in);
        u64 old = 0;
        u64 source = vm.reg(in.src_reg);
        if (!transfer(vm, in, narrow ? "ldxw" : "ldxdw", address, old))
            return false;
        const bool match = wrong.match(vm.reg(0), old, narrow ? low_half : ~u64{0});
        if ((match || wrong.stores_always) &&
            !transfer(vm, in, narrow ? "stxw" : "stxdw", address, source))
            return false;
        vm.reg(0) = wrong.r0(vm.reg(0), old, match);
        return true;
    };
}

void add_comparisons(Mutants& all) {
    for (const std::string_view mnemonic : {"cmpxchg32", "cmpxchg64"})
        for (const Comparison& wrong : comparisons)
            if (wrong.detail != (mnemonic == "cmpxchg64" ? "whole-r0" : "low-half")) // is right
                all.push_back(mutant_of("compare-exchange", *find_row(mnemonic), wrong.detail,
                                        std::string(wrong.what),
                                        comparing(*find_row(mnemonic), wrong)));
}

} // namespace

void add_atomics(Mutants& all) {
    for (const InstructionRow* row : rows_where(is_atomic)) {
        add_operations(all, *row);
        add_fetches(all, *row);
    }
    add_comparisons(all);
}

} // namespace bpf_assay::conformance::mutants
