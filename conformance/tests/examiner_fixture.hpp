// Examines a few vectors on a plugin, in order, as one worker of a run does.
#pragma once

#include "conformance/examiner.hpp"
#include "conformance/tests/support.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace bpf_assay::conformance::test {

/// Long enough for Python to start on a busy machine, short enough to wait for in a test.
inline constexpr std::chrono::milliseconds hang_deadline{2'500};

class ExaminerTest : public testing::Test {
protected:
    explicit ExaminerTest(std::string_view vectors) { use(vectors); }
    void TearDown() override { EXPECT_FALSE(has_children()) << "a plugin is left behind"; }

    void use(std::string_view vectors) { m_suite = suite_of(vectors); }

    /// Every vector on the fake plugin in this mode. What was not reached is Outcome::not_run.
    void examine(const std::string& mode, const ExamineOptions& options = {}) {
        examine_on(fake_plugin(mode), options);
    }

    void examine_on(const std::string& command, const ExamineOptions& options = {}) {
        SCOPED_TRACE(command);
        m_given_up.clear();
        m_late.clear();
        m_results.assign(m_suite.vectors.size(), {});
        for (VectorResult& result : m_results)
            result.outcome = Outcome::not_run;
        const auto start = Clock::now();
        try {
            const auto examiner = make_examiner({.command = command}, options);
            for (std::size_t i = 0; i < m_results.size(); ++i)
                m_results[i] = examiner->examine(m_suite.vectors[i]);
            examiner->finish();
            m_late = examiner->take_late_findings();
        } catch (const GivenUp& given_up) {
            m_given_up = given_up.why;
        }
        m_seconds = std::chrono::duration<double>(Clock::now() - start).count();
        EXPECT_FALSE(has_children()) << "a plugin is left behind";
    }

    std::string given_up_by(const std::string& command) {
        examine_on(command);
        return m_given_up;
    }
    static std::string unavailable_by(const std::string& command) {
        try {
            make_examiner({.command = command}, {});
        } catch (const RuntimeUnavailable& unavailable) {
            return unavailable.why;
        }
        return {};
    }

    const std::vector<VectorResult>& results() const { return m_results; }
    /// What came out after the results.
    const std::vector<LateFinding>& late() const { return m_late; }
    const std::string& given_up() const { return m_given_up; }
    double seconds() const { return m_seconds; }
    const TemporaryFolder& folder() const { return m_folder; }

private:
    TemporaryFolder m_folder;
    Suite m_suite;
    std::vector<VectorResult> m_results;
    std::vector<LateFinding> m_late;
    std::string m_given_up;
    double m_seconds = 0;
};

} // namespace bpf_assay::conformance::test
