#include "conformance/coverage/measure.hpp"

#include "conformance/coverage/encodings.hpp"
#include "conformance/error.hpp"
#include "conformance/experiment.hpp"

#include "reference_vm/all_rows.hpp"
#include "reference_vm/formula.hpp"

#include <algorithm>

namespace bpf_assay::conformance::coverage {
namespace {

/// More than any vector needs.
constexpr u64 instruction_limit = 4'000'000;

/// Shows the executions of the instructions under test to their bins.
class Observer final : public TraceHook {
public:
    explicit Observer(SuiteBins& bins) : m_bins(bins) {}

    /// The bins of each slot of the program that is run next; null for what is not under test.
    void watch(const Experiment& experiment, const Vector& vector) {
        const ExtensionSet on = extensions_of(vector);
        const auto slots = experiment.slots();
        m_seen.program = slots;
        m_watched.assign(slots.size(), nullptr);
        for (std::size_t pc = 0; pc < slots.size(); ++pc) {
            const InstructionRow* row = find_row(slots[pc], on);
            if (experiment.under_test(pc) && row->extension == vector.extension)
                m_watched[pc] = m_bins.of(*row);
            pc += row->wide ? 1 : 0;
        }
    }
    void start_row(std::size_t packet_size) {
        m_seen.packet_size = packet_size;
        m_previous_wide.reset();
        m_pending = nullptr;
    }
    /// After the last instruction of a row.
    void end_row() {
        if (m_pending == nullptr)
            return;
        m_seen.next_pc.reset();
        m_seen.before_exit = false;
        show();
    }

    void on_step(const TraceStep& step) override {
        if (step.after == nullptr)
            before(step);
        else
            after(step);
    }

private:
    /// Where the instruction before went to is known only now.
    void before(const TraceStep& step) {
        if (m_pending == nullptr)
            return;
        const Slot& slot = m_seen.program[step.pc];
        m_seen.next_pc = step.pc;
        m_seen.before_exit = slot.opcode == m_exit->opcode && step.depth == 0;
        show();
    }

    void after(const TraceStep& step) {
        InstructionBins* bins = m_watched[step.pc];
        if (bins != nullptr) {
            m_seen.pc = step.pc;
            m_seen.row = &step.row;
            m_seen.before = step.before;
            m_seen.after = *step.after;
            m_seen.depth = step.depth;
            m_seen.write = step.write;
            m_seen.after_wide = m_previous_wide && *m_previous_wide + 2 == step.pc;
            m_pending = bins;
        }
        m_previous_wide = step.row.wide ? std::optional(step.pc) : std::nullopt;
    }

    void show() {
        for (Axis& axis : m_pending->axes)
            axis.observe(m_seen);
        m_pending = nullptr;
    }

    SuiteBins& m_bins;
    std::vector<InstructionBins*> m_watched;
    Observation m_seen;
    InstructionBins* m_pending =
        nullptr;                        // those of m_seen, to be shown when the next step is known
    std::optional<u32> m_previous_wide; // pc of the instruction before, if that was a wide one
    const InstructionRow* m_exit = find_row("exit");
};

/// What the runtime may choose; only extensions have something to choose.
std::vector<Choices> choices_of(const Vector& vector) {
    for (const InstructionRow* row : vector.tests)
        if (!row->extension.empty() && formula_of(*row).chooses())
            return {Choices::never, Choices::always};
    return {Choices::never};
}

void execute_program(const Vector& vector, Experiment& experiment, ByteOrder order,
                     Observer& observer) {
    auto loaded = Program::load(experiment.slots(),
                                {.byte_order = order, .extensions = extensions_of(vector)});
    if (!std::holds_alternative<Program>(loaded))
        throw InputError(vector.location.text() + ": the reference VM refuses the program");
    const Program& program = std::get<Program>(loaded);
    observer.watch(experiment, vector);
    std::vector<u8> block(experiment.block_size());
    const std::vector<Choices> all_choices = choices_of(vector);
    for (std::size_t row = 0; row < experiment.rows(); ++row)
        for (const Choices choices : all_choices) {
            experiment.write_block(row, block);
            State state = entry_state(experiment, block);
            observer.start_row(experiment.packet() ? block.size() : 0);
            (void)run(program, state,
                      {.platform = platform_of(state),
                       .instruction_limit = instruction_limit,
                       .trace = &observer,
                       .choices = choices});
            observer.end_row();
        }
}

} // namespace

InstructionBins* SuiteBins::of(const InstructionRow& row) {
    if (row.extension.empty())
        return &instructions[number_of(row)];
    const auto found = std::ranges::find(instructions, &row, &InstructionBins::row);
    return found == instructions.end() ? nullptr : &*found;
}

SuiteBins all_bins() {
    SuiteBins all{{}, opcode_bins()};
    for (const InstructionRow& row : instruction_table())
        all.instructions.push_back({&row, axes_of(row), encoding_bins_of(row)});
    for (const InstructionRow& row : extension_table())
        if (running_extensions().contains(row.extension))
            all.instructions.push_back({&row, axes_of(row), encoding_bins_of(row)});
    return all;
}

void execute(std::span<const Vector> vectors, RunProfile profile, ByteOrder order,
             SuiteBins& bins) {
    Observer observer(bins);
    for (const Vector& vector : vectors) {
        if (!vector.extension.empty() && !running_extensions().contains(vector.extension))
            continue;
        for (const ProgramRows& rows : selection(vector, profile))
            execute_program(vector, *make_experiment(vector, rows, {.byte_order = order}), order,
                            observer);
    }
}

void examine_encodings(std::span<const Vector> vectors, SuiteBins& bins) {
    for (const Vector& vector : vectors)
        for (std::size_t i = 0; vector.kind == Kind::encoding && i < vector.encoding.count(); ++i) {
            const auto flaw = only_flaw(vector.encoding.program(i), extensions_of(vector));
            if (!flaw || (flaw->row == nullptr ? "" : flaw->row->extension) != vector.extension)
                continue;
            Bins* hit = &bins.opcodes;
            if (flaw->row != nullptr) {
                InstructionBins* of_row = bins.of(*flaw->row);
                if (of_row == nullptr)
                    continue;
                hit = &of_row->encodings;
            }
            (void)hit->set(flaw->bin); // more is stated than has bins
        }
}

SuiteBins measure(std::span<const Vector> vectors, RunProfile profile) {
    SuiteBins bins = all_bins();
    SuiteBins big = all_bins();
    execute(vectors, profile, ByteOrder::little, bins);
    execute(vectors, profile, ByteOrder::big, big);
    for (std::size_t i = 0; i < bins.instructions.size(); ++i)
        for (std::size_t axis = 0; axis < bins.instructions[i].axes.size(); ++axis)
            bins.instructions[i].axes[axis].bins().intersect(big.instructions[i].axes[axis].bins());
    examine_encodings(vectors, bins);
    return bins;
}

} // namespace bpf_assay::conformance::coverage
