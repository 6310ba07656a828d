// RFC 9669 section 3: the fields of an instruction and their wire form in both byte orders.
#pragma once

#include "reference_vm/numeric.hpp"

#include <array>
#include <span>

namespace bpf_assay {

/// One 64-bit slot (RFC 9669 section 3.1). A wide instruction takes two (section 3.2).
struct Slot {
    u8 opcode = 0;
    u8 dst_reg = 0; // 4 bits on the wire
    u8 src_reg = 0; // 4 bits on the wire
    s16 offset = 0;
    s32 imm = 0;

    friend constexpr bool operator==(const Slot&, const Slot&) = default;
};

inline constexpr std::size_t slot_size = 8; // bytes

/// Wire form to fields; any eight bytes are accepted.
Slot decode_slot(std::span<const u8, slot_size> bytes, ByteOrder order);

/// Fields to wire form; dst_reg and src_reg are cut to 4 bits.
std::array<u8, slot_size> encode_slot(const Slot& slot, ByteOrder order);

/// Instruction class (table 3): the low 3 bits of the opcode.
enum class Class : u8 { LD, LDX, ST, STX, ALU, JMP, JMP32, ALU64 };

/// Source operand (table 4), and for END the byte order to convert with (table 6, where the text
/// writes TO for the one that is not named): bit 3 of an arithmetic or jump opcode.
enum class Source : u8 { K = 0, X = 1, LE = 0, BE = 1, TO = 0 };

/// Code of an arithmetic instruction (table 5): the high 4 bits of the opcode.
enum class Code : u8 {
    ADD = 0x0,
    SUB = 0x1,
    MUL = 0x2,
    DIV = 0x3,
    SDIV = 0x3, // offset 1
    OR = 0x4,
    AND = 0x5,
    LSH = 0x6,
    RSH = 0x7,
    NEG = 0x8,
    MOD = 0x9,
    SMOD = 0x9, // offset 1
    XOR = 0xa,
    MOV = 0xb,
    MOVSX = 0xb, // offset 8, 16, 32
    ARSH = 0xc,
    END = 0xd,
};

/// Code of a jump instruction (table 7): the high 4 bits of the opcode.
enum class Jump : u8 {
    JA = 0x0,
    JEQ = 0x1,
    JGT = 0x2,
    JGE = 0x3,
    JSET = 0x4,
    JNE = 0x5,
    JSGT = 0x6,
    JSGE = 0x7,
    CALL = 0x8,
    EXIT = 0x9,
    JLT = 0xa,
    JLE = 0xb,
    JSLT = 0xc,
    JSLE = 0xd,
};

/// What CALL calls: values of src_reg (table 7).
namespace call {
inline constexpr u8 STATIC_ID = 0x0; // helper function (section 4.3.1)
inline constexpr u8 LOCAL = 0x1;     // program-local function (section 4.3.2)
inline constexpr u8 BTF_ID = 0x2;    // helper function (section 4.3.1)
} // namespace call

/// Mode modifier of a load or store (table 8): the high 3 bits of the opcode.
enum class Mode : u8 { IMM = 0, ABS = 1, IND = 2, MEM = 3, MEMSX = 4, ATOMIC = 6 };

/// Size modifier of a load or store (table 9): bits 3 and 4 of the opcode.
enum class Size : u8 { W, H, B, DW };

/// Atomic operations: values of imm (tables 10 and 11). XCHG and CMPXCHG are 0xe0 and 0xf0 | FETCH.
namespace atomic {
inline constexpr s32 ADD = 0x00;
inline constexpr s32 OR = 0x40;
inline constexpr s32 AND = 0x50;
inline constexpr s32 XOR = 0xa0;
inline constexpr s32 FETCH = 0x01;
inline constexpr s32 XCHG = 0xe0 | FETCH;
inline constexpr s32 CMPXCHG = 0xf0 | FETCH;
} // namespace atomic

constexpr u8 opcode_of(Code code, Source source, Class cls) {
    return static_cast<u8>(static_cast<u8>(code) << 4 | static_cast<u8>(source) << 3 |
                           static_cast<u8>(cls));
}
constexpr u8 opcode_of(Jump code, Source source, Class cls) {
    return static_cast<u8>(static_cast<u8>(code) << 4 | static_cast<u8>(source) << 3 |
                           static_cast<u8>(cls));
}
constexpr u8 opcode_of(Mode mode, Size size, Class cls) {
    return static_cast<u8>(static_cast<u8>(mode) << 5 | static_cast<u8>(size) << 3 |
                           static_cast<u8>(cls));
}

constexpr Class class_of(u8 opcode) {
    return static_cast<Class>(opcode & 0x07);
}
constexpr Source source_of(u8 opcode) {
    return static_cast<Source>(opcode >> 3 & 0x01);
}
constexpr Code code_of(u8 opcode) {
    return static_cast<Code>(opcode >> 4);
}
constexpr Jump jump_of(u8 opcode) {
    return static_cast<Jump>(opcode >> 4);
}
constexpr Mode mode_of(u8 opcode) {
    return static_cast<Mode>(opcode >> 5);
}
constexpr Size size_of(u8 opcode) {
    return static_cast<Size>(opcode >> 3 & 0x03);
}

/// Width of a memory access in bytes.
constexpr std::size_t bytes_of(Size size) {
    constexpr std::array<std::size_t, 4> bytes = {4, 2, 1, 8};
    return bytes[static_cast<u8>(size)];
}

inline constexpr u8 register_count = 11; // R0 to R10
inline constexpr u8 frame_register = 10; // R10, read-only by the calling convention

} // namespace bpf_assay
