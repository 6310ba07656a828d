// The data of the report page, as reports/html reads it.
#pragma once

#include "conformance/coverage/report.hpp"
#include "conformance/results_json.hpp"

namespace bpf_assay::reports {

/// What the page says of the report itself.
struct PageHead {
    std::vector<std::string> command_line;
    std::string files; // of results
    std::string made;  // ISO 8601, UTC
};

/// One object with all that the page shows. Every text in it may come from a plugin.
nlohmann::json page_data(const conformance::Suite& suite, const conformance::Results& results,
                         const conformance::coverage::Report& coverage, const PageHead& head);

} // namespace bpf_assay::reports
