#include "conformance/reduction/observer.hpp"

#include "conformance/abilities.hpp"
#include "conformance/state.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bpf_assay::conformance::reduction {
namespace {

using Kind = Provenance::Kind;

constexpr u8 first_saved = 6;

bool is_32_bits(Class cls) {
    return cls == Class::ALU || cls == Class::JMP32;
}

u64 operand(const TraceStep& step, const Slot& slot) {
    return source_of(slot.opcode) == Source::X ? step.before[slot.src_reg]
                                               : static_cast<u64>(s64{slot.imm});
}

} // namespace

Observer::Observer(const Surroundings& surroundings) : m_surroundings(surroundings) {
    for (std::size_t number = 0; number < m_registers.size(); ++number)
        m_registers[number].provenance = surroundings.registers[number];
}

void Observer::object(std::string what) {
    if (m_facts.objection.empty())
        m_facts.objection = std::move(what);
}

Provenance Observer::read(u8 number) {
    const Register& reg = m_registers[number];
    if (reg.provenance.kind == Kind::undefined)
        object(fmt::format("r{} is read and undefined", number));
    if (reg.initial && number < general_registers)
        m_facts.read[number] = true;
    return reg.provenance;
}

void Observer::expect_number(u8 number) {
    if (!read(number).is_number())
        object(fmt::format("r{} is an address and used as a number", number));
}

void Observer::write(u8 number, Provenance provenance) {
    m_registers[number] = {.provenance = provenance, .initial = false};
}

void Observer::on_step(const TraceStep& step) {
    if (step.after == nullptr)
        before(step);
    else
        after(step);
}

/// A call and a return show in the depth of the next instruction.
void Observer::change_depth(std::size_t depth) {
    const Provenance undefined{.kind = Kind::undefined};
    while (m_saved.size() < depth) {
        auto& saved = m_saved.emplace_back();
        std::copy_n(m_registers.begin() + first_saved, saved.size(), saved.begin());
        for (u8 number = 0; number < general_registers; ++number)
            if (number == 0 || number >= first_saved)
                write(number, undefined);
        write(frame_register, {.kind = Kind::stack, .depth = m_saved.size()});
    }
    while (m_saved.size() > depth) {
        const u64 end =
            m_surroundings.frame - m_saved.size() * frame_stride; // of a frame that ends
        m_bytes.erase(m_bytes.lower_bound(end - stack_size), m_bytes.lower_bound(end));
        std::ranges::copy(m_saved.back(), m_registers.begin() + first_saved);
        m_saved.pop_back();
        for (u8 number = 1; number < first_saved; ++number)
            write(number, undefined);
        write(frame_register, {.kind = Kind::stack, .depth = m_saved.size()});
    }
}

void Observer::before(const TraceStep& step) {
    ++m_facts.steps;
    change_depth(step.depth);
}

void Observer::after(const TraceStep& step) {
    const Slot& slot = step.program[step.pc];
    switch (class_of(slot.opcode)) {
    case Class::ALU:
    case Class::ALU64:
        return arithmetic(step, slot);
    case Class::JMP:
    case Class::JMP32:
        return jump(step, slot);
    case Class::LD:
        if (step.row.group == Group::packet)
            return packet_load(slot);
        if (slot.src_reg != 0)
            object("a value of the platform is loaded");
        return write(slot.dst_reg);
    case Class::LDX:
    case Class::ST:
    case Class::STX:
        return memory_access(step, slot);
    }
}

void Observer::divisor_and_count(const TraceStep& step, const Slot& slot) {
    const bool narrow = is_32_bits(class_of(slot.opcode));
    const u64 value = narrow ? static_cast<u32>(operand(step, slot)) : operand(step, slot);
    switch (code_of(slot.opcode)) {
    case Code::DIV:
    case Code::MOD:
        m_facts.zero_divisor = m_facts.zero_divisor || value == 0;
        break;
    case Code::LSH:
    case Code::RSH:
    case Code::ARSH:
        m_facts.large_shift = m_facts.large_shift || value >= (narrow ? 32 : 64);
        break;
    default:
        break;
    }
}

/// An address that ADD, SUB or MOV of 64 bits makes of another; else an objection.
Provenance Observer::moved_pointer(const TraceStep& step, const Slot& slot) {
    const bool is_register = source_of(slot.opcode) == Source::X;
    const Provenance dst = m_registers[slot.dst_reg].provenance;
    const Provenance src = is_register ? m_registers[slot.src_reg].provenance : Provenance{};
    if (class_of(slot.opcode) == Class::ALU64) {
        if (step.row.mnemonic == "mov64_reg")
            return src;
        if (code_of(slot.opcode) == Code::ADD && !(dst.is_pointer() && src.is_pointer()))
            return dst.is_pointer() ? dst : src;
        if (code_of(slot.opcode) == Code::SUB && src.is_number())
            return dst;
        if (code_of(slot.opcode) == Code::SUB && dst == src)
            return {};
    }
    object(fmt::format("an address is computed with by {}", step.row.mnemonic));
    return {};
}

void Observer::arithmetic(const TraceStep& step, const Slot& slot) {
    const bool is_register =
        source_of(slot.opcode) == Source::X && step.row.src_reg.kind == FieldRule::Kind::any;
    const bool is_move = code_of(slot.opcode) == Code::MOV;
    const Provenance dst = is_move ? Provenance{} : read(slot.dst_reg);
    const Provenance src = is_register ? read(slot.src_reg) : Provenance{};
    divisor_and_count(step, slot);
    write(slot.dst_reg,
          dst.is_pointer() || src.is_pointer() ? moved_pointer(step, slot) : Provenance{});
}

void Observer::compare(const TraceStep& step, const Slot& slot) {
    const bool is_register = source_of(slot.opcode) == Source::X;
    const Provenance dst = read(slot.dst_reg);
    const Provenance src = is_register ? read(slot.src_reg) : Provenance{};
    if (dst.is_number() && src.is_number())
        return;
    const bool equality = !is_32_bits(class_of(slot.opcode)) &&
                          (jump_of(slot.opcode) == Jump::JEQ || jump_of(slot.opcode) == Jump::JNE);
    const bool null_check = equality && !is_register && slot.imm == 0;
    const bool apart = equality && dst.is_pointer() && src.is_pointer(); // of different regions
    const bool same = dst == src && !is_32_bits(class_of(slot.opcode));
    if (!null_check && !apart && !same)
        object(fmt::format("an address is compared by {}", step.row.mnemonic));
}

void Observer::jump(const TraceStep& step, const Slot& slot) {
    switch (jump_of(slot.opcode)) {
    case Jump::JA:
        return;
    case Jump::EXIT:
        if (step.depth == 0)
            return;
        if (m_registers[0].provenance.kind == Kind::stack)
            object("a function returns an address of its stack");
        return;
    case Jump::CALL:
        if (slot.src_reg == call::LOCAL)
            return;
        return call_helper(step, slot);
    default:
        return compare(step, slot);
    }
}

void Observer::call_helper(const TraceStep& step, const Slot& slot) {
    const auto id = static_cast<u32>(slot.imm);
    if (id == reserved_id(HelperRole::mix)) {
        for (u8 number = 1; number <= 5; ++number)
            expect_number(number);
    } else if (id == reserved_id(HelperRole::copy)) {
        const auto size = static_cast<std::size_t>(step.before[2]);
        const Provenance to = read(1), from = read(3);
        expect_number(2);
        if (size != 0 && may_access(step.before[3], size, from) &&
            may_access(step.before[1], size, to)) {
            if (!load_bytes(step.before[3], size).is_number())
                object("an address is copied");
            store_bytes(step.before[1], size, {});
        }
    } else if (id != reserved_id(HelperRole::unstated)) {
        object("an unknown helper is called");
    }
    const Provenance undefined{.kind = Kind::undefined};
    write(0, id == reserved_id(HelperRole::unstated) ? undefined : Provenance{});
    for (u8 number = 1; number < first_saved; ++number)
        write(number, undefined);
}

void Observer::packet_load(const Slot& slot) {
    if (read(6).kind != Kind::context)
        object("a packet load without the context in r6");
    if (mode_of(slot.opcode) == Mode::IND)
        expect_number(slot.src_reg);
    write(0);
    for (u8 number = 1; number < first_saved; ++number)
        write(number, {.kind = Kind::undefined});
}

void Observer::memory_access(const TraceStep& step, const Slot& slot) {
    const Class cls = class_of(slot.opcode);
    const u8 base = cls == Class::LDX ? slot.src_reg : slot.dst_reg;
    const std::size_t size = bytes_of(size_of(slot.opcode));
    const u64 address = step.before[base] + static_cast<u64>(s64{slot.offset});
    if (!may_access(address, size, read(base)))
        return;
    m_facts.unaligned = m_facts.unaligned || address % size != 0;
    if (cls == Class::LDX)
        return write(slot.dst_reg, load_bytes(address, size));
    if (mode_of(slot.opcode) == Mode::ATOMIC)
        return atomic(step, slot, address, size);
    store_bytes(address, size, cls == Class::STX ? read(slot.src_reg) : Provenance{});
}

void Observer::atomic(const TraceStep& step, const Slot& slot, u64 address, std::size_t size) {
    const Provenance src = read(slot.src_reg);
    const Provenance old = load_bytes(address, size);
    if (slot.imm == atomic::CMPXCHG)
        expect_number(0);
    if (!old.is_number())
        object("an atomic operation on an address");
    if (!src.is_number() && size != sizeof(u64))
        object("a part of an address is used as a number");
    // An address is stored, moved by the old value, or mixed with it to something of no meaning.
    const s32 operation = slot.imm & ~atomic::FETCH;
    const bool mixes =
        operation == atomic::OR || operation == atomic::AND || operation == atomic::XOR;
    if (step.write)
        store_bytes(address, size,
                    mixes && src.is_pointer() ? Provenance{.kind = Kind::undefined} : src);
    if (slot.imm == atomic::CMPXCHG)
        write(0);
    else if ((slot.imm & atomic::FETCH) != 0)
        write(slot.src_reg);
}

bool Observer::in_memory(u64 address) const {
    return address - m_surroundings.memory < m_surroundings.memory_size;
}

/// Of all pointers, only those to what the statement has may be used.
bool Observer::may_access(u64 address, std::size_t size, Provenance base) {
    const u64 frame = m_surroundings.frame - base.depth * frame_stride;
    const bool inside = base.kind == Kind::memory
                            ? in_memory(address) && in_memory(address + size - 1)
                        : base.kind == Kind::stack
                            ? address - (frame - stack_size) < stack_size && address + size <= frame
                            : false;
    if (!inside)
        object("an access outside of memory and stack");
    return inside;
}

bool Observer::in_first_frame(u64 address) const {
    return address - (m_surroundings.frame - stack_size) < stack_size;
}

Provenance Observer::load_bytes(u64 address, std::size_t size) {
    Provenance found;
    std::size_t of_pointer = 0;
    for (u64 at = address; at < address + size; ++at) {
        const auto written = m_bytes.find(at);
        if (written == m_bytes.end()) {
            if (!in_memory(at) && !(in_first_frame(at) && m_surroundings.stack_is_defined))
                object("a byte of the stack is read before it is written");
            continue;
        }
        if (written->second.provenance.is_number())
            continue;
        found = written->second.provenance;
        of_pointer += written->second.origin == address ? 1 : 0;
    }
    if (!found.is_number() && (of_pointer != sizeof(u64) || size != sizeof(u64)))
        object("a part of an address is read");
    const auto extent = extent_of(address, size);
    if (extent && !m_bytes.contains(address) &&
        std::ranges::find(m_facts.read_cells, *extent) == m_facts.read_cells.end())
        m_facts.read_cells.push_back(*extent);
    return found;
}

void Observer::store_bytes(u64 address, std::size_t size, Provenance provenance) {
    if (!provenance.is_number() && size != 8)
        object("a part of an address is stored");
    for (u64 at = address; at < address + size; ++at)
        m_bytes[at] = {.provenance = provenance, .origin = address};
    const auto extent = extent_of(address, size);
    if (extent && std::ranges::find(m_facts.written, *extent) == m_facts.written.end())
        m_facts.written.push_back(*extent);
}

std::optional<Extent> Observer::extent_of(u64 address, std::size_t size) const {
    if (in_memory(address))
        return Extent{false, static_cast<s64>(address - m_surroundings.memory), size};
    if (in_first_frame(address))
        return Extent{true, static_cast<s64>(address - m_surroundings.frame), size};
    return std::nullopt; // of a callee
}

Facts Observer::facts() {
    for (std::size_t number = 0; number < general_registers; ++number) {
        m_facts.after[number] = m_registers[number].provenance;
        if (m_facts.after[number].kind == Kind::stack && m_facts.after[number].depth != 0)
            object("an address of a function's stack outlives it");
    }
    for (const auto& [address, byte] : m_bytes)
        if (!byte.provenance.is_number())
            (in_memory(address) ? m_facts.pointer_in_memory : m_facts.pointer_in_stack) = true;
    return m_facts;
}

} // namespace bpf_assay::conformance::reduction
