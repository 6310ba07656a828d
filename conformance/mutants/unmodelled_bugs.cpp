// Bugs of real runtimes that no mutant stands for.
#include "conformance/mutants/catalogue.hpp"

#include <array>

namespace bpf_assay::conformance::mutants {
namespace {

constexpr std::string_view tool = "of a disassembler, an assembler or a text, which runs nothing";

constexpr std::array unmodelled = {
    UnmodelledBug{"ubpf-recursive-local-call",
                  "beyond the deepest frame a runtime may do what it likes: nothing to compare"},
    UnmodelledBug{"ubpf-jump-across-subprograms",
                  "the RFC knows no sub-programs, so that such a jump is no fault"},
    UnmodelledBug{"rbpf-x86-muldivmod-imm-field",
                  "shows only if an unused imm is not zero, and such a program must not load"},
    UnmodelledBug{"rbpf-mem-addr-overflow",
                  "an address that wraps is not mapped: no vector states a fault"},
    UnmodelledBug{"rbpf-disasm-endian-size-from-off", tool},
    UnmodelledBug{"rbpf-disasm-off-min", tool},
    UnmodelledBug{"sbpf-doc-mov32-sign", tool},
    UnmodelledBug{"cilium-be-nibbles", tool},
    UnmodelledBug{"cilium-st-dw-imm", tool},
    UnmodelledBug{"capstone-lddw", tool},
    UnmodelledBug{"conformance-smod-movsx-expectations", tool},
    UnmodelledBug{"conformance-callx-register", tool},
    UnmodelledBug{"llvm-asm-off16-trunc", tool},
    UnmodelledBug{"llvm-monotonic-fetch", tool},
    UnmodelledBug{"llvm-zero-insn-successor", tool},
    UnmodelledBug{"binutils-disp16-signed-div", tool},
};

} // namespace

std::span<const UnmodelledBug> unmodelled_bugs() {
    return unmodelled;
}

} // namespace bpf_assay::conformance::mutants
