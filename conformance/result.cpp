#include "conformance/result.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bpf_assay::conformance {
namespace {

/// From best to worst: what a vector of several programs comes to.
constexpr std::array severity{
    Outcome::pass,
    Outcome::pass_not_executed,
    Outcome::not_run,
    Outcome::unsupported,
    Outcome::rejected,
    Outcome::accepted,
    Outcome::fault,
    Outcome::wrong,
    Outcome::timeout,
    Outcome::crash,
    Outcome::expected_failure,
    Outcome::unexpected_pass, // the last two are made of a settled outcome
};

std::size_t rank(Outcome outcome) {
    return static_cast<std::size_t>(std::ranges::find(severity, outcome) - severity.begin());
}

} // namespace

void VectorResult::add(Outcome found, const std::string& reason) {
    if (found == Outcome::not_run && !incomplete)
        incomplete = reason;
    seen[static_cast<std::size_t>(found)] = true;
    if (rank(found) <= rank(outcome))
        return;
    outcome = found;
    why = reason;
}

std::optional<std::string> lacking(const Hello& hello, const Vector& vector) {
    for (const HelperRole role : vector.helpers)
        if (!hello.helpers[role])
            return fmt::format("helper {}", name_of(role));
    if (vector.concurrency.threads > hello.threads)
        return fmt::format("{} threads", vector.concurrency.threads);
    return std::nullopt;
}

std::string_view name_of(RuntimeStatus status) {
    switch (status) {
    case RuntimeStatus::ran:
        return "ran";
    case RuntimeStatus::unavailable:
        return "unavailable";
    case RuntimeStatus::given_up:
        return "given up";
    case RuntimeStatus::interrupted:
        return "interrupted";
    }
    return "";
}

std::string RuntimeResult::title() const {
    if (hello.name.empty())
        return name.empty() ? command : name;
    std::string title = fmt::format("{} {} ({})", hello.name, hello.version, hello.engine);
    if (hello.byte_order == ByteOrder::big)
        title += ", big-endian";
    if (const auto& message = hello.message; message.contains("environment"))
        for (const char* key : {"machine", "program_type", "options"})
            if (const auto& environment = message["environment"];
                environment.is_object() && environment.contains(key) &&
                environment[key].is_string() && !environment[key].get<std::string>().empty())
                title += ", " + environment[key].get<std::string>();
    return title;
}

bool diverges(const VectorResult& result) {
    return is_divergence(result.outcome, result.tolerated);
}

std::optional<Group> group_of(const Vector& vector) {
    if (vector.kind == Kind::encoding)
        return std::nullopt;
    std::optional<Group> group;
    for (const InstructionRow* row : vector.tests)
        group = std::max(group.value_or(row->group), row->group);
    return group;
}

} // namespace bpf_assay::conformance
