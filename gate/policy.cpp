#include "gate/policy.hpp"

#include "conformance/divergences.hpp"
#include "conformance/yaml_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace bpf_assay::gate {
namespace {

using namespace conformance;
using conformance::Outcome; // the reference VM has one, too

/// What a runtime can be allowed. A run without a verdict cannot: nobody knows what it hides.
constexpr std::array tolerable{Outcome::wrong,    Outcome::rejected, Outcome::unsupported,
                               Outcome::accepted, Outcome::fault,    Outcome::crash,
                               Outcome::timeout};

std::vector<Outcome> read_outcomes(const YamlFile& file, const YAML::Node& node) {
    file.expect_sequence(node, "outcomes");
    std::vector<Outcome> outcomes;
    for (const auto& item : node) {
        const std::string name = file.text(item, "an outcome");
        const auto found =
            std::ranges::find(tolerable, name, [](Outcome outcome) { return name_of(outcome); });
        if (found == tolerable.end())
            file.fail(item, fmt::format("'{}' is no outcome that can be tolerated; expected wrong, "
                                        "rejected, unsupported, accepted, fault, crash or timeout",
                                        name));
        outcomes.push_back(*found);
    }
    return outcomes;
}

bool is_day(const std::string& text) {
    int year = 0, end = 0;
    unsigned month = 0, day = 0;
    return text.size() == 10 &&
           std::sscanf(text.c_str(), "%4d-%2u-%2u%n", &year, &month, &day, &end) == 3 &&
           end == 10 &&
           std::chrono::year_month_day(std::chrono::year(year), std::chrono::month(month),
                                       std::chrono::day(day))
               .ok();
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
    tolerance.reason = file.text(file.required(node, "reason"), "reason");
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
