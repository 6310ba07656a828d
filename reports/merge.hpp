// Joins results of shards and of machines.
#pragma once

#include "conformance/results_json.hpp"

namespace bpf_assay::reports {

/// A file of results, and what it is called in messages.
struct NamedResults {
    std::string name;
    conformance::Results results;
};

/// All runtimes of all files. The shards of a runtime become one result, in the order of the suite,
/// as the run without shards gives it (its times apart); runs that only differ in their shard
/// become one. Throws InputError if a shard is missing or stands twice, if shards were run in
/// different ways, or if a runtime stands in two files.
conformance::Results merge(const std::vector<NamedResults>& files);

} // namespace bpf_assay::reports
