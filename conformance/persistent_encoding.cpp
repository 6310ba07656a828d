// The encoding vectors of PersistentExaminer: programs that must not load, and their legal twins.
#include "conformance/persistent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace bpf_assay::conformance {

bool lacks_memory(const Answer& unable) {
    return unable.body.value("cause", "") == "memory";
}

void PersistentExaminer::examine_encoding(const Vector& vector, VectorResult& result) {
    // Where the legal twin is refused, too, another value of the table may still be accepted.
    for (std::size_t index = 0; index < vector.encoding.count() && !result.incomplete; ++index)
        examine_encoding(vector, index, result);
}

void PersistentExaminer::examine_encoding(const Vector& vector, std::size_t index,
                                          VectorResult& result) {
    // A packet load is legal only where there is a packet: so must its control be.
    const bool packet = std::ranges::any_of(
        vector.tests, [](const InstructionRow* row) { return row->group == Group::packet; });
    const Encoding& encoding = vector.encoding;
    const auto slots = encoding.program(index);
    const auto image = encoding.image.value_or(wire_form(slots, session().hello().byte_order));
    ++result.programs;
    Failure failure{.outcome = Outcome::crash, .program = index, .slots = slots};
    if (!encoding.values.empty())
        failure.program_text = fmt::format("value {:#x}", encoding.values[index]);
    try {
        auto [answer, why] = load_alone(image, image.size() / slot_size, packet);
        if (answer == "loaded") {
            failure.outcome = Outcome::accepted;
            failure.why = "it loads, and must not";
            add_failure(result, std::move(failure));
            return;
        }
        if (answer == "unable") {
            result.add(Outcome::not_run, why);
            return;
        }
        if (index != 0)
            return;
        result.why = why;
        if (!encoding.control)
            return;
        const auto control = wire_form(*encoding.control, m_hello.byte_order);
        std::tie(answer, why) = load_alone(control, encoding.control->size(), packet);
        if (answer == "unable")
            result.add(Outcome::not_run, why);
        else if (answer != "loaded")
            result.add(Outcome::unsupported,
                       "refused, and so is the same program made legal: " + why);
    } catch (const PluginFailure& breakdown) {
        const bool alone = !m_options.looks_back || (m_history.size() == 1 && index == 0);
        broke_down(breakdown);
        if (!alone && !m_spoilt) { // something before may have spoilt it: a new one is asked again
            m_spoilt = breakdown;
            --result.programs;
            examine_encoding(vector, index, result);
            if (m_spoilt)
                explain(&vector, breakdown);
            m_spoilt.reset();
            return;
        }
        m_spoilt.reset();
        failure.outcome = outcome_of(breakdown.kind);
        failure.why = breakdown.text;
        failure.errors = breakdown.errors;
        add_failure(result, std::move(failure));
        count(breakdown);
    }
}

/// One load and its answer: name and reason. Lack of memory is tried again, as for programs.
std::pair<std::string, std::string> PersistentExaminer::load_alone(std::span<const u8> image,
                                                                   std::size_t insns, bool packet) {
    for (int attempt = 0;; ++attempt) {
        session().load(image, insns, packet);
        const Answer answer = m_session->receive();
        static constexpr std::array<std::string_view, 4> known{"loaded", "rejected", "unsupported",
                                                               "unable"};
        if (std::ranges::find(known, answer.name) == known.end())
            throw PluginFailure{PluginFailure::Kind::protocol,
                                fmt::format("answered 'load' with '{}'", answer.name)};
        m_breakdowns = 0;
        if (answer.name != "unable" || attempt == memory_attempts || !lacks_memory(answer))
            return {answer.name, answer.why()};
        std::this_thread::sleep_for(memory_pause);
    }
}

} // namespace bpf_assay::conformance
