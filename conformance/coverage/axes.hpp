// Which bins each instruction has.
#pragma once

#include "conformance/coverage/bins.hpp"

namespace bpf_assay::conformance::coverage {

/// The bins of a row of the instruction table, or of an extension that runs, that executions hit.
std::vector<Axis> axes_of(const InstructionRow& row);

} // namespace bpf_assay::conformance::coverage
