#include "conformance/reduction/statement.hpp"

#include "conformance/reduction/code.hpp"
#include "conformance/state.hpp"
#include "conformance/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace bpf_assay::conformance::reduction {
namespace {

/// One run of the reference VM in one byte order.
class Run {
public:
    Run(const Vector& vector, ByteOrder order) : m_vector(vector), m_order(order) {
        Vector unchanged = vector; // of the state after, only the state before is known
        unchanged.after = {};
        m_before = full_states(unchanged, order).before;
        m_memory = m_before.memory;
        m_explicit = vector.kind == Kind::explicit_state;
    }

    /// Why it is no statement; empty if it is one.
    std::string execute(u64 limit);
    const Facts& facts() const { return m_facts; }
    StatedState after() const;
    RegisterValue result() const {
        return m_facts.after[0].is_number() ? RegisterValue(m_state.registers[0]) : Undefined{};
    }

private:
    u64 memory() const { return memory_address + (m_explicit ? guard_size : 0); }
    Surroundings set_up();
    void set_registers(Surroundings& surroundings);
    Address address_of(u64 value, Provenance provenance) const;
    std::optional<RegisterValue> register_after(std::size_t number) const;
    std::vector<Cell> cells_after(bool stack) const;
    std::span<const u8> bytes_after(bool stack, s64 at, std::size_t size) const;
    std::span<const u8> bytes_before(bool stack, s64 at, std::size_t size) const;

    const Vector& m_vector;
    ByteOrder m_order;
    FullState m_before;
    std::vector<u8> m_memory;
    State m_state;
    Facts m_facts;
    bool m_explicit = false;
};

void Run::set_registers(Surroundings& surroundings) {
    for (std::size_t number = 0; number < general_registers; ++number) {
        u64& reg = m_state.registers[number];
        Provenance& provenance = surroundings.registers[number];
        const RegisterValue& value = m_before.registers[number];
        if (const auto* address = std::get_if<Address>(&value)) {
            const bool in_memory = address->base == Address::Base::memory;
            reg = (in_memory ? memory() : surroundings.frame) + static_cast<u64>(address->offset);
            provenance.kind = in_memory ? Provenance::Kind::memory : Provenance::Kind::stack;
        } else {
            reg = std::get<u64>(value);
        }
    }
}

Surroundings Run::set_up() {
    const bool packet = m_vector.kind == Kind::packet;
    const std::span block(m_memory);
    m_state.memory = packet ? std::span<u8>() : m_explicit ? block : block.subspan(guard_size);
    if (packet)
        m_state.packet = m_vector.packet;
    m_state.stack = m_before.stack;
    set_up_entry(m_state);
    Surroundings surroundings{.memory = memory(),
                              .memory_size = packet ? 0 : m_vector.memory_size,
                              .frame = m_state.registers[frame_register],
                              .stack_is_defined = m_explicit,
                              .registers = {}};
    surroundings.registers[frame_register].kind = Provenance::Kind::stack;
    if (m_explicit) {
        set_registers(surroundings);
        return surroundings;
    }
    for (std::size_t number = 0; number < general_registers; ++number)
        surroundings.registers[number].kind = Provenance::Kind::undefined;
    surroundings.registers[1].kind = packet ? Provenance::Kind::context : Provenance::Kind::memory;
    return surroundings;
}

std::string Run::execute(u64 limit) {
    std::vector<Slot> slots = m_vector.body;
    if (m_explicit)
        slots.push_back({.opcode = find_row("exit")->opcode});
    auto loaded =
        Program::load(slots, {.byte_order = m_order, .extensions = extensions_of(m_vector)});
    if (const auto* refused = std::get_if<Refused>(&loaded))
        return std::string(describe(refused->reason));
    Observer observer(set_up());
    const auto outcome =
        run(std::get<Program>(loaded), m_state,
            {.platform = platform_of(m_state), .instruction_limit = limit, .trace = &observer});
    m_facts = observer.facts();
    if (!std::holds_alternative<Returned>(outcome))
        return "it does not run to its end";
    if (!m_facts.objection.empty())
        return m_facts.objection;
    if (m_facts.pointer_in_memory || (m_explicit && m_facts.pointer_in_stack))
        return "an address is left in memory";
    return {};
}

Address Run::address_of(u64 value, Provenance provenance) const {
    const bool in_memory = provenance.kind == Provenance::Kind::memory;
    const u64 origin = in_memory ? memory() : m_state.registers[frame_register];
    return {in_memory ? Address::Base::memory : Address::Base::stack,
            static_cast<s64>(value - origin)};
}

std::optional<RegisterValue> Run::register_after(std::size_t number) const {
    const Provenance provenance = m_facts.after[number];
    RegisterValue value = m_state.registers[number];
    if (provenance.kind == Provenance::Kind::undefined)
        value = Undefined{};
    else if (provenance.is_pointer())
        value = address_of(m_state.registers[number], provenance);
    if (value == m_before.registers[number])
        return std::nullopt;
    return value;
}

std::span<const u8> Run::bytes_after(bool stack, s64 at, std::size_t size) const {
    if (stack)
        return std::span(m_state.stack)
            .subspan(static_cast<std::size_t>(at + static_cast<s64>(frame_size)), size);
    return std::span(m_memory).subspan(static_cast<std::size_t>(at) + guard_size, size);
}

std::span<const u8> Run::bytes_before(bool stack, s64 at, std::size_t size) const {
    if (stack)
        return std::span(m_before.stack)
            .subspan(static_cast<std::size_t>(at + static_cast<s64>(frame_size)), size);
    return std::span(m_before.memory).subspan(static_cast<std::size_t>(at) + guard_size, size);
}

/// What was written, latest first, each byte in one cell only. Of the stack also what has come out
/// as it was: only what is named keeps clear of the lowering's own slots.
std::vector<Cell> Run::cells_after(bool stack) const {
    std::vector<Cell> cells;
    const auto taken = [&](s64 at) {
        return std::ranges::any_of(cells, [&](const Cell& cell) {
            return at >= cell.at && at < cell.at + static_cast<s64>(cell.size);
        });
    };
    const auto add = [&](s64 at, std::size_t size) {
        cells.push_back(
            {.at = at, .size = size, .content = load(bytes_after(stack, at, size), m_order)});
    };
    for (const Extent& extent : std::vector(m_facts.written.rbegin(), m_facts.written.rend())) {
        if (extent.stack != stack)
            continue;
        const auto end = extent.at + static_cast<s64>(extent.size);
        bool whole = std::popcount(extent.size) == 1 && extent.size <= 8;
        for (s64 at = extent.at; at < end; ++at)
            whole = whole && !taken(at);
        if (whole)
            add(extent.at, extent.size);
        for (s64 at = extent.at; at < end; ++at)
            if (!taken(at))
                add(at, 1);
    }
    std::erase_if(cells, [&](const Cell& cell) {
        return !stack && std::ranges::equal(bytes_after(stack, cell.at, cell.size),
                                            bytes_before(stack, cell.at, cell.size));
    });
    std::ranges::sort(cells, {}, &Cell::at);
    return cells;
}

StatedState Run::after() const {
    StatedState after;
    if (m_explicit)
        for (std::size_t number = 0; number < general_registers; ++number)
            after.registers[number] = register_after(number);
    if (m_vector.kind != Kind::packet)
        after.memory = cells_after(false);
    if (m_explicit)
        after.stack = cells_after(true);
    return after;
}

bool same(const StatedState& a, const StatedState& b) {
    const auto same_cells = [](const std::vector<Cell>& left, const std::vector<Cell>& right) {
        return std::ranges::equal(left, right, [](const Cell& one, const Cell& other) {
            return one.at == other.at && one.size == other.size && one.content == other.content;
        });
    };
    return a.registers == b.registers && same_cells(a.memory, b.memory) &&
           same_cells(a.stack, b.stack);
}

void note_instructions(Vector& vector) {
    std::vector<const InstructionRow*> present;
    vector.helpers.clear();
    for (std::size_t pc = 0; pc < vector.body.size(); ++pc) {
        const InstructionRow* row = find_row(vector.body[pc]);
        if (row == nullptr)
            continue;
        present.push_back(row);
        for (const HelperRole role : all_helper_roles)
            if (row->mnemonic == "call_helper" &&
                static_cast<u32>(vector.body[pc].imm) == reserved_id(role) &&
                std::ranges::find(vector.helpers, role) == vector.helpers.end())
                vector.helpers.push_back(role);
        pc += row->wide ? 1 : 0;
    }
    std::erase_if(vector.tests, [&](const InstructionRow* row) {
        return std::ranges::find(present, row) == present.end();
    });
}

/// The state before may name what the lowering would not fill otherwise.
std::string unobserved_stack(const Vector& vector, const Facts& facts, ByteOrder order) {
    const auto observed = full_states(vector, order).observed;
    for (const Extent& extent : facts.read_cells)
        for (s64 at = extent.at; extent.stack && at < extent.at + static_cast<s64>(extent.size);
             ++at)
            if (std::ranges::find(observed, at & ~s64{7}) == observed.end())
                return "a byte of the stack is read that is not stated";
    return {};
}

std::string beyond(const Facts& facts, const Limits& limits) {
    if (facts.unaligned && !limits.unaligned)
        return "an unaligned access";
    if (facts.zero_divisor && !limits.zero_divisor)
        return "a division by zero";
    if (facts.large_shift && !limits.large_shift)
        return "a shift by the width or more";
    return {};
}

std::string shape_objection(const Vector& vector, const Limits& limits) {
    if (vector.tests.empty())
        return "no tested instruction is left";
    const auto code = code_of(vector.body);
    if (!limits.unreachable && (!code || !all_reachable(*code)))
        return "an instruction that cannot be reached";
    return {};
}

Vector explicit_row(const Vector& vector, std::size_t number, std::size_t row, ByteOrder order) {
    const SweepProgram& program = vector.sweep_programs.at(number);
    const SweepRows rows(vector, program, order);
    const RowState before = rows.before(row);
    Vector result = vector;
    result.kind = Kind::explicit_state;
    result.sweep = {};
    result.sweep_programs.clear();
    result.body = program.body;
    result.memory_size = vector.sweep.cell_size == 0 ? 8 : sweep_memory_size;
    for (const RowDimension& dimension : row_dimensions(vector.sweep, program)) {
        if (dimension.reg)
            result.before.registers[*dimension.reg] = before.registers[*dimension.reg];
        else
            result.before.memory.push_back({.at = program.at.value_or(0),
                                            .size = vector.sweep.cell_size,
                                            .content = before.cell});
    }
    if (const auto base = rows.base())
        result.before.registers[*base] =
            Address{Address::Base::memory, program.at.value_or(0) - program.offset.value_or(0)};
    return result;
}

} // namespace

Vector single(const Vector& vector, std::size_t program, std::size_t row, ByteOrder order) {
    Vector result = vector;
    if (vector.kind == Kind::sweep)
        return explicit_row(vector, program, row, order);
    if (vector.kind == Kind::encoding && !vector.encoding.values.empty()) {
        result.encoding.slots = vector.encoding.program(program);
        result.encoding.values.clear();
        result.encoding.places.clear();
    }
    return result;
}

std::variant<Statement, std::string> complete(Vector vector, const Limits& limits) {
    note_instructions(vector);
    if (std::string objection = shape_objection(vector, limits); !objection.empty())
        return objection;
    Statement statement;
    RegisterValue result = Undefined{};
    for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
        Run run(vector, order);
        std::string objection = run.execute(limits.instructions);
        if (objection.empty())
            objection = beyond(run.facts(), limits);
        if (!objection.empty())
            return objection;
        if (order == limits.order)
            statement.facts = run.facts();
        vector.after[index_of(order)] = run.after();
        if (order == ByteOrder::big && vector.kind != Kind::explicit_state &&
            (result != run.result() || !same(vector.after[0], vector.after[1])))
            return std::string("it comes out otherwise in the other byte order");
        result = run.result();
    }
    if (vector.kind != Kind::explicit_state) {
        if (!limits.undefined_result && std::holds_alternative<Undefined>(result))
            return std::string("r0 is undefined at the end");
        vector.result = result;
        for (StatedState& after : vector.after)
            after.registers[0] = result;
    }
    if (vector.kind == Kind::explicit_state)
        if (std::string objection = unobserved_stack(vector, statement.facts, limits.order);
            !objection.empty())
            return objection;
    statement.vector = std::move(vector);
    return statement;
}

bool agree(const Vector& stated, const Vector& computed) {
    if (stated.kind == Kind::sweep || stated.kind == Kind::encoding)
        return true;
    for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
        const FullState one = full_states(stated, order).after;
        const FullState other = full_states(computed, order).after;
        if (one.registers != other.registers || one.memory != other.memory ||
            one.stack != other.stack)
            return false;
    }
    return stated.result == computed.result;
}

Limits limits_of(const Statement& statement, ByteOrder order) {
    const auto code = code_of(statement.vector.body);
    return {.order = order,
            .instructions = 2 * statement.facts.steps + 1'000,
            .undefined_result = statement.vector.result == RegisterValue(Undefined{}),
            .unreachable = !code || !all_reachable(*code),
            .unaligned = statement.facts.unaligned,
            .zero_divisor = statement.facts.zero_divisor,
            .large_shift = statement.facts.large_shift};
}

} // namespace bpf_assay::conformance::reduction
