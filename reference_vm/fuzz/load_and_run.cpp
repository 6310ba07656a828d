// Any bytes: load them and, if that is a program, run it. Nothing may go wrong that a sanitizer
// sees, and a run with a trace must end in the same state as one without.
//
// The first byte chooses: bit 0 byte order, bit 1 profile, bit 2 packet or memory, bit 3 raw (the
// rest is an image) or guided (each 8 bytes make an instruction of some row, so that most programs
// load).
#include "reference_vm/disassembler.hpp"
#include "reference_vm/instructions.hpp"
#include "reference_vm/machine.hpp"
#include "reference_vm/trace.hpp"

#include <algorithm>
#include <cstdlib>

namespace bpf_assay {
namespace {

constexpr std::size_t memory_size = 40;
constexpr u64 instruction_limit = 2000;

/// Reads what it is shown.
class Reader : public TraceHook {
public:
    void on_step(const TraceStep& step) override {
        m_length += disassemble(step.program, step.pc).size();
    }

private:
    std::size_t m_length = 0;
};

u64 helper(void*, const std::array<u64, 5>& arguments) {
    return arguments[0];
}

std::optional<u64> resolve(void*, u8, s32 imm, s32 next_imm) {
    if (imm < 0)
        return std::nullopt;
    return memory_address + static_cast<u8>(next_imm);
}

/// A slot, or two, of the row that `bytes` select.
void append_instruction(std::vector<Slot>& slots, std::span<const u8, slot_size> bytes) {
    const InstructionRow& row = instruction_table()[bytes[0] % instruction_count];
    const auto field = [](const FieldRule& rule, s64 value) {
        return rule.kind == FieldRule::Kind::any ? value : rule.value;
    };
    const auto offset = static_cast<s8>(bytes[3]);
    const s64 imm = static_cast<s8>(bytes[4]) * (bytes[5] % 4 == 0 ? s64{0x0100'0001} : 1);
    slots.push_back({.opcode = row.opcode,
                     .dst_reg = static_cast<u8>(field(row.dst_reg, bytes[1] % register_count)),
                     .src_reg = static_cast<u8>(field(row.src_reg, bytes[2] % register_count)),
                     .offset = static_cast<s16>(field(row.offset, offset)),
                     .imm = static_cast<s32>(field(row.imm, imm))});
    if (row.wide)
        slots.push_back({.imm = static_cast<s32>(field(row.next_imm, static_cast<s8>(bytes[6])))});
}

std::variant<Program, Refused> load(std::span<const u8> bytes, bool raw, LoadOptions options) {
    if (raw)
        return Program::load(bytes, options);
    std::vector<Slot> slots;
    for (; bytes.size() >= slot_size; bytes = bytes.subspan(slot_size))
        append_instruction(slots, bytes.first<slot_size>());
    slots.push_back({.opcode = find_row("exit")->opcode});
    return Program::load(slots, options);
}

struct Run {
    std::vector<u8> memory = std::vector<u8>(memory_size);
    std::vector<u8> packet = std::vector<u8>(memory_size, 0x5a);
    State state;
    Outcome outcome;
};

void run_once(const Program& program, bool with_packet, TraceHook* trace, Run& result) {
    static constexpr std::array<Helper, 1> helpers = {{{.id = 1, .call = helper}}};
    if (with_packet)
        result.state.packet = result.packet;
    else
        result.state.memory = result.memory;
    set_up_entry(result.state);
    result.state.registers[6] = result.state.registers[1];
    result.outcome =
        run(program, result.state,
            {.platform = {.helpers = helpers, .btf_helpers = helpers, .resolve = resolve},
             .instruction_limit = instruction_limit,
             .trace = trace});
}

} // namespace
} // namespace bpf_assay

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bpf_assay;
    if (size == 0)
        return 0;
    const u8 choice = data[0];
    const LoadOptions options = {.byte_order =
                                     (choice & 1) != 0 ? ByteOrder::big : ByteOrder::little,
                                 .profile = (choice & 2) != 0 ? Profile::base : Profile::strict};
    const bool with_packet = (choice & 4) != 0;
    const auto loaded = load(std::span(data + 1, size - 1), (choice & 8) != 0, options);
    if (!std::holds_alternative<Program>(loaded))
        return 0;
    const Program& program = std::get<Program>(loaded);
    Run plain;
    run_once(program, with_packet, nullptr, plain);
    Reader reader;
    Run traced;
    run_once(program, with_packet, &reader, traced);
    if (plain.state.registers != traced.state.registers ||
        plain.state.stack != traced.state.stack || plain.memory != traced.memory ||
        plain.outcome.index() != traced.outcome.index())
        std::abort();
    return 0;
}
