// Ways to make a vector simpler. None of them knows whether the result still fails.
#pragma once

#include "conformance/reduction/statement.hpp"

#include <functional>
#include <string_view>

namespace bpf_assay::conformance::reduction {

/// Numbers its variants from 0; none behind the last. A variant may be no statement at all, or no
/// simpler one: the search finds out.
struct Step {
    std::string_view name;
    std::function<std::optional<Vector>(const Statement& current, std::size_t index)> variant;
};

/// All steps, those that take away most first.
std::vector<Step> all_steps();

/// Values that are easier to read than this one, the easiest first.
std::vector<u64> simpler_values(u64 value);

// Each is one of all_steps(); by themselves for tests.
std::optional<Vector> without_instructions(const Statement& current, std::size_t index);
std::optional<Vector> without_pairs(const Statement& current, std::size_t index);
std::optional<Vector> shorter_packet(const Statement& current, std::size_t index);
std::optional<Vector> without_cells(const Statement& current, std::size_t index);
std::optional<Vector> with_stated_cells(const Statement& current, std::size_t index);
std::optional<Vector> smaller_memory(const Statement& current, std::size_t index);
std::optional<Vector> without_registers(const Statement& current, std::size_t index);
std::optional<Vector> simpler_registers(const Statement& current, std::size_t index);
std::optional<Vector> simpler_immediates(const Statement& current, std::size_t index);
std::optional<Vector> simpler_offsets(const Statement& current, std::size_t index);
std::optional<Vector> simpler_contents(const Statement& current, std::size_t index);
std::optional<Vector> familiar_pairs(const Statement& current, std::size_t index);
std::optional<Vector> lower_registers(const Statement& current, std::size_t index);

} // namespace bpf_assay::conformance::reduction
