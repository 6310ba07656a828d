// JUnit XML, as Jenkins, GitLab and GitHub's actions read it.
#include "reports/writers.hpp"

#include "conformance/policy.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

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

/// XML has no place for most control characters, whatever the escape.
std::string xml_text(const std::string& text) {
    std::string clean;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 || c == '\n' || c == '\t')
            clean += c;
        else
            clean += fmt::format("\\x{:02x}", byte);
    }
    return clean;
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

void add_case(pugi::xml_node suite, const Vector& vector, const char* element,
              const std::string& message, const std::string& details) {
    pugi::xml_node test = suite.append_child("testcase");
    test.append_attribute("classname") =
        fmt::format("{}.{}", vector.section == "abi" ? "abi" : "rfc9669-" + vector.section,
                    name_of(vector.kind))
            .c_str();
    test.append_attribute("name") = vector.id.c_str();
    test.append_attribute("time") = "0"; // vectors are in the runtime together
    if (element == nullptr)
        return;
    pugi::xml_node child = test.append_child(element);
    child.append_attribute("message") = message.c_str();
    if (!details.empty())
        child.text().set(details.c_str());
}

void add_suite(pugi::xml_node root, const RuntimeResult& runtime, const RunDescription& run) {
    pugi::xml_node suite = root.append_child("testsuite");
    std::array<std::size_t, 4> counts{};
    suite.append_attribute("name") = xml_text(runtime.title()).c_str();
    const auto attribute = [&](const char* name) { return suite.append_attribute(name); };
    auto tests = attribute("tests"), failures = attribute("failures"), errors = attribute("errors"),
         skipped = attribute("skipped");
    attribute("time") = fmt::format("{:.3f}", runtime.seconds).c_str();
    attribute("timestamp") = run.started.substr(0, run.started.find('Z')).c_str();
    std::size_t count = 0;
    for (std::size_t index = 0; index < runtime.vectors.size(); ++index, ++count) {
        const Vector& vector = *runtime.vectors[index];
        const VectorResult& result = runtime.results[index];
        static constexpr std::array<const char*, 4> elements{nullptr, "skipped", "failure",
                                                             "error"};
        const Verdict verdict = verdict_of(result);
        ++counts[static_cast<std::size_t>(verdict)];
        add_case(suite, vector, elements[static_cast<std::size_t>(verdict)],
                 message_of(vector, result),
                 verdict == Verdict::failure ? details_of(vector, result) : "");
    }
    const auto leave_out = [&](const Vector& vector, const std::string& why) {
        ++counts[static_cast<std::size_t>(Verdict::skipped)];
        ++count;
        add_case(suite, vector, "skipped", xml_text(why), "");
    };
    for (const Vector* vector : runtime.switched_off)
        leave_out(*vector, fmt::format("off: the runtime declares {}", vector->unless));
    for (const NotOffered& left_out : runtime.not_offered)
        leave_out(*left_out.vector, "not run: the runtime does not offer " + left_out.needs);
    // A runtime that could not be used must not be an empty suite, which is green.
    if (runtime.status != RuntimeStatus::ran || !runtime.unexplained.empty()) {
        pugi::xml_node test = suite.append_child("testcase");
        test.append_attribute("classname") = "runtime";
        test.append_attribute("name") = "the run itself";
        test.append_attribute("time") = "0";
        std::string why = runtime.why;
        for (const std::string& text : runtime.unexplained)
            why += (why.empty() ? "" : "\n") + text;
        test.append_child("error").append_attribute("message") = xml_text(why).c_str();
        ++counts[static_cast<std::size_t>(Verdict::error)];
        ++count;
    }
    tests = count;
    failures = counts[static_cast<std::size_t>(Verdict::failure)];
    errors = counts[static_cast<std::size_t>(Verdict::error)];
    skipped = counts[static_cast<std::size_t>(Verdict::skipped)];
}

} // namespace

std::string junit(const Results& results) {
    pugi::xml_document document;
    pugi::xml_node root = document.append_child("testsuites");
    for (const RuntimeResult& runtime : results.runtimes)
        add_suite(root, runtime, results.runs.at(runtime.run));
    std::ostringstream stream;
    document.save(stream, " ");
    return stream.str();
}

} // namespace bpf_assay::reports
