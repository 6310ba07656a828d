// The rows of a sweep, and what the reference VM makes of them.
#pragma once

#include "conformance/vector.hpp"

#include "reference_vm/machine.hpp"

#include <span>

namespace bpf_assay::conformance {

/// Where byte 0 of a sweep's memory stands for the reference VM and in digests.
inline constexpr u64 sweep_memory_address = memory_address;

/// What a row says, and what comes of it: R0..R9 and the cell.
struct RowState {
    std::array<u64, general_registers> registers{};
    u64 cell = 0;
};

/// The values of one register, or (none) of the cell.
struct RowDimension {
    std::optional<u8> reg;
    const std::vector<u64>* values;
};
/// What the rows of the program are made of, outermost first. Refers to the sweep.
std::vector<RowDimension> row_dimensions(const Sweep& sweep, const SweepProgram& program);

/// The rows of one program, in the order of the format. Refers to the vector and the program.
class SweepRows {
public:
    /// Throws InputError if the reference VM refuses the program.
    SweepRows(const Vector& vector, const SweepProgram& program, ByteOrder order);

    std::size_t count() const { return m_count; }
    RowState before(std::size_t row) const;
    /// Throws InputError if the program does not run to its end, or changes memory beside the cell.
    RowState after(std::size_t row);
    /// The same, of a row that before() has given.
    RowState after(const RowState& before);

    /// The register that holds an address before; none without a cell.
    std::optional<u8> base() const { return m_base; }
    u64 base_address() const;

private:
    using Memory = std::array<u8, sweep_memory_size>;

    std::span<u8> cell_of(Memory& memory) const;

    const Vector& m_vector;
    const SweepProgram& m_program;
    ByteOrder m_order;
    Program m_vm;
    std::optional<u8> m_base;
    std::vector<RowDimension> m_dimensions;
    std::size_t m_count = 1;
    RowState m_sentinels;
    Memory m_untouched;
    Memory m_memory;
    State m_state;
};

/// SHA-256 over the rows of the sweep as the reference VM computes them (docs/vector-format.md).
/// Throws InputError as SweepRows does, and for a sweep that stores or computes with an address.
std::string digest_of(const Vector& sweep, ByteOrder order);

/// Compares it with the digest that the file states, which an independent model has computed.
/// Throws InputError if they differ.
void check_digest(const Vector& sweep, ByteOrder order);

} // namespace bpf_assay::conformance
