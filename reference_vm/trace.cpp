#include "reference_vm/trace.hpp"

#include "reference_vm/execution.hpp"
#include "reference_vm/formula.hpp"
#include "reference_vm/semantics/load_store.hpp"

namespace bpf_assay {
namespace {

/// What the instruction is about to write to; new_value is not known yet.
std::optional<MemoryWrite> write_ahead(Machine& vm, const InstructionRow& row, const Slot& slot,
                                       const Instruction& in) {
    if (in.formula != nullptr) {
        const auto access = in.formula->store_ahead(vm, in);
        const u8* at = access ? vm.mapped(access->address, access->size) : nullptr;
        if (at == nullptr)
            return std::nullopt;
        return MemoryWrite{access->address, access->size,
                           semantics::load(at, access->size, vm.byte_order()), 0};
    }
    const Class cls = class_of(row.opcode);
    if (cls != Class::ST && cls != Class::STX)
        return std::nullopt;
    const std::size_t size = bytes_of(size_of(row.opcode));
    const u64 address = vm.reg(slot.dst_reg) + sign_extend<u64>(static_cast<u16>(slot.offset));
    const u8* at = vm.mapped(address, size);
    if (at == nullptr)
        return std::nullopt; // it will fault
    const u64 old_value = semantics::load(at, size, vm.byte_order());
    if (mode_of(row.opcode) == Mode::ATOMIC && slot.imm == atomic::CMPXCHG) {
        const u64 compared = size == 4 ? static_cast<u32>(vm.reg(0)) : vm.reg(0);
        if (compared != old_value)
            return std::nullopt;
    }
    return MemoryWrite{address, size, old_value, 0};
}

} // namespace

Outcome Machine::run_traced(u64 limit, TraceHook& hook) {
    for (; limit != 0; --limit) {
        const Instruction& instruction = m_code[m_pc];
        if (m_pc == m_slots.size()) { // ran off the end: no instruction to show
            (void)step(instruction);
            return m_outcome;
        }
        const Slot& slot = m_slots[m_pc];
        const InstructionRow& row = *find_row(slot, ExtensionSet::all());
        const Registers before = m_state.registers;
        const std::size_t depth = m_depth;
        hook.on_step({m_slots, instruction.pc, row, depth, before, nullptr, std::nullopt});
        std::optional<MemoryWrite> write = write_ahead(*this, row, slot, instruction);
        const bool goes_on = step(instruction);
        if (!goes_on && !std::holds_alternative<Returned>(m_outcome))
            return m_outcome;
        if (write)
            write->new_value =
                semantics::load(mapped(write->address, write->size), write->size, m_byte_order);
        hook.on_step({m_slots, instruction.pc, row, depth, before, &m_state.registers, write});
        if (!goes_on)
            return m_outcome;
    }
    return InstructionLimit{};
}

} // namespace bpf_assay
