// Runs a program on the reference VM: R0 = the sum of the bytes of its memory.
#include "reference_vm/machine.hpp"

#include <cstdio>
#include <cstdlib>
#include <span>
#include <variant>
#include <vector>

using namespace bpf_assay;

namespace {

const std::vector<Slot> sum_of_four_bytes{
    {.opcode = 0x71, .dst_reg = 2, .src_reg = 1, .offset = 0}, // r2 = *(u8 *)(r1 + 0)
    {.opcode = 0x0f, .dst_reg = 0, .src_reg = 2},              // r0 += r2
    {.opcode = 0x07, .dst_reg = 1, .imm = 1},                  // r1 += 1
    {.opcode = 0x07, .dst_reg = 3, .imm = 1},                  // r3 += 1
    {.opcode = 0xa5, .dst_reg = 3, .offset = -5, .imm = 4},    // if r3 < 4 goto -5
    {.opcode = 0x95},                                          // exit
};

void print(const Outcome& outcome) {
    if (const auto* returned = std::get_if<Returned>(&outcome))
        std::printf("returned %llu\n", static_cast<unsigned long long>(returned->r0));
    else if (const auto* fault = std::get_if<Fault>(&outcome))
        std::printf("slot %u: %s\n", fault->pc, describe(fault->reason).data());
}

} // namespace

int main() {
    const auto loaded = Program::load(std::span(sum_of_four_bytes));
    if (const auto* refused = std::get_if<Refused>(&loaded)) {
        std::printf("slot %u: %s\n", refused->pc, describe(refused->reason).data());
        return EXIT_FAILURE;
    }
    std::vector<u8> memory{1, 2, 3, 250};
    State state{.memory = memory};
    set_up_entry(state);
    print(run(std::get<Program>(loaded), state));

    memory.resize(3); // the fourth byte is gone
    State shorter{.memory = memory};
    set_up_entry(shorter);
    print(run(std::get<Program>(loaded), shorter));
    return EXIT_SUCCESS;
}
