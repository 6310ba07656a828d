// What is being reduced: a vector with all that it states in one place, and its state after, which
// the reference VM computes.
#pragma once

#include "conformance/reduction/observer.hpp"

#include <compare>

namespace bpf_assay::conformance::reduction {

/// A statement that the reference VM has run, in both byte orders.
struct Statement {
    Vector vector; // with its state after
    Facts facts;   // in the byte order of the runtime
};

/// What a reduced statement may do only if the first one did: else it would be about something
/// else.
struct Limits {
    ByteOrder order = ByteOrder::little; // of the runtime
    u64 instructions = 4'000'000;        // that a run may execute
    bool undefined_result = true;
    bool unreachable = true;
    bool unaligned = true;
    bool zero_divisor = true;
    bool large_shift = true;
};

/// A program and row of the vector as a vector of its own: of a sweep, an explicit one.
Vector single(const Vector& vector, std::size_t program, std::size_t row, ByteOrder order);

/// Runs the vector and fills in its state after, its result, its helpers and which of its tested
/// instructions are in it; or says why it is no statement.
std::variant<Statement, std::string> complete(Vector vector, const Limits& limits);

/// Whether two vectors state the same state after; of sweeps and encodings, nothing is compared.
bool agree(const Vector& stated, const Vector& computed);

/// What the statement does, as limits for what it is reduced to.
Limits limits_of(const Statement& statement, ByteOrder order);

/// How much there is to read; every step of a reduction makes it less.
struct Cost {
    std::size_t slots = 0;
    std::size_t packet = 0; // bytes
    std::size_t cells = 0;  // bytes that are stated, and more for those that are read and are not
    std::size_t memory = 0; // bytes
    std::size_t registers = 0; // as cells
    std::size_t values = 0;
    std::size_t numbers = 0; // of registers; less if the first in the program is the lowest

    auto operator<=>(const Cost&) const = default;
};
Cost cost_of(const Statement& statement);

/// How hard a value is to read: least for 0, then 1, -1, 2, single bits and masks.
std::size_t cost_of(u64 value);

/// Registers that instructions name, R0..R9, in order.
std::vector<u8> named_registers(std::span<const Slot> body);

} // namespace bpf_assay::conformance::reduction
