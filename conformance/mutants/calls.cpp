// Mutants of CALL of a local function, and of EXIT.
#include "conformance/mutants/behaviours.hpp"
#include "conformance/mutants/catalogue.hpp"

#include <fmt/format.h>

namespace bpf_assay::conformance::mutants {
namespace {

/// Callers of the running function.
u64 depth_of(const Machine& vm) {
    return (stack_address + stack_size - vm.reg(frame_register)) / frame_stride;
}

/// EXIT from a local function; at the end of the program nothing is wrong.
Behaviour returning(Effect before, Effect after) {
    return [before = std::move(before),
            after = std::move(after)](Machine& vm, const Instruction& in, Step original) {
        if (depth_of(vm) == 0)
            return original(vm, in);
        if (before)
            before(vm, in);
        if (!original(vm, in))
            return false;
        if (after)
            after(vm, in);
        return true;
    };
}

void add_kept_registers(Mutants& all) {
    const InstructionRow& exit = *find_row("exit");
    const InstructionRow& call = *find_row("call_local");
    for (u8 number = 6; number <= 10; ++number)
        all.push_back(mutant_of("call-registers", exit, fmt::format("r{}-not-kept", number),
                                fmt::format("the caller finds the callee's r{}", number),
                                [number](Machine& vm, const Instruction& in, Step original) {
                                    const u64 value = vm.reg(number);
                                    if (!original(vm, in))
                                        return false;
                                    vm.reg(number) = value;
                                    return true;
                                }));
    for (u8 number = 1; number <= 9; ++number)
        all.push_back(mutant_of("call-registers", call, fmt::format("r{}-lost", number),
                                fmt::format("r{} changes on the way into the callee", number),
                                preceded_by([number](Machine& vm, const Instruction&) {
                                    vm.reg(number) = ~vm.reg(number);
                                })));
    for (u8 number = 6; number <= 9; ++number)
        all.push_back(mutant_of("call-registers", exit, fmt::format("r{}-clobbered", number),
                                fmt::format("r{} changes on the way back to the caller", number),
                                returning({}, [number](Machine& vm, const Instruction&) {
                                    vm.reg(number) = ~vm.reg(number);
                                })));
}

void add_results_and_arguments(Mutants& all) {
    const InstructionRow& exit = *find_row("exit");
    const InstructionRow& call = *find_row("call_local");
    all.push_back(mutant_of("call-registers", exit, "r0-lost", "r0 is 0 after a return",
                            returning([](Machine& vm, const Instruction&) { vm.reg(0) = 0; }, {})));
    all.push_back(
        mutant_of("call-registers", exit, "r0-cut", "r0 is cut to 32 bits by a return",
                  returning([](Machine& vm, const Instruction&) { vm.reg(0) &= low_half; }, {})));
    all.push_back(mutant_of(
        "call-registers", exit, "r0-sign-extended", "r0 is sign-extended from 32 bits by a return",
        returning(
            [](Machine& vm, const Instruction&) { vm.reg(0) = sign_extended_from(32, vm.reg(0)); },
            {})));
    all.push_back(mutant_of("call-registers", call, "arguments-turned",
                            "r1 to r5 move on by one register",
                            preceded_by([](Machine& vm, const Instruction&) {
                                const u64 first = vm.reg(1);
                                for (u8 number = 1; number < 5; ++number)
                                    vm.reg(number) = vm.reg(static_cast<u8>(number + 1));
                                vm.reg(5) = first;
                            })));
}

Behaviour with_frame(std::function<u64(u64 caller, u64 callee)> change) {
    return [change = std::move(change)](Machine& vm, const Instruction& in, Step original) {
        const u64 caller = vm.reg(frame_register);
        if (!original(vm, in))
            return false;
        vm.reg(frame_register) = change(caller, vm.reg(frame_register));
        return true;
    };
}

void add_frames(Mutants& all) {
    const InstructionRow& call = *find_row("call_local");
    const auto add = [&](std::string_view detail, std::string_view what, auto change) {
        all.push_back(mutant_of("call-frame", call, detail, std::string(what), with_frame(change)));
    };
    add("shared", "the callee has the caller's frame", [](u64 caller, u64) { return caller; });
    for (const u64 distance : {8U, 16U, 64U, 256U})
        add(fmt::format("overlap-{}", distance),
            fmt::format("the callee's frame begins {} bytes below the caller's r10", distance),
            [distance](u64 caller, u64) { return caller - distance; });
    add("bottom", "r10 is the low end of the callee's frame",
        [](u64, u64 callee) { return callee - stack_size; });
    add("off-by-8", "r10 is 8 bytes above the end of the callee's frame",
        [](u64, u64 callee) { return callee + 8; });
    for (const u64 limit : {1U, 2U, 4U, 6U})
        all.push_back(mutant_of("call-depth", call, fmt::format("{}", limit),
                                fmt::format("no more than {} calls are nested", limit),
                                [limit](Machine& vm, const Instruction& in, Step original) {
                                    if (depth_of(vm) >= limit)
                                        return vm.fault(FaultReason::call_depth, in);
                                    return original(vm, in);
                                }));
}

void add_returns(Mutants& all) {
    const InstructionRow& exit = *find_row("exit");
    const auto add = [&](std::string_view detail, std::string_view what, Behaviour step) {
        all.push_back(mutant_of("return", exit, detail, std::string(what), std::move(step)));
    };
    // A jump counts from where EXIT has returned to.
    for (const s64 distance : {1, -1})
        add(distance > 0 ? "plus" : "minus",
            distance > 0 ? "returns one slot too far" : "returns to the CALL itself",
            [distance](Machine& vm, const Instruction& in, Step original) {
                const bool nested = depth_of(vm) != 0;
                if (!original(vm, in))
                    return false;
                return nested ? vm.jump(distance, in) : true;
            });
    add("ends", "EXIT in a local function ends the program",
        [](Machine& vm, const Instruction&, Step) {
            while (vm.exit()) {
            }
            return false;
        });
    const auto with_r0 = [&](std::string_view detail, std::string_view what, auto change) {
        add(detail, what, [change](Machine& vm, const Instruction& in, Step original) {
            if (depth_of(vm) == 0)
                vm.reg(0) = change(vm.reg(0));
            return original(vm, in);
        });
    };
    with_r0("r0-cut", "the program's result is cut to 32 bits",
            [](u64 r0) { return r0 & low_half; });
    with_r0("r0-sign-extended", "the program's result is sign-extended from 32 bits",
            [](u64 r0) { return sign_extended_from(32, r0); });
    with_r0("r0-upper-half", "only bits 32 to 63 of the program's result come back",
            [](u64 r0) { return r0 & high_half; });
}

} // namespace

void add_calls(Mutants& all) {
    add_kept_registers(all);
    add_results_and_arguments(all);
    add_frames(all);
    add_returns(all);
}

} // namespace bpf_assay::conformance::mutants
