// Bins of loads, stores and atomic operations (RFC 9669 sections 5.1 to 5.3).
#include "conformance/coverage/row_axes.hpp"

namespace bpf_assay::conformance::coverage {
namespace {

using enum Subject;

bool different(std::size_t first, std::size_t second) {
    return first != second;
}

/// Whether memory has what R0 says, with and without garbage above 32 bits.
Feature comparison(unsigned width) {
    if (width == 64)
        return {"memory",
                {"match", "mismatch", "mismatch-above", "mismatch-below"},
                [](const Observation& seen) {
                    const u64 difference = seen.before[0] ^ seen.memory_before();
                    const bool low = static_cast<u32>(difference) != 0;
                    const bool high = difference >> 32 != 0;
                    return u64{1} << (difference == 0 ? 0 : low && high ? 1 : high ? 2 : 3);
                }};
    return {"memory",
            {"match", "match+garbage", "mismatch", "mismatch+garbage"},
            [](const Observation& seen) {
                const bool match = static_cast<u32>(seen.before[0]) == seen.memory_before();
                return u64{1} << ((match ? 0 : 2) + (seen.before[0] >> 32 != 0 ? 1 : 0));
            }};
}

Feature match() {
    return {"memory", {"match", "mismatch"}, [](const Observation& seen) {
                return u64{1} << (seen.write ? 0 : 1);
            }};
}

} // namespace

void add_address(std::vector<Axis>& axes) {
    axes.emplace_back(addresses, access_offset());
    axes.emplace_back(addresses, alignment());
    axes.emplace_back(addresses, region());
}

void add_load(const InstructionRow& row, std::vector<Axis>& axes) {
    axes.emplace_back(registers, dst_register(), src_register(true));
    axes.emplace_back(operands, number("value", result_value, bits_of(row)));
    axes.emplace_back(operands, upper_half("dst", dst_value));
    add_address(axes);
}

void add_store(const InstructionRow& row, std::vector<Axis>& axes) {
    const unsigned bits = bits_of(row);
    if (row.src_reg.kind != FieldRule::Kind::any) {
        axes.emplace_back(registers, dst_register(true));
        axes.emplace_back(immediates, immediate());
    } else {
        // A base that is stored is an address: no vector can state the value.
        axes.emplace_back(registers, dst_register(true), src_register(), different);
        axes.emplace_back(operands, sign_and_garbage("src", src_value, bits));
        axes.emplace_back(operands, number("src", src_value, bits));
    }
    add_address(axes);
}

void add_atomic(const InstructionRow& row, std::vector<Axis>& axes) {
    const unsigned width = bits_of(row);
    const Feature src = width == 32 ? value32("src", src_value) : value64("src", src_value);
    const Feature memory = number("memory", memory_value, width);
    // A base that is the operand, too, would leave an address, or a sum of one, in memory.
    axes.emplace_back(registers, dst_register(true), src_register(), different);
    axes.emplace_back(operands, memory, src);
    if (row.imm.value == atomic::CMPXCHG) {
        axes.emplace_back(operands, comparison(width), src);
        axes.emplace_back(operands, width == 32 ? value32("r0", r0_value) : value64("r0", r0_value),
                          memory);
        axes.emplace_back(registers, match(), src_register());
    }
    add_address(axes);
}

} // namespace bpf_assay::conformance::coverage
