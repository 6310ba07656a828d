// Bins: what has to happen to an instruction at least once (docs/coverage.md).
#pragma once

#include "conformance/coverage/observation.hpp"

#include <functional>
#include <string>
#include <vector>

namespace bpf_assay::conformance::coverage {

/// A property of an execution with a small number of classes, such as the sign of an operand.
/// Classes may overlap.
struct Feature {
    std::string label;                              // "dst", "offset"
    std::vector<std::string> classes;               // "r3", "min": at most 64
    std::function<u64(const Observation&)> belongs; // bit i: to class i
};

/// What a set of bins is about; a column of the report.
enum class Subject {
    registers,
    operands,
    immediates,
    distances,
    addresses,
    packets,
    calls,
    positions,
    encodings
};
std::string_view name_of(Subject subject);
inline constexpr std::size_t subject_count = 9;

/// A list of bins, and which of them are hit. Bin names are stable: exemptions name them.
class Bins {
public:
    Bins(Subject subject, std::vector<std::string> names)
        : m_subject(subject), m_names(std::move(names)), m_hit(m_names.size()) {}

    Subject subject() const { return m_subject; }
    std::size_t size() const { return m_names.size(); }
    const std::string& name(std::size_t bin) const { return m_names[bin]; }
    bool hit(std::size_t bin) const { return m_hit[bin] != 0; }

    void set(std::size_t bin) { m_hit[bin] = 1; }
    /// By name; false if there is no such bin.
    bool set(std::string_view name);
    /// Keeps only what is hit in both.
    void intersect(const Bins& other);

private:
    Subject m_subject;
    std::vector<std::string> m_names;
    std::vector<u8> m_hit;
};

/// Bins for each class of a feature, or for each pair of classes of two.
class Axis {
public:
    using Possible = std::function<bool(std::size_t first, std::size_t second)>;

    Axis(Subject subject, Feature feature);
    /// Pairs that are not `possible` are no bins.
    Axis(Subject subject, Feature first, Feature second, const Possible& possible = {});

    const Bins& bins() const { return m_bins; }
    Bins& bins() { return m_bins; }
    void observe(const Observation& observation);

private:
    static constexpr std::size_t no_bin = ~std::size_t{0};

    std::vector<std::string> make_names(const Possible& possible);

    Feature m_first;
    Feature m_second;                 // without classes if there is only one
    std::vector<std::size_t> m_index; // of the bin, by first class and then second class
    Bins m_bins;
};

} // namespace bpf_assay::conformance::coverage
