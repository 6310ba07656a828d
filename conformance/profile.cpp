#include "conformance/profile.hpp"

#include "conformance/sweep.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace bpf_assay::conformance {
namespace {

using Lengths = std::vector<std::size_t>;

std::size_t product(const Lengths& lengths) {
    return std::accumulate(lengths.begin(), lengths.end(), std::size_t{1}, std::multiplies<>());
}

Lengths row_lengths(const Vector& vector, std::size_t program) {
    Lengths lengths;
    for (const RowDimension& dimension :
         row_dimensions(vector.sweep, vector.sweep_programs[program]))
        lengths.push_back(dimension.values->size());
    return lengths;
}

/// A step that visits all of 0..count-1, and neighbours far apart: near the golden section.
std::size_t stride(std::size_t count) {
    std::size_t step = std::max<std::size_t>(1, count * 618 / 1000);
    while (std::gcd(step, count) != 1)
        ++step;
    return step;
}

/// Positions in a table of these lengths (the last dimension innermost), so that every value of
/// every dimension is at one of them. `excluded` ones are left out.
template <class Excluded>
std::vector<std::size_t> cover(const Lengths& lengths, Excluded excluded) {
    std::vector<std::vector<bool>> seen;
    for (const std::size_t length : lengths)
        seen.emplace_back(length);
    const std::size_t count = product(lengths);
    const std::size_t step = stride(count);
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0, at = 0; i < count; ++i, at = (at + step) % count) {
        if (excluded(at))
            continue;
        bool fresh = lengths.empty();
        std::size_t rest = at;
        for (std::size_t d = lengths.size(); d-- > 0; rest /= lengths[d])
            fresh |= !seen[d][rest % lengths[d]];
        if (!fresh)
            continue;
        chosen.push_back(at);
        rest = at;
        for (std::size_t d = lengths.size(); d-- > 0; rest /= lengths[d])
            seen[d][rest % lengths[d]] = true;
    }
    return chosen;
}

/// Programs of the sweep that have every register, immediate, place and offset.
std::vector<std::size_t> covering_programs(const Vector& vector) {
    const Sweep& sweep = vector.sweep;
    const auto length = [](const auto& values) { return std::max<std::size_t>(1, values.size()); };
    const Lengths lengths{length(sweep.dst), length(sweep.src), length(sweep.imm), length(sweep.at),
                          length(sweep.offset)};
    const std::size_t per_src = product(lengths) / lengths[0] / lengths[1];
    std::vector<std::optional<std::size_t>> programs(product(lengths));
    std::size_t next = 0;
    for (std::size_t at = 0; at < programs.size(); ++at) {
        const std::size_t pair = at / per_src;
        if (!sweep.distinct || sweep.dst[pair / lengths[1]] != sweep.src[pair % lengths[1]])
            programs[at] = next++;
    }
    std::vector<std::size_t> chosen;
    for (const std::size_t at : cover(lengths, [&](std::size_t i) { return !programs[i]; }))
        chosen.push_back(*programs[at]);
    std::ranges::sort(chosen);
    return chosen;
}

std::vector<std::size_t> covering_rows(const Lengths& lengths) {
    return cover(lengths, [](std::size_t) { return false; });
}

/// Every value of the rows once, spread over the programs. A program whose registers are the same
/// has fewer rows: it takes its own, the others share theirs.
std::vector<ProgramRows> smoke_selection(const Vector& vector) {
    std::vector<ProgramRows> selected;
    for (const std::size_t program : covering_programs(vector))
        selected.push_back({.program = program, .rows = {}});
    const auto lengths_of = [&](const ProgramRows& taken) {
        return row_lengths(vector, taken.program);
    };
    Lengths most;
    for (const ProgramRows& taken : selected)
        if (Lengths lengths = lengths_of(taken); product(lengths) > product(most) || most.empty())
            most = std::move(lengths);
    std::vector<ProgramRows*> sharing;
    for (ProgramRows& taken : selected) {
        if (lengths_of(taken) == most) {
            sharing.push_back(&taken);
            continue;
        }
        const auto own = covering_rows(lengths_of(taken));
        taken.rows.push_back(static_cast<u32>(own[taken.program % own.size()]));
    }
    const auto rows = covering_rows(most);
    for (std::size_t i = 0; i < std::max(rows.size(), sharing.size()); ++i)
        sharing[i % sharing.size()]->rows.push_back(static_cast<u32>(rows[i % rows.size()]));
    for (ProgramRows& taken : selected)
        std::ranges::sort(taken.rows);
    return selected;
}

/// The covering rows, and others between them up to the limit.
std::vector<u32> standard_selection(const Lengths& lengths) {
    const std::size_t count = product(lengths);
    if (count <= standard_rows)
        return {};
    std::vector<bool> taken(count);
    std::size_t number = 0;
    const auto take = [&](std::size_t row) {
        number += taken[row] ? 0 : 1;
        taken[row] = true;
    };
    std::ranges::for_each(covering_rows(lengths), take);
    const std::size_t step = stride(count);
    for (std::size_t row = step / 2; number < standard_rows; row = (row + step) % count)
        take(row);
    std::vector<u32> rows;
    for (std::size_t row = 0; row < count; ++row)
        if (taken[row])
            rows.push_back(static_cast<u32>(row));
    return rows;
}

} // namespace

std::string_view name_of(RunProfile profile) {
    switch (profile) {
    case RunProfile::smoke:
        return "smoke";
    case RunProfile::standard:
        return "default";
    case RunProfile::full:
        return "full";
    }
    return "";
}

std::optional<RunProfile> run_profile_from_name(std::string_view name) {
    for (const RunProfile profile : {RunProfile::smoke, RunProfile::standard, RunProfile::full})
        if (name == name_of(profile))
            return profile;
    return std::nullopt;
}

std::vector<ProgramRows> selection(const Vector& vector, RunProfile profile) {
    if (vector.kind == Kind::encoding)
        return {};
    if (vector.kind != Kind::sweep)
        return {ProgramRows{}};
    if (profile == RunProfile::smoke)
        return smoke_selection(vector);
    std::vector<ProgramRows> selected(vector.sweep_programs.size());
    std::map<Lengths, std::vector<u32>> known;
    for (std::size_t program = 0; program < selected.size(); ++program) {
        selected[program].program = program;
        if (profile == RunProfile::full)
            continue;
        const Lengths lengths = row_lengths(vector, program);
        const auto [found, fresh] = known.try_emplace(lengths);
        if (fresh)
            found->second = standard_selection(lengths);
        selected[program].rows = found->second;
    }
    return selected;
}

} // namespace bpf_assay::conformance
