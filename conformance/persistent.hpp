// Examines a runtime through the persistent protocol: pipelined first, then one request at a time
// and one row at a time where something breaks the plugin.
#pragma once

#include "conformance/examiner.hpp"

#include <deque>

namespace bpf_assay::conformance {

class PersistentExaminer final : public Examiner {
public:
    PersistentExaminer(const Runtime& runtime, const ExamineOptions& options);

    const Hello& hello() const override { return m_hello; }
    VectorResult examine(const Vector& vector) override;
    void finish() override;

private:
    /// In m_programs, and among the selected rows of the program.
    struct Position {
        std::size_t program = 0;
        std::size_t row = 0;
    };
    /// How many requests are on their way at once, and how many rows one carries.
    enum class Pace { pipelined, one_request, one_row };
    /// A request that waits for its answer.
    struct Pending {
        Position at;
        std::size_t rows = 0; // 0: a load
        std::shared_ptr<Experiment> experiment = nullptr;
    };

    Session& session(); // started again if it broke down
    void broke_down(const PluginFailure& failure);
    void remember(); // that m_current is put to the plugin
    /// Whether the vector is known to end the plugin so.
    bool is_known(const PluginFailure& failure) const;
    /// Takes note of a breakdown that a vector is to blame for, or a start. Throws GivenUp.
    void count(const PluginFailure& failure);
    /// Finds what spoilt the plugin before it broke down, or takes note that nothing is found.
    void explain(const Vector* shown_by, const PluginFailure& failure);

    void run_vector(const Vector& vector, VectorResult& result);
    void examine_encoding(const Vector& vector, VectorResult& result);
    /// One program of an encoding vector; the legal twin only with the first.
    void examine_encoding(const Vector& vector, std::size_t index, VectorResult& result);
    std::pair<std::string, std::string> load_alone(std::span<const u8> image, std::size_t insns,
                                                   bool packet);
    void examine_programs(const Vector& vector, VectorResult& result);
    void try_again(const Vector& vector, VectorResult& result);
    /// Programs from `from` up to `end`. A PluginFailure leaves the unanswered request first in
    /// m_pending.
    void advance(const Vector& vector, Position from, std::size_t end, Pace pace,
                 VectorResult& result);
    void send_rows(Position from, const std::shared_ptr<Experiment>& experiment, Pace pace,
                   const Vector& vector, VectorResult& result);
    void drain(const Vector& vector, VectorResult& result, std::size_t requests);
    void take_answer(const Vector& vector, VectorResult& result);
    void take_load(const Vector& vector, const Pending& request, const Answer& answer,
                   VectorResult& result);
    void take_loaded(const Vector& vector, const Experiment& experiment, const Answer& answer,
                     VectorResult& result);
    void take_rows(const Pending& request, const Answer& answer, VectorResult& result);
    void record_breakdown(const PluginFailure& failure, const Pending& request,
                          VectorResult& result);
    /// A failure with all that a report says of the row.
    static Failure failure_at(Outcome outcome, Experiment& experiment, std::size_t program,
                              std::optional<std::size_t> row);
    bool too_large(std::size_t insns, std::size_t block, VectorResult& result) const;

    Runtime m_runtime;
    ExamineOptions m_options;
    std::unique_ptr<Session> m_session;
    Hello m_hello;
    bool m_was_available = false;
    std::string m_last_breakdown;          // of a plugin that had started
    std::vector<ProgramRows> m_programs;   // of the vector that is examined
    std::size_t m_breakdowns = 0;          // without a right answer in between
    std::chrono::milliseconds m_waited{};  // for answers that did not come
    const Vector* m_current = nullptr;     // is examined
    std::vector<const Vector*> m_history;  // what was put to the plugin since it was started
    std::optional<GivenUp> m_given_up;     // at the end of the vector before
    std::optional<PluginFailure> m_spoilt; // while an encoding is tried again behind it
    std::vector<const Vector*> m_suspects; // the history of the plugin that broke down last
    std::deque<Pending> m_pending;
    std::vector<std::size_t> m_unable; // programs to try again: the runtime lacked memory
    bool m_loaded = false;             // whether the last answer to a load says so
    bool m_executed = true; // whether the program loaded last holds the tested instructions
};

/// crash or timeout.
Outcome outcome_of(PluginFailure::Kind kind);

/// Of an answer `unable`: whether it is worth to ask again.
bool lacks_memory(const Answer& unable);
inline constexpr int memory_attempts = 5;
inline constexpr std::chrono::milliseconds memory_pause{200};

} // namespace bpf_assay::conformance
