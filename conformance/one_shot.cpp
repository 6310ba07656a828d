#include "conformance/one_shot.hpp"

#include "conformance/numbers.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace bpf_assay::conformance {
namespace {

/// R1 from an XDP context to its data, of which a verifier wants the length checked.
std::vector<Slot> xdp_prologue(std::size_t size) {
    return {slot_of("ldxw", 2, 1, 4, 0),      slot_of("ldxw", 1, 1, 0, 0),
            slot_of("mov64_reg", 3, 1, 0, 0), slot_of("add64_imm", 3, 0, 0, static_cast<s32>(size)),
            slot_of("jle64_reg", 3, 2, 2, 0), slot_of("mov64_imm", 0, 0, 0, -1),
            slot_of("exit", 0, 0, 0, 0)};
}

/// Existing plugins split at the spaces, and drop what they cannot read.
std::string spaced_hex_of(std::span<const u8> bytes) {
    return fmt::format("{:02x}", fmt::join(bytes, " "));
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view white = " \t\r\n";
    const auto first = text.find_first_not_of(white);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(white) - first + 1);
}

/// The line that says most: usually the first one; of a Rust panic that behind it, of a log of the
/// Linux verifier the last but one.
std::string told_by(std::string_view text) {
    text = text.substr(0, text.find('\0'));
    std::string first;
    std::string last;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const std::string line(trimmed(text.substr(0, std::min(end, std::size_t{200}))));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.starts_with("processed "))
            return last;
        if (line.empty() || line.starts_with("thread '") || line.starts_with("cur state:") ||
            line.starts_with("old state:"))
            continue;
        last = line;
        if (first.empty())
            first = line;
    }
    return first;
}

} // namespace

OneShotExaminer::OneShotExaminer(const Runtime& runtime, const ExamineOptions& options)
    : m_runtime(runtime), m_options(options) {
    m_options.deadline = runtime.deadline.value_or(options.deadline);
    const std::string program = split_command(runtime.command).at(0);
    find_program(program); // throws, if it is not there
    m_hello.name = std::filesystem::path(program).filename();
    m_hello.version = "one-shot";
    m_hello.engine = "unknown";
    m_hello.r0_bits = contract().r0_bits;
    m_hello.groups = with_included(contract().groups);
    m_hello.excluded = contract().excluded;
    m_hello.message = {{"name", m_hello.name},
                       {"r0_bits", m_hello.r0_bits},
                       {"groups", nlohmann::json::array()},
                       {"excluded", m_hello.excluded}};
    for (const Group group : m_hello.groups)
        m_hello.message["groups"].push_back(bpf_assay::name_of(group));
    if (!runtime.options.empty())
        m_hello.message["environment"] = {{"options", runtime.options}};
}

VectorResult OneShotExaminer::examine(const Vector& vector) {
    const std::array vectors{&vector};
    return std::move(examine(std::span<const Vector* const>(vectors)).front());
}

bool OneShotExaminer::Tally::skips(std::size_t program) const {
    constexpr std::size_t enough = 8; // each takes a process
    return failing_rows >= enough || hangs || refused == program;
}

std::vector<VectorResult> OneShotExaminer::examine(std::span<const Vector* const> vectors) {
    if (m_given_up)
        throw *m_given_up;
    std::vector<Tally> tallies(vectors.size());
    try {
        examine_fold(vectors, Fold::add, tallies);
        if (m_hello.r0_bits == 32)
            examine_fold(vectors, Fold::exclusive_or, tallies);
    } catch (const GivenUp& given_up) {
        m_given_up = given_up; // what is known by now is not lost
        for (Tally& tally : tallies)
            if (tally.result.rows.total == 0 || tally.result.rows.run < tally.result.rows.total)
                tally.result.add(Outcome::not_run, given_up.why);
    }
    std::vector<VectorResult> results;
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        settle(tallies[i].result, *vectors[i], m_options);
        results.push_back(std::move(tallies[i].result));
    }
    return results;
}

void OneShotExaminer::examine_fold(std::span<const Vector* const> vectors, Fold fold,
                                   std::vector<Tally>& tallies) {
    std::vector<Link> links;
    Chain chain = new_chain(); // only measured here: it is made when it runs
    const auto flush = [&] {
        run_links(links, fold);
        links.clear();
        chain = new_chain();
    };
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        const Vector& vector = *vectors[i];
        if (vector.kind == Kind::packet || vector.kind == Kind::encoding) {
            tallies[i].result.add(
                Outcome::unsupported,
                vector.kind == Kind::packet
                    ? "the one-shot contract has no packet"
                    : "the one-shot contract cannot load a program without running it");
            continue;
        }
        if (fold == Fold::exclusive_or && vector.kind == Kind::program)
            continue; // it has no fold
        for (const ProgramRows& program : selection(vector, m_options.profile))
            for (Link& link : links_of(vector, program, fold, tallies[i])) {
                if (!new_chain().takes(*link.experiment)) {
                    run_alone(link, fold);
                    continue;
                }
                if (!chain.takes(*link.experiment))
                    flush();
                chain.add(*link.experiment, link.row);
                links.push_back(std::move(link));
            }
    }
    flush();
}

/// All rows of a program.
std::vector<OneShotExaminer::Link> OneShotExaminer::links_of(const Vector& vector,
                                                             const ProgramRows& program, Fold fold,
                                                             Tally& tally) {
    RuntimeTraits traits = m_hello.traits();
    traits.fold = fold;
    const std::shared_ptr<Experiment> experiment = make_experiment(vector, program, traits);
    if (fold == Fold::add) {
        ++tally.result.programs;
        tally.result.rows.total += experiment->rows();
    }
    if (experiment->block_size() > contract().max_memory ||
        experiment->slots().size() > contract().max_insns) {
        tally.result.add(Outcome::unsupported,
                         "the program or its memory is too large for the plugin");
        return {};
    }
    std::vector<Link> links;
    for (std::size_t row = 0; row < experiment->rows(); ++row)
        links.push_back({&vector, &tally, experiment, program.program, row});
    return links;
}

/// All in one process; where that is not right, each half of them.
void OneShotExaminer::run_links(std::span<const Link> all, Fold fold) {
    std::vector<Link> links;
    std::ranges::copy_if(all, std::back_inserter(links),
                         [](const Link& link) { return !link.tally->skips(link.program); });
    if (links.empty())
        return;
    if (links.size() == 1)
        return run_alone(links[0], fold);
    Chain chain = new_chain();
    for (const Link& link : links)
        chain.add(*link.experiment, link.row);
    chain.close();
    const Ended ended = run(chain.slots(), chain.memory());
    if (ended.outcome == Outcome::pass && ended.r0 == chain.expected_r0()) {
        for (const Link& link : links)
            if (fold == Fold::add) {
                ++link.tally->result.rows.run;
                ++link.tally->result.rows.passed;
            }
        return;
    }
    const auto failures = [&] {
        std::size_t count = m_late_findings.size();
        for (const Link& link : links)
            count += link.tally->result.failing_rows;
        return count;
    };
    const std::size_t before = failures();
    const std::span halves(links);
    run_links(halves.first(links.size() / 2), fold);
    run_links(halves.subspan(links.size() / 2), fold);
    if (failures() != before || ended.outcome == Outcome::rejected ||
        ended.outcome == Outcome::timeout)
        return; // it was one of them; or the runtime has a limit of programs, or takes long for
                // them
    m_late_findings.push_back(
        {nullptr,
         {.outcome = ended.outcome == Outcome::pass ? Outcome::wrong : ended.outcome,
          .why = fmt::format("{} rows in one program, from {} to {}, each half of which is right: "
                             "r0 is {:#x}, must be {:#x} {}",
                             links.size(), links.front().vector->id, links.back().vector->id,
                             ended.r0, chain.expected_r0(), ended.why)}});
}

void OneShotExaminer::run_alone(const Link& link, Fold fold) {
    Tally& tally = *link.tally;
    VectorResult& result = tally.result;
    if (tally.skips(link.program))
        return;
    Experiment& experiment = *link.experiment;
    std::vector<u8> block(experiment.block_size());
    experiment.write_block(link.row, block);
    Ended ended = run(experiment.slots(), block);
    if (ended.outcome == Outcome::pass && experiment.right(link.row, ended.r0, {})) {
        result.rows.run += fold == Fold::add ? 1 : 0;
        result.rows.passed += fold == Fold::add ? 1 : 0;
        return;
    }
    Failure failure{.outcome = ended.outcome,
                    .program = link.program,
                    .program_text = experiment.text(),
                    .row = experiment.row_number(link.row),
                    .why = ended.why};
    failure.slots.assign(experiment.slots().begin(), experiment.slots().end());
    if (ended.outcome == Outcome::rejected) {
        failure.outcome = refusal_outcome(m_hello, *link.vector);
        tally.refused = link.program; // so are its other rows
        return add_failure(result, std::move(failure));
    }
    result.rows.run += fold == Fold::add ? 1 : 0;
    failure.registers_before = experiment.registers_before(link.row);
    failure.memory_before = experiment.memory_before(link.row);
    if (ended.outcome == Outcome::pass) {
        failure.outcome = Outcome::wrong;
        failure.differences = experiment.differences(link.row, ended.r0, {});
        failure.why = fmt::format("{} is {}, must be {}", failure.differences.at(0).place,
                                  failure.differences[0].seen, failure.differences[0].expected);
    }
    ++tally.failing_rows;
    tally.hangs = ended.outcome == Outcome::timeout;
    add_failure(result, std::move(failure));
    if (tally.skips(link.program) && !result.incomplete)
        result.incomplete = "some rows failed, and the others were not run";
}

void OneShotExaminer::try_out() {
    const std::array program{
        Slot{.opcode = find_row("mov64_imm")->opcode, .imm = 1},
        Slot{.opcode = find_row("exit")->opcode},
    };
    const std::array<u8, 16> memory{};
    const Ended ended = run(program, memory);
    if (ended.outcome != Outcome::pass || ended.r0 != 1)
        throw RuntimeUnavailable{fmt::format(
            "it does not run 'r0 = 1; exit': {}",
            ended.outcome == Outcome::pass ? fmt::format("prints {:x}", ended.r0) : ended.why)};
}

/// Starts the plugin on one program. A non-zero exit says that something failed, not what: it
/// counts as a refusal.
OneShotExaminer::Ended OneShotExaminer::run(std::span<const Slot> program,
                                            std::span<const u8> memory) {
    std::vector<Slot> slots;
    if (contract().memory == OneShotMemory::xdp)
        slots = xdp_prologue(memory.size());
    slots.insert(slots.end(), program.begin(), program.end());
    auto command = split_command(m_runtime.command); // the memory stands in front of the options
    command.push_back(spaced_hex_of(memory));
    std::ranges::move(split_command(m_runtime.options), std::back_inserter(command));
    Process process(command, m_runtime.environment);
    process.write(spaced_hex_of(wire_form(slots, m_hello.byte_order)) + "\n");
    process.close_input_when_written();
    const auto deadline = Clock::now() + m_options.deadline;
    Process::Event event{};
    do
        event = process.wait(deadline);
    while (event == Process::Event::output);
    if (event == Process::Event::deadline) {
        m_waited += m_options.deadline;
        if (m_waited >= deadlines_in_all * m_options.deadline)
            throw GivenUp{fmt::format("it did not end in time {} times", deadlines_in_all)};
        return {.outcome = Outcome::timeout, .why = "no answer in time"};
    }
    const std::string end = process.finish(Clock::now() + std::chrono::seconds(1));
    if (process.exit_status() < 0)
        return {.outcome = Outcome::crash, .why = end};
    if (process.exit_status() != 0) {
        std::string told = told_by(process.errors());
        if (told.empty())
            told = told_by(process.output()); // some complain there
        const auto says = [&](const std::string& fault) {
            return process.errors().find(fault) != std::string_view::npos ||
                   process.output().find(fault) != std::string_view::npos;
        };
        return {.outcome = std::ranges::any_of(contract().faults, says) ? Outcome::fault
                                                                        : Outcome::rejected,
                .why = fmt::format("{}: {}", end, told)};
    }
    const std::string text(trimmed(process.output()).substr(0, 200));
    const auto value = parse_integer(text.starts_with("0x") ? text : "0x" + text);
    if (!value)
        return {.outcome = Outcome::fault,
                .why = text.empty() ? "exit status 0, but no value"
                                    : fmt::format("not a value: {}", text)};
    return {.r0 = m_hello.r0_bits == 32 ? *value & 0xffff'ffff : *value};
}

} // namespace bpf_assay::conformance
