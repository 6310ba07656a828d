#include "conformance/mutants/hunt.hpp"

#include "conformance/error.hpp"
#include "conformance/policy.hpp"

#include "reference_vm/decoder.hpp"
#include "reference_vm/formula.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace bpf_assay::conformance::mutants {
namespace {

/// More than any vector needs; a mutant that runs on for longer is in a loop.
constexpr u64 instruction_limit = 4'000'000;

/// Slots of a program that takes its time: tried when all others have been.
constexpr std::size_t long_program = 2'000;

// A step has no room for what is wrong with it, and a Hunter belongs to one thread.
thread_local const Mutant* current_mutant = nullptr;
thread_local std::span<const u8> current_numbers;
thread_local std::size_t executions = 0;

bool mutated_step(Machine& vm, const Instruction& in) {
    ++executions;
    return current_mutant->step(vm, in, step_of(row_numbered(current_numbers[in.pc])));
}

bool chooses(const InstructionRow& row) {
    return !row.extension.empty() && formula_of(row).chooses();
}

/// That whose instructions the mutant has wrong; none of the RFC's.
std::string_view subject_of(const Mutant& mutant) {
    return mutant.rows.empty() ? std::string_view() : mutant.rows.front()->extension;
}

} // namespace

/// One program of a vector.
struct Hunter::Trial {
    const Vector* vector;
    std::size_t index;
    bool smoke;
    std::unique_ptr<Experiment> experiment;
    Program program;
    bool chooses;            // the outcome is in part the runtime's choice
    std::vector<u8> numbers; // of the row of each slot; of second slots of wide instructions, any
    RowSet rows;             // in the program
    RowSet tests;            // that the vector is about

    bool is_long() const { return numbers.size() > long_program; }
};

Hunter::Hunter(std::span<const Vector* const> vectors, ByteOrder order, RunProfile profile)
    : m_order(order) {
    for (const Vector* vector : vectors) {
        if (vector->kind == Kind::encoding)
            m_encodings.push_back(vector);
        if (vector->concurrency.threads > 1)
            continue; // whether an operation is atomic cannot be seen by one thread
        add_trials(*vector, RunProfile::smoke);
        if (vector->kind == Kind::sweep && profile != RunProfile::smoke)
            add_trials(*vector, profile);
    }
}

void Hunter::add_trials(const Vector& vector, RunProfile profile) {
    static_assert(row_limit <= 0x100);
    const ExtensionSet on = extensions_of(vector);
    for (const ProgramRows& selected : selection(vector, profile)) {
        auto experiment = make_experiment(vector, selected, {.byte_order = m_order});
        auto loaded = Program::load(experiment->slots(), {.byte_order = m_order, .extensions = on});
        if (!std::holds_alternative<Program>(loaded))
            throw InputError(vector.location.text() + ": the reference VM refuses it");
        Program& program = std::get<Program>(loaded);
        RowSet rows;
        bool has_choice = false;
        std::vector<u8> numbers(program.slots().size());
        for (const Instruction& in : program.code().first(numbers.size()))
            if (in.step != nullptr) {
                const InstructionRow& row = *find_row(program.slots()[in.pc], on);
                rows.set(numbers[in.pc] = static_cast<u8>(number_of(row)));
                has_choice = has_choice || chooses(row);
            }
        m_trials.push_back(Trial{&vector, selected.program, profile == RunProfile::smoke,
                                 std::move(experiment), std::move(program), has_choice,
                                 std::move(numbers), rows, row_set(vector.tests)});
    }
}

Hunter::~Hunter() = default;

Hunter::RowSet Hunter::row_set(const std::vector<const InstructionRow*>& rows) {
    RowSet set;
    for (const InstructionRow* row : rows)
        set.set(number_of(*row));
    return set;
}

Hunt Hunter::hunt(const Mutant& mutant) {
    Hunt hunt;
    if (mutant.overlooks)
        for (const Vector* vector : m_encodings)
            if (!hunt.kill && vector->extension == subject_of(mutant))
                try_encoding(mutant, *vector, hunt);
    if (mutant.overlooks)
        return hunt;
    for (const bool is_long : {false, true})
        for (const bool smoke : {true, false})
            for (const bool affected : {true, false})
                if (!hunt.kill)
                    try_vectors(mutant, hunt, {is_long, smoke, affected});
    return hunt;
}

void Hunter::try_vectors(const Mutant& mutant, Hunt& hunt, const Turn& turn) {
    const RowSet changed = row_set(mutant.rows);
    for (Trial& trial : m_trials) {
        if (trial.is_long() != turn.is_long || trial.smoke != turn.smoke ||
            (trial.tests & changed).any() != turn.affected ||
            trial.vector->extension != subject_of(mutant))
            continue;
        if (mutant.step && (trial.rows & changed).none())
            continue; // the same as on the reference VM
        try_program(mutant, trial, hunt);
        if (hunt.kill)
            return;
    }
}

void Hunter::try_program(const Mutant& mutant, Trial& trial, Hunt& hunt) {
    ++hunt.programs;
    if (mutant.refuses) {
        if (mutant.refuses(trial.program.slots()))
            hunt.kill = Kill{.vector = trial.vector,
                             .program = trial.index,
                             .how = "rejected",
                             .smoke = trial.smoke};
        return;
    }
    const RowSet changed = row_set(mutant.rows);
    std::vector<std::pair<Instruction*, Step>> replaced;
    const auto code = changeable_code(trial.program);
    for (Instruction& in : code.first(code.size() - 1))
        if (in.step != nullptr && changed[trial.numbers[in.pc]]) {
            replaced.emplace_back(&in, in.step);
            in.step = mutated_step;
        }
    current_mutant = &mutant;
    current_numbers = trial.numbers;
    executions = 0;
    try_rows(trial, hunt);
    hunt.executions += executions;
    for (const auto& [in, step] : replaced)
        in->step = step;
}

void Hunter::try_rows(Trial& trial, Hunt& hunt) {
    for (std::size_t row = 0; row < trial.experiment->rows(); ++row) {
        ++hunt.rows;
        if (auto how = judge(trial, row)) {
            hunt.kill = Kill{.vector = trial.vector,
                             .program = trial.index,
                             .row = trial.experiment->row_number(row),
                             .how = std::move(*how),
                             .smoke = trial.smoke};
            return;
        }
    }
}

/// How the row shows that the VM is wrong; none if it does not.
std::optional<std::string> Hunter::judge(Trial& trial, std::size_t row) {
    if (!trial.chooses)
        return judge(trial, row, Choices::never);
    for (const Choices choices : {Choices::never, Choices::always, Choices::alternate})
        if (auto how = judge(trial, row, choices))
            return how;
    return std::nullopt;
}

std::optional<std::string> Hunter::judge(Trial& trial, std::size_t row, Choices choices) {
    Experiment& experiment = *trial.experiment;
    m_block.resize(experiment.block_size());
    experiment.write_block(row, m_block);
    State state = entry_state(experiment, m_block);
    const auto outcome = run(trial.program, state,
                             {.platform = platform_of(state),
                              .instruction_limit = instruction_limit,
                              .choices = choices});
    if (const auto* returned = std::get_if<Returned>(&outcome)) {
        if (experiment.right(row, returned->r0, m_block))
            return std::nullopt;
        return "wrong";
    }
    if (std::holds_alternative<InstructionLimit>(outcome))
        return "timeout";
    if (tolerates(*trial.vector->policy, Outcome::fault, true))
        return std::nullopt;
    return "fault";
}

void Hunter::try_encoding(const Mutant& mutant, const Vector& vector, Hunt& hunt) const {
    for (std::size_t index = 0; index < vector.encoding.count() && !hunt.kill; ++index) {
        ++hunt.programs;
        // A policy may tolerate it; the results of a run show it even so.
        if (loads_wrongly(mutant, vector, index))
            hunt.kill = Kill{.vector = &vector, .program = index, .how = "accepted", .smoke = true};
    }
}

/// Whether the mutant accepts a program that the reference VM refuses.
bool Hunter::loads_wrongly(const Mutant& mutant, const Vector& vector, std::size_t index) const {
    const Encoding& encoding = vector.encoding;
    const ExtensionSet on = extensions_of(vector);
    std::vector<Slot> slots = encoding.program(index);
    bool is_odd = false;
    if (encoding.image) {
        const std::span<const u8> image(*encoding.image);
        for (std::size_t at = 0; at + slot_size <= image.size(); at += slot_size)
            slots.push_back(decode_slot(image.subspan(at).first<slot_size>(), m_order));
        const Refused odd{RefusalReason::image_length, 0, "3"};
        is_odd = image.size() % slot_size != 0;
        if (is_odd && !mutant.overlooks(odd, slots))
            return false;
    }
    const auto nothing_overlooked = [](const Refused&, std::span<const Slot>) { return false; };
    if (!is_odd && accepts(nothing_overlooked, slots, on))
        return false; // for want of a platform, the reference VM finds out when it runs
    return accepts(mutant.overlooks, slots, on);
}

namespace {

Slot nothing() {
    return {.opcode = find_row("mov64_reg")->opcode}; // r0 = r0
}

/// The program without the fault that a VM overlooked, so that the checks after it are made.
void make_good(const Refused& refused, std::vector<Slot>& program) {
    const auto rows = rows_with_opcode(program[refused.pc].opcode);
    const bool wide = !rows.empty() && rows.front().wide;
    program[refused.pc] = nothing();
    if (wide && refused.pc + 1 < program.size())
        program[refused.pc + 1] = nothing();
    if (refused.pc + 1 == program.size() || (wide && refused.pc + 2 >= program.size()))
        program.back() = {.opcode = find_row("exit")->opcode};
}

} // namespace

bool accepts(const Leniency& overlooks, std::vector<Slot> program, ExtensionSet on) {
    for (;;) {
        const std::optional<Refused> refused = check(program, Profile::strict, on);
        if (!refused)
            return true;
        if (!overlooks(*refused, program))
            return false;
        if (refused->reason == RefusalReason::image_length ||
            refused->reason == RefusalReason::runs_off_end)
            return true;
        make_good(*refused, program);
    }
}

std::vector<Hunt> hunt_all(std::span<const Mutant* const> mutants,
                           std::span<const Vector* const> vectors, ByteOrder order,
                           RunProfile profile, unsigned jobs) {
    std::vector<Hunt> hunts(mutants.size());
    std::atomic<std::size_t> next = 0;
    std::vector<std::exception_ptr> errors(std::max(1U, jobs));
    const auto work = [&](std::exception_ptr& error) {
        try {
            Hunter hunter(vectors, order, profile);
            for (std::size_t at = next++; at < mutants.size(); at = next++)
                hunts[at] = hunter.hunt(*mutants[at]);
        } catch (...) {
            error = std::current_exception();
        }
    };
    {
        std::vector<std::jthread> threads;
        for (std::exception_ptr& error : errors)
            threads.emplace_back(work, std::ref(error));
    }
    for (const std::exception_ptr& error : errors)
        if (error)
            std::rethrow_exception(error);
    return hunts;
}

} // namespace bpf_assay::conformance::mutants
