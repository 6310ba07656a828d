// How results changed over many runs.
#pragma once

#include "reports/outcomes.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace bpf_assay::reports {

/// What one run found on a runtime.
struct TrendPoint {
    std::string file;         // without its folder
    std::string started;      // ISO 8601, UTC
    std::string tool;         // version of bpf-assay
    std::string digest;       // of the vectors
    std::string partial = {}; // why it is less than all vectors: what was not run is no drop
    std::size_t vectors = 0;
    std::size_t tolerated = 0;
    std::map<std::string, std::size_t> outcomes = {}; // the others, by the outcome's name
};

/// Runs of a runtime in one profile: another one asks less of it, or more.
struct Trend {
    std::string key;                     // the runtime's in the page, if it is there
    std::string title;                   // the runtime's own, of the newest run
    std::vector<TrendPoint> points = {}; // by start time
};

/// The results of every file in the folder, folders in it apart. Throws InputError naming the file
/// that is no results, or the folder.
std::vector<FileOutcomes> read_history(const std::string& folder);

std::vector<Trend> trends_of(std::vector<FileOutcomes> files);

nlohmann::json history_json(const std::vector<Trend>& trends);

} // namespace bpf_assay::reports
