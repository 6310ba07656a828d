#include "conformance/coverage/features.hpp"

#include <fmt/format.h>

#include <array>

namespace bpf_assay::conformance::coverage {
namespace {

/// A class of a feature: its name, and who belongs to it.
template <class T>
struct Member {
    const char* name;
    bool (*belongs)(T);
};

template <class T, std::size_t count>
std::vector<std::string> names_of(const std::array<Member<T>, count>& members) {
    std::vector<std::string> names;
    for (const Member<T>& member : members)
        names.emplace_back(member.name);
    return names;
}

template <class T, std::size_t count>
u64 classes_of(const std::array<Member<T>, count>& members, T value) {
    u64 classes = 0;
    for (std::size_t i = 0; i < count; ++i)
        classes |= static_cast<u64>(members[i].belongs(value)) << i;
    return classes;
}

constexpr u64 one_of(bool belongs, unsigned index) {
    return static_cast<u64>(belongs) << index;
}

// clang-format off
constexpr std::array<Member<u64>, 12> operand64{{
    {"0",          [](u64 v) { return v == 0; }},
    {"1",          [](u64 v) { return v == 1; }},
    {"-1",         [](u64 v) { return v == ~u64{0}; }},
    {"min",        [](u64 v) { return v == u64{1} << 63; }},
    {"max",        [](u64 v) { return v == ~u64{0} >> 1; }},
    {"min+1",      [](u64 v) { return v == (u64{1} << 63) + 1; }},
    {"2^31",       [](u64 v) { return v == 0x8000'0000; }},
    {"2^31-1",     [](u64 v) { return v == 0x7fff'ffff; }},
    {"2^32-1",     [](u64 v) { return v == 0xffff'ffff; }},
    {"low-half-0", [](u64 v) { return v != 0 && static_cast<u32>(v) == 0; }},
    {"positive",   [](u64 v) { return v != 0 && v >> 63 == 0; }},
    {"negative",   [](u64 v) { return v >> 63 != 0; }},
}};

constexpr std::array<Member<u32>, 8> operand32{{
    {"0",        [](u32 v) { return v == 0; }},
    {"1",        [](u32 v) { return v == 1; }},
    {"-1",       [](u32 v) { return v == 0xffff'ffff; }},
    {"min",      [](u32 v) { return v == 0x8000'0000; }},
    {"max",      [](u32 v) { return v == 0x7fff'ffff; }},
    {"min+1",    [](u32 v) { return v == 0x8000'0001; }},
    {"positive", [](u32 v) { return v != 0 && v >> 31 == 0; }},
    {"negative", [](u32 v) { return v >> 31 != 0; }},
}};

constexpr std::array<Member<s64>, 19> immediates{{
    {"0",        [](s64 v) { return v == 0; }},
    {"1",        [](s64 v) { return v == 1; }},
    {"-1",       [](s64 v) { return v == -1; }},
    {"min",      [](s64 v) { return v == -0x8000'0000LL; }},
    {"max",      [](s64 v) { return v == 0x7fff'ffff; }},
    {"0x7f",     [](s64 v) { return v == 0x7f; }},
    {"0x80",     [](s64 v) { return v == 0x80; }},
    {"-0x80",    [](s64 v) { return v == -0x80; }},
    {"-0x81",    [](s64 v) { return v == -0x81; }},
    {"0xff",     [](s64 v) { return v == 0xff; }},
    {"0x100",    [](s64 v) { return v == 0x100; }},
    {"0x7fff",   [](s64 v) { return v == 0x7fff; }},
    {"0x8000",   [](s64 v) { return v == 0x8000; }},
    {"-0x8000",  [](s64 v) { return v == -0x8000; }},
    {"-0x8001",  [](s64 v) { return v == -0x8001; }},
    {"0xffff",   [](s64 v) { return v == 0xffff; }},
    {"0x10000",  [](s64 v) { return v == 0x10000; }},
    {"positive", [](s64 v) { return v > 0; }},
    {"negative", [](s64 v) { return v < 0; }},
}};

constexpr std::array<Member<s64>, 18> offsets{{
    {"0",      [](s64 v) { return v == 0; }},
    {"1",      [](s64 v) { return v == 1; }},
    {"-1",     [](s64 v) { return v == -1; }},
    {"odd",    [](s64 v) { return v % 2 != 0 && v != 1 && v != -1; }},
    {"127",    [](s64 v) { return v == 127; }},
    {"128",    [](s64 v) { return v == 128; }},
    {"129",    [](s64 v) { return v == 129; }},
    {"-127",   [](s64 v) { return v == -127; }},
    {"-128",   [](s64 v) { return v == -128; }},
    {"-129",   [](s64 v) { return v == -129; }},
    {"256",    [](s64 v) { return v == 256; }},
    {"-256",   [](s64 v) { return v == -256; }},
    {"2047",   [](s64 v) { return v == 2047; }},
    {"2048",   [](s64 v) { return v == 2048; }},
    {"4095",   [](s64 v) { return v == 4095; }},
    {"4096",   [](s64 v) { return v == 4096; }},
    {"32767",  [](s64 v) { return v == 32767; }},
    {"-32768", [](s64 v) { return v == -32768; }},
}};

// Distances in slots. Beyond 127 and 4,095 a short form of the host's code no longer reaches: 4,096
// slots are 32 KiB, and no instruction becomes less than a byte.
constexpr std::array<Member<s64>, 8> distances{{
    {"+1",        [](s64 v) { return v == 1; }},
    {"+2..127",   [](s64 v) { return v >= 2 && v <= 127; }},
    {"+128..",    [](s64 v) { return v >= 128 && v <= 4095; }},
    {"+4096..",   [](s64 v) { return v >= 4096; }},
    {"-1",        [](s64 v) { return v == -1; }},
    {"-2..-128",  [](s64 v) { return v <= -2 && v >= -128; }},
    {"-129..",    [](s64 v) { return v <= -129 && v >= -4096; }},
    {"-4097..",   [](s64 v) { return v <= -4097; }},
}};
// clang-format on

template <std::size_t count>
Feature feature(std::string label, const std::array<Member<u64>, count>& members, Getter value) {
    return {std::move(label), names_of(members), [&members, value](const Observation& seen) {
                return classes_of(members, value(seen));
            }};
}

Feature register_feature(std::string label, bool with_r10, u8 (*number)(const Observation&)) {
    Feature result{
        std::move(label), {}, [number](const Observation& seen) { return u64{1} << number(seen); }};
    for (unsigned i = 0; i < (with_r10 ? 11U : 10U); ++i)
        result.classes.push_back(fmt::format("r{}", i));
    if (!with_r10)
        result.belongs = [number](const Observation& seen) {
            return number(seen) < frame_register ? u64{1} << number(seen) : 0;
        };
    return result;
}

} // namespace

u64 dst_value(const Observation& observation) {
    return observation.dst();
}
u64 src_value(const Observation& observation) {
    return observation.src();
}
u64 r0_value(const Observation& observation) {
    return observation.before[0];
}
u64 result_value(const Observation& observation) {
    return observation.result();
}
u64 memory_value(const Observation& observation) {
    return observation.memory_before();
}

Feature dst_register(bool with_r10) {
    return register_feature("dst", with_r10,
                            [](const Observation& seen) { return seen.slot().dst_reg; });
}
Feature src_register(bool with_r10) {
    return register_feature("src", with_r10,
                            [](const Observation& seen) { return seen.slot().src_reg; });
}

Feature value64(std::string label, Getter value) {
    return feature(std::move(label), operand64, value);
}

Feature value32(std::string label, Getter value) {
    Feature result{std::move(label), {}, {}};
    for (const char* above : {"", "+garbage"})
        for (const std::string& name : names_of(operand32))
            result.classes.push_back(name + above);
    result.belongs = [value](const Observation& seen) {
        const u64 whole = value(seen);
        const u64 low = classes_of(operand32, static_cast<u32>(whole));
        return whole >> 32 == 0 ? low : low << operand32.size();
    };
    return result;
}

Feature number(std::string label, Getter value, unsigned bits) {
    Feature result{std::move(label), {"0", "1", "-1", "min", "max", "positive", "negative"}, {}};
    result.belongs = [value, bits](const Observation& seen) {
        const u64 ones = ~u64{0} >> (64 - bits);
        const u64 low = value(seen) & ones;
        const u64 min = u64{1} << (bits - 1);
        return one_of(low == 0, 0) | one_of(low == 1, 1) | one_of(low == ones, 2) |
               one_of(low == min, 3) | one_of(low == min - 1, 4) |
               one_of(low != 0 && low < min, 5) | one_of(low >= min, 6);
    };
    return result;
}

Feature sign_and_garbage(std::string label, Getter value, unsigned bits) {
    Feature result{std::move(label), {"clear", "set"}, {}};
    if (bits == 64) {
        result.belongs = [value](const Observation& seen) { return u64{1} << (value(seen) >> 63); };
        return result;
    }
    result.classes = {"clear+zeros", "set+zeros",   "clear+ones",
                      "set+ones",    "clear+mixed", "set+mixed"};
    result.belongs = [value, bits](const Observation& seen) {
        const u64 above = value(seen) >> bits;
        const u64 sign = value(seen) >> (bits - 1) & 1;
        const unsigned kind = above == 0 ? 0 : above == ~u64{0} >> bits ? 1 : 2;
        return u64{1} << (2 * kind + sign);
    };
    return result;
}

Feature upper_half(std::string label, Getter value) {
    return {std::move(label), {"0-above", "garbage-above"}, [value](const Observation& seen) {
                return value(seen) >> 32 == 0 ? u64{1} : u64{2};
            }};
}

Feature immediate() {
    return {"imm", names_of(immediates),
            [](const Observation& seen) { return classes_of(immediates, seen.imm()); }};
}

Feature exact(std::string label, Getter value, u64 first, u64 last) {
    Feature result{std::move(label), {}, {}};
    for (u64 i = first; i <= last; ++i)
        result.classes.push_back(fmt::format("{}", i));
    result.belongs = [value, first, last](const Observation& seen) {
        const u64 v = value(seen);
        return v >= first && v <= last ? u64{1} << (v - first) : 0;
    };
    return result;
}

Feature oversized_count(unsigned width) {
    return {"count",
            {"width", "width+1", "2*width-1", "2*width..", "negative"},
            [width = s64{width}](const Observation& seen) {
                const s64 v = seen.imm();
                return one_of(v == width, 0) | one_of(v == width + 1, 1) |
                       one_of(v == 2 * width - 1, 2) | one_of(v >= 2 * width, 3) | one_of(v < 0, 4);
            }};
}

Feature equal_operands(unsigned width) {
    return {"equal", {"different-registers", "same-register"}, [width](const Observation& seen) {
                const u64 difference = seen.dst() ^ seen.src();
                if ((width == 32 ? static_cast<u32>(difference) : difference) != 0)
                    return u64{0};
                return u64{1} << (seen.slot().dst_reg == seen.slot().src_reg ? 1 : 0);
            }};
}

Feature equal_to_immediate(unsigned width) {
    Feature result = immediate();
    result.label = "imm=dst";
    result.belongs = [width](const Observation& seen) {
        const u64 difference = seen.dst() ^ static_cast<u64>(seen.imm());
        const bool equal = (width == 32 ? static_cast<u32>(difference) : difference) == 0;
        return equal ? classes_of(immediates, seen.imm()) : 0;
    };
    return result;
}

Feature access_offset() {
    return {"offset", names_of(offsets),
            [](const Observation& seen) { return classes_of(offsets, seen.offset()); }};
}

Feature alignment() {
    return exact("address-mod-8", [](const Observation& seen) { return seen.address() % 8; }, 0, 7);
}

Feature region() {
    return {"region", {"memory", "stack", "stack-by-r10"}, [](const Observation& seen) {
                if (seen.base() == frame_register)
                    return u64{4};
                const u64 lowest_frame = stack_address - max_frames * frame_stride;
                return seen.address() >= lowest_frame ? u64{2} : u64{1};
            }};
}

Feature outcome() {
    return {"jump", {"taken", "not-taken"}, [](const Observation& seen) {
                return one_of(seen.taken(), 0) | one_of(seen.not_taken(), 1);
            }};
}

Feature jump_distance() {
    // A conditional jump that is taken by -1 stays where it is for ever.
    static constexpr u64 itself = 1U << 4;
    Feature result{"distance", {"+0"}, {}};
    for (const char* outcome : {"taken", "not-taken"})
        for (const std::string& name : names_of(distances))
            result.classes.push_back(name + "," + outcome);
    std::erase(result.classes, "-1,taken");
    result.belongs = [](const Observation& seen) -> u64 {
        constexpr u64 below = itself - 1;
        const u64 classes = classes_of(distances, seen.distance());
        const u64 without_itself = (classes & below) | (classes & ~(below | itself)) >> 1;
        return one_of(seen.distance() == 0, 0) | (seen.taken() ? without_itself << 1 : 0) |
               (seen.not_taken() ? classes << distances.size() : 0);
    };
    return result;
}

Feature far_distance(s64 smallest, s64 largest) {
    Feature result{"distance", {"+0"}, {}};
    for (const std::string& name : names_of(distances))
        result.classes.push_back(name);
    std::erase(result.classes, "-1"); // goes to itself for ever
    result.classes.push_back(fmt::format("{:+}..", largest));
    result.classes.push_back(fmt::format("{:+}..", smallest));
    result.belongs = [smallest, largest](const Observation& seen) {
        const s64 distance = seen.distance();
        const u64 classes = classes_of(distances, distance);
        const u64 without_itself = (classes & 0xf) | (classes & ~u64{0x1f}) >> 1;
        return one_of(distance == 0, 0) | without_itself << 1 | one_of(distance >= largest, 8) |
               one_of(distance <= smallest, 9);
    };
    return result;
}

Feature over_wide() {
    return {"over-wide", {"forward", "backward"}, [](const Observation& seen) -> u64 {
                if (!seen.next_pc || seen.distance() == 0 || !seen.taken())
                    return 0;
                const s64 here = static_cast<s64>(seen.pc);
                const s64 there = static_cast<s64>(*seen.next_pc);
                const s64 first = there > here ? here + 1 : there;
                const s64 last = there > here ? there : here;
                // The nearest slots are enough: a jump over a wide instruction further off is one
                // as well, and is counted only if it is near.
                for (s64 pc = first; pc < last && pc < first + 64; ++pc) {
                    const InstructionRow* row = find_row(seen.program[static_cast<u32>(pc)]);
                    if (row != nullptr && row->wide)
                        return there > here ? 1 : 2;
                }
                return 0;
            }};
}

Feature depth(std::string label, std::size_t first, std::size_t last) {
    Feature result{std::move(label), {}, {}};
    for (std::size_t i = first; i <= last; ++i)
        result.classes.push_back(fmt::format("{}", i));
    result.belongs = [first, last](const Observation& seen) {
        return seen.depth >= first && seen.depth <= last ? u64{1} << (seen.depth - first) : 0;
    };
    return result;
}

Feature first_of_program() {
    return {"position", {"first"}, [](const Observation& seen) { return one_of(seen.pc == 0, 0); }};
}

Feature before_exit() {
    return {"position", {"before-exit"}, [](const Observation& seen) {
                return one_of(seen.before_exit, 0);
            }};
}

Feature after_wide() {
    return {"position", {"after-wide"}, [](const Observation& seen) {
                return one_of(seen.after_wide, 0);
            }};
}

Feature executed() {
    return {"executed", {"yes"}, [](const Observation&) { return u64{1}; }};
}

} // namespace bpf_assay::conformance::coverage
