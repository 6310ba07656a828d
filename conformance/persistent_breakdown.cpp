// What PersistentExaminer does when the plugin breaks down: whom to blame, and when to give up.
#include "conformance/culprit.hpp"
#include "conformance/persistent.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bpf_assay::conformance {
namespace {

constexpr std::size_t explained_at_most = 10; // each search starts the plugin many times

} // namespace

Outcome outcome_of(PluginFailure::Kind kind) {
    return kind == PluginFailure::Kind::timeout ? Outcome::timeout : Outcome::crash;
}

void PersistentExaminer::broke_down(const PluginFailure& failure) {
    if (m_session)
        m_last_breakdown = failure.text;
    m_session.reset();
    if (!m_history.empty())
        m_suspects = std::exchange(m_history, {});
    if (failure.kind == PluginFailure::Kind::timeout && !is_known(failure))
        m_waited += m_options.deadline;
    if (m_waited >= deadlines_in_all * m_options.deadline)
        throw GivenUp{fmt::format("it did not answer in time {} times; the last time: {}",
                                  deadlines_in_all, failure.text)};
}

bool PersistentExaminer::is_known(const PluginFailure& failure) const {
    return m_current != nullptr && find_divergence(m_runtime.known_divergences, m_hello, *m_current,
                                                   outcome_of(failure.kind)) != nullptr;
}

void PersistentExaminer::count(const PluginFailure& failure) {
    if (!is_known(failure) && ++m_breakdowns >= m_options.breakdowns_in_a_row)
        throw GivenUp{fmt::format("it broke down {} times in a row; the last time: {}",
                                  m_breakdowns, failure.text)};
}

void PersistentExaminer::finish() {
    if (!m_session)
        return;
    const auto end = m_session->close();
    m_session.reset();
    m_suspects = std::exchange(m_history, {});
    if (end)
        explain(nullptr, *end);
}

void PersistentExaminer::explain(const Vector* shown_by, const PluginFailure& seen) {
    const Outcome outcome = outcome_of(seen.kind);
    std::optional<Culprit> culprit;
    if (outcome == Outcome::crash && m_late_findings.size() < explained_at_most) {
        std::vector<Piece> pieces;
        for (const Vector* vector : m_suspects)
            std::ranges::move(pieces_of(*vector, m_options.profile), std::back_inserter(pieces));
        culprit = find_culprit(m_runtime, m_options, pieces);
    }
    Failure failure{.outcome = outcome};
    if (!culprit) {
        failure.why = shown_by != nullptr
                          ? fmt::format("at {}, and not again: {}", shown_by->id, seen.text)
                          : seen.text;
        failure.errors = seen.errors;
        m_late_findings.push_back({nullptr, std::move(failure)});
        return;
    }
    const Piece& piece = culprit->piece;
    failure.program = piece.rows.program;
    if (piece.vector->kind != Kind::encoding) {
        const auto experiment = make_experiment(*piece.vector, piece.rows, m_hello.traits());
        failure =
            failure_at(outcome, *experiment, piece.rows.program,
                       experiment->rows() == 1 ? std::optional(std::size_t{0}) : std::nullopt);
    }
    failure.why = culprit->shown_by == nullptr || culprit->shown_by == piece.vector
                      ? culprit->words
                      : fmt::format("it spoils the plugin, which breaks down at {}: {}",
                                    culprit->shown_by->id, culprit->words);
    m_late_findings.push_back({piece.vector, std::move(failure)});
}

void PersistentExaminer::record_breakdown(const PluginFailure& failure, const Pending& request,
                                          VectorResult& result) {
    Failure record = failure_at(outcome_of(failure.kind), *request.experiment,
                                m_programs[request.at.program].program,
                                request.rows != 0 ? std::optional(request.at.row) : std::nullopt);
    record.why = failure.text;
    record.errors = failure.errors;
    add_failure(result, std::move(record));
}

Failure PersistentExaminer::failure_at(Outcome outcome, Experiment& experiment, std::size_t program,
                                       std::optional<std::size_t> row) {
    Failure failure{.outcome = outcome, .program = program, .program_text = experiment.text()};
    failure.slots.assign(experiment.slots().begin(), experiment.slots().end());
    if (row) {
        failure.row = experiment.row_number(*row);
        failure.registers_before = experiment.registers_before(*row);
        failure.memory_before = experiment.memory_before(*row);
    }
    return failure;
}

} // namespace bpf_assay::conformance
