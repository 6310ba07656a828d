// Unusable input or set-up. The command line prints the text and exits with status 2.
#pragma once

#include <stdexcept>
#include <string>

namespace bpf_assay::conformance {

struct InputError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

} // namespace bpf_assay::conformance
