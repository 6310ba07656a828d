// Mutants that take an extension's instruction for another of the same opcode, as a runtime does
// that looks at a part of the field which tells them apart, or at none of it.
#include "conformance/mutants/behaviours.hpp"
#include "conformance/mutants/catalogue.hpp"

#include <fmt/format.h>

namespace bpf_assay::conformance::mutants {

void add_other_rows(Mutants& all) {
    const auto any = [](const InstructionRow&) { return true; };
    for (const InstructionRow* row : rows_of_all_where(any))
        for (const InstructionRow* other : rows_of_all_where(any))
            if (!row->extension.empty() && other != row && other->opcode == row->opcode)
                all.push_back(mutant_of("other-row", *row, other->mnemonic,
                                        fmt::format("is executed as {}", other->mnemonic),
                                        as_row(*other)));
}

} // namespace bpf_assay::conformance::mutants
