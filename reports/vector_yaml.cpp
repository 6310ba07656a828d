#include "reports/vector_yaml.hpp"

#include <fmt/format.h>

namespace bpf_assay::reports {

std::string vector_yaml(conformance::VectorSources& sources, const conformance::Vector& vector) {
    if (!vector.extension.empty())
        return fmt::format("# In FOLDER/extensions/{0}, beside a copy of the suite's "
                           "extensions/{0}/extension.yaml: bpf-assay run --vectors FOLDER\n{1}",
                           vector.extension, sources.file_with(vector));
    return fmt::format("# In a folder of its own: bpf-assay run --vectors FOLDER\n{}",
                       sources.file_with(vector));
}

} // namespace bpf_assay::reports
