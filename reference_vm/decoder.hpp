// The checks of a program's encoding, apart from what its instructions mean.
#pragma once

#include "reference_vm/encoding.hpp"
#include "reference_vm/instructions.hpp"
#include "reference_vm/outcome.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace bpf_assay {

/// base: refuse what the RFC gives no meaning to. strict: also what it says SHALL be zero, jumps
/// that leave the program, a last instruction that falls off the end, and writes to R10 (ABI).
enum class Profile { base, strict };

/// Longest program, in slots. The RFC sets no limit; Linux stops at 1,000,000 instructions.
inline constexpr std::size_t max_program_slots = 1 << 20;

/// The section of RFC 9669 that assigns, or would assign, this opcode.
std::string_view section_of(u8 opcode);

/// Where the instruction in slot `pc` may jump to, or call, besides the next one, in slots from the
/// start of the program (which it may leave); none if nowhere.
std::optional<s64> target_of(const Slot& slot, u32 pc);

/// The first refusal of the program, none if it is to be loaded. Every instruction is checked by
/// itself first, in order; then, if strict, where the jumps go and how the program ends.
std::optional<Refused> check(std::span<const Slot> program, Profile profile,
                             ExtensionSet extensions = {});

} // namespace bpf_assay
