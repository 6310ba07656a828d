// A run as JSON: conformance/results.schema.json describes it.
#pragma once

#include "conformance/result.hpp"

namespace bpf_assay::conformance {

struct RunDescription {
    std::vector<std::string> command_line;
    std::string profile;
    bool strict = false;
    std::string started; // ISO 8601, UTC
    double seconds = 0;
};

nlohmann::json results_json(const Suite& suite, const std::vector<RuntimeResult>& runtimes,
                            const RunDescription& description);

} // namespace bpf_assay::conformance
