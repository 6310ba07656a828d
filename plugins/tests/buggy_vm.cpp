// The reference VM with bugs that can be switched on, for tests of what finds, survives and reduces
// failures. Some of them are wrong values, some end or damage this process for real.
#include "bpf_assay_plugin.h"
#include "reference_vm/execution.hpp"
#include "reference_vm/helpers.hpp"

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace {

using namespace bpf_assay;

constexpr u64 low_half = 0xffff'ffff;

const InstructionRow& row_at(const Machine& vm, const Instruction& in) {
    return *find_row(vm.slots()[in.pc]);
}

bool right_step(Machine& vm, const Instruction& in) {
    return step_of(row_at(vm, in))(vm, in);
}

/// The second operand of an arithmetic instruction or a jump.
u64 source(const Machine& vm, const Instruction& in) {
    return source_of(vm.slots()[in.pc].opcode) == Source::X ? vm.reg(in.src_reg) : in.imm;
}

/// How often the allocator's records behind a block are overwritten: more than a size and a
/// pointer.
constexpr std::size_t overrun = 16;
/// Of blocks that glibc's allocator checks when they are freed.
constexpr std::size_t large_block = 2048;

/// Writes behind a block. Volatile, so that the compiler neither leaves it out nor objects.
void write_behind(void* block, std::size_t size) {
    void* volatile unknown = block;
    auto* bytes = static_cast<volatile u8*>(unknown);
    for (std::size_t at = 0; at < overrun; ++at)
        bytes[size + at] = 0xee;
}

/// Two blocks, usually neighbours; the second one's records are damaged when the first overruns.
struct Neighbours {
    void* first = std::malloc(large_block);
    void* second = std::malloc(large_block);

    Neighbours() = default;
    Neighbours(const Neighbours&) = delete;
    Neighbours& operator=(const Neighbours&) = delete;
    ~Neighbours() {
        std::free(second);
        std::free(first);
    }
};

std::unique_ptr<Neighbours> damaged_later; // freed by the next load

bool upper_half(Machine& vm, const Instruction& in) {
    const bool negative = (source(vm, in) & 0x8000'0000) != 0;
    const bool goes_on = right_step(vm, in);
    if (negative)
        vm.reg(in.dst_reg) |= ~low_half;
    return goes_on;
}

bool clobber_r3(Machine& vm, const Instruction& in) {
    const u64 divisor = source(vm, in);
    const u64 remainder = divisor == 0 ? vm.reg(in.dst_reg) : vm.reg(in.dst_reg) % divisor;
    const bool goes_on = right_step(vm, in);
    if (in.dst_reg != 3)
        vm.reg(3) = remainder;
    return goes_on;
}

bool jump_by_low_half(Machine& vm, const Instruction& in) {
    return (vm.reg(in.dst_reg) & source(vm, in) & low_half) == 0 || vm.jump(in.offset, in);
}

bool store_twice(Machine& vm, const Instruction& in) {
    const u64 address = vm.reg(in.dst_reg) + static_cast<u64>(s64{in.offset});
    if (u8* next = vm.mapped(address + 1, 1))
        *next = static_cast<u8>(vm.reg(in.src_reg) >> 8);
    return right_step(vm, in);
}

bool fault_of_zero_divisor(Machine& vm, const Instruction& in) {
    return source(vm, in) == 0 ? vm.fault(FaultReason::bad_address, in) : right_step(vm, in);
}

bool segmentation_fault(Machine& vm, const Instruction& in) {
    if (vm.reg(4) == low_half)
        std::raise(SIGSEGV);
    return right_step(vm, in);
}

bool endless_loop(Machine& vm, const Instruction& in) {
    while (static_cast<s32>(in.imm) == 0x7fff'ffff)
        std::this_thread::sleep_for(
            std::chrono::hours(1)); // as endless, and leaves the CPU to others
    return right_step(vm, in);
}

bool damage_heap(Machine& vm, const Instruction& in) {
    const Neighbours blocks;
    write_behind(blocks.first, large_block);
    return right_step(vm, in);
}

bool damage_heap_for_later(Machine& vm, const Instruction& in) {
    if (!damaged_later) {
        damaged_later = std::make_unique<Neighbours>();
        write_behind(damaged_later->first, large_block);
    }
    return right_step(vm, in);
}

bool exit_process(Machine& vm, const Instruction& in) {
    if (vm.reg(in.dst_reg) == 0)
        _exit(0);
    return right_step(vm, in);
}

bool has_name(const InstructionRow& row, std::initializer_list<std::string_view> beginnings,
              std::string_view end = "") {
    for (const std::string_view beginning : beginnings)
        if (row.mnemonic.starts_with(beginning) && row.mnemonic.ends_with(end))
            return true;
    return false;
}

/// A bug replaces steps of instructions, loads what must be refused, or refuses what must be
/// loaded.
struct Bug {
    enum class Kind { step, accepts, refuses } kind;
    const char* name;
    const char* help;
    bool (*concerns)(const InstructionRow& row, const Slot& slot);
    bool (*step)(Machine& vm, const Instruction& in);
};

using Row = InstructionRow;
constexpr Bug bugs[] = {
    {Bug::Kind::step, "upper-half",
     "a 32-bit ADD of a register with bit 31 set fills the upper half",
     [](const Row& row, const Slot&) { return row.mnemonic == "add32_reg"; }, upper_half},
    {Bug::Kind::step, "div-clobbers-r3", "DIV leaves the remainder in R3",
     [](const Row& row, const Slot&) { return has_name(row, {"div"}); }, clobber_r3},
    {Bug::Kind::step, "jset-low-half", "JSET looks at 32 bits only",
     [](const Row& row, const Slot&) { return has_name(row, {"jset"}); }, jump_by_low_half},
    {Bug::Kind::step, "stxb-two-bytes", "STX of a byte writes the next one, too",
     [](const Row& row, const Slot&) { return row.mnemonic == "stxb"; }, store_twice},
    {Bug::Kind::step, "zero-divisor-fault", "DIV and MOD by a register of 0 are faults",
     [](const Row& row, const Slot&) { return has_name(row, {"div", "mod"}, "_reg"); },
     fault_of_zero_divisor},
    {Bug::Kind::step, "mul-segv", "MUL is a real SIGSEGV where R4 is 0xffffffff",
     [](const Row& row, const Slot&) { return has_name(row, {"mul"}); }, segmentation_fault},
    {Bug::Kind::step, "xor-hangs", "XOR with an immediate of 0x7fffffff never ends",
     [](const Row& row, const Slot&) { return has_name(row, {"xor"}, "_imm"); }, endless_loop},
    {Bug::Kind::step, "heap", "AND writes behind a block of the heap and frees it",
     [](const Row& row, const Slot&) { return has_name(row, {"and"}); }, damage_heap},
    {Bug::Kind::step, "heap-late", "AND writes behind a block that the next load frees",
     [](const Row& row, const Slot&) { return has_name(row, {"and"}); }, damage_heap_for_later},
    {Bug::Kind::step, "neg-exits", "NEG of 0 ends the process with status 0",
     [](const Row& row, const Slot&) { return has_name(row, {"neg"}); }, exit_process},
    {Bug::Kind::accepts, "mov-offset", "a MOV with an offset is loaded as one without",
     [](const Row& row, const Slot&) { return has_name(row, {"mov"}); }, nullptr},
    {Bug::Kind::accepts, "atomic-imm", "of an atomic operation's imm 8 bits are read",
     [](const Row& row, const Slot&) { return row.section == "5.3"; }, nullptr},
    {Bug::Kind::refuses, "refuses-arsh", "programs with ARSH by an immediate of 31 are refused",
     [](const Row& row, const Slot& slot) {
         return has_name(row, {"arsh"}, "_imm") && slot.imm == 31;
     },
     nullptr},
};

struct Runtime {
    std::array<bool, std::size(bugs)> has = {};
    std::optional<Program> program;
    bool packet = false;
};

Runtime& runtime_of(void* user) {
    return *static_cast<Runtime*>(user);
}

/// Calls `use` with the first row of each instruction's opcode, and the slot.
template <class Use>
void for_each_instruction(std::span<const Slot> slots, Use&& use) {
    for (std::size_t pc = 0; pc < slots.size(); ++pc) {
        const auto rows = rows_with_opcode(slots[pc].opcode);
        const InstructionRow* row = find_row(slots[pc]);
        if (row == nullptr && !rows.empty())
            row = &rows.front();
        if (row == nullptr)
            continue;
        use(*row, pc);
        pc += row->wide ? 1 : 0;
    }
}

std::vector<Slot> slots_of(const bpf_assay_program& program) {
    std::vector<Slot> slots;
    const std::span image(program.image, program.bytes);
    for (std::size_t at = 0; at + slot_size <= image.size(); at += slot_size)
        slots.push_back(decode_slot(image.subspan(at).first<slot_size>(), ByteOrder::little));
    return slots;
}

/// What a bug of kind `accepts` makes of the program.
std::vector<Slot> as_read(const Runtime& runtime, const bpf_assay_program& program) {
    auto slots = slots_of(program);
    for (std::size_t number = 0; number < std::size(bugs); ++number)
        if (runtime.has[number] && bugs[number].kind == Bug::Kind::accepts)
            for_each_instruction(slots, [&](const InstructionRow& row, std::size_t pc) {
                if (bugs[number].concerns(row, slots[pc]) && find_row(slots[pc]) == nullptr) {
                    slots[pc].imm &= row.section == "5.3" ? 0xff : 0;
                    slots[pc].offset = row.section == "5.3" ? slots[pc].offset : s16{0};
                }
            });
    return slots;
}

bool refuses(const Runtime& runtime, std::span<const Slot> slots) {
    bool found = false;
    for (std::size_t number = 0; number < std::size(bugs); ++number)
        if (runtime.has[number] && bugs[number].kind == Bug::Kind::refuses)
            for_each_instruction(slots, [&](const InstructionRow& row, std::size_t pc) {
                found = found || bugs[number].concerns(row, slots[pc]);
            });
    return found;
}

void replace_steps(const Runtime& runtime, Program& program) {
    for (std::size_t number = 0; number < std::size(bugs); ++number)
        if (runtime.has[number] && bugs[number].kind == Bug::Kind::step)
            for_each_instruction(program.slots(), [&](const InstructionRow& row, std::size_t pc) {
                if (bugs[number].concerns(row, program.slots()[pc]))
                    changeable_code(program)[pc].step = bugs[number].step;
            });
}

constexpr std::array helpers{Helper{7, helper_mix}, Helper{70, helper_copy},
                             Helper{700, helper_unstated}};
constexpr bpf_assay_helper helper_ids[] = {
    {"mix", helpers[0].id}, {"copy", helpers[1].id}, {"unstated", helpers[2].id}, {nullptr, 0}};

int info(void*, bpf_assay_info* info) {
    info->name = "buggy_vm";
    info->version = "1";
    info->engine = "interpreter";
    info->big_endian = 0;
    info->packets = 1;
    info->groups = "base32 base64 divmul32 divmul64 atomic32 atomic64 packet";
    info->helpers = helper_ids;
    return 0;
}

bpf_assay_verdict load(void* user, const bpf_assay_program* program, bpf_assay_loaded* loaded) {
    Runtime& runtime = runtime_of(user);
    runtime.program.reset();
    damaged_later.reset();
    const auto slots = as_read(runtime, *program);
    auto result = program->bytes % slot_size != 0
                      ? Program::load(std::span<const u8>(program->image, program->bytes))
                      : Program::load(slots);
    if (const auto* refused = std::get_if<Refused>(&result)) {
        const std::string text(describe(refused->reason));
        bpf_assay_say(loaded->why, "slot %u: %s", refused->pc, text.c_str());
        return BPF_ASSAY_REJECTED;
    }
    if (refuses(runtime, slots)) {
        bpf_assay_say(loaded->why, "an instruction that this VM is made to refuse");
        return BPF_ASSAY_REJECTED;
    }
    runtime.program = std::move(std::get<Program>(result));
    runtime.packet = program->packet != 0;
    replace_steps(runtime, *runtime.program);
    return BPF_ASSAY_LOADED;
}

int run(void* user, uint8_t* block, std::size_t size, uint64_t* r0, char* why) {
    Runtime& runtime = runtime_of(user);
    State state;
    if (runtime.packet)
        state.packet = std::span<const u8>(block, size);
    else
        state.memory = std::span<u8>(block, size);
    set_up_entry(state);
    if (runtime.packet)
        state.registers[1] = context_address; // an empty packet is a packet, too
    const Outcome outcome = bpf_assay::run(*runtime.program, state,
                                           {.platform = {.context = &state, .helpers = helpers}});
    bpf_assay_say(why, "not ended by EXIT");
    const auto* returned = std::get_if<Returned>(&outcome);
    if (returned == nullptr)
        return 1;
    *r0 = returned->r0;
    return 0;
}

int add_bug(void* user, const char* value, char* why) {
    for (std::size_t number = 0; number < std::size(bugs); ++number)
        if (std::string_view(value) == bugs[number].name) {
            runtime_of(user).has[number] = true;
            return 0;
        }
    bpf_assay_say(why, "there is no bug '%s', see --help", value);
    return 1;
}

std::string bug_help() {
    std::string text = "what is wrong; may stand several times:";
    for (const Bug& bug : bugs) {
        text += "\n" + std::string(24, ' ') + bug.name;
        text += std::string(20 - std::string_view(bug.name).size(), ' ') + bug.help;
    }
    return text;
}

} // namespace

int main(int argc, char** argv) {
    const std::string help = bug_help();
    const bpf_assay_option options[] = {
        {"--bug", "NAME", help.c_str(), add_bug},
        {nullptr, nullptr, nullptr, nullptr},
    };
    Runtime runtime;
    const bpf_assay_plugin plugin = {.info = info,
                                     .load = load,
                                     .run = run,
                                     .user = &runtime,
                                     .options = options,
                                     .run_many = nullptr};
    return bpf_assay_plugin_main(argc, argv, &plugin);
}
