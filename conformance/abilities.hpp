// What a runtime may offer beyond the instructions: helper functions and threads. A vector that
// needs what a runtime does not offer is not run there.
#pragma once

#include "reference_vm/encoding.hpp"
#include "reference_vm/machine.hpp"

#include <array>
#include <optional>
#include <span>
#include <string_view>

namespace bpf_assay::conformance {

/// A helper function whose behaviour docs/plugin-protocol.md defines. Which static id it has
/// (RFC 9669 section 4.3.1) is the platform's to say.
enum class HelperRole { mix, copy, unstated };
inline constexpr std::array all_helper_roles{HelperRole::mix, HelperRole::copy,
                                             HelperRole::unstated};

std::string_view name_of(HelperRole role);
std::optional<HelperRole> helper_role_from_name(std::string_view name);

/// Static ids by role; none where the runtime has no such helper.
class HelperIds {
public:
    std::optional<u32>& operator[](HelperRole role) {
        return m_ids[static_cast<std::size_t>(role)];
    }
    const std::optional<u32>& operator[](HelperRole role) const {
        return m_ids[static_cast<std::size_t>(role)];
    }

private:
    std::array<std::optional<u32>, all_helper_roles.size()> m_ids;
};

/// The id that stands for a role from when a vector is read until a runtime has named its own.
constexpr u32 reserved_id(HelperRole role) {
    return 0x6865'6c00 + static_cast<u32>(role);
}

/// Names the runtime's ids in calls of reserved ids; those of a role without id stay.
void put_helper_ids(std::span<Slot> slots, const HelperIds& ids);

/// All roles by their reserved ids, for a run of the reference VM in this process.
Platform platform_of(State& state);

/// How a program is run on one row: by so many threads at once, so often by each.
struct Concurrency {
    std::size_t threads = 1;
    std::size_t times = 1;
};

} // namespace bpf_assay::conformance
