// `plugin check`: does a plugin speak the protocol? For each mistake it shows what was sent, what
// came, what must come, and the section of docs/plugin-protocol.md that says so.
#include "conformance/cli/files.hpp"
#include "conformance/cli/plugin.hpp"
#include "conformance/error.hpp"
#include "conformance/plugin_checks/checks.hpp"

#include <fmt/format.h>

namespace bpf_assay::conformance::cli {
namespace {

using namespace plugin_checks;

constexpr std::size_t most_silences = 3; // each costs the whole timeout

class Report {
public:
    explicit Report(bool verbose) : m_verbose(verbose) {}

    /// False if it makes no sense to go on.
    bool perform(const Check& check, Subject& subject);
    int end() const;

private:
    void print_wrong(const Check& check, const Wrong& wrong);

    bool m_verbose;
    std::size_t m_made = 0, m_wrong = 0, m_remarks = 0, m_silences = 0;
};

void print(std::string_view mark, std::string_view text) {
    fmt::print("{:8}{}\n", mark, text);
}

void Report::print_wrong(const Check& check, const Wrong& wrong) {
    print("WRONG", check.title);
    fmt::print("          sent     {}\n          came     {}\n          must be  {}\n"
               "          see      docs/plugin-protocol.md#{}\n",
               wrong.sent, wrong.came, wrong.must, check.section);
    ++m_wrong;
    m_silences += wrong.kind == Wrong::Kind::silent ? 1 : 0;
}

bool Report::perform(const Check& check, Subject& subject) {
    const std::size_t before = m_wrong;
    const char* mark = "ok";
    std::string title = check.title;
    ++m_made;
    try {
        check.perform(subject);
    } catch (const Wrong& wrong) {
        subject.drop_shared();
        print_wrong(check, wrong);
    } catch (const nlohmann::json::exception& error) {
        subject.drop_shared();
        print_wrong(check, {.sent = "(--verbose shows all messages)",
                            .came = std::string("a value of the wrong type: ") + error.what(),
                            .must = "values of the types that the page states"});
    } catch (const NotOffered& missing) {
        mark = "-";
        title += ": " + missing.what;
    }
    const auto remarks = subject.take_remarks();
    if (m_wrong == before)
        print(remarks.empty() ? mark : "remark", title);
    for (const std::string& remark : remarks)
        fmt::print("          {}\n", remark);
    m_remarks += remarks.size();
    for (const std::string& message : subject.take_log())
        if (m_verbose)
            fmt::print("          {}\n", message);
    std::fflush(stdout);
    if (m_wrong > before && check.others_need_it)
        fmt::print("The other checks are left out: they need this.\n");
    else if (m_silences >= most_silences)
        fmt::print("The other checks are left out: {} had no answer.\n", m_silences);
    else
        return true;
    return false;
}

int Report::end() const {
    if (m_wrong == 0)
        fmt::print("The plugin speaks the protocol.{}\n",
                   m_remarks == 0 ? "" : " A remark is no mistake.");
    else
        fmt::print("{} of {} checks failed; docs/plugin-protocol.md has the details.\n", m_wrong,
                   m_made);
    return m_wrong == 0 ? 0 : 1;
}

void print_hello(const Hello& hello) {
    print("", fmt::format("{} {}, {}, {}-endian", printable(hello.name), printable(hello.version),
                          hello.engine, hello.byte_order == ByteOrder::big ? "big" : "little"));
}

/// Whether all checks were made.
bool perform_all(Report& report, Subject& subject, const std::string& only) {
    for (const auto checks : {hello_checks(), load_checks(), run_checks(), value_checks(),
                              offer_checks(), stream_checks(), bad_request_checks()})
        for (const Check& check : checks) {
            if (!check.others_need_it && std::string_view(check.title).find(only) == only.npos)
                continue;
            if (!report.perform(check, subject))
                return false;
            if (&check == hello_checks().data())
                print_hello(subject.hello());
        }
    return true;
}

} // namespace

int check_plugin(const CheckOptions& options) {
    Subject subject(split_command(plugin_command(options.command)),
                    std::chrono::milliseconds(static_cast<long long>(options.timeout * 1000)));
    Report report(options.verbose);
    try {
        perform_all(report, subject, options.only);
    } catch (const RuntimeUnavailable& unavailable) {
        throw InputError("the plugin says that its runtime is not available: " + unavailable.why);
    }
    return report.end();
}

} // namespace bpf_assay::conformance::cli
