// Which options of a run decide what came out of it, for all that sets results side by side.
#pragma once

#include "conformance/results_json.hpp"

#include <map>
#include <string>

namespace bpf_assay::reports {

/// What was chosen by these options of selection: values in sorted order, for the order in which
/// they were given says nothing. Without `--extensions all`, which is the default, and without
/// `--vectors`: of a folder the digest of the vectors tells more than the path.
conformance::RunDescription::Arguments
chosen_by(const conformance::RunDescription::Arguments& selection);

/// Each option that decides what a run came to, with its value: without those of
/// without_bystanders(), and without defaults that were written out.
std::map<std::string, std::string> deciding_options(const conformance::RunDescription& run);

/// The run without options that say where its results went, which part ran, on how many processes,
/// what was printed, and with which status it ended if there was no runtime.
conformance::RunDescription without_bystanders(conformance::RunDescription run);

} // namespace bpf_assay::reports
