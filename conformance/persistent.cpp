#include "conformance/persistent.hpp"

#include "conformance/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace bpf_assay::conformance {
namespace {

constexpr std::size_t answer_header = 16;         // u32 status, u32 zero, u64 r0
constexpr std::size_t request_bytes = 256 * 1024; // about how much one `run` carries
constexpr std::size_t request_rows = 1024;
constexpr std::size_t window_bytes = 1024 * 1024; // on their way at once
constexpr std::size_t window_requests = 64;
constexpr std::size_t breakdowns_per_vector = 3;
constexpr std::size_t starts_in_a_row = 10;

std::span<const u8> bytes_of(std::string_view text) {
    return {reinterpret_cast<const u8*>(text.data()), text.size()};
}

/// What the plugin says of a row that did not end by EXIT.
std::string fault_text(const Answer& answer, std::size_t row) {
    if (const auto faults = answer.body.find("faults"); faults != answer.body.end())
        for (const auto& fault : *faults)
            if (fault.is_object() && fault.value("row", std::size_t{~0U}) == row)
                return fault.value("why", "");
    return "the runtime reports a fault";
}

/// How many slots of a program have the opcode; second slots of wide instructions do not count.
std::size_t count_opcode(std::span<const Slot> slots, u8 opcode) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < slots.size(); ++at) {
        count += slots[at].opcode == opcode ? 1 : 0;
        const InstructionRow* row = find_row(slots[at]);
        at += row != nullptr && row->wide ? 1 : 0;
    }
    return count;
}

std::vector<Slot> slots_of(std::string_view image, ByteOrder order) {
    std::vector<Slot> slots;
    for (std::size_t at = 0; at + slot_size <= image.size(); at += slot_size)
        slots.push_back(
            decode_slot(bytes_of(image.substr(at, slot_size)).subspan<0, slot_size>(), order));
    return slots;
}

} // namespace

PersistentExaminer::PersistentExaminer(const Runtime& runtime, const ExamineOptions& options)
    : m_runtime(runtime), m_options(options) {
    m_options.deadline = runtime.deadline.value_or(options.deadline);
    session();
}

Session& PersistentExaminer::session() {
    std::size_t starts = 0;
    const auto failed = [&](const PluginFailure& failure) {
        broke_down(failure);
        if (++starts == starts_in_a_row)
            throw GivenUp{fmt::format(
                "it did not start {} times in a row; the last time: {}{}{}", starts, failure.text,
                m_last_breakdown.empty() ? "" : "; before, it broke down: ", m_last_breakdown)};
    };
    while (!m_session) {
        try {
            m_session = std::make_unique<Session>(m_runtime.words(), m_options.deadline,
                                                  m_runtime.environment);
            m_hello = m_session->hello();
            m_was_available = true;
            m_history.clear();
            remember();
        } catch (const PluginFailure& failure) {
            failed(failure);
        } catch (const RuntimeUnavailable& unavailable) {
            if (!m_was_available)
                throw;
            failed(
                {PluginFailure::Kind::crash, "it is not available any more: " + unavailable.why});
        }
    }
    return *m_session;
}

void PersistentExaminer::remember() {
    if (m_current != nullptr && m_options.looks_back)
        m_history.push_back(m_current);
}

VectorResult PersistentExaminer::examine(const Vector& vector) {
    VectorResult result;
    if (m_given_up)
        throw *m_given_up;
    m_current = &vector;
    if (m_session)
        remember();
    m_pending.clear();
    m_unable.clear();
    try {
        run_vector(vector, result);
    } catch (const GivenUp& given_up) {
        if (result.failures.empty())
            throw;
        m_given_up = given_up; // what is known of this vector is not lost
    }
    settle(result, vector, m_options);
    return result;
}

void PersistentExaminer::run_vector(const Vector& vector, VectorResult& result) {
    if (vector.kind == Kind::encoding) {
        examine_encoding(vector, result);
    } else {
        examine_programs(vector, result);
        try_again(vector, result);
        if (result.rows.run != 0 && result.rows.not_executed == result.rows.run)
            result.add(Outcome::pass_not_executed,
                       fmt::format("not in the program that ran: {}",
                                   fmt::join(result.not_executed, ", ")));
    }
}

void PersistentExaminer::examine_programs(const Vector& vector, VectorResult& result) {
    m_programs = selection(vector, m_options.profile);
    const std::size_t end = m_programs.size();
    Position at;
    Pace pace = Pace::pipelined;
    std::size_t recorded = 0;
    std::optional<PluginFailure> unexplained; // a breakdown of which no row is known yet
    for (;;) {
        try {
            advance(vector, at, end, pace, result);
            break;
        } catch (const PluginFailure& failure) {
            // Which request was it? Answers come in order, but a plugin may hold some back while
            // more requests wait, and something before may have spoilt it: so a new one is asked
            // again, one request and then one row at a time.
            const Pending first = m_pending.front();
            m_pending.clear();
            at = first.at;
            broke_down(failure);
            // That a known hang is one needs no more waiting.
            const bool settled = failure.kind == PluginFailure::Kind::timeout && is_known(failure);
            if (pace == Pace::pipelined && !settled) {
                pace = Pace::one_request;
                unexplained = failure;
            } else if (first.rows > 1 && !settled) {
                pace = Pace::one_row;
            } else {
                record_breakdown(failure, first, result);
                count(failure);
                unexplained.reset();
                pace = Pace::one_request;
                at = first.rows == 0 ? Position{first.at.program + 1, 0}
                                     : Position{first.at.program, first.at.row + 1};
                ++recorded;
            }
            if (recorded == breakdowns_per_vector || settled || at.program == end)
                break;
        }
    }
    if (unexplained && m_options.looks_back) // run alone, it passes
        explain(&vector, *unexplained);
    else if (unexplained)
        add_failure(result, {.outcome = outcome_of(unexplained->kind),
                             .why = unexplained->text + " (not again when run alone)"});
}

/// Lack of memory is no verdict: freed programs may be reclaimed late.
void PersistentExaminer::try_again(const Vector& vector, VectorResult& result) {
    for (int attempt = 0; attempt < memory_attempts && !m_unable.empty(); ++attempt) {
        std::this_thread::sleep_for(memory_pause);
        try {
            for (const std::size_t program : std::exchange(m_unable, {}))
                advance(vector, {program, 0}, program + 1, Pace::one_request, result);
        } catch (const PluginFailure& failure) { // of a plugin that much ran in before
            m_pending.clear();
            broke_down(failure);
            explain(&vector, failure);
            result.add(Outcome::not_run, "it broke down while it was asked again for memory");
            return;
        }
    }
    if (!m_unable.empty())
        result.add(Outcome::not_run, fmt::format("out of memory, {} times", memory_attempts));
}

bool PersistentExaminer::too_large(std::size_t insns, std::size_t block,
                                   VectorResult& result) const {
    if (insns <= m_hello.max_insns && block <= m_hello.max_block)
        return false;
    result.add(
        Outcome::unsupported,
        insns > m_hello.max_insns
            ? fmt::format("{} slots; the runtime takes {}", insns, m_hello.max_insns)
            : fmt::format("a block of {} bytes; the runtime takes {}", block, m_hello.max_block));
    return true;
}

void PersistentExaminer::advance(const Vector& vector, Position from, std::size_t end, Pace pace,
                                 VectorResult& result) {
    for (std::size_t program = from.program; program < end; ++program) {
        const std::size_t row = program == from.program ? from.row : 0;
        session();
        const std::shared_ptr<Experiment> experiment =
            make_experiment(vector, m_programs[program], m_hello.traits());
        if (program == result.programs) { // they come in order, and some of them again
            ++result.programs;
            result.rows.total += experiment->rows();
        }
        if (too_large(experiment->slots().size(), experiment->block_size(), result))
            continue;
        m_pending.push_back({.at = {program, row}, .rows = 0, .experiment = experiment});
        m_session->load(wire_form(experiment->slots(), m_hello.byte_order),
                        experiment->slots().size(), experiment->packet());
        if (pace != Pace::pipelined)
            drain(vector, result, 0);
        send_rows({program, row}, experiment, pace, vector, result);
        if (pace == Pace::one_row)
            pace = Pace::one_request; // the row was in the first program
    }
    drain(vector, result, 0);
}

void PersistentExaminer::send_rows(Position from, const std::shared_ptr<Experiment>& experiment,
                                   Pace pace, const Vector& vector, VectorResult& result) {
    const std::size_t size = experiment->block_size();
    const std::size_t batch =
        pace == Pace::one_row ? 1 : std::clamp<std::size_t>(request_bytes / size, 1, request_rows);
    for (std::size_t row = from.row; row < experiment->rows(); row += batch) {
        const std::size_t rows = std::min(batch, experiment->rows() - row);
        m_pending.push_back({.at = {from.program, row}, .rows = rows, .experiment = experiment});
        m_session->run(
            rows, size,
            [&](std::size_t index, std::span<u8> block) {
                experiment->write_block(row + index, block);
            },
            experiment->concurrency());
        drain(vector, result, pace == Pace::pipelined ? window_requests : 0);
    }
}

/// Takes answers until at most `requests` and a window's bytes are on their way.
void PersistentExaminer::drain(const Vector& vector, VectorResult& result, std::size_t requests) {
    while (m_pending.size() > requests ||
           (m_pending.size() > 1 && m_session->outstanding_bytes() > window_bytes))
        take_answer(vector, result);
}

void PersistentExaminer::take_answer(const Vector& vector, VectorResult& result) {
    const Answer answer = m_session->receive();
    const Pending& request = m_pending.front();
    if (request.rows == 0)
        take_load(vector, request, answer, result);
    else if (answer.name != (m_loaded ? "ran" : "not_loaded"))
        throw PluginFailure{PluginFailure::Kind::protocol,
                            fmt::format("answered 'run' with '{}' when {} program was loaded",
                                        answer.name, m_loaded ? "a" : "no")};
    else if (m_loaded)
        take_rows(request, answer, result);
    m_pending.pop_front();
}

void PersistentExaminer::take_load(const Vector& vector, const Pending& request,
                                   const Answer& answer, VectorResult& result) {
    m_loaded = answer.name == "loaded";
    if (m_loaded)
        return take_loaded(vector, *request.experiment, answer, result);
    if (answer.name == "unable") {
        if (lacks_memory(answer))
            m_unable.push_back(request.at.program);
        else
            result.add(Outcome::not_run, answer.why());
        return;
    }
    if (answer.name != "rejected" && answer.name != "unsupported")
        throw PluginFailure{PluginFailure::Kind::protocol,
                            fmt::format("answered 'load' with '{}'", answer.name)};
    m_breakdowns = 0;
    Failure failure{.outcome = answer.name == "rejected" ? refusal_outcome(m_hello, vector)
                                                         : Outcome::unsupported,
                    .program = m_programs[request.at.program].program,
                    .program_text = request.experiment->text(),
                    .why = answer.why()};
    const auto slots = request.experiment->slots();
    failure.slots.assign(slots.begin(), slots.end());
    add_failure(result, std::move(failure));
}

void PersistentExaminer::take_loaded(const Vector& vector, const Experiment& experiment,
                                     const Answer& answer, VectorResult& result) {
    m_executed = true;
    ++result.loaded_programs;
    const auto absent = [&](const std::string& what) {
        m_executed = false;
        if (std::ranges::find(result.not_executed, what) == result.not_executed.end())
            result.not_executed.push_back(what);
    };
    if (answer.body.value("machine_code_bytes", std::size_t{0}) > 0)
        ++result.machine_code_programs;
    if (m_hello.engine == "jit" && answer.body.value("engine", "jit") != "jit")
        absent("all: an interpreter ran the program");
    if (answer.payload.empty())
        return;
    const auto translated = slots_of(answer.payload, m_hello.byte_order);
    for (const InstructionRow* row : vector.tests)
        if (count_opcode(translated, row->opcode) < count_opcode(experiment.slots(), row->opcode))
            absent(std::string(row->mnemonic));
}

void PersistentExaminer::take_rows(const Pending& request, const Answer& answer,
                                   VectorResult& result) {
    Experiment& experiment = *request.experiment;
    const std::size_t size = experiment.block_size();
    const std::size_t stride = answer_header + size;
    if (answer.payload.size() != request.rows * stride)
        throw PluginFailure{PluginFailure::Kind::protocol,
                            fmt::format("answered {} rows of {} bytes with {} bytes instead of {}",
                                        request.rows, size, answer.payload.size(),
                                        request.rows * stride)};
    m_breakdowns = 0;
    const auto bytes = bytes_of(answer.payload);
    for (std::size_t index = 0; index < request.rows; ++index) {
        const auto answered = bytes.subspan(index * stride, stride);
        const auto status = load(answered.first(4), m_hello.byte_order);
        const u64 r0 = load(answered.subspan(8, 8), m_hello.byte_order);
        const auto block = answered.subspan(answer_header);
        const std::size_t row = request.at.row + index;
        ++result.rows.run;
        if (status == 0 && experiment.right(row, r0, block)) {
            ++result.rows.passed;
            result.rows.not_executed += m_executed ? 0 : 1;
            continue;
        }
        Failure failure{.outcome = status == 0 ? Outcome::wrong : Outcome::fault,
                        .program = m_programs[request.at.program].program,
                        .program_text = experiment.text(),
                        .row = experiment.row_number(row)};
        if (result.failures.size() < 8) { // what the report shows costs time
            failure.registers_before = experiment.registers_before(row);
            failure.memory_before = experiment.memory_before(row);
            if (status == 0)
                failure.differences = experiment.differences(row, r0, block);
            failure.slots.assign(experiment.slots().begin(), experiment.slots().end());
        }
        if (status != 0)
            failure.why = fault_text(answer, index);
        else if (!failure.differences.empty())
            failure.why = fmt::format("{} is {}, must be {}", failure.differences[0].place,
                                      failure.differences[0].seen, failure.differences[0].expected);
        add_failure(result, std::move(failure));
    }
}

} // namespace bpf_assay::conformance
