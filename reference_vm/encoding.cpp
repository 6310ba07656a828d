#include "reference_vm/encoding.hpp"

#include "reference_vm/semantics/load_store.hpp"

namespace bpf_assay {

Slot decode_slot(std::span<const u8, slot_size> bytes, ByteOrder order) {
    const u8 high = bytes[1] >> 4;
    const u8 low = bytes[1] & 0x0f;
    const bool little = order == ByteOrder::little;
    return {.opcode = bytes[0],
            .dst_reg = little ? low : high,
            .src_reg = little ? high : low,
            .offset = static_cast<s16>(semantics::load<u16>(bytes.subspan<2, 2>(), order)),
            .imm = static_cast<s32>(semantics::load<u32>(bytes.subspan<4, 4>(), order))};
}

std::array<u8, slot_size> encode_slot(const Slot& slot, ByteOrder order) {
    const bool little = order == ByteOrder::little;
    const u8 high = (little ? slot.src_reg : slot.dst_reg) & 0x0f;
    const u8 low = (little ? slot.dst_reg : slot.src_reg) & 0x0f;
    std::array<u8, slot_size> bytes = {slot.opcode, static_cast<u8>(high << 4 | low)};
    const std::span<u8, slot_size> out = bytes;
    semantics::store<u16>(out.subspan<2, 2>(), static_cast<u16>(slot.offset), order);
    semantics::store<u32>(out.subspan<4, 4>(), static_cast<u32>(slot.imm), order);
    return bytes;
}

} // namespace bpf_assay
