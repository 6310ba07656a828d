// What the tests of the runner share.
#pragma once

#include "conformance/loader.hpp"

#include <filesystem>
#include <string>

namespace bpf_assay::conformance::test {

/// The suite's own vectors, loaded once for the process.
inline const Suite& suite() {
    static const Suite loaded =
        load_suite(ASSAY_SOURCE_DIR "/vectors", ASSAY_SOURCE_DIR "/docs/clauses.yaml");
    return loaded;
}

} // namespace bpf_assay::conformance::test
