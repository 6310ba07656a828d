// Loading and running a program.
#pragma once

#include "reference_vm/decoder.hpp"
#include "reference_vm/encoding.hpp"
#include "reference_vm/instructions.hpp"
#include "reference_vm/outcome.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace bpf_assay {

/// A platform function (RFC 9669 section 4.3.1): R1..R5 in, R0 out.
struct Helper {
    u32 id;
    u64 (*call)(void* context, const std::array<u64, 5>& arguments);
};

/// What the embedder offers. All of it optional.
struct Platform {
    void* context = nullptr;                  // handed to every function below
    std::span<const Helper> helpers = {};     // CALL by static id
    std::span<const Helper> btf_helpers = {}; // CALL by BTF id
    /// Subtypes 1..6 of the wide immediate (section 5.4): the value of dst, or none.
    std::optional<u64> (*resolve)(void* context, u8 subtype, s32 imm, s32 next_imm) = nullptr;
};

struct LoadOptions {
    ByteOrder byte_order = ByteOrder::little;
    Profile profile = Profile::strict;
    ExtensionSet extensions = {}; // that the program may use; of those, only what runs is loaded
};

class Machine;
class Formula; // formula.hpp

/// An instruction made ready to run: one for every slot.
struct Instruction {
    /// Runs it; false if the program has ended. Null in the second slot of a wide instruction.
    bool (*step)(Machine& machine, const Instruction& instruction) = nullptr;
    u64 imm = 0;  // sign-extended
    u32 pc = 0;   // of this instruction, in slots
    u32 next = 0; // of the instruction that follows
    s16 offset = 0;
    u8 dst_reg = 0;
    u8 src_reg = 0;
    const Formula* formula = nullptr; // of an extension
};

/// A decoded program that passed the encoding checks.
class Program {
public:
    /// Any bytes are accepted; what is not a program is refused.
    static std::variant<Program, Refused> load(std::span<const u8> image, LoadOptions options = {});
    static std::variant<Program, Refused> load(std::span<const Slot> slots,
                                               LoadOptions options = {});

    std::span<const Slot> slots() const { return m_slots; }
    ByteOrder byte_order() const { return m_byte_order; }

    /// One more than slots(): the last stands for running off the end.
    std::span<const Instruction> code() const { return m_code; }

private:
    friend std::span<Instruction> changeable_code(Program& program); // execution.hpp

    Program(std::vector<Slot> slots, const LoadOptions& options);

    std::vector<Slot> m_slots;
    std::vector<Instruction> m_code;
    ByteOrder m_byte_order;
};

// Virtual addresses, the same in every run. Between the regions nothing is mapped.
inline constexpr u64 memory_address = 0x0000'0010'0000'0000;
inline constexpr u64 packet_address = 0x0000'0020'0000'0000;
inline constexpr u64 context_address = 0x0000'0030'0000'0000; // of a packet; see set_up_entry
inline constexpr u64 stack_address = 0x0000'0040'0000'0000;
inline constexpr std::size_t stack_size = 512; // bytes per frame
inline constexpr std::size_t max_frames = 8;
// The stack grows downwards: frame n is at stack_address - n * frame_stride. No 16-bit offset from
// one frame reaches another. A callee's frame is mapped while it runs, and zero when it begins.
inline constexpr u64 frame_stride = 0x1'0000;

/// What R1 to R5 hold after a CALL of any kind and after a packet load: the calling convention
/// leaves them undefined, so a program that reads them shows it.
inline constexpr u64 clobbered = 0xbad0'ca11'bad0'ca11;

/// How a choice that is the runtime's is made: choice() of an extension's formula.
enum class Choices { never, always, alternate };

/// R0..R10, u64 each.
using Registers = std::array<u64, 11>;

class TraceHook; // trace.hpp

struct RunOptions {
    Platform platform = {};
    u64 instruction_limit = 1'000'000'000; // instructions that may be executed, EXIT included
    TraceHook* trace = nullptr;            // sees every instruction; costs nothing if there is none
    Choices choices = Choices::never;
};

/// The state that a program works on. The caller owns memory and packet.
struct State {
    Registers registers = {};              // before and after the run
    std::span<u8> memory = {};             // at memory_address
    std::span<const u8> packet = {};       // at packet_address; only packet loads reach it
    std::array<u8, stack_size> stack = {}; // the first frame, before and after the run
};

/// R1 = memory_address (or context_address where there is a packet, that is, where packet.data() is
/// not null), R10 = end of the first frame, all other registers 0.
void set_up_entry(State& state);

/// Runs from slot 0 with the registers as they are in `state`. Never throws, never reads or writes
/// outside of the regions. Addresses wrap at 2^64; an access in any alignment has the right value,
/// in the byte order of the program. A Fault's pc is that of the instruction that did it: of the
/// jump, if it leaves the program, and of the last instruction, if execution runs off the end.
///
/// Where the RFC is silent, this is the calling convention of Linux. R6 to R10 are kept over a
/// local call, R1 to R5 are `clobbered` after any call. A packet load needs the context in R6 (else
/// Fault bad_address) and clobbers R1 to R5; out of range it acts as R0 = 0; EXIT, so that in a
/// local function it returns to the caller.
Outcome run(const Program& program, State& state, const RunOptions& options = {});

} // namespace bpf_assay
