// Loading and running a program.
#pragma once

#include "reference_vm/encoding.hpp"
#include "reference_vm/outcome.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace bpf_assay {

/// base: refuse what the RFC gives no meaning to. strict: also what it says SHALL be zero, jumps that
/// leave the program, a last instruction that falls off the end, and writes to R10 (ABI).
enum class Profile { base, strict };

/// A platform function (RFC 9669 section 4.3.1): R1..R5 in, R0 out.
struct Helper {
    u32 id;
    u64 (*call)(void* context, const std::array<u64, 5>& arguments);
};

/// What the embedder offers. All of it optional.
struct Platform {
    void* context = nullptr;                     // handed to every function below
    std::span<const Helper> helpers = {};        // CALL by static id
    std::span<const Helper> btf_helpers = {};    // CALL by BTF id
    /// Subtypes 1..6 of the wide immediate (section 5.4): the value of dst, or none.
    std::optional<u64> (*resolve)(void* context, u8 subtype, s32 imm, s32 next_imm) = nullptr;
};

struct LoadOptions {
    ByteOrder byte_order = ByteOrder::little;
    Profile profile = Profile::strict;
};

/// A decoded program that passed the encoding checks.
class Program {
public:
    static std::variant<Program, Refused> load(std::span<const u8> image, LoadOptions options = {});
    static std::variant<Program, Refused> load(std::span<const Slot> slots, LoadOptions options = {});

    std::span<const Slot> slots() const;
    ByteOrder byte_order() const;
};

// Virtual addresses, the same in every run. Between the regions nothing is mapped.
inline constexpr u64 memory_address = 0x0000'0010'0000'0000;
inline constexpr u64 packet_address = 0x0000'0020'0000'0000;
inline constexpr u64 context_address = 0x0000'0030'0000'0000; // what R1 holds where there is a packet
inline constexpr u64 stack_address = 0x0000'0040'0000'0000;
inline constexpr std::size_t stack_size = 512; // bytes per frame
inline constexpr std::size_t max_frames = 8;

/// R0..R10, u64 each.
using Registers = std::array<u64, 11>;

/// One step of a run, for the trace hook: called before (`after` is null) and after the instruction.
class TraceHook;

struct RunOptions {
    Platform platform = {};
    u64 instruction_limit = 1'000'000'000;
    TraceHook* trace = nullptr;
};

/// The state that a program works on. The caller owns memory and packet.
struct State {
    Registers registers = {}; // before and after the run
    std::span<u8> memory = {};        // at memory_address
    std::span<const u8> packet = {};  // at packet_address; only packet loads reach it
    std::array<u8, stack_size> stack = {}; // the first frame, before and after the run
};

/// R1 = memory_address (or context_address where there is a packet), R10 = end of the first frame, all else 0.
void set_up_entry(State& state);

/// Runs from slot 0 with the registers as they are in `state`. Never throws, never reads or writes
/// outside of the regions.
Outcome run(const Program& program, State& state, const RunOptions& options = {});

} // namespace bpf_assay
