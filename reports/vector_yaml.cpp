#include "reports/vector_yaml.hpp"

#include <fmt/format.h>

namespace bpf_assay::reports {

std::string vector_yaml(conformance::VectorSources& sources, const conformance::Vector& vector) {
    return fmt::format("# In a folder of its own: bpf-assay run --vectors FOLDER\n{}",
                       sources.file_with(vector));
}

} // namespace bpf_assay::reports
