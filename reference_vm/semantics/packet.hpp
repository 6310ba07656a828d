// RFC 9669 section 5.5: legacy packet access. The RFC gives the encodings only; the meaning is that
// of Linux: R0 = the packet's bytes at an index, in network byte order. The index is a 32-bit
// number, so a negative one lies out of range (the negative ranges of Linux, which reach link and
// network headers, are not offered).
#pragma once

#include "reference_vm/semantics/load_store.hpp"

#include <optional>

namespace bpf_assay::semantics {

/// {ABS, <size>, LD}   index = (u32)imm
constexpr u32 packet_absolute(s32 imm) {
    return static_cast<u32>(imm);
}

/// {IND, <size>, LD}   index = (u32)((u32)src + (u32)imm)
constexpr u32 packet_indirect(u64 src, s32 imm) {
    return static_cast<u32>(src) + static_cast<u32>(imm);
}

/// {ABS, <size>, LD}, {IND, <size>, LD}   R0 = big-endian *(unsigned size *)(packet + index)
/// None where the packet does not hold all of the bytes.
template <Unsigned U>
constexpr std::optional<u64> packet_load(std::span<const u8> packet, u32 index) {
    if (packet.size() < sizeof(U) || index > packet.size() - sizeof(U))
        return std::nullopt;
    return load<U>(packet.subspan(index).first<sizeof(U)>(), ByteOrder::big);
}

} // namespace bpf_assay::semantics
