// The report page: the template and scripts of reports/html with the data in them.
#pragma once

#include "reports/page_data.hpp"

#include <string>

namespace bpf_assay::reports {

/// One HTML file. No text of the data can end the element that it is in.
std::string page(const nlohmann::json& data);

} // namespace bpf_assay::reports
