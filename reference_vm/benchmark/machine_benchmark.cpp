// Instructions per second of the machine, and the cost of a run of next to nothing.
#include "reference_vm/instructions.hpp"
#include "reference_vm/machine.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>

namespace bpf_assay {
namespace {

/// A slot of the row with this mnemonic.
Slot slot(std::string_view mnemonic, u8 dst_reg = 0, u8 src_reg = 0, s16 offset = 0, s32 imm = 0) {
    const InstructionRow& row = *find_row(mnemonic);
    return {row.opcode, dst_reg, src_reg, offset, imm};
}

Program load(const std::vector<Slot>& slots) {
    auto loaded = Program::load(slots);
    if (!std::holds_alternative<Program>(loaded))
        std::abort();
    return std::get<Program>(std::move(loaded));
}

constexpr s32 rounds = 100'000;

/// Counts R9 down from `rounds` around the body.
std::vector<Slot> loop(const std::vector<Slot>& body) {
    std::vector<Slot> slots = {slot("mov64_imm", 9, 0, 0, rounds)};
    slots.insert(slots.end(), body.begin(), body.end());
    slots.push_back(slot("add64_imm", 9, 0, 0, -1));
    slots.push_back(slot("jne64_imm", 9, 0, static_cast<s16>(-static_cast<int>(body.size()) - 2)));
    slots.push_back(slot("exit"));
    return slots;
}

void run_loop(benchmark::State& bench, const std::vector<Slot>& slots, s64 instructions_per_round) {
    const Program program = load(slots);
    std::array<u8, 64> memory{};
    for (auto _ : bench) {
        State state{.memory = memory};
        set_up_entry(state);
        benchmark::DoNotOptimize(run(program, state));
    }
    bench.SetItemsProcessed(bench.iterations() * rounds * instructions_per_round);
}

void alu_loop(benchmark::State& bench) {
    run_loop(
        bench,
        loop({slot("add64_reg", 2, 9), slot("xor32_reg", 3, 2), slot("lsh64_imm", 3, 0, 0, 3),
              slot("sub64_reg", 4, 3), slot("mov64_reg", 5, 4), slot("mul32_imm", 5, 0, 0, 7)}),
        8);
}
BENCHMARK(alu_loop);

void memory_loop(benchmark::State& bench) {
    run_loop(bench,
             loop({slot("ldxdw", 2, 1, 8), slot("add64_imm", 2, 0, 0, 1), slot("stxdw", 1, 2, 8),
                   slot("ldxh", 3, 1, 16), slot("stxw", 10, 3, -8), slot("ldxsb", 4, 10, -8)}),
             8);
}
BENCHMARK(memory_loop);

void call_loop(benchmark::State& bench) {
    std::vector<Slot> slots = loop({slot("call_local", 0, call::LOCAL, 0, 3)});
    slots.push_back(slot("mov64_imm", 0, 0, 0, 1)); // the callee
    slots.push_back(slot("exit"));
    run_loop(bench, slots, 5);
}
BENCHMARK(call_loop);

void shortest_run(benchmark::State& bench) {
    const Program program = load({slot("mov64_imm", 0, 0, 0, 1), slot("exit")});
    for (auto _ : bench) {
        State state;
        set_up_entry(state);
        benchmark::DoNotOptimize(run(program, state));
    }
}
BENCHMARK(shortest_run);

} // namespace
} // namespace bpf_assay

BENCHMARK_MAIN();
