#include "conformance/lowering.hpp"

#include "conformance/error.hpp"
#include "conformance/local_functions.hpp"

#include <algorithm>

namespace bpf_assay::conformance {
namespace {

// The few instructions that the plumbing is made of, found in the table by name.
u8 opcode_of(std::string_view mnemonic) {
    return find_row(mnemonic)->opcode;
}

struct Plumbing {
    u8 ldxdw = opcode_of("ldxdw"), stxdw = opcode_of("stxdw"), mov_reg = opcode_of("mov64_reg"),
       mov_imm = opcode_of("mov64_imm"), add_reg = opcode_of("add64_reg"),
       add_imm = opcode_of("add64_imm"), xor_reg = opcode_of("xor64_reg"),
       or_reg = opcode_of("or64_reg"), lsh_imm = opcode_of("lsh64_imm"),
       rsh_imm = opcode_of("rsh64_imm"), exit = opcode_of("exit");
};

const Plumbing& plumbing() {
    static const Plumbing opcodes;
    return opcodes;
}

constexpr u8 frame_register = 10;
constexpr std::array<std::size_t, 9> all_but_r1{0, 2, 3, 4, 5, 6, 7, 8, 9};
constexpr std::size_t largest_folded_memory = 1024; // bytes; of more, the stated words are folded

class Writer {
public:
    explicit Writer(std::vector<Slot>& slots) : m_slots(slots) {}

    void load(std::size_t dst, std::size_t base, s64 offset) {
        add(m_op.ldxdw, dst, base, offset, 0);
    }
    void store(std::size_t base, s64 offset, std::size_t src) {
        add(m_op.stxdw, base, src, offset, 0);
    }
    void move(std::size_t dst, std::size_t src) { add(m_op.mov_reg, dst, src, 0, 0); }
    void set(std::size_t dst, s64 imm) { add(m_op.mov_imm, dst, 0, 0, imm); }
    void add_imm(std::size_t dst, s64 imm) { add(m_op.add_imm, dst, 0, 0, imm); }
    void operate(u8 opcode, std::size_t dst, std::size_t src) { add(opcode, dst, src, 0, 0); }
    void shift(u8 opcode, std::size_t dst, s64 count) { add(opcode, dst, 0, 0, count); }
    void exit() { add(m_op.exit, 0, 0, 0, 0); }

private:
    void add(u8 opcode, std::size_t dst, std::size_t src, s64 offset, s64 imm) {
        m_slots.push_back({.opcode = opcode,
                           .dst_reg = static_cast<u8>(dst),
                           .src_reg = static_cast<u8>(src),
                           .offset = static_cast<s16>(offset),
                           .imm = static_cast<s32>(imm)});
    }
    const Plumbing& m_op = plumbing();
    std::vector<Slot>& m_slots;
};

/// The highest pair of adjacent slots that is not observed: the block's address is parked in the
/// upper one, R1 spilled to the lower one.
s64 parking_slot(const std::vector<s64>& observed) {
    for (s64 slot = -8; slot - 8 >= -static_cast<s64>(frame_size); slot -= 8)
        if (std::ranges::find(observed, slot) == observed.end() &&
            std::ranges::find(observed, slot - 8) == observed.end())
            return slot;
    throw InputError("the vector observes all of the stack; the lowering needs two adjacent slots");
}

class Lowerer {
public:
    Lowerer(const StatePair& states, const LoweringOptions& options)
        : m_states(states), m_options(options), m_parked(parking_slot(states.observed)),
          m_spilled(m_parked - 8), m_write(m_lowering.slots) {
        BlockLayout& layout = m_lowering.layout;
        layout.stack_after = BlockLayout::stack_before + 8 * states.observed.size();
        layout.guarded_memory = layout.stack_after + 8 * states.observed.size();
        layout.size = layout.guarded_memory + states.before.memory.size();
    }

    Lowering lower(std::span<const Slot> body) {
        std::vector<Slot>& slots = m_lowering.slots;
        const std::size_t main_size = functions_begin(body);
        prologue();
        m_lowering.body_begin = slots.size();
        slots.insert(slots.end(), body.begin(), body.begin() + static_cast<s64>(main_size));
        m_lowering.body_end = slots.size();
        epilogue();
        m_lowering.functions_begin = slots.size();
        slots.insert(slots.end(), body.begin() + static_cast<s64>(main_size), body.end());
        part_functions(std::span(slots).subspan(m_lowering.body_begin, main_size), body.size(),
                       m_lowering.functions_begin - m_lowering.body_end);
        return std::move(m_lowering);
    }

private:
    void prologue();
    void set_register(std::size_t number);
    void epilogue();
    void fold();
    void fold_word(std::size_t offset);

    bool stored(std::size_t number) const {
        return m_options.stores_pointers ||
               !std::holds_alternative<Address>(m_states.after.registers[number]);
    }
    s64 slot_offset(std::size_t area, std::size_t index) const {
        return static_cast<s64>(area + 8 * index);
    }

    const StatePair& m_states;
    const LoweringOptions& m_options;
    s64 m_parked;
    s64 m_spilled;
    Lowering m_lowering;
    Writer m_write;
};

void Lowerer::prologue() {
    m_write.store(frame_register, m_parked, 1);
    if (m_options.stores_pointers) {
        m_write.store(1, BlockLayout::block_address, 1);
        m_write.store(1, BlockLayout::frame_pointer, frame_register);
    }
    for (std::size_t i = 0; i < m_states.observed.size(); ++i) {
        m_write.load(0, 1, slot_offset(BlockLayout::stack_before, i));
        m_write.store(frame_register, m_states.observed[i], 0);
    }
    for (const std::size_t number : all_but_r1)
        set_register(number);
    set_register(1); // last: until then it is the block
}

void Lowerer::set_register(std::size_t number) {
    const auto* address = std::get_if<Address>(&m_states.before.registers[number]);
    if (address == nullptr) {
        m_write.load(number, 1, slot_offset(BlockLayout::registers_before, number));
        return;
    }
    const bool in_memory = address->base == Address::Base::memory;
    const s64 offset =
        address->offset +
        (in_memory ? static_cast<s64>(m_lowering.layout.guarded_memory + guard_size) : 0);
    const std::size_t base = in_memory ? 1 : frame_register;
    if (number != base)
        m_write.move(number, base);
    if (offset != 0)
        m_write.add_imm(number, offset);
}

void Lowerer::epilogue() {
    for (std::size_t number = 0; number < general_registers; ++number)
        if (std::holds_alternative<Undefined>(m_states.after.registers[number]))
            m_write.set(number, 0);
    if (stored(1))
        m_write.store(frame_register, m_spilled, 1);
    m_write.load(1, frame_register, m_parked);
    for (const std::size_t number : all_but_r1)
        if (stored(number))
            m_write.store(1, slot_offset(BlockLayout::registers_after, number), number);
    if (stored(1)) {
        m_write.load(2, frame_register, m_spilled);
        m_write.store(1, slot_offset(BlockLayout::registers_after, 1), 2);
    }
    for (std::size_t i = 0; i < m_states.observed.size(); ++i) {
        m_write.load(2, frame_register, m_states.observed[i]);
        m_write.store(1, slot_offset(m_lowering.layout.stack_after, i), 2);
    }
    if (m_options.fold)
        fold();
    else
        m_write.set(0, 0);
    m_write.exit();
}

/// R0 = fold over the words; R1 is the block, R2 and R3 are free.
void Lowerer::fold() {
    const BlockLayout& layout = m_lowering.layout;
    m_write.set(0, 0);
    for (std::size_t number = 0; number < general_registers; ++number)
        if (!std::holds_alternative<Address>(m_states.after.registers[number]))
            fold_word(BlockLayout::registers_after + 8 * number);
    for (std::size_t i = 0; i < m_states.observed.size(); ++i)
        fold_word(layout.stack_after + 8 * i);
    const std::size_t memory = std::min(m_states.before.memory.size(), largest_folded_memory);
    for (std::size_t at = 0; at < memory; at += 8)
        fold_word(layout.guarded_memory + at);
    // Of a larger memory, also what the vector changes beyond.
    for (std::size_t at = memory; at < m_states.before.memory.size(); at += 8)
        if (!std::equal(m_states.before.memory.begin() + static_cast<s64>(at),
                        m_states.before.memory.begin() + static_cast<s64>(at) + 8,
                        m_states.after.memory.begin() + static_cast<s64>(at)) &&
            layout.guarded_memory + at <= 0x7ff8)
            fold_word(layout.guarded_memory + at);
    m_write.move(2, 0); // bring the upper half where a 32-bit R0 shows it
    m_write.shift(plumbing().rsh_imm, 2, 32);
    m_write.operate(plumbing().xor_reg, 0, 2);
}

constexpr int rotation(Fold fold) {
    return fold == Fold::add ? 13 : 29;
}

void Lowerer::fold_word(std::size_t offset) {
    const Fold kind = *m_options.fold;
    m_lowering.folded_words.push_back(offset);
    m_write.move(2, 0);
    m_write.shift(plumbing().lsh_imm, 2, rotation(kind));
    m_write.shift(plumbing().rsh_imm, 0, 64 - rotation(kind));
    m_write.operate(plumbing().or_reg, 0, 2);
    m_write.load(3, 1, static_cast<s64>(offset));
    m_write.operate(kind == Fold::add ? plumbing().add_reg : plumbing().xor_reg, 0, 3);
}

} // namespace

Lowering lower(std::span<const Slot> body, const StatePair& states,
               const LoweringOptions& options) {
    return Lowerer(states, options).lower(body);
}

u64 fold_of(Fold fold, std::span<const u64> words) {
    u64 value = 0;
    for (const u64 word : words) {
        value = (value << rotation(fold)) | (value >> (64 - rotation(fold)));
        value = fold == Fold::add ? value + word : value ^ word;
    }
    return value ^ (value >> 32);
}

} // namespace bpf_assay::conformance
