// A vector as a file that reproduces what was found: `bpf-assay run --vectors FOLDER`.
#pragma once

#include "conformance/vector_source.hpp"

#include <string>

namespace bpf_assay::reports {

/// The vector's own text in a file of its own, with a comment that says how to run it.
std::string vector_yaml(conformance::VectorSources& sources, const conformance::Vector& vector);

} // namespace bpf_assay::reports
