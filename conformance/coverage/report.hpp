// What the measurement comes to, for a person and as JSON.
#pragma once

#include "conformance/coverage/clauses.hpp"
#include "conformance/coverage/exemptions.hpp"
#include "conformance/drafts.hpp"

#include <nlohmann/json.hpp>

namespace bpf_assay::conformance::coverage {

struct Tally {
    std::size_t hit = 0;
    std::size_t total = 0; // exempt bins apart
    std::size_t exempt = 0;

    void add(const Tally& other);
};

/// The bins of one instruction, counted.
struct InstructionReport {
    const InstructionRow* row; // null: opcodes that no row has
    std::array<Tally, subject_count> tallies;
    std::vector<std::string> gaps;              // bin_name of each
    std::vector<std::string> hit_though_exempt; // the same

    Tally tally() const;
};

struct Report {
    ClauseCoverage clauses;
    std::vector<InstructionReport> instructions;
    Exemptions exemptions;
    ExtensionNames drafts = {}; // extensions that may have gaps

    bool may_have_gaps(const InstructionReport& instruction) const;
    /// No gap, and no reason that is none.
    bool complete() const;
};

Report make_report(ClauseCoverage clauses, const SuiteBins& bins, Exemptions exemptions,
                   ExtensionNames drafts = {});

/// Sums by conformance group or extension, in the order of the table; "unassigned" are opcodes.
std::vector<std::pair<std::string_view, std::array<Tally, subject_count>>>
tallies_by_group(const Report& report);

/// Tables and every gap. `verbose` adds a line for each instruction, and each reason.
std::string report_text(const Report& report, bool verbose);
nlohmann::json report_json(const Report& report);

} // namespace bpf_assay::conformance::coverage
