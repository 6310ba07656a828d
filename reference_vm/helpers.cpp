#include "reference_vm/helpers.hpp"

#include "reference_vm/execution.hpp"

#include <cstring>

namespace bpf_assay {
namespace {

u8* bytes_of(State& state, u64 address, std::size_t size) {
    if (u8* bytes = bytes_within(state.memory, memory_address, address, size))
        return bytes;
    return bytes_within(state.stack, stack_address, address, size);
}

} // namespace

u64 helper_mix(void*, const std::array<u64, 5>& arguments) {
    const auto [r1, r2, r3, r4, r5] = arguments;
    return r1 + 3 * r2 + 5 * r3 + 7 * r4 + 11 * r5;
}

u64 helper_copy(void* context, const std::array<u64, 5>& arguments) {
    State& state = *static_cast<State*>(context);
    const auto size = static_cast<std::size_t>(arguments[1]);
    u8* const to = bytes_of(state, arguments[0], size);
    const u8* const from = bytes_of(state, arguments[2], size);
    if (to == nullptr || from == nullptr)
        return ~u64{13};
    std::memmove(to, from, size);
    return 0;
}

u64 helper_unstated(void*, const std::array<u64, 5>&) {
    return ~clobbered;
}

} // namespace bpf_assay
