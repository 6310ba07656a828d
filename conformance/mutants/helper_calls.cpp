// Mutants of CALL of a helper function.
#include "conformance/mutants/behaviours.hpp"
#include "conformance/mutants/catalogue.hpp"

#include <fmt/format.h>

#include <utility>

namespace bpf_assay::conformance::mutants {
namespace {

using Change = std::function<void(Machine& vm)>;

Behaviour before(Change change) {
    return preceded_by(
        [change = std::move(change)](Machine& vm, const Instruction&) { change(vm); });
}

Behaviour after(Change change) {
    return followed_by(
        [change = std::move(change)](Machine& vm, const Instruction&) { change(vm); });
}

/// `step` stands for what the id says; the detail names the mutant.
void add(Mutants& all, std::string_view detail, std::string what, Behaviour step) {
    all.push_back(mutant_of("helper-call", *find_row("call_helper"), detail, std::move(what),
                            std::move(step)));
}

void add_arguments(Mutants& all) {
    for (u8 number = 1; number <= 5; ++number) {
        add(all, fmt::format("r{}-lost", number), fmt::format("the helper sees 0 in r{}", number),
            before([number](Machine& vm) { vm.reg(number) = 0; }));
        add(all, fmt::format("r{}-cut", number),
            fmt::format("the helper sees the low half of r{}", number),
            before([number](Machine& vm) { vm.reg(number) &= low_half; }));
        add(all, fmt::format("r{}-sign-extended", number),
            fmt::format("the helper sees r{} sign-extended from 32 bits", number),
            before([number](Machine& vm) {
                vm.reg(number) = sign_extended_from(32, vm.reg(number));
            }));
        for (u8 other = 1; other < number; ++other)
            add(all, fmt::format("r{}-and-r{}", other, number),
                fmt::format("r{} and r{} change places", other, number),
                before([number, other](Machine& vm) { std::swap(vm.reg(number), vm.reg(other)); }));
    }
}

void add_results(Mutants& all) {
    add(all, "r0-cut", "the result is cut to 32 bits",
        after([](Machine& vm) { vm.reg(0) &= low_half; }));
    add(all, "r0-sign-extended", "the result is sign-extended from 32 bits",
        after([](Machine& vm) { vm.reg(0) = sign_extended_from(32, vm.reg(0)); }));
    add(all, "r0-kept", "r0 is what it was", [](Machine& vm, const Instruction& in, Step original) {
        const u64 r0 = vm.reg(0);
        const bool goes_on = original(vm, in);
        vm.reg(0) = r0;
        return goes_on;
    });
}

void add_kept_state(Mutants& all) {
    for (u8 number = 6; number <= 10; ++number)
        add(all, fmt::format("r{}-clobbered", number), fmt::format("the call changes r{}", number),
            after([number](Machine& vm) { vm.reg(number) = ~vm.reg(number); }));
    for (const int offset : {-8, -16, -512})
        add(all, fmt::format("stack{}", offset),
            fmt::format("the call writes to the stack at r10 - {}", -offset),
            after([offset](Machine& vm) {
                const u64 at = vm.reg(frame_register) + static_cast<u64>(s64{offset});
                if (u8* byte = vm.mapped(at, 1))
                    *byte = static_cast<u8>(~*byte);
            }));
    add(all, "twice", "the helper is called twice",
        [](Machine& vm, const Instruction& in, Step original) {
            return original(vm, in) && original(vm, in);
        });
    add(all, "left-out", "the call does nothing",
        [](Machine&, const Instruction&, Step) { return true; });
}

} // namespace

void add_helper_calls(Mutants& all) {
    add_arguments(all);
    add_results(all);
    add_kept_state(all);
}

void add_helper_bugs(Mutants& all) {
    const auto add_bug = [&](std::string_view name, std::string_view what, Change change) {
        all.push_back({.id = fmt::format("bug/{}", name),
                       .mutation = "bug",
                       .what = std::string(what),
                       .rows = {find_row("call_helper")},
                       .step = before(std::move(change))});
    };
    add_bug("ubpf-win64-fifth-helper-arg", "a helper does not see its fifth argument",
            [](Machine& vm) { vm.reg(5) = clobbered; });
    add_bug("starry-a64-call-shuffle",
            "the moves of arguments overwrite those that are moved later", [](Machine& vm) {
                for (u8 number = 2; number <= 5; ++number)
                    vm.reg(number) = vm.reg(static_cast<u8>(number - 1));
            });
}

} // namespace bpf_assay::conformance::mutants
