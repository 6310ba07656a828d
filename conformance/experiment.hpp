// A vector made ready for one runtime: programs, their rows of input, and the judgement of each
// row.
#pragma once

#include "conformance/lowering.hpp"
#include "conformance/profile.hpp"

#include "reference_vm/machine.hpp"

#include <memory>
#include <string>

namespace bpf_assay::conformance {

/// What an experiment must know of the runtime.
struct RuntimeTraits {
    ByteOrder byte_order = ByteOrder::little;
    unsigned r0_bits = 64;
    bool stores_pointers = true;
    HelperIds helpers = {}; // of a role without id, the reserved one stays
    std::optional<Fold> fold =
        {}; // one-shot: all that is seen is R0, which holds this fold of the state
};

/// One place where the state after differs, as a reader of the report sees it.
struct Difference {
    std::string place;    // "r4", "memory u8@3", "stack u64@-8", "guard u8@-1"
    std::string expected; // 0x...
    std::string seen;
};

/// Where a block shows the state, for readers without this program: offsets in bytes.
struct BlockPlaces {
    struct StackSlot {
        s64 offset; // from R10
        std::size_t before, after;
    };
    /// Of R0; the others follow, 8 bytes each. None of a whole program.
    std::optional<std::size_t> registers_before, registers_after;
    std::vector<StackSlot> stack;
    std::size_t memory = 0; // of the vector's memory; its guards are around it
    std::size_t memory_size = 0;
};

/// The bytes of a program for `load`.
std::vector<u8> wire_form(std::span<const Slot> slots, ByteOrder order);

/// One program with its rows. A row is a block of memory (or a packet) before the run.
class Experiment {
public:
    virtual ~Experiment() = default;

    virtual std::span<const Slot> slots() const = 0;
    virtual bool packet() const { return false; }
    virtual std::size_t rows() const = 0;
    /// Which row of the whole table row `row` is.
    virtual std::size_t row_number(std::size_t row) const { return row; }
    virtual std::size_t block_size() const = 0;
    virtual Concurrency concurrency() const { return {}; }
    /// Whether slots()[slot] is of the vector, and not of the lowering.
    virtual bool under_test(std::size_t slot) const = 0;
    /// Whether the program ends with a fold of its state in R0, and R1 at the block.
    virtual bool folds() const { return false; }
    /// That fold, all 64 bits of it; 0 if the program has none.
    virtual u64 expected_fold(std::size_t) { return 0; }
    /// "dst r3, src r4" for a program of a sweep, else empty.
    virtual std::string text() const { return {}; }

    virtual void write_block(std::size_t row, std::span<u8> block) = 0;
    /// Whether the answer is right. `block` is the memory after the run.
    virtual bool right(std::size_t row, u64 r0, std::span<const u8> block) = 0;
    /// Every difference of a row that is not right.
    virtual std::vector<Difference> differences(std::size_t row, u64 r0,
                                                std::span<const u8> block) = 0;
    virtual BlockPlaces places() const = 0;
    /// The block as it must be after the run; where addresses are stored, they are missing.
    virtual std::vector<u8> expected_block(std::size_t row) = 0;
    /// R0 at the end; none if the vector does not say.
    virtual std::optional<u64> expected_r0() const { return 0; }
    /// R0..R9 before; expected after; as seen in the block. Empty where the registers are not seen.
    virtual std::vector<std::string> registers_before(std::size_t row) = 0;
    /// "u32@16 = 0x...": the cell of a sweep, before; else empty.
    virtual std::string memory_before(std::size_t) { return {}; }
};

/// A program of the vector, with some of its rows. Throws InputError if it cannot be lowered.
std::unique_ptr<Experiment> make_experiment(const Vector& vector, const ProgramRows& selected,
                                            const RuntimeTraits& traits);

/// The same with all rows of program `index`.
std::unique_ptr<Experiment> make_experiment(const Vector& vector, std::size_t index,
                                            const RuntimeTraits& traits);

/// What a program of the experiment finds when it starts on the block, which it changes in place.
State entry_state(const Experiment& experiment, std::span<u8> block);

} // namespace bpf_assay::conformance
