// What results say of each vector, whatever version of the vectors they are about: ids are stable.
#pragma once

#include "conformance/results_json.hpp"

#include <string>
#include <unordered_map>
#include <vector>

namespace bpf_assay::reports {

/// A vector's outcome, or why it has none.
struct VectorOutcome {
    conformance::Outcome outcome = conformance::Outcome::not_run;
    bool tolerated = false;
    std::string left_out = {};   // "off", "not offered: helper mix"; empty: it was asked
    std::size_t passed_rows = 0; // these two apart from ==, as profiles differ in them
    std::size_t total_rows = 0;

    /// Right, whatever a list of divergences says.
    bool passes() const {
        return left_out.empty() &&
               (is_pass(outcome) || outcome == conformance::Outcome::unexpected_pass);
    }
    bool diverges() const { return conformance::is_divergence(outcome, tolerated); }
    /// "wrong", "rejected (tolerated)", "not offered: helper mix"
    std::string text() const;

    friend bool operator==(const VectorOutcome& a, const VectorOutcome& b) {
        return a.outcome == b.outcome && a.tolerated == b.tolerated && a.left_out == b.left_out;
    }
};

/// One runtime of a file, with what tells it from others and how it was run.
struct RuntimeOutcomes {
    std::string title = {};
    std::string name = {}; // in the file of runtimes; empty if it was given by command
    std::string command = {};
    std::string identity =
        {}; // its own name, engine, byte order, and machine; empty if it never spoke
    bool one_shot = false;
    conformance::RuntimeStatus status = conformance::RuntimeStatus::ran;
    std::string why = {}; // of a status that is not `ran`
    std::vector<std::string> unexplained = {};

    std::string started = {}, profile = {}, tool = {};
    bool strict = false;
    std::optional<conformance::Shard> shard = {};
    std::vector<std::string> options = {}; // what was selected, however it was written

    std::vector<std::string> ids = {}; // in the order of the file
    std::unordered_map<std::string, VectorOutcome> by_id = {};

    /// The name or command, by which a user knows it.
    const std::string& base() const { return name.empty() ? command : name; }
};

struct FileOutcomes {
    std::string file;
    std::string digest; // of the vectors
    std::size_t vectors = 0;
    std::vector<RuntimeOutcomes> runtimes;
};

/// Reads a file of results. Throws InputError, naming it, if it is something else or its counts
/// are not those of its vectors.
FileOutcomes read_outcomes(const std::string& path);

/// The same of results that are in memory.
FileOutcomes outcomes_of(const std::string& name, const conformance::Suite& suite,
                         const conformance::Results& results);

} // namespace bpf_assay::reports
