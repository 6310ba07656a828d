// JUnit XML, as Jenkins, GitLab and GitHub's actions read it; valid by the schemas of Jenkins and
// of Ant, which ask for different things.
#include "reports/writers.hpp"
#include "reports/xml_text.hpp"

#include "conformance/caveats.hpp"
#include "conformance/policy.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <array>
#include <sstream>

namespace bpf_assay::reports {
namespace {

using namespace conformance;
using conformance::Outcome; // the reference VM has one, too

enum class Verdict { passed, skipped, failure, error };

Verdict verdict_of(const VectorResult& result) {
    if (result.outcome == Outcome::not_run)
        return Verdict::error;
    if (diverges(result))
        return Verdict::failure;
    return result.outcome == Outcome::pass ? Verdict::passed : Verdict::skipped;
}

std::string message_of(const Vector& vector, const VectorResult& result) {
    std::string text(name_of(result.outcome));
    if (result.tolerated && !vector.policy->name.empty())
        text += fmt::format(", tolerated by policy {}", vector.policy->name);
    if (!result.why.empty())
        text += ": " + result.why;
    return xml_text(text);
}

std::string details_of(const Vector& vector, const VectorResult& result) {
    std::string text = vector.text.empty() ? "" : vector.text + "\n";
    for (const Failure& failure : result.failures) {
        text += fmt::format("program {}", failure.program);
        if (!failure.program_text.empty())
            text += fmt::format(" ({})", failure.program_text);
        if (failure.row)
            text += fmt::format(", row {}", *failure.row);
        text += fmt::format(": {}\n", failure.why);
        for (const Difference& difference : failure.differences)
            text += fmt::format("  {}: expected {}, seen {}\n", difference.place,
                                difference.expected, difference.seen);
        for (const std::string& line : failure.errors)
            text += fmt::format("  | {}\n", line);
    }
    for (const std::string& clause : vector.clauses)
        text += fmt::format("{}\n", clause);
    return xml_text(text);
}

/// A test case; `element` is nullptr for one that passed. Its type is a word that CI systems group
/// by.
void add_case(pugi::xml_node suite, const std::string& classname, const std::string& name,
              const char* element, std::string_view type, const std::string& message,
              const std::string& details) {
    pugi::xml_node test = suite.append_child("testcase");
    test.append_attribute("classname") = classname.c_str();
    test.append_attribute("name") = name.c_str();
    test.append_attribute("time") = "0"; // vectors are in the runtime together
    if (element == nullptr)
        return;
    pugi::xml_node child = test.append_child(element);
    if (std::string_view(element) != "skipped") // which has none in Ant's schema
        child.append_attribute("type") = std::string(type).c_str();
    child.append_attribute("message") = message.c_str();
    if (!details.empty())
        child.text().set(details.c_str());
}

std::string classname_of(const Vector& vector) {
    return fmt::format("{}.{}", vector.section == "abi" ? "abi" : "rfc9669-" + vector.section,
                       name_of(vector.kind));
}

/// What the numbers do not say: how the runtime was run, and what was compared less closely.
void add_properties(pugi::xml_node suite, const RuntimeResult& runtime, const RunDescription& run,
                    const std::vector<std::string>& partly) {
    pugi::xml_node properties = suite.append_child("properties");
    const auto property = [&](const char* name, const std::string& value) {
        pugi::xml_node node = properties.append_child("property");
        node.append_attribute("name") = name;
        node.append_attribute("value") = xml_text(value).c_str();
    };
    property("command", runtime.command);
    property("profile", run.profile);
    property("bpf-assay", run.tool);
    for (const std::string& reason : partly)
        property("partly tested", reason);
    for (const std::string& caveat : caveats_of(runtime))
        property("caveat", caveat);
}

/// The cases of a suite, and how many there are of each verdict.
class Cases {
public:
    explicit Cases(pugi::xml_node suite) : m_suite(suite) {}

    void add(const Vector& vector, const VectorResult& result) {
        static constexpr std::array<const char*, 4> elements{nullptr, "skipped", "failure",
                                                             "error"};
        const Verdict verdict = verdict_of(result);
        add_case(m_suite, classname_of(vector), vector.id,
                 elements[static_cast<std::size_t>(verdict)], name_of(result.outcome),
                 message_of(vector, result),
                 verdict == Verdict::failure ? details_of(vector, result) : "");
        note(verdict);
    }
    void leave_out(const Vector& vector, const std::string& why) {
        add_case(m_suite, classname_of(vector), vector.id, "skipped", "not run", xml_text(why), "");
        note(Verdict::skipped);
    }
    /// A runtime that could not be used must not be an empty suite, which is green.
    void add_breakdown(const RuntimeResult& runtime) {
        std::string why = runtime.why;
        for (const std::string& text : runtime.unexplained)
            why += (why.empty() ? "" : "\n") + text;
        add_case(m_suite, "runtime", "the run itself", "error",
                 runtime.status == RuntimeStatus::ran ? "crash" : name_of(runtime.status),
                 xml_text(why), "");
        note(Verdict::error);
    }

    std::size_t all() const { return m_all; }
    std::size_t count(Verdict verdict) const { return m_counts[static_cast<std::size_t>(verdict)]; }

private:
    void note(Verdict verdict) {
        ++m_counts[static_cast<std::size_t>(verdict)];
        ++m_all;
    }

    pugi::xml_node m_suite;
    std::array<std::size_t, 4> m_counts{};
    std::size_t m_all = 0;
};

void add_suite(pugi::xml_node root, std::size_t number, const RuntimeResult& runtime,
               const RunDescription& run, std::size_t suite_size) {
    pugi::xml_node suite = root.append_child("testsuite");
    const auto attribute = [&](const char* name) { return suite.append_attribute(name); };
    attribute("name") = xml_text(runtime.title()).c_str();
    attribute("package") = "bpf-assay";
    attribute("id") = number;
    auto tests = attribute("tests"), failures = attribute("failures"), errors = attribute("errors"),
         skipped = attribute("skipped");
    attribute("time") = fmt::format("{:.3f}", runtime.seconds).c_str();
    attribute("timestamp") = run.started.substr(0, run.started.find('Z')).c_str();
    attribute("hostname") = "localhost"; // the word of Ant's schema for one that is not known
    add_properties(suite, runtime, run, partly_because(runtime, run, suite_size));
    Cases cases(suite);
    for (std::size_t index = 0; index < runtime.vectors.size(); ++index)
        cases.add(*runtime.vectors[index], runtime.results[index]);
    for (const Vector* vector : runtime.switched_off)
        cases.leave_out(*vector, fmt::format("off: the runtime declares {}", vector->unless));
    for (const NotOffered& left_out : runtime.not_offered)
        cases.leave_out(*left_out.vector,
                        fmt::format("not run: the runtime does not offer {}", left_out.needs));
    if (runtime.status != RuntimeStatus::ran || !runtime.unexplained.empty())
        cases.add_breakdown(runtime);
    suite.append_child("system-out"); // Ant's schema wants both
    suite.append_child("system-err");
    tests = cases.all();
    failures = cases.count(Verdict::failure);
    errors = cases.count(Verdict::error);
    skipped = cases.count(Verdict::skipped);
}

} // namespace

std::string junit(const Suite& suite, const Results& results) {
    pugi::xml_document document;
    pugi::xml_node root = document.append_child("testsuites");
    for (std::size_t number = 0; number < results.runtimes.size(); ++number) {
        const RuntimeResult& runtime = results.runtimes[number];
        add_suite(root, number, runtime, results.runs.at(runtime.run), suite.vectors.size());
    }
    std::ostringstream stream;
    document.save(stream, " ");
    return stream.str();
}

} // namespace bpf_assay::reports
