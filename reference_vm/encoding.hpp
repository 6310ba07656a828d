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

} // namespace bpf_assay
