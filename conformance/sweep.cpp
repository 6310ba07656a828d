#include "conformance/sweep.hpp"

#include "conformance/digest.hpp"
#include "conformance/error.hpp"
#include "conformance/state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace bpf_assay::conformance {
namespace {

Program load_body(const Vector& vector, const SweepProgram& program, ByteOrder order) {
    std::vector<Slot> slots = program.body;
    slots.push_back({.opcode = find_row("exit")->opcode});
    auto loaded = Program::load(slots, {.byte_order = order, .extensions = extensions_of(vector)});
    if (const auto* refused = std::get_if<Refused>(&loaded))
        throw InputError(fmt::format("{}: {} ({}): {}", vector.location.text(), vector.id,
                                     program.text(), describe(refused->reason)));
    return std::get<Program>(std::move(loaded));
}

/// How far from the memory an offset reaches.
constexpr u64 reach = 0x10000;

bool is_address(u64 value) {
    return value - sweep_memory_address + reach <= 2 * reach;
}

} // namespace

std::optional<u8> SweepProgram::base(const Sweep& sweep) const {
    switch (sweep.base) {
    case Sweep::Base::dst:
        return dst;
    case Sweep::Base::src:
        return src;
    case Sweep::Base::none:
        break;
    }
    return std::nullopt;
}

std::string SweepProgram::text() const {
    std::string text = fmt::format("dst r{}", dst);
    if (src)
        text += fmt::format(", src r{}", *src);
    if (imm)
        text += fmt::format(", imm {}", *imm);
    if (at)
        text += fmt::format(", at {}", *at);
    if (offset)
        text += fmt::format(", offset {}", *offset);
    return text;
}

std::vector<RowDimension> row_dimensions(const Sweep& sweep, const SweepProgram& program) {
    std::vector<RowDimension> dimensions;
    std::array<bool, general_registers> taken{};
    if (const auto base = program.base(sweep))
        taken[*base] = true;
    const auto add = [&](std::optional<u8> reg, const std::vector<u64>& values) {
        if (reg && !values.empty() && !std::exchange(taken[*reg], true))
            dimensions.push_back({reg, &values});
    };
    add(program.dst, sweep.dst_values);
    add(program.src, sweep.src_values);
    add(0, sweep.r0_values);
    if (!sweep.memory_values.empty())
        dimensions.push_back({std::nullopt, &sweep.memory_values});
    return dimensions;
}

SweepRows::SweepRows(const Vector& vector, const SweepProgram& program, ByteOrder order)
    : m_vector(vector), m_program(program), m_order(order), m_vm(load_body(vector, program, order)),
      m_base(program.base(vector.sweep)), m_dimensions(row_dimensions(vector.sweep, program)) {
    for (std::size_t number = 0; number < general_registers; ++number)
        m_sentinels.registers[number] = register_sentinel(number);
    for (std::size_t at = 0; at < m_untouched.size(); ++at)
        m_untouched[at] = memory_sentinel(static_cast<s64>(at));
    if (m_base)
        m_sentinels.registers[*m_base] = base_address();
    m_sentinels.cell = load(cell_of(m_untouched), order);

    for (const RowDimension& dimension : m_dimensions)
        m_count *= dimension.values->size();
}

u64 SweepRows::base_address() const {
    return sweep_memory_address +
           static_cast<u64>(m_program.at.value_or(0) - m_program.offset.value_or(0));
}

std::span<u8> SweepRows::cell_of(Memory& memory) const {
    return std::span(memory).subspan(static_cast<std::size_t>(m_program.at.value_or(0)),
                                     m_vector.sweep.cell_size);
}

RowState SweepRows::before(std::size_t row) const {
    RowState state = m_sentinels;
    for (std::size_t i = m_dimensions.size(); i-- > 0;) {
        const auto& [reg, values] = m_dimensions[i];
        const u64 value = (*values)[row % values->size()];
        row /= values->size();
        if (reg)
            state.registers[*reg] = value;
        else
            state.cell = m_vector.sweep.cell_size == 8
                             ? value
                             : value & ((u64{1} << (8 * m_vector.sweep.cell_size)) - 1);
    }
    return state;
}

RowState SweepRows::after(std::size_t row) {
    return after(before(row));
}

RowState SweepRows::after(const RowState& before) {
    const bool has_cell = m_vector.sweep.cell_size != 0;
    if (has_cell) {
        m_memory = m_untouched;
        store(cell_of(m_memory), before.cell, m_order);
        m_state.memory = m_memory;
    }
    set_up_entry(m_state);
    std::ranges::copy(before.registers, m_state.registers.begin());
    const auto fail = [&](std::string_view what) {
        throw InputError(fmt::format("{}: {} ({}): {}", m_vector.location.text(), m_vector.id,
                                     m_program.text(), what));
    };
    if (!std::holds_alternative<Returned>(run(m_vm, m_state)))
        fail("the instructions do not run to their end on the reference VM");
    RowState result;
    std::copy_n(m_state.registers.begin(), general_registers, result.registers.begin());
    if (has_cell) {
        result.cell = load(cell_of(m_memory), m_order);
        std::ranges::copy(cell_of(m_untouched), cell_of(m_memory).begin());
        if (m_memory != m_untouched)
            fail("the instructions change memory beside the cell");
    }
    return result;
}

std::string digest_of(const Vector& sweep, ByteOrder order) {
    Sha256 digest;
    std::vector<u8> bytes;
    const bool has_cell = sweep.sweep.cell_size != 0;
    for (const SweepProgram& program : sweep.sweep_programs) {
        SweepRows rows(sweep, program, order);
        bytes.resize(rows.count() * (general_registers + (has_cell ? 1 : 0)) * 8);
        std::span<u8> rest(bytes);
        const auto add = [&](u64 value) {
            store(rest.first(8), value, ByteOrder::little);
            rest = rest.subspan(8);
        };
        for (std::size_t row = 0; row < rows.count(); ++row) {
            const RowState after = rows.after(row);
            std::ranges::for_each(after.registers, add);
            if (!has_cell)
                continue;
            add(after.cell);
            // A runtime's addresses are its own: one that moves, or changes, could not be compared.
            for (std::size_t number = 0; number < general_registers; ++number)
                if (is_address(after.registers[number]) &&
                    (number != rows.base() || after.registers[number] != rows.base_address()))
                    throw InputError(
                        fmt::format("{}: {} ({}): r{} holds an address of its own after",
                                    sweep.location.text(), sweep.id, program.text(), number));
            if (is_address(after.cell))
                throw InputError(fmt::format("{}: {} ({}): an address is stored",
                                             sweep.location.text(), sweep.id, program.text()));
        }
        digest.add(bytes);
    }
    return digest.hex();
}

void check_digest(const Vector& sweep, ByteOrder order) {
    const std::string& stated = sweep.sweep.digest[index_of(order)];
    const std::string computed = digest_of(sweep, order);
    if (computed != stated)
        throw InputError(fmt::format(
            "{}: the reference VM and the model behind the vectors disagree on {} ({}-endian): "
            "digest {} is stated, {} computed; run scripts/generate --check",
            sweep.location.text(), sweep.id, order == ByteOrder::little ? "little" : "big", stated,
            computed));
}

} // namespace bpf_assay::conformance
