#include "reference_vm/machine.hpp"

#include "reference_vm/decoder.hpp"
#include "reference_vm/execution.hpp"
#include "reference_vm/formula.hpp"

#include <algorithm>

namespace bpf_assay {

std::variant<Program, Refused> Program::load(std::span<const u8> image, LoadOptions options) {
    const std::size_t count = image.size() / slot_size;
    if (image.size() % slot_size != 0 || count > max_program_slots)
        return Refused{RefusalReason::image_length, 0, "3"};
    std::vector<Slot> slots(count);
    for (std::size_t i = 0; i < count; ++i)
        slots[i] = decode_slot(image.subspan(i * slot_size).first<slot_size>(), options.byte_order);
    return load(slots, options);
}

std::variant<Program, Refused> Program::load(std::span<const Slot> slots, LoadOptions options) {
    if (const std::optional<Refused> refused = check(slots, options.profile, options.extensions))
        return *refused;
    return Program({slots.begin(), slots.end()}, options);
}

Program::Program(std::vector<Slot> slots, const LoadOptions& options)
    : m_slots(std::move(slots)), m_code(m_slots.size() + 1), m_byte_order(options.byte_order) {
    u32 last = 0;
    for (u32 pc = 0; pc < m_slots.size(); pc = m_code[pc].next) {
        const Slot& slot = m_slots[pc];
        const InstructionRow& row = *find_row(slot, options.extensions);
        const bool is_extension = !row.extension.empty();
        m_code[pc] = {.step = is_extension ? step_formula : step_of(row),
                      .imm = sign_extend<u64>(static_cast<u32>(slot.imm)),
                      .pc = pc,
                      .next = pc + (row.wide ? 2 : 1),
                      .offset = slot.offset,
                      .dst_reg = slot.dst_reg,
                      .src_reg = slot.src_reg,
                      .formula = is_extension ? &formula_of(row) : nullptr};
        last = pc;
    }
    m_code.back().step = run_off_end;
    m_code.back().pc = last;
}

void set_up_entry(State& state) {
    state.registers = {};
    state.registers[1] = state.packet.data() == nullptr ? memory_address : context_address;
    state.registers[frame_register] = stack_address + stack_size;
}

Outcome run(const Program& program, State& state, const RunOptions& options) {
    Machine machine(program, state, options);
    if (options.trace != nullptr)
        return machine.run_traced(options.instruction_limit, *options.trace);
    return machine.run(options.instruction_limit);
}

Outcome Machine::run(u64 limit) {
    for (; limit != 0; --limit)
        if (!step(m_code[m_pc]))
            return m_outcome;
    return InstructionLimit{};
}

bool Machine::call(std::span<const Helper> helpers, const Instruction& from) {
    const auto id = static_cast<u32>(from.imm);
    const auto helper = std::ranges::find(helpers, id, &Helper::id);
    if (helper == helpers.end())
        return fault(FaultReason::unknown_helper, from);
    reg(0) = helper->call(m_platform.context, {reg(1), reg(2), reg(3), reg(4), reg(5)});
    clobber_arguments();
    return true;
}

bool Machine::call_local(s64 distance, const Instruction& from) {
    if (m_depth + 1 == max_frames)
        return fault(FaultReason::call_depth, from);
    Caller& caller = m_callers[m_depth];
    caller.pc = m_pc;
    std::copy_n(&reg(6), kept_registers, caller.kept.begin());
    ++m_depth;
    std::ranges::fill(frame(m_depth), u8{0});
    reg(frame_register) = stack_address - m_depth * frame_stride + stack_size;
    return jump(distance, from);
}

bool Machine::exit() {
    if (m_depth == 0) {
        m_outcome = Returned{reg(0)};
        return false;
    }
    --m_depth;
    const Caller& caller = m_callers[m_depth];
    m_pc = caller.pc;
    std::copy_n(caller.kept.begin(), kept_registers, &reg(6));
    clobber_arguments();
    return true;
}

void Machine::clobber_arguments() {
    for (u8 number = 1; number <= 5; ++number)
        reg(number) = clobbered;
}

} // namespace bpf_assay
