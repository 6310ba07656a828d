// The reference VM on several threads at once, for tests of vectors that need threads. To the VM an
// atomic operation is a load, a computation and a store: threads lose operations of each other, as
// they must not. With --locked, one lock is held for each access to memory, and every vector holds.
#include "bpf_assay_threads.h"
#include "reference_vm/execution.hpp"

#include <mutex>
#include <optional>

namespace {

using namespace bpf_assay;

struct Runtime {
    bool locked = false;
    std::optional<Program> program;
};

Runtime& runtime_of(void* user) {
    return *static_cast<Runtime*>(user);
}

/// The block that all threads of a run share.
struct Shared {
    const Program& program;
    std::span<u8> block;
};

std::mutex memory_lock;

bool locked_step(Machine& vm, const Instruction& in) {
    const std::lock_guard lock(memory_lock);
    return step_of(*find_row(vm.slots()[in.pc]))(vm, in);
}

bool accesses_memory(const Slot& slot) {
    const Class access = class_of(slot.opcode);
    return access == Class::LDX || access == Class::ST || access == Class::STX;
}

int info(void*, bpf_assay_info* info) {
    info->name = "racing_vm";
    info->version = "1";
    info->engine = "interpreter";
    info->groups = "base32 base64 divmul32 divmul64 atomic32 atomic64";
    info->threads = 2;
    return 0;
}

bpf_assay_verdict load(void* user, const bpf_assay_program* program, bpf_assay_loaded* loaded) {
    Runtime& runtime = runtime_of(user);
    auto result = Program::load(std::span<const u8>(program->image, program->bytes));
    if (std::holds_alternative<Refused>(result)) {
        bpf_assay_say(loaded->why, "refused");
        return BPF_ASSAY_REJECTED;
    }
    runtime.program = std::move(std::get<Program>(result));
    const auto slots = runtime.program->slots();
    for (Instruction& in : changeable_code(*runtime.program).first(slots.size()))
        if (runtime.locked && in.step != nullptr && accesses_memory(slots[in.pc]))
            in.step = locked_step;
    return BPF_ASSAY_LOADED;
}

int run_once(void* user, uint64_t* r0, char* why) {
    const Shared& shared = *static_cast<Shared*>(user);
    State state;
    state.memory = shared.block;
    set_up_entry(state);
    const Outcome outcome = bpf_assay::run(shared.program, state);
    bpf_assay_say(why, "not ended by EXIT");
    if (const auto* returned = std::get_if<Returned>(&outcome)) {
        *r0 = returned->r0;
        return 0;
    }
    return 1;
}

int run(void* user, uint8_t* block, std::size_t size, uint64_t* r0, char* why) {
    Shared shared{*runtime_of(user).program, std::span<u8>(block, size)};
    return run_once(&shared, r0, why);
}

int run_many(void* user, uint8_t* block, std::size_t size, unsigned threads, uint64_t times,
             uint64_t* r0, char* why) {
    Shared shared{*runtime_of(user).program, std::span<u8>(block, size)};
    return bpf_assay_run_on_threads(run_once, &shared, threads, times, r0, why);
}

int set_locked(void* user, const char*, char*) {
    runtime_of(user).locked = true;
    return 0;
}

constexpr bpf_assay_option options[] = {
    {"--locked", nullptr, "make the operations atomic", set_locked},
    {nullptr, nullptr, nullptr, nullptr},
};

} // namespace

int main(int argc, char** argv) {
    Runtime runtime;
    const bpf_assay_plugin plugin = {.info = info,
                                     .load = load,
                                     .run = run,
                                     .user = &runtime,
                                     .options = options,
                                     .run_many = run_many};
    return bpf_assay_plugin_main(argc, argv, &plugin);
}
