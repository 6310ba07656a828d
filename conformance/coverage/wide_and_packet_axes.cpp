// Bins of wide immediates and packet loads (RFC 9669 sections 5.4, 5.5).
#include "conformance/coverage/row_axes.hpp"

#include <array>
#include <bit>

namespace bpf_assay::conformance::coverage {
namespace {

using enum Subject;

u64 wide_value(const Observation& observation) {
    return observation.wide_imm();
}

/// Each bit set alone, or clear alone.
Feature single_bit(std::string label, bool inverted) {
    Feature result{std::move(label), {}, [inverted](const Observation& seen) -> u64 {
                       const u64 value = inverted ? ~seen.wide_imm() : seen.wide_imm();
                       return std::has_single_bit(value) ? value : 0;
                   }};
    for (int bit = 0; bit < 64; ++bit)
        result.classes.push_back(std::to_string(bit));
    return result;
}

/// The signs of imm and next_imm: neither may reach into the other half.
Feature signs_of_halves() {
    return {"signs", {"++", "-+", "+-", "--"}, [](const Observation& seen) {
                const u64 value = seen.wide_imm();
                return u64{1} << ((value >> 31 & 1) | (value >> 63) << 1);
            }};
}

bool is_indirect(const InstructionRow& row) {
    return mode_of(row.opcode) == Mode::IND;
}

u64 packet_index(const Observation& seen) {
    const auto imm = static_cast<u32>(seen.imm());
    return is_indirect(*seen.row) ? static_cast<u32>(static_cast<u32>(seen.src()) + imm) : imm;
}

u64 bytes_read(const Observation& seen) {
    return bytes_of(size_of(seen.row->opcode));
}

bool in_range(const Observation& seen) {
    return packet_index(seen) + bytes_read(seen) <= seen.packet_size;
}

Feature index() {
    return {"index",
            {"0", "inside", "last", "one-byte-beyond", "first-beyond", "far", "2^31.."},
            [](const Observation& seen) {
                const u64 at = packet_index(seen);
                const u64 size = seen.packet_size;
                const u64 end = at + bytes_read(seen);
                const std::array<bool, 7> classes{
                    at == 0,
                    at != 0 &&
                        end<size, end == size, end == size + 1, at == size, at> size + 0xffff,
                    at >> 31 != 0};
                u64 bits = 0;
                for (std::size_t i = 0; i < classes.size(); ++i)
                    bits |= static_cast<u64>(classes[i]) << i;
                return bits;
            }};
}

/// Around the size of the access. A packet has at least one byte, so none is too small for a byte.
Feature packet_size(unsigned bits) {
    Feature result{"packet", {"access", "access+1", "more"}, [](const Observation& seen) {
                       const u64 size = seen.packet_size;
                       const u64 access = bytes_read(seen);
                       return static_cast<u64>(size == access) |
                              static_cast<u64>(size == access + 1) << 1 |
                              static_cast<u64>(size > access + 1) << 2 |
                              static_cast<u64>(size < access) << 3;
                   }};
    if (bits > 8)
        result.classes.emplace_back("too-small");
    return result;
}

/// R0, where there is a value.
Feature loaded(unsigned bits) {
    Feature result = number("value", [](const Observation& seen) { return seen.after[0]; }, bits);
    result.belongs = [belongs = result.belongs](const Observation& seen) {
        return in_range(seen) ? belongs(seen) : 0;
    };
    return result;
}

} // namespace

void add_wide(const InstructionRow& row, std::vector<Axis>& axes) {
    if (row.src_reg.value != 0) { // what a map or a variable is, the platform says
        axes.emplace_back(immediates, executed());
        return;
    }
    axes.emplace_back(registers, dst_register());
    axes.emplace_back(immediates, single_bit("only-bit", false));
    axes.emplace_back(immediates, single_bit("all-but-bit", true));
    axes.emplace_back(immediates, number("imm64", wide_value, 64));
    axes.emplace_back(immediates, signs_of_halves());
    axes.emplace_back(operands, upper_half("dst", dst_value));
}

void add_packet(const InstructionRow& row, std::vector<Axis>& axes) {
    constexpr std::size_t context = 6; // R6 has to hold the context, so it cannot be an index
    if (is_indirect(row)) {
        axes.emplace_back(registers, executed(), src_register(),
                          [](std::size_t, std::size_t number) { return number != context; });
        axes.emplace_back(operands, upper_half("src", src_value));
    }
    axes.emplace_back(operands, loaded(bits_of(row)));
    axes.emplace_back(packets, index());
    axes.emplace_back(packets, packet_size(bits_of(row)));
}

} // namespace bpf_assay::conformance::coverage
