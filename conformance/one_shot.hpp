// Examines a runtime through the one-shot contract of other suites: a process for each program,
// which shows R0 only. So programs fold their state into R0, and as many as fit are chained to one.
#pragma once

#include "conformance/chain.hpp"
#include "conformance/examiner.hpp"

namespace bpf_assay::conformance {

class OneShotExaminer final : public Examiner {
public:
    OneShotExaminer(const Runtime& runtime, const ExamineOptions& options);

    const Hello& hello() const override { return m_hello; }
    /// Runs the smallest program there is. Throws RuntimeUnavailable if the plugin cannot even
    /// that.
    void try_out();
    VectorResult examine(const Vector& vector) override;
    std::size_t batch_size() const override { return 64; }
    std::vector<VectorResult> examine(std::span<const Vector* const> vectors) override;

private:
    struct Ended {
        Outcome outcome = Outcome::pass; // of the process; the value is judged by the caller
        std::string why = {};
        u64 r0 = 0;
    };
    /// What is known of a vector so far.
    struct Tally {
        VectorResult result;
        std::size_t failing_rows = 0; // that ran
        bool hangs = false;
        std::optional<std::size_t> refused; // the program refused last

        bool skips(std::size_t program) const;
    };
    /// A row of a vector's program.
    struct Link {
        const Vector* vector;
        Tally* tally;
        std::shared_ptr<Experiment> experiment;
        std::size_t program;
        std::size_t row;
    };

    void examine_fold(std::span<const Vector* const> vectors, Fold fold,
                      std::vector<Tally>& tallies);
    std::vector<Link> links_of(const Vector& vector, const ProgramRows& program, Fold fold,
                               Tally& tally);
    void run_links(std::span<const Link> all, Fold fold);
    void run_alone(const Link& link, Fold fold);
    const OneShot& contract() const { return *m_runtime.one_shot; }
    Chain new_chain() const {
        return {contract().r0_bits, contract().max_memory, contract().max_insns};
    }
    Ended run(std::span<const Slot> slots, std::span<const u8> memory);

    Runtime m_runtime;
    ExamineOptions m_options;
    Hello m_hello;
    std::chrono::milliseconds m_waited{}; // for processes that did not end
    std::optional<GivenUp> m_given_up;    // at the end of the vectors before
};

} // namespace bpf_assay::conformance
