#include "conformance/chain.hpp"

#include <algorithm>
#include <bit>

namespace bpf_assay::conformance {
namespace {

constexpr std::size_t most_slots = 4096; // some runtimes have a limit of the machine code's size
constexpr std::size_t overhead = 24;     // of a link and of the end, and of a prologue in front
constexpr int rotation = 7;

} // namespace

Slot slot_of(std::string_view mnemonic, u8 dst, u8 src, s16 offset, s32 imm) {
    return {.opcode = find_row(mnemonic)->opcode,
            .dst_reg = dst,
            .src_reg = src,
            .offset = offset,
            .imm = imm};
}

bool Chain::takes(const Experiment& experiment) const {
    static const u8 exit = find_row("exit")->opcode;
    const auto slots = experiment.slots();
    return experiment.folds() &&
           m_slots.size() + slots.size() + overhead <= std::min(most_slots, m_max_insns) &&
           m_memory.size() + experiment.block_size() <= m_max_memory &&
           slots.back().opcode == exit && std::ranges::count(slots, exit, &Slot::opcode) == 1;
}

void Chain::add(Experiment& experiment, std::size_t row) {
    const std::size_t at = m_memory.size();
    if (m_links++ != 0)
        collect();
    m_slots.push_back(slot_of("add64_imm", 1, 0, 0, static_cast<s32>(at)));
    const auto slots = experiment.slots();
    m_slots.insert(m_slots.end(), slots.begin(), slots.end() - 1);
    // The epilogue leaves R1 at the block.
    m_slots.push_back(slot_of("add64_imm", 1, 0, 0, -static_cast<s32>(at)));
    m_memory.resize(at + experiment.block_size());
    experiment.write_block(row, std::span(m_memory).subspan(at));
    m_collected = std::rotl(m_collected, rotation) ^ experiment.expected_fold(row);
}

/// Adds R0 to the first word of the memory, which R1 points to; leaves it in R2.
void Chain::collect() {
    m_slots.push_back(slot_of("ldxdw", 2, 1));
    m_slots.push_back(slot_of("mov64_reg", 3, 2));
    m_slots.push_back(slot_of("lsh64_imm", 3, 0, 0, rotation));
    m_slots.push_back(slot_of("rsh64_imm", 2, 0, 0, 64 - rotation));
    m_slots.push_back(slot_of("or64_reg", 2, 3));
    m_slots.push_back(slot_of("xor64_reg", 2, 0));
    m_slots.push_back(slot_of("stxdw", 1, 2));
}

void Chain::close() {
    collect();
    m_slots.push_back(slot_of("mov64_reg", 0, 2));
    m_slots.push_back(
        slot_of("rsh64_imm", 2, 0, 0, 32)); // where R0 has 32 bits, they show both halves
    m_slots.push_back(slot_of("xor64_reg", 0, 2));
    m_slots.push_back(slot_of("exit", 0));
}

u64 Chain::expected_r0() const {
    const u64 r0 = m_collected ^ (m_collected >> 32);
    return m_r0_bits == 32 ? r0 & 0xffff'ffff : r0;
}

} // namespace bpf_assay::conformance
