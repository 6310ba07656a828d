// The state of one run, and what instructions do to it besides computing: memory access, jumps,
// calls. Internal to the machine.
#pragma once

#include "reference_vm/instructions.hpp"
#include "reference_vm/machine.hpp"

namespace bpf_assay {

class Machine {
public:
    // Not initialised on purpose: the frames of callees, which cost more than a short run.
    Machine(const Program& program, State& state, const RunOptions& options)
        : m_code(program.code()), m_slots(program.slots()), m_byte_order(program.byte_order()),
          m_state(state), m_platform(options.platform), m_choices(options.choices) {}

    /// Executes at most `limit` instructions.
    Outcome run(u64 limit);
    /// The same, and shows each to the hook.
    Outcome run_traced(u64 limit, TraceHook& hook);

    u64& reg(u8 number) { return m_state.registers[number]; }
    u64 reg(u8 number) const { return m_state.registers[number]; }
    ByteOrder byte_order() const { return m_byte_order; }
    std::span<const u8> packet() const { return m_state.packet; }
    std::span<const Slot> slots() const { return m_slots; }
    const Platform& platform() const { return m_platform; }

    /// What the runtime chooses this time.
    bool choose() {
        m_chosen = m_choices == Choices::always || (m_choices == Choices::alternate && !m_chosen);
        return m_chosen;
    }

    /// The bytes at [address, address + size), null unless all of them are in one region.
    u8* mapped(u64 address, std::size_t size);

    // Each of these is the end of a step: true if the program goes on.

    [[nodiscard]] bool fault(FaultReason reason, const Instruction& at) {
        m_outcome = Fault{reason, at.pc};
        return false;
    }
    /// PC += distance
    [[nodiscard]] bool jump(s64 distance, const Instruction& from);
    /// Helper function (section 4.3.1)
    [[nodiscard]] bool call(std::span<const Helper> helpers, const Instruction& from);
    /// Program-local function (section 4.3.2)
    [[nodiscard]] bool call_local(s64 distance, const Instruction& from);
    /// Returns to the caller, or ends the program
    [[nodiscard]] bool exit();

    /// R1 to R5, after a call or a packet load.
    void clobber_arguments();

private:
    static constexpr std::size_t kept_registers = 5; // R6 to R10

    struct Caller {
        u32 pc; // where EXIT returns to
        std::array<u64, kept_registers> kept;
    };

    bool step(const Instruction& instruction) {
        m_pc = instruction.next;
        return instruction.step(*this, instruction);
    }
    std::span<u8> frame(std::size_t depth) {
        return depth == 0 ? std::span<u8>(m_state.stack) : m_callee_frames[depth - 1];
    }

    std::span<const Instruction> m_code;
    std::span<const Slot> m_slots;
    ByteOrder m_byte_order;
    State& m_state;
    const Platform& m_platform;
    u32 m_pc = 0;
    std::size_t m_depth = 0; // callers of the running function
    Choices m_choices;
    bool m_chosen = false;
    Outcome m_outcome;
    std::array<Caller, max_frames - 1> m_callers;
    std::array<std::array<u8, stack_size>, max_frames - 1> m_callee_frames;
};

/// The function that executes instructions of this row; one of an extension needs its formula.
using Step = bool (*)(Machine&, const Instruction&);
Step step_of(const InstructionRow& row);

/// The instructions of a loaded program, to make a VM that is wrong on purpose.
std::span<Instruction> changeable_code(Program& program);

/// What stands behind the last slot: execution ran off the end.
bool run_off_end(Machine& machine, const Instruction& last);

inline u8* bytes_within(std::span<u8> region, u64 base, u64 address, std::size_t size) {
    const u64 begin = address - base; // wraps to a large number below base
    if (region.size() < size || begin > region.size() - size)
        return nullptr;
    return region.data() + begin;
}

inline u8* Machine::mapped(u64 address, std::size_t size) {
    if (u8* bytes = bytes_within(m_state.memory, memory_address, address, size))
        return bytes;
    for (std::size_t depth = 0; depth <= m_depth; ++depth)
        if (u8* bytes =
                bytes_within(frame(depth), stack_address - depth * frame_stride, address, size))
            return bytes;
    return nullptr;
}

inline bool Machine::jump(s64 distance, const Instruction& from) {
    const s64 target = m_pc + distance;
    if (target < 0 || target >= static_cast<s64>(m_slots.size()))
        return fault(FaultReason::outside_program, from);
    m_pc = static_cast<u32>(target);
    if (m_code[m_pc].step == nullptr)
        return fault(FaultReason::into_wide, from);
    return true;
}

} // namespace bpf_assay
