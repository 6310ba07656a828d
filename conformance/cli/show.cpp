// `show` and `explain`: one vector in full.
#include "conformance/cli/commands.hpp"
#include "conformance/cli/files.hpp"
#include "conformance/error.hpp"
#include "conformance/experiment.hpp"
#include "conformance/policy.hpp"

#include "reference_vm/decoder.hpp"
#include "reference_vm/disassembler.hpp"
#include "reference_vm/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace bpf_assay::conformance::cli {
namespace {

struct Options {
    std::string id;
    std::string vectors;
    bool big = false;
    std::size_t program = 0;
    std::size_t row = 0;
};

ByteOrder order_of(const Options& options) {
    return options.big ? ByteOrder::big : ByteOrder::little;
}

std::string text_of(const RegisterValue& value) {
    if (std::holds_alternative<Undefined>(value))
        return "undefined";
    if (const auto* address = std::get_if<Address>(&value))
        return fmt::format("{}{:+}", address->base == Address::Base::memory ? "memory" : "r10",
                           address->offset);
    return fmt::format("{:#018x}", std::get<u64>(value));
}

std::string text_of(const Cell& cell) {
    if (const auto* value = std::get_if<u64>(&cell.content))
        return fmt::format("u{}@{} = {:#x}", cell.size * 8, cell.at, *value);
    return fmt::format("bytes@{} = {:02x}", cell.at,
                       fmt::join(std::get<std::vector<u8>>(cell.content), " "));
}

void print_state(const char* title, const StatedState& state) {
    std::vector<std::string> parts;
    for (std::size_t number = 0; number < general_registers; ++number)
        if (state.registers[number])
            parts.push_back(fmt::format("r{} = {}", number, text_of(*state.registers[number])));
    for (const Cell& cell : state.memory)
        parts.push_back("memory " + text_of(cell));
    for (const Cell& cell : state.stack)
        parts.push_back("stack " + text_of(cell));
    fmt::print("{}\n", title);
    for (const std::string& part : parts)
        fmt::print("  {}\n", part);
    if (parts.empty())
        fmt::print("  (nothing named)\n");
}

/// Prints the program, with a mark at the instructions under test.
void print_program(std::span<const Slot> slots, const Experiment* experiment) {
    for (std::size_t pc = 0; pc < slots.size(); ++pc) {
        const bool under_test = experiment != nullptr && experiment->under_test(pc);
        fmt::print("{} {:>4}: {}\n", under_test ? ">" : " ", pc, disassemble(slots, pc));
        const InstructionRow* row = find_row(slots[pc]);
        pc += row != nullptr && row->wide ? 1 : 0;
    }
}

void print_statement(const Vector& vector, const Suite& suite) {
    const std::string of = vector.extension.empty()
                               ? fmt::format("RFC 9669 section {}", vector.section)
                               : vector.extension;
    fmt::print("{}\n  {} vector of {}, {}\n\n", vector.id, name_of(vector.kind), of,
               vector.location.text());
    if (!vector.because.empty())
        fmt::print("because  {}\n", vector.because);
    for (const std::string& id : vector.clauses)
        fmt::print("clause   {}: {}\n", id, suite.clauses.at(id).text);
    if (!vector.policy->name.empty())
        fmt::print("policy   {}: {}\n", vector.policy->name, vector.policy->reason);
    if (!vector.unless.empty())
        fmt::print("unless   the runtime declares {}\n", vector.unless);
    if (!vector.extension.empty())
        fmt::print("needs    the extension {}\n", vector.extension);
    for (const HelperRole role : vector.helpers)
        fmt::print("needs    the helper {}, here under the id {}\n", name_of(role),
                   reserved_id(role));
    if (vector.concurrency.threads > 1)
        fmt::print("needs    {} threads at once, each runs the program {} times\n",
                   vector.concurrency.threads, vector.concurrency.times);
    std::istringstream lines(vector.text);
    fmt::print("\n");
    for (std::string line; std::getline(lines, line);)
        fmt::print("    {}\n", line);
}

/// The slots by their fields: assembly has no words for what makes an illegal one illegal.
void print_fields(std::span<const Slot> slots, const std::optional<Refused>& refused) {
    for (std::size_t pc = 0; pc < slots.size(); ++pc) {
        const Slot& slot = slots[pc];
        const std::string fields =
            fmt::format("opcode {:#04x} dst {} src {} offset {} imm {:#x}", slot.opcode,
                        slot.dst_reg, slot.src_reg, slot.offset, static_cast<u32>(slot.imm));
        const bool illegal = refused && refused->pc == pc;
        fmt::print("{} {:>4}: {:<55} {}\n", illegal ? ">" : " ", pc, fields,
                   illegal ? fmt::format("{} (RFC 9669 section {})", describe(refused->reason),
                                         refused->section)
                           : disassemble(slots, pc));
    }
}

void show_encoding(const Vector& vector, std::size_t program) {
    const auto slots = vector.encoding.program(program);
    const bool is_table = !vector.encoding.values.empty();
    fmt::print("must not load{}:\n", is_table ? fmt::format(" (value {:#x}, program {} of {})",
                                                            vector.encoding.values[program],
                                                            program, vector.encoding.values.size())
                                              : "");
    print_fields(slots, check(slots, Profile::strict));
    if (vector.encoding.image)
        fmt::print("  {:02x}\n", fmt::join(*vector.encoding.image, " "));
    if (!vector.encoding.control)
        return;
    fmt::print("must load, or the refusal proves nothing:\n");
    print_fields(*vector.encoding.control, std::nullopt);
}

void check_program(const Vector& vector, const Options& options) {
    if (vector.kind == Kind::sweep && options.program >= vector.sweep_programs.size())
        throw InputError(fmt::format("program {}; the sweep has {}", options.program,
                                     vector.sweep_programs.size()));
    if (vector.kind == Kind::encoding && options.program >= vector.encoding.count())
        throw InputError(
            fmt::format("program {}; the vector has {}", options.program, vector.encoding.count()));
}

int show(const Options& options) {
    const Suite suite = load_suite_from(options.vectors);
    const Vector& vector = find_vector(suite, options.id);
    check_program(vector, options);
    print_statement(vector, suite);
    if (vector.kind == Kind::encoding) {
        show_encoding(vector, options.program);
        return 0;
    }
    if (vector.kind == Kind::sweep) {
        fmt::print("\n{} programs; this is program {}: {}, {} rows\ndigest {}\n",
                   vector.sweep_programs.size(), options.program,
                   vector.sweep_programs.at(options.program).text(),
                   make_experiment(vector, options.program, {})->rows(),
                   vector.sweep.digest[index_of(order_of(options))]);
    } else {
        print_state("\nbefore", vector.before);
        print_state("after (all else unchanged)", vector.after[index_of(order_of(options))]);
    }
    const auto experiment =
        make_experiment(vector, options.program, {.byte_order = order_of(options)});
    if (vector.kind == Kind::packet)
        fmt::print("packet\n  {:02x}\n", fmt::join(vector.packet, " "));
    fmt::print("\nthe program ({} slots", experiment->slots().size());
    if (vector.kind == Kind::explicit_state || vector.kind == Kind::sweep)
        fmt::print(", under test: >; the block has {} bytes", experiment->block_size());
    fmt::print(")\n");
    print_program(experiment->slots(), experiment.get());
    return 0;
}

/// Prints each step of the reference VM with its formula.
class Narrator final : public TraceHook {
public:
    void on_step(const TraceStep& step) override {
        if (step.after == nullptr) {
            fmt::print("{:>4}: {:{}}{:<40} RFC 9669 section {}\n", step.pc, "", 2 * step.depth,
                       disassemble(step.program, step.pc), step.row.section);
            fmt::print("        {}\n", step.row.formula);
            return;
        }
        if (step.before == *step.after && !step.write)
            fmt::print("        (changes nothing)\n");
        for (std::size_t number = 0; number < step.before.size(); ++number)
            if (step.before[number] != (*step.after)[number])
                fmt::print("        r{}: {:#018x} -> {:#018x}\n", number, step.before[number],
                           (*step.after)[number]);
        if (step.write)
            fmt::print("        u{} at {:#x}: {:#x} -> {:#x}\n", 8 * step.write->size,
                       step.write->address, step.write->old_value, step.write->new_value);
    }
};

std::string text_of(const bpf_assay::Outcome& outcome) {
    if (const auto* returned = std::get_if<Returned>(&outcome))
        return fmt::format("ends by EXIT, r0 = {:#x}", returned->r0);
    if (const auto* fault = std::get_if<Fault>(&outcome))
        return fmt::format("faults at {}: {}", fault->pc, describe(fault->reason));
    if (const auto* refused = std::get_if<Refused>(&outcome))
        return fmt::format("is refused at {}: {} (RFC 9669 section {})", refused->pc,
                           describe(refused->reason), refused->section);
    return "does not end within the limit of instructions";
}

/// The instructions under test alone, with the state that the vector gives them.
std::vector<Slot> bare_program(const Vector& vector, std::size_t program) {
    if (vector.kind == Kind::encoding)
        return vector.encoding.program(program);
    auto slots = vector.kind == Kind::sweep ? vector.sweep_programs.at(program).body : vector.body;
    if (vector.kind == Kind::sweep || vector.kind == Kind::explicit_state)
        slots.push_back({.opcode = find_row("exit")->opcode});
    return slots;
}

void set_registers(const Vector& vector, const Options& options, const FullState& before,
                   State& state) {
    if (vector.kind == Kind::sweep) {
        const auto experiment =
            make_experiment(vector, options.program, {.byte_order = order_of(options)});
        if (options.row >= experiment->rows())
            throw InputError(
                fmt::format("row {}; the program has {}", options.row, experiment->rows()));
        std::vector<u8> block(experiment->block_size());
        experiment->write_block(options.row, block);
        for (std::size_t number = 0; number < general_registers; ++number)
            state.registers[number] =
                load(std::span(block).subspan(8 * number, 8), order_of(options));
        return;
    }
    if (vector.kind != Kind::explicit_state)
        return;
    for (std::size_t number = 0; number < general_registers; ++number) {
        const RegisterValue& value = before.registers[number];
        if (const auto* address = std::get_if<Address>(&value))
            state.registers[number] =
                static_cast<u64>(address->offset) + (address->base == Address::Base::stack
                                                         ? state.registers[10]
                                                         : memory_address + guard_size);
        else
            state.registers[number] = std::get<u64>(value);
    }
}

int explain(const Options& options) {
    const Suite suite = load_suite_from(options.vectors);
    const Vector& vector = find_vector(suite, options.id);
    check_program(vector, options);
    print_statement(vector, suite);
    fmt::print("\n");
    const auto slots = bare_program(vector, options.program);
    const auto image = vector.encoding.image.value_or(wire_form(slots, order_of(options)));
    const auto loaded = Program::load(
        image, {.byte_order = order_of(options), .extensions = extensions_of(vector)});
    if (const auto* refused = std::get_if<Refused>(&loaded)) {
        fmt::print("The program {}.\n", text_of(*refused));
        return 0;
    }
    if (vector.kind == Kind::sweep)
        fmt::print("Program {} ({}), row {}:\n", options.program,
                   vector.sweep_programs[options.program].text(), options.row);
    FullState before = full_states(vector, order_of(options)).before;
    State state;
    const std::span memory(before.memory);
    state.memory = vector.kind == Kind::packet    ? std::span<u8>()
                   : vector.kind == Kind::program ? memory.subspan(guard_size)
                                                  : memory;
    state.packet = vector.packet;
    state.stack = before.stack;
    set_up_entry(state);
    set_registers(vector, options, before, state);
    Narrator narrator;
    const auto outcome =
        run(std::get<Program>(loaded), state, {.platform = platform_of(state), .trace = &narrator});
    fmt::print("The program {}.\n", text_of(outcome));
    return 0;
}

CLI::App* add_command(CLI::App& app, const char* name, const char* what, Options& options) {
    CLI::App* command = app.add_subcommand(name, what);
    command->add_option("id", options.id, "Id of the vector")->required();
    command->add_option("--program", options.program,
                        "Of a sweep or a table: which program, from 0");
    command->add_flag("--big-endian", options.big, "As for a big-endian machine");
    command
        ->add_option("--vectors", options.vectors, "Folder of vectors instead of the suite's own")
        ->check(CLI::ExistingDirectory);
    return command;
}

} // namespace

Command add_show(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = add_command(
        app, "show", "Print a vector: statement, lowered program, expected state", *options);
    command->footer("Example:\n  bpf-assay show sdiv64-reg/min-by-minus-one");
    return [options] { return show(*options); };
}

Command add_explain(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = add_command(
        app, "explain", "Trace a vector on the reference VM, each step with its formula", *options);
    command->add_option("--row", options->row, "Of a sweep: which row of the program, from 0");
    command->footer("Example:\n  bpf-assay explain sdiv64-reg/min-by-minus-one");
    return [options] { return explain(*options); };
}

} // namespace bpf_assay::conformance::cli
