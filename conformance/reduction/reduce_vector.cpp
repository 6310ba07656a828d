#include "conformance/reduction/reduce_vector.hpp"

#include "conformance/error.hpp"
#include "conformance/reduction/code.hpp"
#include "conformance/reduction/search.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bpf_assay::conformance::reduction {
namespace {

/// An endless loop costs this much, again and again.
constexpr std::chrono::milliseconds timeout_deadline{1'000};

struct Start {
    std::size_t program = 0;
    std::size_t row = 0;
    Vector vector; // of a row of a sweep with the state after that the reference VM gives it
    std::optional<Statement> statement;
    std::string obstacle; // why there is none
};

std::size_t instruction_count_of(std::span<const Slot> slots) {
    std::size_t count = 0;
    for (std::size_t pc = 0; pc < slots.size(); ++pc, ++count) {
        const auto rows = rows_with_opcode(slots[pc].opcode);
        pc += !rows.empty() && rows.front().wide ? 1 : 0;
    }
    return count;
}

Sizes sizes_of(const Vector& vector) {
    Sizes sizes{.instructions = instruction_count_of(
                    vector.kind == Kind::encoding ? vector.encoding.slots : vector.body)};
    for (const auto& reg : vector.before.registers)
        sizes.registers += reg ? 1 : 0;
    for (const auto* cells : {&vector.before.memory, &vector.before.stack})
        for (const Cell& cell : *cells)
            sizes.cells += cell.size;
    sizes.cells += vector.packet.size();
    return sizes;
}

/// Of the whole vector, where the reduction begins with one of its rows.
Sizes sizes_of(const Vector& vector, const Start& start) {
    Sizes sizes = sizes_of(start.vector);
    if (vector.kind == Kind::encoding)
        sizes.programs = vector.encoding.count();
    if (vector.kind == Kind::sweep) {
        sizes.programs = vector.sweep_programs.size();
        sizes.rows = make_experiment(vector, start.program, {})->rows();
    }
    return sizes;
}

class VectorReducer {
public:
    VectorReducer(Trials& trials, const Vector& vector, const Request& request)
        : m_trials(trials), m_vector(vector), m_request(request) {}

    Report run() {
        for (Start& start : starts()) {
            if (m_begun && out_of_time())
                break;
            m_begun = true;
            m_report.status = Report::Status::not_reproducible;
            if (!begin(start))
                continue;
            m_report.status = Report::Status::reduced;
            m_report.program = start.program;
            m_report.row = start.row;
            m_report.before = sizes_of(m_vector, start);
            search(std::move(start));
            m_report.after = sizes_of(m_report.vector);
            break;
        }
        m_report.seconds = std::chrono::duration<double>(Clock::now() - m_begin).count();
        return std::move(m_report);
    }

private:
    std::vector<Start> starts();
    std::vector<Start> starts_of_failures();
    Start start_at(std::size_t program, std::size_t row);
    bool begin(const Start& start);
    void search(Start start);
    void search_statement(Start start, const Fails& fails);

    ByteOrder order() { return m_trials.hello().byte_order; }
    bool out_of_time() const { return Clock::now() - m_begin > m_request.budget; }

    Trials& m_trials;
    const Vector& m_vector;
    const Request& m_request;
    Clock::time_point m_begin = Clock::now();
    bool m_begun = false; // with one of the starts
    bool m_with_control = false;
    Report m_report;
};

Start VectorReducer::start_at(std::size_t program, std::size_t row) {
    Start start{.program = program,
                .row = row,
                .vector = single(m_vector, program, row, order()),
                .statement = {},
                .obstacle = {}};
    if (m_vector.kind == Kind::encoding)
        return start;
    auto completed = complete(start.vector, {.order = order()});
    auto* statement = std::get_if<Statement>(&completed);
    if (statement != nullptr && !agree(m_vector, statement->vector)) {
        start.obstacle = "the reference VM comes to another state than the vector states";
    } else if (statement != nullptr) {
        start.vector = statement->vector;
        start.statement = std::move(*statement);
    } else {
        start.obstacle = std::get<std::string>(completed);
    }
    return start;
}

std::vector<Start> VectorReducer::starts() {
    if (!m_request.program && !m_request.row)
        return starts_of_failures();
    return {start_at(m_request.program.value_or(0), m_request.row.value_or(0))};
}

/// The rows that failed in the worst way, the simplest first; last what looks like a special case,
/// which may not be what the failure is about.
std::vector<Start> VectorReducer::starts_of_failures() {
    m_report.whole = m_trials.examine(m_vector);
    if (!kind_of(m_report.whole))
        return {};
    m_report.status = Report::Status::not_reproducible;
    std::vector<std::pair<std::pair<bool, Cost>, Start>> found;
    for (const Failure& failure : m_report.whole.failures) {
        if (failure.outcome != m_report.whole.outcome)
            continue;
        Start start = start_at(failure.program, failure.row.value_or(0));
        std::pair<bool, Cost> rank;
        if (start.statement) {
            const Facts& facts = start.statement->facts;
            rank = {facts.zero_divisor || facts.large_shift || facts.unaligned,
                    cost_of(*start.statement)};
        }
        found.emplace_back(rank, std::move(start));
    }
    std::ranges::stable_sort(found, {}, [](const auto& ranked) { return ranked.first; });
    std::vector<Start> starts;
    for (auto& [rank, start] : found)
        starts.push_back(std::move(start));
    return starts;
}

/// Whether the row fails by itself, and how.
bool VectorReducer::begin(const Start& start) {
    const bool ends = m_report.whole.outcome == Outcome::crash;
    const VectorResult result =
        m_trials.examine_freshly(start.vector, ends || m_request.program ? 3 : 1);
    const auto kind = kind_of(result);
    if (!kind)
        return false;
    m_report.kind = *kind;
    if (kind->outcome == Outcome::timeout)
        m_trials.set_deadline(std::min(m_request.deadline, timeout_deadline));
    m_with_control = kind->outcome == Outcome::rejected &&
                     m_trials.fails(start.vector, *kind, /*with_control=*/true);
    return m_with_control || m_trials.fails(start.vector, *kind, false);
}

void VectorReducer::search_statement(Start start, const Fails& fails) {
    m_report.vector = std::move(start.vector);
    m_report.obstacle = std::move(start.obstacle);
    if (!start.statement)
        return;
    const Limits limits = limits_of(*start.statement, order());
    Reduction reduction =
        reduce(std::move(*start.statement), limits, fails, [this] { return out_of_time(); });
    m_report.vector = std::move(reduction.statement.vector);
    m_report.facts = std::move(reduction.statement.facts);
    m_report.tried = reduction.tried;
    m_report.kept = reduction.kept;
    m_report.finished = reduction.finished;
}

void VectorReducer::search(Start start) {
    const Fails fails = [this](const Vector& variant) {
        return m_trials.fails(variant, m_report.kind, m_with_control);
    };
    if (m_vector.kind == Kind::encoding) {
        auto reduction =
            reduce_encoding(std::move(start.vector), fails, [this] { return out_of_time(); });
        m_report.vector = std::move(reduction.vector);
        m_report.tried = reduction.tried;
        m_report.kept = reduction.kept;
        m_report.finished = reduction.finished;
    } else {
        search_statement(std::move(start), fails);
    }
    m_trials.set_deadline(m_request.deadline);
    m_report.result = m_trials.examine_freshly(m_report.vector, 3);
}

} // namespace

Report reduce_vector(Trials& trials, const Vector& vector, const Request& request) {
    if (vector.concurrency.threads > 1)
        throw InputError(
            fmt::format("{} is a matter of chance (threads) and cannot be reduced", vector.id));
    if (const auto needs = lacking(trials.hello(), vector))
        throw InputError(fmt::format("{} does not run here: it needs {}", vector.id, *needs));
    return VectorReducer(trials, vector, request).run();
}

} // namespace bpf_assay::conformance::reduction
