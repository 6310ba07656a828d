// Examines a runtime through the one-shot contract of other suites: a process for each program,
// which shows R0 only. So the program folds its state into R0, and of a sweep's program one row
// runs.
#pragma once

#include "conformance/examiner.hpp"

namespace bpf_assay::conformance {

class OneShotExaminer final : public Examiner {
public:
    OneShotExaminer(const Runtime& runtime, const ExamineOptions& options);

    const Hello& hello() const override { return m_hello; }
    VectorResult examine(const Vector& vector) override;

private:
    struct Ended {
        Outcome outcome = Outcome::pass; // of the process; the value is judged by the caller
        std::string why = {};
        u64 r0 = 0;
    };

    void examine_row(const Vector& vector, const ProgramRows& program, Fold fold,
                     VectorResult& result);
    Ended run(Experiment& experiment, std::size_t row);

    Runtime m_runtime;
    ExamineOptions m_options;
    Hello m_hello;
};

} // namespace bpf_assay::conformance
