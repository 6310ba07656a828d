#include "conformance/drafts.hpp"

#include "conformance/extension.hpp"

namespace bpf_assay::conformance {

ExtensionNames drafts_of(const Suite& suite) {
    ExtensionNames names;
    for (const auto& extension : suite.extensions)
        if (extension->status == ExtensionStatus::draft)
            names.insert(extension->name);
    return names;
}

} // namespace bpf_assay::conformance
