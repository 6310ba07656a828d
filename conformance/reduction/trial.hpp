// Whether a vector fails on a runtime, and in the same way as before.
#pragma once

#include "conformance/examiner.hpp"

namespace bpf_assay::conformance::reduction {

/// A way to fail: the outcome and, of a refusal or a fault, the runtime's words without numbers.
struct FailureKind {
    Outcome outcome = Outcome::wrong;
    std::string words;

    friend bool operator==(const FailureKind&, const FailureKind&) = default;
};

/// The runtime's words with # in the place of each number, which differ from program to program.
std::string words_of(std::string_view why);

/// What the result is about; none if the vector passes, or its outcome is tolerated or no verdict.
std::optional<FailureKind> kind_of(const VectorResult& result);

/// The vector without its tested instructions: a runtime that refuses this refuses something else.
/// None if nothing is left, or it is no program.
std::optional<Vector> control_of(const Vector& vector);

/// Examines vectors on one runtime, which is started again when it broke down.
class Trials {
public:
    Trials(Runtime runtime, const ExamineOptions& options)
        : m_runtime(std::move(runtime)), m_options(options) {
        m_options.looks_back = false; // candidates come and go
    }

    const Hello& hello();
    const Runtime& runtime() const { return m_runtime; }
    /// A session that has run other programs; the deadline is that of the options.
    VectorResult examine(const Vector& vector);
    /// The same on a runtime that has run nothing. What breaks down late, when memory that was
    /// damaged is used, shows if the vector is examined again: up to `times`.
    VectorResult examine_freshly(const Vector& vector, int times);

    /// Whether the vector fails in this way, twice in a row; a refusal only if the control loads
    /// (where `with_control`).
    bool fails(const Vector& vector, const FailureKind& kind, bool with_control);

    void set_deadline(std::chrono::milliseconds deadline);
    std::size_t examined() const { return m_examined; }

private:
    bool fails_once(const Vector& vector, const FailureKind& kind, bool with_control);
    Examiner& examiner();

    Runtime m_runtime;
    ExamineOptions m_options;
    std::unique_ptr<Examiner> m_examiner;
    std::optional<Hello> m_hello;
    std::size_t m_examined = 0;
};

} // namespace bpf_assay::conformance::reduction
