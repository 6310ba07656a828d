#include "conformance/mutants/catalogue.hpp"

namespace bpf_assay::conformance::mutants {

Mutants systematic_mutants() {
    Mutants all;
    add_arithmetic(all);
    add_division(all);
    add_immediates(all);
    add_byte_swaps(all);
    add_jumps(all);
    add_memory(all);
    add_other_rows(all);
    add_atomics(all);
    add_calls(all);
    add_helper_calls(all);
    add_wide_and_packet(all);
    add_registers(all);
    add_checks(all);
    return all;
}

Mutants bug_mutants() {
    Mutants all;
    add_composed_bugs(all, systematic_mutants());
    add_special_bugs(all);
    add_helper_bugs(all);
    return all;
}

} // namespace bpf_assay::conformance::mutants
