// The model of a vector: what docs/vector-format.md describes, with assembly already assembled.
#pragma once

#include "conformance/abilities.hpp"

#include "reference_vm/instructions.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace bpf_assay::conformance {

/// Where a thing stands in a vector file; line and column count from 1.
struct Location {
    std::shared_ptr<const std::string> file;
    std::size_t line = 0;
    std::size_t column = 0;

    std::string text() const; // file:line:column
};

inline constexpr std::size_t general_registers = 10; // R0..R9; R10 is never an operand of a state
inline constexpr std::size_t frame_size = 512;       // bytes of stack that a state has
inline constexpr std::size_t guard_size = 16;        // bytes on each side of the vector's memory

/// The address of a byte of the vector's memory, or R10 + offset.
struct Address {
    enum class Base { memory, stack } base = Base::memory;
    s64 offset = 0;

    friend bool operator==(const Address&, const Address&) = default;
};
struct Undefined {
    friend bool operator==(const Undefined&, const Undefined&) = default;
};
using RegisterValue = std::variant<u64, Address, Undefined>;

/// `u32@8: 5`, or `bytes@8: "01 02"`.
struct Cell {
    s64 at = 0;                                 // from the start of the memory, or from R10
    std::size_t size = 0;                       // bytes
    std::variant<u64, std::vector<u8>> content; // a value in the runtime's byte order, or bytes
};

/// The part of a state that a vector states.
struct StatedState {
    std::array<std::optional<RegisterValue>, general_registers> registers;
    std::vector<Cell> memory;
    std::vector<Cell> stack;
};

/// The values that a sweep gives its registers, immediate, cell and offset, in order.
struct Sweep {
    enum class Base { none, dst, src };

    std::string text; // of the instructions, with placeholders
    std::vector<u8> dst;
    std::vector<u8> src;       // empty: no {src}
    bool distinct = false;     // no program in which dst and src are the same register
    std::vector<s64> imm;      // empty: no {imm}
    std::vector<s64> at;       // places of the cell; empty: 0
    std::vector<s64> offset;   // empty: no {offset}, the base holds the address of the cell
    Base base = Base::none;    // which register holds an address
    std::size_t cell_size = 0; // bytes of the cell in memory; 0: a sweep without memory

    // Of each row.
    std::vector<u64> dst_values;
    std::vector<u64> src_values;
    std::vector<u64> r0_values;
    std::vector<u64> memory_values;

    std::array<std::string, 2> digest; // hex, by byte order
};

inline constexpr std::size_t sweep_memory_size = 64; // bytes, of a sweep with a cell

/// One program of a sweep.
struct SweepProgram {
    u8 dst = 0;
    std::optional<u8> src;
    std::optional<s64> imm;
    std::optional<s64> at;
    std::optional<s64> offset;
    std::vector<Slot> body;

    /// The register that holds the address at - offset.
    std::optional<u8> base(const Sweep& sweep) const;
    std::string text() const; // "dst r3, src r4, imm -1"
};

/// Programs that must not load: one, or one for each of `values`.
struct Encoding {
    /// A field that holds a value of the table.
    struct Place {
        enum class Field { opcode, dst, src, offset, imm } field;
        std::size_t slot;
    };
    std::vector<Slot> slots;              // of the first program
    std::optional<std::vector<u8>> image; // instead of slots: the bytes themselves
    std::optional<std::vector<Slot>> control;
    std::vector<s64> values; // empty: one program
    std::vector<Place> places;

    std::size_t count() const { return values.empty() ? 1 : values.size(); }
    std::vector<Slot> program(std::size_t index) const;
};

enum class Kind { explicit_state, sweep, program, packet, encoding };
std::string_view name_of(Kind kind);

struct Policy;

struct Vector {
    std::string id;
    Kind kind = Kind::explicit_state;
    std::string section; // RFC 9669, or "abi"
    Location location;
    std::vector<std::string> clauses;
    std::string because;
    const Policy* policy = nullptr;
    std::vector<const InstructionRow*> tests; // the instructions that the vector is about
    std::string unless;                       // extension that switches the vector off, or empty
    std::string extension;                    // that the vector is about, or empty
    std::vector<HelperRole> helpers;          // that the instructions call, by reserved ids
    Concurrency concurrency;                  // program: of the threads that run it

    std::string text;       // explicit, program, packet: the assembly as it stands in the file
    std::vector<Slot> body; // the same assembled
    std::size_t memory_size = 64;
    StatedState before;
    std::array<StatedState, 2> after;    // by byte order
    std::optional<RegisterValue> result; // program, packet: R0 at the end
    std::vector<u8> packet;
    Sweep sweep;
    std::vector<SweepProgram> sweep_programs;
    Encoding encoding;
};

/// The extensions that the vector's programs may use.
ExtensionSet extensions_of(const Vector& vector);

/// Table position of a byte order.
constexpr std::size_t index_of(ByteOrder order) {
    return order == ByteOrder::little ? 0 : 1;
}

} // namespace bpf_assay::conformance
