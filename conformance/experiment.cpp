#include "conformance/experiment.hpp"

#include "conformance/error.hpp"
#include "conformance/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace bpf_assay::conformance {
namespace {

std::string hex(u64 value) {
    return fmt::format("{:#018x}", value);
}

void store_u64(std::span<u8> block, std::size_t at, u64 value, ByteOrder order) {
    store(block.subspan(at, 8), value, order);
}
u64 load_u64(std::span<const u8> block, std::size_t at, ByteOrder order) {
    return load(block.subspan(at, 8), order);
}

/// Outputs start as something that no program writes by accident.
constexpr u8 unwritten = 0xb7;

/// The bytes of the memory that differ from row to row.
struct CellPlace {
    std::size_t at = 0;
    std::size_t size = 0; // 0: none
};

/// Prologue, instructions under test, epilogue: the registers of each row come from a subclass.
class StateExperiment : public Experiment {
public:
    StateExperiment(std::span<const Slot> body, StatePair states, const RuntimeTraits& traits,
                    CellPlace cell = {})
        : m_traits(traits), m_states(std::move(states)), m_cell(cell),
          m_lowering(lower(body, m_states,
                           {.stores_pointers = traits.stores_pointers, .fold = traits.fold})),
          m_template(m_lowering.layout.size), m_expected(m_lowering.layout.size) {
        write_template();
    }

    std::span<const Slot> slots() const override { return m_lowering.slots; }
    std::size_t block_size() const override { return m_template.size(); }
    bool under_test(std::size_t slot) const override {
        return (slot >= m_lowering.body_begin && slot < m_lowering.body_end) ||
               slot >= m_lowering.functions_begin;
    }

    bool folds() const override { return m_traits.fold.has_value(); }
    u64 expected_fold(std::size_t row) override;

    void write_block(std::size_t row, std::span<u8> block) override {
        std::ranges::copy(m_template, block.begin());
        const RowState state = before(row);
        for (std::size_t number = 0; number < general_registers; ++number)
            store_u64(block, BlockLayout::registers_before + 8 * number, state.registers[number],
                      m_traits.byte_order);
        store_cell(block, state);
    }
    bool right(std::size_t row, u64 r0, std::span<const u8> block) override;
    std::vector<Difference> differences(std::size_t row, u64 r0,
                                        std::span<const u8> block) override;
    BlockPlaces places() const override;
    std::vector<u8> expected_block(std::size_t row) override {
        expect(row, m_template);
        return m_expected;
    }
    std::vector<std::string> registers_before(std::size_t row) override;

protected:
    // Of registers that hold an address: anything.
    virtual RowState before(std::size_t row) = 0;
    virtual RowState after(std::size_t row) = 0;

    const StatePair& states() const { return m_states; }
    const CellPlace& cell() const { return m_cell; }

private:
    void write_template();
    void store_cell(std::span<u8> block, const RowState& state) const {
        if (m_cell.size != 0)
            store(block.subspan(m_lowering.layout.guarded_memory + guard_size + m_cell.at,
                                m_cell.size),
                  state.cell, m_traits.byte_order);
    }
    void expect(std::size_t row, std::span<const u8> seen);
    u64 expected_r0(std::size_t row) {
        const u64 fold = expected_fold(row);
        return m_traits.r0_bits == 32 ? fold & 0xffff'ffff : fold;
    }
    u64 address_value(const Address& address, std::span<const u8> seen) const;
    std::string place(std::size_t at) const;

    RuntimeTraits m_traits;
    StatePair m_states;
    CellPlace m_cell;
    Lowering m_lowering;
    std::vector<u8> m_template;
    std::vector<u8> m_expected;
};

void StateExperiment::write_template() {
    const BlockLayout& layout = m_lowering.layout;
    std::ranges::fill(m_template, unwritten);
    for (std::size_t i = 0; i < m_states.observed.size(); ++i)
        std::copy_n(m_states.before.stack.begin() + static_cast<s64>(frame_size) +
                        m_states.observed[i],
                    8, m_template.begin() + static_cast<s64>(BlockLayout::stack_before + 8 * i));
    std::ranges::copy(m_states.before.memory,
                      m_template.begin() + static_cast<s64>(layout.guarded_memory));
}

u64 StateExperiment::address_value(const Address& address, std::span<const u8> seen) const {
    const auto offset = static_cast<u64>(address.offset);
    if (address.base == Address::Base::stack)
        return load_u64(seen, BlockLayout::frame_pointer, m_traits.byte_order) + offset;
    return load_u64(seen, BlockLayout::block_address, m_traits.byte_order) +
           m_lowering.layout.guarded_memory + guard_size + offset;
}

/// Builds the whole block as it must be after the row, in m_expected.
void StateExperiment::expect(std::size_t row, std::span<const u8> seen) {
    const BlockLayout& layout = m_lowering.layout;
    const ByteOrder order = m_traits.byte_order;
    write_block(row, m_expected);
    const RowState state = after(row);
    for (std::size_t number = 0; number < general_registers; ++number) {
        const std::size_t at = BlockLayout::registers_after + 8 * number;
        const RegisterValue& stated = m_states.after.registers[number];
        if (const auto* address = std::get_if<Address>(&stated)) {
            if (m_traits.stores_pointers)
                store_u64(m_expected, at, address_value(*address, seen), order);
        } else {
            const bool undefined = std::holds_alternative<Undefined>(stated);
            store_u64(m_expected, at, undefined ? 0 : state.registers[number], order);
        }
    }
    if (m_traits.stores_pointers) // the runtime's own addresses: not stated, only used above
        std::copy_n(seen.begin() + BlockLayout::block_address, 16,
                    m_expected.begin() + BlockLayout::block_address);
    for (std::size_t i = 0; i < m_states.observed.size(); ++i)
        std::copy_n(m_states.after.stack.begin() + static_cast<s64>(frame_size) +
                        m_states.observed[i],
                    8, m_expected.begin() + static_cast<s64>(layout.stack_after + 8 * i));
    std::ranges::copy(m_states.after.memory,
                      m_expected.begin() + static_cast<s64>(layout.guarded_memory));
    store_cell(m_expected, state);
}

u64 StateExperiment::expected_fold(std::size_t row) {
    expect(row, m_template);
    std::vector<u64> words;
    for (const std::size_t at : m_lowering.folded_words)
        words.push_back(load_u64(m_expected, at, m_traits.byte_order));
    return fold_of(*m_traits.fold, words);
}

bool StateExperiment::right(std::size_t row, u64 r0, std::span<const u8> block) {
    if (m_traits.fold)
        return r0 == expected_r0(row);
    expect(row, block);
    return r0 == 0 && std::memcmp(m_expected.data(), block.data(), m_expected.size()) == 0;
}

std::string StateExperiment::place(std::size_t at) const {
    const BlockLayout& layout = m_lowering.layout;
    if (at < BlockLayout::registers_after)
        return fmt::format("input r{}", at / 8);
    if (at < BlockLayout::block_address)
        return fmt::format("r{}", (at - BlockLayout::registers_after) / 8);
    if (at < layout.stack_after)
        return fmt::format("input stack u64@{}",
                           m_states.observed[(at - BlockLayout::stack_before) / 8]);
    if (at < layout.guarded_memory)
        return fmt::format("stack u64@{}", m_states.observed[(at - layout.stack_after) / 8]);
    const s64 byte = static_cast<s64>(at - layout.guarded_memory) - static_cast<s64>(guard_size);
    const auto end = static_cast<s64>(m_states.before.memory.size() - 2 * guard_size);
    return fmt::format("{} u8@{}", byte >= 0 && byte < end ? "memory" : "guard", byte);
}

std::vector<Difference> StateExperiment::differences(std::size_t row, u64 r0,
                                                     std::span<const u8> block) {
    if (m_traits.fold)
        return {{.place = "r0 (fold of the state)",
                 .expected = hex(expected_r0(row)),
                 .seen = hex(r0)}};
    std::vector<Difference> found;
    if (r0 != 0)
        found.push_back({.place = "r0 at EXIT", .expected = hex(0), .seen = hex(r0)});
    expect(row, block);
    const std::size_t memory = m_lowering.layout.guarded_memory;
    for (std::size_t at = 0; at < memory; at += 8) {
        const u64 expected = load_u64(m_expected, at, m_traits.byte_order);
        const u64 seen = load_u64(block, at, m_traits.byte_order);
        if (expected != seen)
            found.push_back({.place = place(at), .expected = hex(expected), .seen = hex(seen)});
    }
    for (std::size_t at = memory; at < block.size(); ++at)
        if (m_expected[at] != block[at])
            found.push_back({.place = place(at),
                             .expected = fmt::format("{:#04x}", m_expected[at]),
                             .seen = fmt::format("{:#04x}", block[at])});
    return found;
}

BlockPlaces StateExperiment::places() const {
    const BlockLayout& layout = m_lowering.layout;
    BlockPlaces places{.registers_before = BlockLayout::registers_before,
                       .registers_after = BlockLayout::registers_after,
                       .stack = {},
                       .memory = layout.guarded_memory + guard_size,
                       .memory_size = m_states.before.memory.size() - 2 * guard_size};
    for (std::size_t i = 0; i < m_states.observed.size(); ++i)
        places.stack.push_back({.offset = m_states.observed[i],
                                .before = BlockLayout::stack_before + 8 * i,
                                .after = layout.stack_after + 8 * i});
    return places;
}

std::vector<std::string> StateExperiment::registers_before(std::size_t row) {
    std::vector<std::string> texts;
    const RowState state = before(row);
    for (std::size_t number = 0; number < general_registers; ++number) {
        const auto* address = std::get_if<Address>(&m_states.before.registers[number]);
        if (address == nullptr)
            texts.push_back(hex(state.registers[number]));
        else
            texts.push_back(fmt::format("{}{:+}",
                                        address->base == Address::Base::memory ? "memory" : "r10",
                                        address->offset));
    }
    return texts;
}

u64 value_or_zero(const RegisterValue& value) {
    const auto* number = std::get_if<u64>(&value);
    return number != nullptr ? *number : 0;
}

/// The instructions with the runtime's own ids of helpers.
std::vector<Slot> body_for(const Vector& vector, const RuntimeTraits& traits) {
    std::vector<Slot> body = vector.body;
    put_helper_ids(body, traits.helpers);
    return body;
}

class ExplicitExperiment final : public StateExperiment {
public:
    ExplicitExperiment(const Vector& vector, const RuntimeTraits& traits)
        : StateExperiment(body_for(vector, traits), full_states(vector, traits.byte_order),
                          traits) {}

    std::size_t rows() const override { return 1; }

private:
    RowState before(std::size_t) override { return row_of(states().before); }
    RowState after(std::size_t) override { return row_of(states().after); }
    static RowState row_of(const FullState& state) {
        RowState row;
        std::ranges::transform(state.registers, row.registers.begin(), value_or_zero);
        return row;
    }
};

/// Nothing stated but, of a sweep with memory, one address.
StatePair states_of(const Vector& vector, const SweepProgram& program, const SweepRows& rows,
                    bool keeps_address) {
    Vector nothing_stated;
    nothing_stated.memory_size = vector.sweep.cell_size == 0 ? 0 : sweep_memory_size;
    StatePair states = full_states(nothing_stated, ByteOrder::little);
    if (const auto base = rows.base()) {
        const Address address{Address::Base::memory,
                              program.at.value_or(0) - program.offset.value_or(0)};
        states.before.registers[*base] = address;
        states.after.registers[*base] = u64{0};
        if (keeps_address)
            states.after.registers[*base] = address;
    }
    return states;
}

/// The selected rows of one program.
class SweepExperiment final : public StateExperiment {
public:
    SweepExperiment(const Vector& vector, const SweepProgram& program, const RuntimeTraits& traits,
                    std::vector<u32> selected)
        : SweepExperiment(vector, program, traits, std::move(selected),
                          SweepRows(vector, program, traits.byte_order)) {}

    std::size_t rows() const override {
        return m_selected.empty() ? m_rows.count() : m_selected.size();
    }
    std::size_t row_number(std::size_t row) const override {
        return m_selected.empty() ? row : m_selected[row];
    }
    std::string text() const override { return m_text; }
    std::string memory_before(std::size_t row) override {
        return cell().size == 0 ? ""
                                : fmt::format("u{}@{} = {}", 8 * cell().size, cell().at,
                                              hex(m_rows.before(row_number(row)).cell));
    }

private:
    SweepExperiment(const Vector& vector, const SweepProgram& program, const RuntimeTraits& traits,
                    std::vector<u32> selected, SweepRows rows)
        : StateExperiment(program.body, states_of(vector, program, rows, keeps_address(rows)),
                          traits,
                          {.at = static_cast<std::size_t>(program.at.value_or(0)),
                           .size = vector.sweep.cell_size}),
          m_text(program.text()), m_rows(std::move(rows)), m_selected(std::move(selected)) {}

    static bool keeps_address(SweepRows& rows) {
        return rows.base() && rows.after(0).registers[*rows.base()] == rows.base_address();
    }
    RowState before(std::size_t row) override { return m_rows.before(row_number(row)); }
    RowState after(std::size_t row) override { return m_rows.after(row_number(row)); }

    std::string m_text;
    SweepRows m_rows;
    std::vector<u32> m_selected; // row numbers; empty: all
};

/// A whole program: nothing is added; R0 and the memory are seen.
class ProgramExperiment final : public Experiment {
public:
    ProgramExperiment(const Vector& vector, const RuntimeTraits& traits)
        : m_vector(vector), m_body(body_for(vector, traits)), m_traits(traits),
          m_states(full_states(vector, traits.byte_order)) {}

    std::span<const Slot> slots() const override { return m_body; }
    bool under_test(std::size_t) const override { return true; }
    Concurrency concurrency() const override { return m_vector.concurrency; }
    bool packet() const override { return m_vector.kind == Kind::packet; }
    std::size_t rows() const override { return 1; }
    std::size_t block_size() const override { return block(m_states.before).size(); }
    void write_block(std::size_t, std::span<u8> bytes) override {
        std::ranges::copy(block(m_states.before), bytes.begin());
    }
    bool right(std::size_t row, u64 r0, std::span<const u8> bytes) override {
        return differences(row, r0, bytes).empty();
    }
    std::vector<Difference> differences(std::size_t row, u64 r0,
                                        std::span<const u8> bytes) override;
    BlockPlaces places() const override {
        return {.registers_before = {},
                .registers_after = {},
                .stack = {},
                .memory = 0,
                .memory_size = m_vector.memory_size};
    }
    std::vector<u8> expected_block(std::size_t) override {
        const auto expected = block(m_states.after);
        return {expected.begin(), expected.end()};
    }
    std::optional<u64> expected_r0() const override {
        const auto* result = std::get_if<u64>(&*m_vector.result);
        return result != nullptr ? std::optional(*result) : std::nullopt;
    }
    std::vector<std::string> registers_before(std::size_t) override { return {}; }

private:
    /// The program's R1 points at the vector's memory itself, so there is a guard behind only.
    std::span<const u8> block(const FullState& state) const {
        return packet() ? std::span<const u8>(m_vector.packet)
                        : std::span(state.memory).subspan(guard_size);
    }

    const Vector& m_vector;
    std::vector<Slot> m_body;
    RuntimeTraits m_traits;
    StatePair m_states;
};

std::vector<Difference> ProgramExperiment::differences(std::size_t, u64 r0,
                                                       std::span<const u8> bytes) {
    std::vector<Difference> found;
    const u64 mask = m_traits.r0_bits == 32 ? 0xffff'ffff : ~u64{0};
    if (const auto* result = std::get_if<u64>(&*m_vector.result);
        result != nullptr && (*result & mask) != (r0 & mask))
        found.push_back({.place = m_traits.r0_bits == 32 ? "r0 (32 bits)" : "r0",
                         .expected = hex(*result & mask),
                         .seen = hex(r0 & mask)});
    if (m_traits.fold)
        return found; // one-shot: memory is not seen
    const auto expected = block(m_states.after);
    for (std::size_t at = 0; at < expected.size(); ++at)
        if (expected[at] != bytes[at])
            found.push_back({.place = fmt::format(
                                 "{} u8@{}", at < m_vector.memory_size ? "memory" : "guard", at),
                             .expected = fmt::format("{:#04x}", expected[at]),
                             .seen = fmt::format("{:#04x}", bytes[at])});
    return found;
}

} // namespace

std::vector<u8> wire_form(std::span<const Slot> slots, ByteOrder order) {
    std::vector<u8> image;
    image.reserve(slots.size() * slot_size);
    for (const Slot& slot : slots) {
        const auto bytes = encode_slot(slot, order);
        image.insert(image.end(), bytes.begin(), bytes.end());
    }
    return image;
}

std::unique_ptr<Experiment> make_experiment(const Vector& vector, std::size_t index,
                                            const RuntimeTraits& traits) {
    return make_experiment(vector, ProgramRows{.program = index, .rows = {}}, traits);
}

std::unique_ptr<Experiment> make_experiment(const Vector& vector, const ProgramRows& selected,
                                            const RuntimeTraits& traits) {
    try {
        if (vector.kind == Kind::sweep)
            return std::make_unique<SweepExperiment>(
                vector, vector.sweep_programs.at(selected.program), traits, selected.rows);
        if (vector.kind == Kind::explicit_state)
            return std::make_unique<ExplicitExperiment>(vector, traits);
        return std::make_unique<ProgramExperiment>(vector, traits);
    } catch (const InputError& error) {
        throw InputError(vector.location.text() + ": " + error.what());
    }
}

State entry_state(const Experiment& experiment, std::span<u8> block) {
    State state;
    if (experiment.packet())
        state.packet = block;
    else
        state.memory = block;
    set_up_entry(state);
    if (experiment.packet())
        state.registers[1] = context_address; // an empty packet is a packet, too
    return state;
}

} // namespace bpf_assay::conformance
