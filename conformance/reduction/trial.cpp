#include "conformance/reduction/trial.hpp"

#include "conformance/reduction/code.hpp"

#include <algorithm>
#include <cctype>

namespace bpf_assay::conformance::reduction {
namespace {

/// How often a vector is examined by one process until damage that it has done must have shown.
constexpr int patience = 3;

bool ends_process(Outcome outcome) {
    return outcome == Outcome::crash || outcome == Outcome::timeout;
}

} // namespace

std::string words_of(std::string_view why) {
    std::string words;
    for (std::size_t at = 0; at < why.size(); ++at) {
        const bool digit = std::isdigit(static_cast<unsigned char>(why[at])) != 0;
        if (!digit) {
            words += why[at];
            continue;
        }
        words += '#';
        while (at + 1 < why.size() && std::isxdigit(static_cast<unsigned char>(why[at + 1])) != 0)
            ++at;
        if (at + 1 < why.size() && why[at + 1] == 'x')
            while (at + 1 < why.size() &&
                   std::isalnum(static_cast<unsigned char>(why[at + 1])) != 0)
                ++at;
    }
    return words;
}

std::optional<FailureKind> kind_of(const VectorResult& result) {
    const Outcome outcome = result.outcome;
    if (is_pass(outcome) || result.tolerated || outcome == Outcome::not_run ||
        outcome == Outcome::unsupported)
        return std::nullopt;
    const bool by_words = outcome == Outcome::rejected || outcome == Outcome::fault;
    return FailureKind{outcome, by_words ? words_of(result.why) : ""};
}

std::optional<Vector> control_of(const Vector& vector) {
    const auto code = code_of(vector.body);
    if (!code)
        return std::nullopt;
    std::vector<bool> gone;
    for (const CodeInstruction& in : *code)
        gone.push_back(std::ranges::find(vector.tests, find_row(in.slot)) != vector.tests.end());
    // What ends a program, or a function, stays.
    for (std::size_t i = 0; i < code->size(); ++i)
        if (find_row((*code)[i].slot)->mnemonic == "exit")
            gone[i] = false;
    auto slots = slots_of(without(*code, gone));
    if (!slots)
        return std::nullopt;
    Vector control = vector;
    control.body = std::move(*slots);
    return control;
}

Examiner& Trials::examiner() {
    if (!m_examiner) {
        m_examiner = make_examiner(m_runtime, m_options);
        m_hello = m_examiner->hello();
    }
    return *m_examiner;
}

const Hello& Trials::hello() {
    return m_hello ? *m_hello : examiner().hello();
}

void Trials::set_deadline(std::chrono::milliseconds deadline) {
    m_options.deadline = deadline;
    m_runtime.deadline.reset();
    m_examiner.reset();
}

VectorResult Trials::examine(const Vector& vector) {
    ++m_examined;
    VectorResult result;
    try {
        result = examiner().examine(vector);
    } catch (const GivenUp& given_up) {
        result = {};
        result.add(Outcome::not_run, given_up.why);
    }
    if (ends_process(result.outcome) || result.outcome == Outcome::not_run)
        m_examiner.reset(); // or breakdowns are counted, until it is given up
    return result;
}

VectorResult Trials::examine_freshly(const Vector& vector, int times) {
    m_examiner.reset();
    for (;;) {
        VectorResult result = examine(vector);
        if (--times <= 0 || kind_of(result))
            return result;
    }
}

bool Trials::fails_once(const Vector& vector, const FailureKind& kind, bool with_control) {
    const VectorResult result =
        ends_process(kind.outcome) ? examine_freshly(vector, patience) : examine(vector);
    if (kind_of(result) != kind)
        return false;
    if (!with_control)
        return true;
    const auto control = control_of(vector);
    return control && examine(*control).loaded_programs != 0;
}

bool Trials::fails(const Vector& vector, const FailureKind& kind, bool with_control) {
    return fails_once(vector, kind, with_control) && fails_once(vector, kind, with_control);
}

} // namespace bpf_assay::conformance::reduction
