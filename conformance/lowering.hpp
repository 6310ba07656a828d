// A vector's state and instructions to a program with inputs and outputs in one block of memory:
// the Lowering section of docs/vector-format.md.
#pragma once

#include "conformance/state.hpp"

#include <optional>

namespace bpf_assay::conformance {

/// Where things stand in the block, in bytes.
struct BlockLayout {
    static constexpr std::size_t registers_before = 0;
    static constexpr std::size_t registers_after = 80;
    static constexpr std::size_t block_address = 160;
    static constexpr std::size_t frame_pointer = 168;
    static constexpr std::size_t stack_before = 176;
    std::size_t stack_after = 176;
    std::size_t guarded_memory = 176; // guard, memory, guard
    std::size_t size = 0;
};

/// Two functions of the state, so that a runtime which shows 32 bits of R0 is asked twice.
enum class Fold { add, exclusive_or };

struct LoweringOptions {
    bool stores_pointers = true; // a program may store addresses into its memory
    std::optional<Fold> fold;    // R0 = fold of the words of `folded_words` instead of 0
};

struct Lowering {
    std::vector<Slot> slots;
    // The body, in slots. Its local functions, if they follow all else, stand behind the epilogue.
    std::size_t body_begin = 0;
    std::size_t body_end = 0;
    std::size_t functions_begin = 0; // up to the end; slots.size() if there are none
    BlockLayout layout;
    std::vector<std::size_t>
        folded_words; // offsets in the block of the u64 words that a fold takes
};

/// Prologue, body, epilogue, the body's local functions. Only the kinds of the registers (value or
/// address), the sizes and the observed stack slots count; the values come with each block. Throws
/// InputError if no stack slot is left for the lowering.
Lowering lower(std::span<const Slot> body, const StatePair& states, const LoweringOptions& options);

/// What the folding epilogue computes, over the words of a block.
u64 fold_of(Fold fold, std::span<const u64> words);

} // namespace bpf_assay::conformance
