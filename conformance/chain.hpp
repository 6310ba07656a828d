// Rows of several programs in one program that runs once: for runtimes that show nothing but R0 at
// the end of a process.
#pragma once

#include "conformance/experiment.hpp"

namespace bpf_assay::conformance {

/// An instruction of what stands around those under test, by its name in the table.
Slot slot_of(std::string_view mnemonic, u8 dst, u8 src = 0, s16 offset = 0, s32 imm = 0);

/// A program made of lowered programs that fold their state into R0, one behind the other, each on
/// its own block of one memory. The first word of the memory collects the folds.
class Chain {
public:
    /// What the plugin takes: bits of R0, bytes of memory, slots.
    Chain(unsigned r0_bits, std::size_t max_memory, std::size_t max_insns)
        : m_r0_bits(r0_bits), m_max_memory(max_memory), m_max_insns(max_insns) {}

    /// Whether the row can be a link: its program ends at its last slot, and nowhere else, and
    /// there is room for it.
    bool takes(const Experiment& experiment) const;
    void add(Experiment& experiment, std::size_t row);
    std::size_t links() const { return m_links; }

    /// Ends the program. Call once, after at least one link.
    void close();

    const std::vector<Slot>& slots() const { return m_slots; }
    const std::vector<u8>& memory() const { return m_memory; } // little-endian
    u64 expected_r0() const;

private:
    void collect();

    unsigned m_r0_bits;
    std::size_t m_max_memory;
    std::size_t m_max_insns;
    std::vector<Slot> m_slots;
    std::vector<u8> m_memory = std::vector<u8>(8);
    std::size_t m_links = 0;
    u64 m_collected = 0;
};

} // namespace bpf_assay::conformance
