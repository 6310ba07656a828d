#include "conformance/one_shot.hpp"

#include "conformance/numbers.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace bpf_assay::conformance {
namespace {

// Linux passes at most 128 KiB in one argument; the memory travels there, three characters a byte.
constexpr std::size_t largest_memory = 43'000;

/// Existing plugins split at the spaces, and drop what they cannot read.
std::string spaced_hex_of(std::span<const u8> bytes) {
    return fmt::format("{:02x}", fmt::join(bytes, " "));
}

std::string first_line(std::string_view text) {
    while (!text.empty() && (text.front() == '\n' || text.front() == ' '))
        text.remove_prefix(1);
    return std::string(text.substr(0, std::min(text.find('\n'), std::size_t{200})));
}

} // namespace

OneShotExaminer::OneShotExaminer(const Runtime& runtime, const ExamineOptions& options)
    : m_runtime(runtime), m_options(options) {
    m_options.deadline = runtime.deadline.value_or(options.deadline);
    m_hello.name = std::filesystem::path(split_command(runtime.command).at(0)).filename();
    m_hello.version = "one-shot";
    m_hello.engine = "unknown";
    m_hello.r0_bits = runtime.one_shot_r0_bits;
    m_hello.groups = with_included(
        {Group::base64, Group::divmul64, Group::atomic64}); // the contract has no claims
    m_hello.message = {{"name", m_hello.name}, {"r0_bits", m_hello.r0_bits}};
}

VectorResult OneShotExaminer::examine(const Vector& vector) {
    VectorResult result;
    if (vector.kind == Kind::packet) {
        result.add(Outcome::unsupported, "the one-shot contract has no packet");
    } else if (vector.kind == Kind::encoding) {
        result.add(Outcome::unsupported,
                   "the one-shot contract cannot load a program without running it");
    } else {
        for (const ProgramRows& program : selection(vector, m_options.profile)) {
            ++result.programs;
            examine_row(vector, program, Fold::add, result);
            if (m_hello.r0_bits == 32 && vector.kind != Kind::program)
                examine_row(vector, program, Fold::exclusive_or, result);
        }
    }
    settle(result, vector, m_options);
    return result;
}

void OneShotExaminer::examine_row(const Vector& vector, const ProgramRows& program, Fold fold,
                                  VectorResult& result) {
    RuntimeTraits traits = m_hello.traits();
    traits.fold = fold;
    const auto experiment = make_experiment(vector, program, traits);
    const std::size_t row =
        program.program * 7 % experiment->rows(); // another one for each program
    if (fold == Fold::add)
        result.rows.total += experiment->rows();
    if (experiment->block_size() > largest_memory)
        return result.add(Outcome::unsupported, "the memory does not fit into an argument");
    Ended ended = run(*experiment, row);
    if (ended.outcome == Outcome::rejected)
        ended.outcome = refusal_outcome(m_hello, vector);
    else if (fold == Fold::add)
        ++result.rows.run;
    Failure failure{.outcome = ended.outcome,
                    .program = program.program,
                    .program_text = experiment->text(),
                    .row = row,
                    .why = ended.why};
    if (ended.outcome == Outcome::pass) {
        if (experiment->right(row, ended.r0, {})) {
            result.rows.passed += fold == Fold::add ? 1 : 0;
            return;
        }
        failure.outcome = Outcome::wrong;
        failure.differences = experiment->differences(row, ended.r0, {});
        failure.why = fmt::format("{} is {}, must be {}", failure.differences.at(0).place,
                                  failure.differences[0].seen, failure.differences[0].expected);
        failure.registers_before = experiment->registers_before(row);
    }
    failure.slots.assign(experiment->slots().begin(), experiment->slots().end());
    add_failure(result, std::move(failure));
}

/// Starts the plugin on one program. A non-zero exit says that something failed, not what: it
/// counts as a refusal.
OneShotExaminer::Ended OneShotExaminer::run(Experiment& experiment, std::size_t row) {
    std::vector<u8> block(experiment.block_size());
    experiment.write_block(row, block);
    auto command = split_command(m_runtime.command); // the memory stands in front of the options
    command.push_back(spaced_hex_of(block));
    std::ranges::move(split_command(m_runtime.options), std::back_inserter(command));
    Process process(command, m_runtime.environment);
    process.write(spaced_hex_of(wire_form(experiment.slots(), m_hello.byte_order)) + "\n");
    process.close_input_when_written();
    const auto deadline = Clock::now() + m_options.deadline;
    Process::Event event{};
    do
        event = process.wait(deadline);
    while (event == Process::Event::output);
    if (event == Process::Event::deadline)
        return {.outcome = Outcome::timeout, .why = "no answer in time"};
    const std::string end = process.finish(Clock::now() + std::chrono::seconds(1));
    if (process.exit_status() < 0)
        return {.outcome = Outcome::crash, .why = end};
    if (process.exit_status() != 0)
        return {.outcome = Outcome::rejected,
                .why = fmt::format("{}: {}", end, first_line(process.errors()))};
    std::string text = first_line(process.output());
    while (!text.empty() && (text.back() == ' ' || text.back() == '\r'))
        text.pop_back();
    const auto value = parse_integer(text.starts_with("0x") ? text : "0x" + text);
    if (!value)
        return {.outcome = Outcome::fault,
                .why = text.empty() ? "exit status 0, but no value"
                                    : fmt::format("not a value: {}", text)};
    return {.r0 = *value};
}

} // namespace bpf_assay::conformance
