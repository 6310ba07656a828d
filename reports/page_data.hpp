// The data of the report page, as reports/html reads it.
#pragma once

#include "reports/compare.hpp"
#include "reports/history.hpp"

#include "conformance/coverage/report.hpp"
#include "conformance/results_json.hpp"

namespace bpf_assay::reports {

/// What the page says of the report itself.
struct PageHead {
    std::vector<std::string> command_line;
    std::string files; // of results
    std::string made;  // ISO 8601, UTC
};

/// What else the page shows, as far as it was asked for.
struct PageExtras {
    std::optional<Comparison> comparison; // of earlier results with these
    std::vector<Trend> trends;
    nlohmann::json mutants; // the score; null: none
};

/// One object with all that the page shows. Every text in it may come from a plugin.
nlohmann::json page_data(const conformance::Suite& suite, const conformance::Results& results,
                         const conformance::coverage::Report& coverage, const PageHead& head,
                         const PageExtras& extras);

} // namespace bpf_assay::reports
