// Mutants of the wide immediate and of packet loads.
#include "conformance/mutants/behaviours.hpp"
#include "conformance/mutants/catalogue.hpp"

#include <fmt/format.h>

namespace bpf_assay::conformance::mutants {
namespace {

void add_wide(Mutants& all, const InstructionRow& row) {
    const auto add = [&](std::string_view detail, std::string_view what, auto change) {
        all.push_back(
            mutant_of("wide-immediate", row, detail, std::string(what), with_result(change)));
    };
    add("swapped", "the halves are swapped",
        [](u64, u64 value) { return value << 32 | value >> 32; });
    add("low-sign-extended", "the low half is sign-extended over the high one",
        [](u64, u64 value) { return sign_extended_from(32, value) | (value & high_half); });
    add("low-added", "the low half is sign-extended and added",
        [](u64, u64 value) { return sign_extended_from(32, value) + (value & high_half); });
    add("high-ignored", "next_imm is ignored", [](u64, u64 value) { return value & low_half; });
    add("low-only", "imm is sign-extended and next_imm ignored",
        [](u64, u64 value) { return sign_extended_from(32, value); });
    add("low-ignored", "imm is ignored", [](u64, u64 value) { return value & high_half; });
    add("high-kept", "the upper half of dst stays as it was",
        [](u64 before, u64 value) { return (before & high_half) | (value & low_half); });
    add("short-form", "a value that looks like a negative s32 in its low half is extended",
        [](u64, u64 value) { return value >> 31 == 1 ? sign_extended_from(32, value) : value; });
    for (unsigned bit = 0; bit < 64; bit += 9)
        add(fmt::format("bit-{}", bit), fmt::format("bit {} is lost", bit),
            [bit](u64, u64 value) { return value & ~(u64{1} << bit); });
    all.push_back(mutant_of("wide-immediate", row, "one-slot", "runs the second slot, too",
                            [](Machine& vm, const Instruction& in, Step original) {
                                if (!original(vm, in))
                                    return false;
                                return vm.fault(FaultReason::into_wide, in);
                            }));
    all.push_back(mutant_of("wide-immediate", row, "skips", "skips the instruction behind it",
                            [](Machine& vm, const Instruction& in, Step original) {
                                return original(vm, in) && vm.jump(1, in);
                            }));
}

u64 index_of(const InstructionRow& row, const Machine& vm, const Instruction& in) {
    const u64 base = mode_of(row.opcode) == Mode::IND ? vm.reg(in.src_reg) : 0;
    return (base + in.imm) & low_half;
}

/// The load, with something else if it goes beyond the packet.
Behaviour beyond(const InstructionRow& row, u64 margin, bool ends) {
    return [&row, margin, ends](Machine& vm, const Instruction& in, Step original) {
        const u64 end = index_of(row, vm, in) + access_size(row);
        if (end + margin <= vm.packet().size())
            return original(vm, in);
        vm.clobber_arguments();
        vm.reg(0) = 0;
        return ends ? vm.exit() : true;
    };
}

Behaviour with_r0(std::function<u64(u64 before, u64 r0)> change) {
    return [change = std::move(change)](Machine& vm, const Instruction& in, Step original) {
        const u64 before = vm.reg(0);
        if (!original(vm, in))
            return false;
        vm.reg(0) = change(before, vm.reg(0));
        return true;
    };
}

u64 host_order(std::size_t size, u64 value) {
    if (size == 2)
        return byte_swap(static_cast<u16>(value));
    return size == 4 ? byte_swap(static_cast<u32>(value)) : value;
}

void add_values(Mutants& all, const InstructionRow& row) {
    const auto add = [&](std::string_view detail, std::string_view what, Behaviour step) {
        all.push_back(mutant_of("packet-value", row, detail, std::string(what), std::move(step)));
    };
    const std::size_t size = access_size(row);
    if (size != 1)
        add("order", "bytes are taken in the other order",
            with_r0([size](u64, u64 r0) { return host_order(size, r0); }));
    add("sign-extended", "the value is sign-extended", with_r0([size](u64, u64 r0) {
            return sign_extended_from(static_cast<unsigned>(8 * size), r0);
        }));
    add("upper-half-kept", "the upper half of r0 stays as it was",
        with_r0([](u64 before, u64 r0) { return (before & high_half) | r0; }));
    for (u8 number = 6; number <= 9; ++number)
        add(fmt::format("r{}-clobbered", number), fmt::format("r{} changes", number),
            followed_by(
                [number](Machine& vm, const Instruction&) { vm.reg(number) = ~vm.reg(number); }));
}

void add_packet(Mutants& all, const InstructionRow& row) {
    const auto add = [&](std::string_view detail, std::string_view what, Behaviour step) {
        all.push_back(mutant_of("packet-bounds", row, detail, std::string(what), std::move(step)));
    };
    add("goes-on", "a load beyond the packet gives 0 and the program goes on",
        beyond(row, 0, false));
    add("too-early", "the last byte of the packet counts as beyond it", beyond(row, 1, true));
    add("faults", "a load beyond the packet is a fault",
        [&row](Machine& vm, const Instruction& in, Step original) {
            if (index_of(row, vm, in) + access_size(row) <= vm.packet().size())
                return original(vm, in);
            return vm.fault(FaultReason::bad_address, in);
        });
    add("r0-kept", "r0 is not 0 after a load beyond the packet",
        [&row](Machine& vm, const Instruction& in, Step original) {
            if (index_of(row, vm, in) + access_size(row) <= vm.packet().size())
                return original(vm, in);
            return vm.exit();
        });
    all.push_back(mutant_of("packet-index", row, "plus", "the index is one too large",
                            with_fields([](Instruction& in) { ++in.imm; })));
    all.push_back(mutant_of("packet-index", row, "no-imm", "imm is ignored",
                            with_fields([](Instruction& in) { in.imm = 0; })));
    all.push_back(mutant_of("packet-index", row, "imm-8-bits", "imm is cut to 8 bits",
                            with_fields([](Instruction& in) { in.imm &= 0xff; })));
    Name name(row.mnemonic);
    const bool indirect = mode_of(row.opcode) == Mode::IND;
    const std::string other = (indirect ? "ldabs" : "ldind") + name.operation.substr(5);
    all.push_back(mutant_of("packet-index", row, "other-mode",
                            indirect ? "src is ignored" : "r0, which src_reg names, is added",
                            as_row(*find_row(other))));
    for (const std::string_view size : {"b", "h", "w"})
        if (name.operation.substr(5) != size)
            all.push_back(mutant_of("packet-size", row, size, "loads another number of bytes",
                                    as_row(*find_row(name.operation.substr(0, 5).append(size)))));
}

} // namespace

void add_wide_and_packet(Mutants& all) {
    add_wide(all, *find_row("lddw"));
    for (const InstructionRow* row : rows_where(is_packet)) {
        add_values(all, *row);
        add_packet(all, *row);
    }
}

} // namespace bpf_assay::conformance::mutants
