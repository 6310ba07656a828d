// Bugs of real runtimes that are systematic mutants of several instructions at once.
#include "conformance/error.hpp"
#include "conformance/mutants/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

#include <fnmatch.h>

namespace bpf_assay::conformance::mutants {
namespace {

struct Composition {
    std::string_view name, what;
    std::string_view mutants; // patterns of their ids
};

// clang-format off
constexpr Composition compositions[] = {
    {"ubpf-alu32-upper-not-truncated", "32-bit operations are done on 64 bits",
     "wrong-width/add32_* wrong-width/sub32_* wrong-width/mul32_* wrong-width/div32_* "
     "wrong-width/or32_* wrong-width/and32_* wrong-width/lsh32_* wrong-width/rsh32_* "
     "wrong-width/neg32 wrong-width/mod32_* wrong-width/xor32_* wrong-width/mov32_* "
     "wrong-width/arsh32_*"},
    {"ubpf-muldivmod-form-by-imm-value", "an imm of 0 makes MUL, DIV and MOD take a register",
     "other-source/mul*_imm/if-0 other-source/div*_imm/if-0 other-source/mod*_imm/if-0"},
    {"ubpf-arsh-count-unmasked", "the count of ARSH is not masked", "shift-count/arsh*/unmasked"},
    {"ubpf-x86-le16-le32-noop", "LE does nothing", "swap-nothing/le16 swap-nothing/le32"},
    {"ubpf-arm64-le32-noop", "LE of 32 bits does nothing", "swap-nothing/le32"},
    {"ubpf-div32-reg-low32-zero", "64 bits of a 32-bit divisor are tested for 0",
     "zero-test/div32_reg/64-bits zero-test/mod32_reg/64-bits"},
    {"ubpf-div-by-zero-aborts", "a zero divisor ends the program",
     "zero-divisor/div??_reg/ends zero-divisor/mod??_reg/ends"},
    {"ubpf-interp-divmod64-imm0", "an immediate divisor of 0 is not handled",
     "zero-divisor/div64_imm/ends zero-divisor/mod64_imm/zero"},
    {"ubpf-arm64-div-by-zero", "a zero divisor ends the program",
     "zero-divisor/div*/ends zero-divisor/mod*/ends"},
    {"ubpf-cmpxchg-returns-bool", "CMPXCHG gives a flag", "compare-exchange/*/flag"},
    {"ubpf-arm64-neg-uses-src-field", "NEG takes the register that src_reg names", "unary/*/r0"},
    {"ubpf-arm64-atomic-off-int16min", "the least offset of atomics is negated in 16 bits",
     "offset-min/atomic_* offset-min/xchg* offset-min/cmpxchg*"},
    {"ubpf-sdiv-intmin-minus1", "MIN by -1 ends the program", "min-by-minus-one/*/ends"},
    {"ubpf-mod32-reg-mask", "MOD of 32 bits is done on 64", "wrong-width/mod32_reg"},
    {"ubpf-lddw-second-slot-fields", "the second slot is not checked",
     "second-slot-accepted/opcode second-slot-accepted/dst second-slot-accepted/src "
     "second-slot-accepted/offset"},
    {"ubpf-atomic-imm-not-enumerated", "any imm of an atomic operation is accepted",
     "variant-accepted/atomic_*/imm"},
    {"ubpf-unused-fields-accepted", "no unused field is checked", "unused-*-accepted/*"},
    {"ubpf-lddw-low-word-sign-extended", "the low half is sign-extended over the high one",
     "wide-immediate/lddw/low-sign-extended"},
    {"ubpf-local-stack-usage", "frames overlap", "call-frame/call_local/overlap-256"},
    {"rbpf-alu32-sign-extended", "results of 32 bits are sign-extended",
     "sign-extended-result/add32_* sign-extended-result/sub32_* sign-extended-result/mul32_*"},
    {"rbpf-div32-zero-check-64", "64 bits of a 32-bit divisor are tested for 0",
     "zero-test/div32_reg/64-bits zero-test/mod32_reg/64-bits"},
    {"rbpf-shift-unmasked", "counts of LSH and RSH are not masked",
     "shift-count/lsh*/unmasked shift-count/rsh*/unmasked"},
    {"rbpf-arsh-unmasked", "counts of ARSH are not masked", "shift-count/arsh*/unmasked"},
    {"rbpf-mov32-imm-negative", "MOV of 32 bits sign-extends imm",
     "sign-extended-result/mov32_imm"},
    {"rbpf-x86-div-by-zero-error", "a zero divisor ends the program",
     "zero-divisor/div??_reg/ends zero-divisor/mod??_reg/ends"},
    {"rbpf-call-imm-overflow", "the target of CALL is not checked",
     "target-accepted/call_local/before target-accepted/call_local/behind"},
    {"sbpf-jit-mov32-reg-64bit", "MOV of 32 bits moves 64", "wrong-width/mov32_reg"},
    {"sbpf-jit-shift32-unmasked", "shifts of 32 bits are done on 64",
     "wrong-width/lsh32_* wrong-width/rsh32_* wrong-width/arsh32_*"},
    {"sbpf-jit-mul-imm-zero", "MUL by an imm of 0 takes a register",
     "other-source/mul*_imm/if-0"},
    {"sbpf-sdiv32-quotient-ext", "the quotient of 32 bits is sign-extended",
     "sign-extended-result/sdiv32_*"},
    {"sbpf-blinding-64bit-imm", "a wide immediate is cut to 32 bits",
     "wide-immediate/lddw/low-only"},
    {"firedancer-le-noop", "LE does nothing", "swap-nothing/le16 swap-nothing/le32"},
    {"firedancer-wide-shift", "no count is masked", "shift-count/*/unmasked"},
    {"mithril-neg32", "NEG of 32 bits sign-extends", "sign-extended-result/neg32"},
    {"dpdk-x86-lddw-large", "bit 31 of the low half is taken for a sign",
     "wide-immediate/lddw/short-form"},
    {"llvmbpf-le-noop", "LE does nothing", "swap-nothing/le16 swap-nothing/le32"},
    {"femto-mov64-truncated", "MOV of 64 bits moves 32",
     "result-cut/mov64_imm result-cut/mov64_reg"},
    {"bpf2c-shift-unmasked", "no count is masked", "shift-count/*/unmasked"},
    {"bpf2c-jmp32", "JMP32 compares 64 bits", "comparison-width/j*32_*"},
    {"prevail-end-class-alu64", "END of class ALU64 is accepted in either byte order",
     "opcode-accepted/0xdf"},
    {"prevail-jmp32-call-exit", "CALL and EXIT of class JMP32 are accepted",
     "opcode-accepted/0x86 opcode-accepted/0x96"},
    {"prevail-lddw-incomplete", "the second slot may be missing", "truncated-wide-accepted/lddw"},
    {"prevail-movsx-imm", "MOVSX of an immediate is accepted",
     "variant-accepted/mov32_imm/offset variant-accepted/mov64_imm/offset"},
    {"prevail-reg-11-15", "registers 11 to 15 are accepted",
     "register-number-accepted/add* register-number-accepted/mov*"},
    {"linux-sdiv-overflow", "MIN by -1 ends the program", "min-by-minus-one/*/ends"},
    {"linux-mod32-zero-dst", "MOD of 32 bits by 0 leaves all of dst",
     "zero-divisor/mod32_reg/untouched"},
    {"linux-interp-shift-unmasked", "counts in registers are not masked",
     "shift-count/*_reg/unmasked"},
    {"linux-x86_32-signed-jump-low-word", "low halves are compared by their sign",
     "half-compared/js[gl]*/low-signed"},
    {"linux-x86_32-jset32", "JSET of 32 bits tests 64", "comparison-width/jset32_reg"},
    {"linux-x86_32-ldx-zext", "a load keeps the upper half of dst",
     "load-extension/ldx[bhw]/upper-half-kept"},
    {"linux-x86_32-ldx-zext-logic", "a load keeps the upper half of dst",
     "load-extension/ldx[bhw]/upper-half-kept"},
    {"linux-arm32-local-calls", "EXIT of a local function ends the program", "return/exit/ends"},
    {"linux-arm64-bswap32", "BSWAP of 32 bits swaps both halves",
     "swap-uncut/bswap32/both-words"},
    {"linux-riscv-alu32-zext", "results of 32 bits are sign-extended",
     "sign-extended-result/add32_* sign-extended-result/sub32_* sign-extended-result/mul32_* "
     "sign-extended-result/div32_* sign-extended-result/mod32_* sign-extended-result/lsh32_* "
     "sign-extended-result/rsh32_* sign-extended-result/arsh32_* sign-extended-result/neg32"},
    {"linux-ppc-sub-intmin", "SUB of the least imm adds it", "imm-negated/sub64_imm"},
    {"linux-ppc32-v4-ignored", "newer instructions are executed as older ones",
     "movsx/*/as-mov signedness/sdiv* signedness/smod* swap-order/bswap*/le "
     "load-extension/ldxs*/zero distance-field/ja32"},
    {"linux-ppc64-v4-ignored", "newer instructions are executed as older ones",
     "movsx/*/as-mov signedness/sdiv* signedness/smod* swap-order/bswap*/be "
     "load-extension/ldxs*/zero distance-field/ja32"},
    {"linux-ppc32-sub-intmin", "SUB of the least imm adds it", "imm-negated/sub??_imm"},
    {"linux-s390-alu32-imm0-elided", "operations of 32 bits with an imm of 0 are left out",
     "identity-elided/add32_imm identity-elided/sub32_imm identity-elided/or32_imm "
     "identity-elided/xor32_imm identity-elided/lsh32_imm identity-elided/rsh32_imm "
     "identity-elided/arsh32_imm"},
    {"linux-s390-sub-intmin", "SUB of the least imm adds it", "imm-negated/sub64_imm"},
    {"linux-s390-unsigned-jmp-imm", "unsigned comparisons zero-extend imm",
     "imm-zero-extended/jgt64_imm imm-zero-extended/jge64_imm imm-zero-extended/jlt64_imm "
     "imm-zero-extended/jle64_imm"},
    {"linux-s390-neg64", "NEG of 64 bits is done on 32", "wrong-width/neg64"},
    {"linux-mips-srlv", "RSH of 32 bits is arithmetic", "signedness/rsh32_reg"},
    {"linux-mips-ret-sign", "the program's result is cut to 32 bits", "return/exit/r0-cut"},
    {"linux-la-ldxw-sign", "loads sign-extend", "load-extension/ldx[bhw]/sign"},
    {"starry-end-inverted", "LE and BE are exchanged", "swap-order/le*/be swap-order/be*/le"},
    {"starry-a64-jgt-cond", "JGT decides as JGE", "other-condition/jgt*/jge"},
    {"ghidra-ldx-zext", "a load keeps the bits above it",
     "load-extension/ldx[bhw]/upper-bits-kept"},
    {"ghidra-byteswap", "LE and BE keep the bits above the width",
     "swap-uncut/le?? swap-uncut/be??"},
    {"ghidra-cmpxchg32", "R0 changes on a mismatch only",
     "compare-exchange/cmpxchg32/kept-on-match"},
};
// clang-format on

bool fits(const std::string& id, const std::vector<std::string>& patterns) {
    return std::ranges::any_of(patterns, [&](const std::string& pattern) {
        return fnmatch(pattern.c_str(), id.c_str(), 0) == 0;
    });
}

std::vector<const Mutant*> parts_of(const Composition& composition, const Mutants& systematic) {
    std::istringstream words{std::string(composition.mutants)};
    const std::vector<std::string> patterns{std::istream_iterator<std::string>(words), {}};
    std::vector<const Mutant*> parts;
    const auto is_of_rfc = [](const InstructionRow* row) { return row->extension.empty(); };
    for (const Mutant& mutant : systematic)
        if (fits(mutant.id, patterns) && std::ranges::all_of(mutant.rows, is_of_rfc))
            parts.push_back(&mutant);
    for (const std::string& pattern : patterns)
        if (std::ranges::none_of(parts,
                                 [&](const Mutant* part) { return fits(part->id, {pattern}); }))
            throw InputError(
                fmt::format("bug {}: there is no mutant '{}'", composition.name, pattern));
    return parts;
}

Mutant composed(const Composition& composition, const Mutants& systematic) {
    Mutant bug{.id = fmt::format("bug/{}", composition.name),
               .mutation = "bug",
               .what = std::string(composition.what),
               .rows = {}};
    std::map<u32, Behaviour> steps; // by the row's place in the table
    std::vector<Leniency> leniencies;
    const auto number = [](const InstructionRow& row) {
        return static_cast<u32>(&row - instruction_table().data());
    };
    for (const Mutant* part : parts_of(composition, systematic)) {
        std::ranges::copy(part->rows, std::back_inserter(bug.rows));
        if (part->overlooks)
            leniencies.push_back(part->overlooks);
        else
            steps.emplace(number(*part->rows.front()), part->step);
    }
    if (!leniencies.empty())
        bug.overlooks = [leniencies](const Refused& refused, std::span<const Slot> program) {
            return std::ranges::any_of(leniencies,
                                       [&](const auto& one) { return one(refused, program); });
        };
    else
        bug.step = [steps, number](Machine& vm, const Instruction& in, Step original) {
            return steps.at(number(*find_row(vm.slots()[in.pc])))(vm, in, original);
        };
    return bug;
}

} // namespace

void add_composed_bugs(Mutants& all, const Mutants& systematic) {
    for (const Composition& composition : compositions)
        all.push_back(composed(composition, systematic));
}

} // namespace bpf_assay::conformance::mutants
