#include "conformance/divergences.hpp"

#include "conformance/results_words.hpp"
#include "conformance/yaml_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include <fnmatch.h>

namespace bpf_assay::conformance {
namespace {

/// What can be known of a runtime.
constexpr std::array failures{Outcome::wrong, Outcome::rejected, Outcome::accepted,
                              Outcome::fault, Outcome::crash,    Outcome::timeout};

std::string read_engine(const YamlFile& file, const YAML::Node& node) {
    std::string engine = file.text(node, "engine");
    if (engine != "interpreter" && engine != "jit" && engine != "native")
        file.fail(node,
                  fmt::format("'{}' is no engine; expected interpreter, jit or native", engine));
    return engine;
}

std::vector<std::string> read_runtimes(const YamlFile& file, const YAML::Node& node) {
    if (!node.IsSequence())
        return {file.text(node, "runtime")};
    std::vector<std::string> names;
    for (const auto& name : node)
        names.push_back(file.text(name, "a runtime"));
    if (names.empty())
        file.fail(node, "runtime is an empty list; expected the names that hellos give");
    return names;
}

RunProfile read_profile(const YamlFile& file, const YAML::Node& node) {
    const std::string name = file.text(node, "profile");
    const auto profile = run_profile_from_name(name);
    if (!profile)
        file.fail(node, fmt::format("'{}' is no profile; expected smoke, default or full", name));
    return *profile;
}

/// A text of hello's environment, or nothing.
std::string fact_of(const Hello& hello, const char* key) {
    const auto environment = hello.message.find("environment");
    if (environment == hello.message.end() || !environment->is_object())
        return {};
    const auto fact = environment->find(key);
    return fact != environment->end() && fact->is_string() ? fact->get<std::string>()
                                                           : std::string();
}

KnownDivergence read(const YamlFile& file, const YAML::Node& node) {
    file.expect_map(node, "a divergence",
                    {"runtime", "versions", "engine", "machine", "options", "profile", "sometimes",
                     "vectors", "outcome", "reason", "date"});
    KnownDivergence known;
    known.runtimes = read_runtimes(file, file.required(node, "runtime"));
    if (node["versions"])
        known.versions = file.text(node["versions"], "versions");
    if (node["engine"])
        known.engine = read_engine(file, node["engine"]);
    if (node["machine"])
        known.machine = file.text(node["machine"], "machine");
    if (node["options"])
        known.options = file.text(node["options"], "options");
    if (node["profile"])
        known.profile = read_profile(file, node["profile"]);
    if (node["sometimes"])
        known.sometimes = file.flag(node["sometimes"], "sometimes");
    const YAML::Node vectors = file.required(node, "vectors");
    file.expect_sequence(vectors, "vectors");
    for (const auto& pattern : vectors)
        known.vectors.push_back(file.text(pattern, "a pattern"));
    const YAML::Node outcome = file.required(node, "outcome");
    const std::string name = file.text(outcome, "outcome");
    const auto found =
        std::ranges::find(failures, name, [](Outcome failure) { return name_of(failure); });
    if (found == failures.end())
        file.fail(outcome, fmt::format("'{}' is no failure; expected wrong, rejected, accepted, "
                                       "fault, crash or timeout",
                                       name));
    known.outcome = *found;
    known.reason = file.text(file.required(node, "reason"), "reason");
    known.date = file.text(file.required(node, "date"), "date");
    if (!std::regex_match(known.date, std::regex("[0-9]{4}-[0-9]{2}-[0-9]{2}")))
        file.fail(node["date"], fmt::format("'{}' is not a date YYYY-MM-DD", known.date));
    return known;
}

} // namespace

bool matches_pattern(const std::string& pattern, const std::string& text) {
    return fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

std::vector<KnownDivergence> load_divergences(const std::filesystem::path& path) {
    const YamlFile file(path);
    file.expect_map(file.root(), "the file", {"divergences"});
    const YAML::Node list = file.required(file.root(), "divergences");
    file.expect_sequence(list, "divergences");
    std::vector<KnownDivergence> known;
    for (const auto& node : list)
        known.push_back(read(file, node));
    return known;
}

namespace {

bool is_about(const KnownDivergence& known, const Hello& hello, const Vector& vector) {
    return std::ranges::find(known.runtimes, hello.name) != known.runtimes.end() &&
           matches_pattern(known.versions, hello.version) &&
           matches_pattern(known.engine, hello.engine) &&
           matches_pattern(known.machine, fact_of(hello, "machine")) &&
           matches_pattern(known.options, fact_of(hello, "options")) &&
           std::ranges::any_of(known.vectors, [&](const std::string& pattern) {
               return matches_pattern(pattern, vector.id);
           });
}

} // namespace

const KnownDivergence* find_divergence(const std::vector<KnownDivergence>& known,
                                       const Hello& hello, const Vector& vector, Outcome outcome) {
    const auto found = std::ranges::find_if(known, [&](const KnownDivergence& candidate) {
        return candidate.outcome == outcome && is_about(candidate, hello, vector);
    });
    return found == known.end() ? nullptr : &*found;
}

std::optional<Outcome> known_outcome(const VectorResult& result) {
    if (result.outcome != Outcome::expected_failure)
        return std::nullopt;
    for (const Outcome outcome : failures)
        if (result.why.starts_with(fmt::format("{}: ", name_of(outcome))))
            return outcome;
    return std::nullopt;
}

void apply_divergences(const std::vector<KnownDivergence>& known, const Hello& hello,
                       RunProfile profile, const Vector& vector, VectorResult& result) {
    if (result.tolerated)
        return;
    // A worse outcome that is known must not hide another one that is not.
    const bool all_known = std::ranges::all_of(result.untolerated, [&](Outcome outcome) {
        return find_divergence(known, hello, vector, outcome) != nullptr;
    });
    const auto* divergence = find_divergence(known, hello, vector, result.outcome);
    if (divergence != nullptr && !all_known) {
        result.why += " (known, but not all that came out is)";
        return;
    }
    if (divergence != nullptr) {
        result.why = fmt::format("{}: {} (known, {}: {})", name_of(result.outcome), result.why,
                                 divergence->date, divergence->reason);
        result.outcome = Outcome::expected_failure;
    }
    if (!is_pass(result.outcome))
        return;
    const auto missing = std::ranges::find_if(known, [&](const KnownDivergence& candidate) {
        return !candidate.sometimes && profile >= candidate.profile &&
               is_about(candidate, hello, vector);
    });
    if (missing == known.end())
        return;
    result.why = fmt::format("passes, but is listed as {} since {}: {}", name_of(missing->outcome),
                             missing->date, missing->reason);
    result.outcome = Outcome::unexpected_pass;
}

} // namespace bpf_assay::conformance
