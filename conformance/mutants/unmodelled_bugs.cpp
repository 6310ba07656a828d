// Bugs of real runtimes that no mutant stands for.
#include "conformance/mutants/catalogue.hpp"

#include <array>

namespace bpf_assay::conformance::mutants {

std::span<const UnmodelledBug> unmodelled_bugs() {
    static constexpr std::array<UnmodelledBug, 0> none = {};
    return none;
}

Mutants bug_mutants() {
    return {};
}

} // namespace bpf_assay::conformance::mutants
