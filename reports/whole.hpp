// What may be said of a runtime that was asked only a part of the vectors.
#pragma once

#include "conformance/group_summary.hpp"

namespace bpf_assay::reports {

/// Whether each of the suite's vectors was put to the runtime, or is known not to be for it.
inline bool is_whole(const conformance::RuntimeResult& runtime, std::size_t suite_size) {
    return runtime.status == conformance::RuntimeStatus::ran &&
           runtime.vectors.size() + runtime.switched_off.size() + runtime.not_offered.size() ==
               suite_size;
}

/// Of a part of the suite nothing can be said that a group is held for.
inline conformance::GroupVerdict verdict_of(conformance::GroupVerdict found, bool whole) {
    return whole || found == conformance::GroupVerdict::not_held
               ? found
               : conformance::GroupVerdict::not_tested;
}

} // namespace bpf_assay::reports
