#include "conformance/mutants/catalogue.hpp"

namespace bpf_assay::conformance::mutants {

Mutants systematic_mutants() {
    Mutants all;
    add_arithmetic(all);
    add_division(all);
    add_jumps(all);
    return all;
}

} // namespace bpf_assay::conformance::mutants
