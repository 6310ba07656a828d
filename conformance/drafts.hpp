// Extensions that are drafts: what measures the suite prints their gaps, and does not fail on them.
#pragma once

#include "conformance/loader.hpp"

#include <functional>
#include <set>
#include <string>

namespace bpf_assay::conformance {

using ExtensionNames = std::set<std::string, std::less<>>;

/// The names of the suite's extensions that are drafts.
ExtensionNames drafts_of(const Suite& suite);

} // namespace bpf_assay::conformance
