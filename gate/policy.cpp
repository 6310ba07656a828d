#include "gate/policy.hpp"

#include "conformance/divergences.hpp"
#include "conformance/yaml_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace bpf_assay::gate {
namespace {

using namespace conformance;
using conformance::Outcome; // the reference VM has one, too

/// What a runtime can be allowed. A run without a verdict cannot: nobody knows what it hides.
constexpr std::array tolerable{Outcome::wrong,    Outcome::rejected, Outcome::unsupported,
                               Outcome::accepted, Outcome::fault,    Outcome::crash,
                               Outcome::timeout};

/// Two that are no failure of a vector, but of the run: names that only a policy has.
constexpr std::string_view not_executed_name = "not executed";
constexpr std::string_view not_offered_name = "not offered";

Tolerated read_outcomes(const YamlFile& file, const YAML::Node& node) {
    file.expect_sequence(node, "outcomes");
    Tolerated tolerated;
    for (const auto& item : node) {
        const std::string name = file.text(item, "an outcome");
        const auto found =
            std::ranges::find(tolerable, name, [](Outcome outcome) { return name_of(outcome); });
        if (name == not_offered_name)
            tolerated.not_offered = true;
        else if (name == not_executed_name)
            tolerated.outcomes.push_back(Outcome::pass_not_executed);
        else if (found != tolerable.end())
            tolerated.outcomes.push_back(*found);
        else
            file.fail(item, fmt::format("'{}' is no outcome that can be tolerated; expected wrong, "
                                        "rejected, unsupported, accepted, fault, crash, timeout, "
                                        "not executed or not offered",
                                        name));
    }
    return tolerated;
}

std::vector<std::string> read_patterns(const YamlFile& file, const YAML::Node& node,
                                       const Suite& suite) {
    file.expect_sequence(node, "vectors");
    std::vector<std::string> patterns;
    for (const auto& item : node) {
        std::string pattern = file.text(item, "a pattern");
        if (std::ranges::none_of(suite.vectors, [&](const Vector& vector) {
                return matches_pattern(pattern, vector.id);
            }))
            file.fail(item, fmt::format("no vector matches '{}'", pattern));
        patterns.push_back(std::move(pattern));
    }
    if (patterns.empty())
        file.fail(node, "a tolerance is about at least one vector");
    return patterns;
}

Tolerance read_tolerance(const YamlFile& file, const YAML::Node& node, const Suite& suite) {
    file.expect_map(node, "a tolerance",
                    {"runtime", "vectors", "outcomes", "reason", "until", "sometimes"});
    Tolerance tolerance;
    tolerance.location = file.location_of(node);
    if (node["runtime"])
        tolerance.runtime = file.text(node["runtime"], "runtime");
    tolerance.vectors = read_patterns(file, file.required(node, "vectors"), suite);
    const YAML::Node outcomes = file.required(node, "outcomes");
    tolerance.outcomes = read_outcomes(file, outcomes);
    if (tolerance.outcomes.empty())
        file.fail(outcomes, "a tolerance names at least one outcome");
    const YAML::Node reason = file.required(node, "reason");
    tolerance.reason = file.text(reason, "reason");
    if (tolerance.reason.find_first_not_of(" \t\n") == std::string::npos)
        file.fail(reason, "a tolerance needs a reason");
    const YAML::Node until = file.required(node, "until");
    tolerance.until = file.text(until, "until");
    if (!is_day(tolerance.until))
        file.fail(until, fmt::format("'{}' is not a day YYYY-MM-DD", tolerance.until));
    if (node["sometimes"])
        tolerance.sometimes = file.flag(node["sometimes"], "sometimes");
    return tolerance;
}

void read_must_hold(const YamlFile& file, const YAML::Node& node, Policy& policy) {
    file.expect_sequence(node, "must_hold");
    for (const auto& item : node) {
        const std::string name = file.text(item, "a group");
        if (name == "claimed") {
            policy.claimed_must_hold = true;
            continue;
        }
        const auto group = group_from_name(name);
        if (!group)
            file.fail(item, fmt::format("'{}' is no conformance group; expected base32, base64, "
                                        "divmul32, divmul64, atomic32, atomic64, packet, or "
                                        "claimed for all that the runtime claims",
                                        name));
        policy.must_hold.push_back(*group);
    }
}

} // namespace

bool Tolerated::holds(std::optional<Outcome> seen) const {
    return seen ? std::ranges::find(outcomes, *seen) != outcomes.end() : not_offered;
}

std::string_view Tolerated::first_name() const {
    if (outcomes.empty())
        return not_offered_name;
    return outcomes.front() == Outcome::pass_not_executed ? not_executed_name
                                                          : name_of(outcomes.front());
}

bool is_day(std::string_view text) {
    const auto number = [&](std::size_t at, std::size_t size) {
        int value = 0;
        for (const char digit : text.substr(at, size))
            value = digit < '0' || digit > '9' || value < 0 ? -1 : 10 * value + (digit - '0');
        return value;
    };
    if (text.size() != 10 || text[4] != '-' || text[7] != '-')
        return false;
    const int year = number(0, 4), month = number(5, 2), day = number(8, 2);
    return year >= 0 && month >= 0 && day >= 0 &&
           std::chrono::year_month_day(std::chrono::year(year),
                                       std::chrono::month(static_cast<unsigned>(month)),
                                       std::chrono::day(static_cast<unsigned>(day)))
               .ok();
}

bool Tolerance::is_about(const std::string& id) const {
    return std::ranges::any_of(
        vectors, [&](const std::string& pattern) { return matches_pattern(pattern, id); });
}

Policy load_policy(const std::filesystem::path& path, const Suite& suite) {
    const YamlFile file(path);
    const YAML::Node& root = file.root();
    file.expect_map(root, "the policy", {"must_hold", "tolerated", "new_vectors", "tolerances"});
    Policy policy;
    if (root["must_hold"])
        read_must_hold(file, root["must_hold"], policy);
    if (root["tolerated"])
        policy.tolerated = read_outcomes(file, root["tolerated"]);
    if (const YAML::Node node = root["new_vectors"]) {
        const std::string choice = file.text(node, "new_vectors");
        if (choice != "must pass" && choice != "may fail")
            file.fail(node,
                      fmt::format("'{}' is no choice; expected 'must pass' or 'may fail'", choice));
        policy.new_vectors_may_fail = choice == "may fail";
    }
    if (root["tolerances"]) {
        file.expect_sequence(root["tolerances"], "tolerances");
        for (const auto& node : root["tolerances"])
            policy.tolerances.push_back(read_tolerance(file, node, suite));
    }
    return policy;
}

} // namespace bpf_assay::gate
