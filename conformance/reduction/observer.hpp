// What a run of the reference VM says about a statement: whether its result is defined by what is
// stated, wherever the runtime puts memory and stack, and what it reads and writes.
#pragma once

#include "conformance/vector.hpp"

#include "reference_vm/trace.hpp"

#include <map>

namespace bpf_assay::conformance::reduction {

/// What is known of a value besides its bits.
struct Provenance {
    enum class Kind { number, memory, stack, context, undefined } kind = Kind::number;
    std::size_t depth = 0; // of a pointer to the stack: of which frame

    bool is_number() const { return kind == Kind::number; }
    bool is_pointer() const { return !is_number() && kind != Kind::undefined; }
    friend bool operator==(const Provenance&, const Provenance&) = default;
};

/// Bytes of the vector's memory, or below R10 of the first frame.
struct Extent {
    bool stack = false;
    s64 at = 0;
    std::size_t size = 0;

    friend bool operator==(const Extent&, const Extent&) = default;
};

struct Facts {
    u64 steps = 0;
    std::string objection;                      // why no statement can be made; empty: it can
    std::array<bool, general_registers> read{}; // that had the value of the state before
    std::vector<Extent> read_cells;             // the same of memory and stack
    std::vector<Extent> written;                // in order, each once
    std::array<Provenance, general_registers> after{};
    bool pointer_in_memory = false; // at the end: it cannot be stated
    bool pointer_in_stack = false;
    // What policies tolerate, or a reader would take for the point of the vector.
    bool unaligned = false;
    bool zero_divisor = false;
    bool large_shift = false;
};

/// Where the statement's memory is, and what the registers are before.
struct Surroundings {
    u64 memory = 0; // address of its byte 0
    std::size_t memory_size = 0;
    u64 frame = 0;         // R10
    bool stack_is_defined; // before the run: the lowering has filled it
    std::array<Provenance, 11> registers{};
};

class Observer final : public TraceHook {
public:
    explicit Observer(const Surroundings& surroundings);

    void on_step(const TraceStep& step) override;
    /// After the run.
    Facts facts();

private:
    struct Byte {
        Provenance provenance;
        u64 origin = 0; // of a pointer: where its first byte stands
    };
    struct Register {
        Provenance provenance;
        bool initial = true; // has the value of the state before
    };

    void object(std::string what);
    Provenance read(u8 number);
    void expect_number(u8 number);
    void write(u8 number, Provenance provenance = {});
    void before(const TraceStep& step);
    void after(const TraceStep& step);
    void change_depth(std::size_t depth);

    void arithmetic(const TraceStep& step, const Slot& slot);
    void divisor_and_count(const TraceStep& step, const Slot& slot);
    Provenance moved_pointer(const TraceStep& step, const Slot& slot);
    void jump(const TraceStep& step, const Slot& slot);
    void compare(const TraceStep& step, const Slot& slot);
    void call_helper(const TraceStep& step, const Slot& slot);
    void packet_load(const Slot& slot);
    void memory_access(const TraceStep& step, const Slot& slot);
    void atomic(const TraceStep& step, const Slot& slot, u64 address, std::size_t size);

    bool may_access(u64 address, std::size_t size, Provenance base);
    Provenance load_bytes(u64 address, std::size_t size);
    void store_bytes(u64 address, std::size_t size, Provenance provenance);
    std::optional<Extent> extent_of(u64 address, std::size_t size) const;
    bool in_memory(u64 address) const;
    bool in_first_frame(u64 address) const;

    Surroundings m_surroundings;
    std::array<Register, 11> m_registers;
    std::vector<std::array<Register, 4>> m_saved; // R6..R9 of callers
    std::map<u64, Byte> m_bytes;                  // that were written
    Facts m_facts;
};

} // namespace bpf_assay::conformance::reduction
