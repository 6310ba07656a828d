#include "conformance/coverage/bins.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace bpf_assay::conformance::coverage {

std::string_view name_of(Subject subject) {
    static constexpr std::array<std::string_view, subject_count> names{
        "registers", "operands", "immediates", "distances", "addresses",
        "packets",   "calls",    "positions",  "encodings"};
    return names[static_cast<std::size_t>(subject)];
}

bool Bins::set(std::string_view name) {
    const auto found = std::ranges::find(m_names, name);
    if (found == m_names.end())
        return false;
    set(static_cast<std::size_t>(found - m_names.begin()));
    return true;
}

void Bins::intersect(const Bins& other) {
    for (std::size_t bin = 0; bin < m_hit.size(); ++bin)
        m_hit[bin] &= other.m_hit[bin];
}

Axis::Axis(Subject subject, Feature feature) : Axis(subject, std::move(feature), {}) {}

Axis::Axis(Subject subject, Feature first, Feature second, const Possible& possible)
    : m_first(std::move(first)), m_second(std::move(second)),
      m_bins(subject, make_names(possible)) {}

/// Fills m_index, too.
std::vector<std::string> Axis::make_names(const Possible& possible) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < m_first.classes.size(); ++i) {
        const std::string name = m_first.label + "=" + m_first.classes[i];
        if (m_second.classes.empty()) {
            m_index.push_back(names.size());
            names.push_back(name);
        }
        for (std::size_t j = 0; j < m_second.classes.size(); ++j) {
            const bool is_bin = !possible || possible(i, j);
            m_index.push_back(is_bin ? names.size() : no_bin);
            if (is_bin)
                names.push_back(name + " " + m_second.label + "=" + m_second.classes[j]);
        }
    }
    return names;
}

void Axis::observe(const Observation& observation) {
    const bool pairs = !m_second.classes.empty();
    const u64 seconds = pairs ? m_second.belongs(observation) : 1;
    const std::size_t columns = pairs ? m_second.classes.size() : 1;
    for (u64 firsts = m_first.belongs(observation); firsts != 0; firsts &= firsts - 1) {
        const std::size_t row = static_cast<std::size_t>(std::countr_zero(firsts)) * columns;
        for (u64 rest = seconds; rest != 0; rest &= rest - 1) {
            const std::size_t bin = m_index[row + static_cast<std::size_t>(std::countr_zero(rest))];
            if (bin != no_bin)
                m_bins.set(bin);
        }
    }
}

} // namespace bpf_assay::conformance::coverage
