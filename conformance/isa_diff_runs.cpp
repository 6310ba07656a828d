// The part of `isa diff` that runs vectors: on the VMs of both revisions, and on runtimes.
#include "conformance/isa_diff.hpp"

#include "conformance/error.hpp"
#include "conformance/policy.hpp"
#include "conformance/process.hpp"
#include "conformance/runner.hpp"
#include "conformance/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace bpf_assay::conformance {
namespace {

/// What came of a vector, and words about it.
struct Seen {
    Outcome outcome;
    std::string why;
};

/// What a run of one suite on one VM came to.
struct SuiteRun {
    std::map<const Vector*, Seen> seen;
    std::map<const Vector*, std::string> not_offered; // what the VM lacks
    std::vector<std::string> extensions;              // that it declares

    const Seen* of(const Vector& vector) const {
        const auto found = seen.find(&vector);
        return found == seen.end() ? nullptr : &found->second;
    }
    bool has(const std::string& extension) const {
        return std::ranges::find(extensions, extension) != extensions.end();
    }
};

std::string words_of(const VectorResult& result) {
    if (!result.failures.empty() && !result.failures.front().why.empty())
        return result.failures.front().why;
    return result.why;
}

/// Of sweeps, the expected rows come from this build's VM, which is the head's.
bool digest_holds(const Vector& vector) {
    try {
        for (const ByteOrder order : {ByteOrder::little, ByteOrder::big})
            check_digest(vector, order);
        return true;
    } catch (const InputError&) {
        return false;
    }
}

SuiteRun run_suite(const std::vector<const Vector*>& vectors, const Runtime& vm, unsigned jobs) {
    const auto results = run_vectors(
        vectors, {vm}, {.examine = {.profile = RunProfile::smoke}, .jobs = jobs, .progress = {}});
    const RuntimeResult& result = results.front();
    if (result.status != RuntimeStatus::ran)
        throw InputError(fmt::format("{}: {}", vm.text(), result.why));
    SuiteRun run;
    run.extensions = result.hello.extensions;
    for (std::size_t i = 0; i < result.vectors.size(); ++i)
        run.seen[result.vectors[i]] = {result.results[i].outcome, words_of(result.results[i])};
    for (const NotOffered& not_offered : result.not_offered)
        run.not_offered[not_offered.vector] = not_offered.needs;
    return run;
}

std::string subject_of(const Vector& vector) {
    std::vector<std::string_view> names;
    for (const InstructionRow* row : vector.tests)
        names.push_back(row->mnemonic);
    return names.empty() ? vector.id : fmt::to_string(fmt::join(names, ", "));
}

/// Vectors that came out otherwise, by what they are about; what fails alone explains what fails
/// together with it.
class Meanings {
public:
    void add(const Vector& vector, std::string sentence) {
        if (!m_seen.insert(&vector).second)
            return; // on another VM
        if (vector.tests.size() == 1)
            m_alone.insert(vector.tests.front()->mnemonic);
        m_found.push_back({&vector, std::move(sentence)});
    }

    void report(IsaDiff& diff) const {
        std::map<std::string, std::pair<std::size_t, std::string>> by_subject;
        for (const auto& [vector, sentence] : m_found) {
            const bool explained =
                vector->tests.size() > 1 &&
                std::ranges::any_of(vector->tests, [&](const InstructionRow* row) {
                    return m_alone.contains(row->mnemonic);
                });
            if (explained)
                continue;
            auto& [count, first] = by_subject[subject_of(*vector)];
            if (count++ == 0)
                first = sentence;
        }
        for (const auto& [subject, found] : by_subject)
            diff.find(fmt::format("meaning: {}", subject),
                      found.first == 1 ? found.second
                                       : fmt::format("{} And {} more such vectors.", found.second,
                                                     found.first - 1));
    }

private:
    struct Found {
        const Vector* vector;
        std::string sentence;
    };
    std::set<const Vector*> m_seen;
    std::set<std::string_view> m_alone;
    std::vector<Found> m_found;
};

std::string seen_text(const Seen& seen) {
    return seen.why.empty() ? std::string(name_of(seen.outcome))
                            : fmt::format("{} ({})", name_of(seen.outcome), seen.why);
}

/// Whether the suite says of another suite's vector, which does not say so itself, that an
/// extension of the VM switches it off.
bool is_off_in(const Suite* suite, const Vector& vector, const SuiteRun& vm) {
    if (suite == nullptr)
        return false;
    const auto same = std::ranges::find(suite->vectors, vector.id, &Vector::id);
    return same != suite->vectors.end() && same->unless != vector.unless && vm.has(same->unless);
}

bool is_right(const Vector& vector, Outcome outcome) {
    return is_pass(outcome) || tolerates(*vector.policy, outcome, false);
}

class Crossing {
public:
    Crossing(const CrossRuns& runs, IsaDiff& diff) : m_runs(runs), m_diff(diff) {
        if (runs.base_suite != nullptr)
            add_base(*runs.base_suite);
        if (runs.head_suite != nullptr)
            for (const Vector& vector : runs.head_suite->vectors)
                m_of_head.push_back(&vector);
    }

    void cross() {
        for (const VmPair& vms : m_runs.vms) {
            if (vms.head && m_runs.base_suite != nullptr)
                run_base(vms);
            if (vms.base && m_runs.head_suite != nullptr)
                run_head(vms);
        }
        m_meanings.report(m_diff);
    }

private:
    void add_base(const Suite& suite) {
        const bool has_head =
            std::ranges::any_of(m_runs.vms, [](const VmPair& vms) { return vms.head.has_value(); });
        for (const Vector& vector : suite.vectors)
            if (!has_head || vector.kind != Kind::sweep || digest_holds(vector))
                m_of_base.push_back(&vector);
            else
                m_meanings.add(vector, fmt::format("The base's `{}` states other rows than the "
                                                   "head's VM computes.",
                                                   vector.id));
    }

    /// Of several pairs, the options tell which.
    std::string which(const Runtime& vm) const {
        if (m_runs.vms.size() == 1)
            return "";
        const auto words = split_command(vm.text());
        return words.size() == 1
                   ? ", without options"
                   : fmt::format(", `{}`", fmt::join(words.begin() + 1, words.end(), " "));
    }

    void run_base(const VmPair& vms) {
        const SuiteRun head = run_suite(m_of_base, *vms.head, m_runs.jobs);
        const auto base =
            vms.base ? std::optional(run_suite(m_of_base, *vms.base, m_runs.jobs)) : std::nullopt;
        for (const Vector* vector : m_of_base) {
            const Seen* before = base ? base->of(*vector) : nullptr;
            if (base && (before == nullptr || before->outcome == Outcome::not_run))
                continue;
            if (const Seen* now = head.of(*vector))
                compare(vms, *vector, before, *now, head);
            else if (const auto lacks = head.not_offered.find(vector);
                     lacks != head.not_offered.end() && !is_gone(*vector))
                m_meanings.add(*vector,
                               fmt::format("The base's `{}` was {} on the base's VM, and does not "
                                           "run on the head's{}, which lacks {}.",
                                           vector->id,
                                           name_of(before ? before->outcome : Outcome::pass),
                                           which(*vms.head), lacks->second));
        }
    }

    bool is_gone(const Vector& vector) const {
        return !vector.extension.empty() && m_runs.head.extension(vector.extension) == nullptr;
    }

    void compare(const VmPair& vms, const Vector& vector, const Seen* before, const Seen& now,
                 const SuiteRun& head) {
        // Without the base's VM, each of its vectors is taken to have passed there.
        const Outcome expected = before != nullptr               ? before->outcome
                                 : is_right(vector, now.outcome) ? now.outcome
                                                                 : Outcome::pass;
        if (now.outcome == expected)
            return;
        const bool turned = vector.kind == Kind::encoding && now.outcome == Outcome::accepted;
        if (turned && is_off_in(m_runs.head_suite, vector, head))
            return; // find_turned counts those
        if (turned)
            m_diff.find(fmt::format("turned: {}", vector.id),
                        fmt::format("The base's `{}` has to be refused, and the head's VM{} loads "
                                    "it.",
                                    vector.id, which(*vms.head)));
        else
            m_meanings.add(vector, fmt::format("The base's `{}` was {} on the base's VM, and is "
                                               "{} on the head's{}.",
                                               vector.id, name_of(expected), seen_text(now),
                                               which(*vms.head)));
    }

    void run_head(const VmPair& vms) {
        const SuiteRun base = run_suite(m_of_head, *vms.base, m_runs.jobs);
        for (const auto& [vector, seen] : base.seen)
            if (!is_right(*vector, seen.outcome) && !is_off_in(m_runs.base_suite, *vector, base))
                m_meanings.add(*vector, fmt::format("The head's `{}` is {} on the base's VM{}.",
                                                    vector->id, seen_text(seen), which(*vms.base)));
    }

    const CrossRuns& m_runs;
    IsaDiff& m_diff;
    std::vector<const Vector*> m_of_base, m_of_head;
    Meanings m_meanings;
};

} // namespace

void find_changed_meanings(const CrossRuns& runs, IsaDiff& diff) {
    Crossing(runs, diff).cross();
}

namespace {

/// What a vector says of how the runtime reads the instructions that it tests.
Reading reading_of(const Vector& vector, const VectorResult& result, bool declared) {
    const bool is_refused =
        result.outcome == Outcome::rejected || result.outcome == Outcome::unsupported;
    if (!is_refused && tolerates(*vector.policy, result.outcome, false))
        return Reading::not_tried;
    switch (result.outcome) {
    case Outcome::pass:
    case Outcome::pass_not_executed:
        if (vector.kind == Kind::encoding)
            return Reading::refuses;
        return declared ? Reading::has : Reading::right;
    case Outcome::rejected:
    case Outcome::unsupported:
        return Reading::refuses;
    case Outcome::accepted:
        return Reading::accepts;
    case Outcome::wrong:
        return Reading::misreads;
    case Outcome::fault:
        // Some of its programs or rows may have gone on, to another value.
        return result.seen[static_cast<std::size_t>(Outcome::wrong)] ? Reading::misreads
                                                                     : Reading::faults;
    case Outcome::crash:
    case Outcome::timeout:
        return Reading::breaks;
    default:
        return Reading::not_tried;
    }
}

/// The vectors that try a row on a runtime: those of its extension that run, without sweeps, which
/// are many; of what does not run, those that have to be refused.
std::vector<const Vector*> probes_of(const TableRow& row, const Suite& suite) {
    std::vector<const Vector*> probes;
    for (const Vector& vector : suite.vectors) {
        if (vector.extension == row.extension && vector.kind != Kind::encoding &&
            vector.kind != Kind::sweep &&
            std::ranges::any_of(vector.tests, [&](const InstructionRow* tested) {
                return tested->mnemonic == row.mnemonic;
            }))
            probes.push_back(&vector);
        const auto is_row = [&](const Slot& slot) {
            const InstructionRow* found = find_row(slot, ExtensionSet::all());
            return found != nullptr && found->mnemonic == row.mnemonic;
        };
        if (vector.kind == Kind::encoding && vector.unless == row.extension &&
            vector.encoding.count() == 1 && std::ranges::any_of(vector.encoding.program(0), is_row))
            probes.push_back(&vector);
    }
    return probes;
}

class Prober {
public:
    Prober(const std::vector<const TableRow*>& rows, const Suite& suite, IsaDiff& diff)
        : m_rows(rows), m_suite(suite), m_diff(diff) {}

    void probe(const Runtime& runtime) {
        ProbedRuntime probed{.title = runtime.name.empty() ? runtime.text() : runtime.name,
                             .unavailable = {},
                             .readings = {},
                             .details = {}};
        try {
            const auto examiner = make_examiner(runtime, {.profile = RunProfile::smoke});
            RuntimeResult named;
            named.name = runtime.name;
            named.hello = examiner->hello();
            probed.title = named.title();
            for (const TableRow* row : m_rows)
                probed.readings.push_back(read(*row, *examiner, probed));
        } catch (const RuntimeUnavailable& unavailable) {
            probed.unavailable = unavailable.why;
        } catch (const CannotStart& cannot_start) {
            if (runtime.install.empty())
                throw; // it was asked for by its command
            probed.unavailable = cannot_start.what();
        } catch (const GivenUp& given_up) {
            probed.unavailable = given_up.why;
        }
        probed.readings.resize(m_rows.size(), Reading::not_tried);
        m_diff.runtimes.push_back(std::move(probed));
    }

private:
    Reading read(const TableRow& row, Examiner& examiner, ProbedRuntime& probed) {
        const auto& extensions = examiner.hello().extensions;
        const bool declared = std::ranges::find(extensions, row.extension) != extensions.end();
        Reading worst = Reading::not_tried;
        for (const Vector* vector : probes_of(row, m_suite)) {
            if (declared && vector->kind == Kind::encoding)
                continue; // it is no longer to be refused
            const auto needs = lacking(examiner.hello(), without_extension(*vector));
            if (needs)
                continue;
            const VectorResult result = examiner.examine(*vector);
            const Reading reading = reading_of(*vector, result, declared);
            if (reading >= Reading::accepts && reading > worst)
                tell(row, *vector, result, reading, declared, probed);
            worst = std::max(worst, reading);
        }
        return worst;
    }

    static Vector without_extension(Vector vector) {
        vector.extension.clear();
        return vector;
    }

    void tell(const TableRow& row, const Vector& vector, const VectorResult& result,
              Reading reading, bool declared, ProbedRuntime& probed) {
        const std::string what = fmt::format(
            "{} {} `{}`: `{}` is {}{}", probed.title,
            declared && reading == Reading::misreads ? "declares and MISREADS" : name_of(reading),
            row.mnemonic, vector.id, name_of(result.outcome),
            words_of(result).empty() ? "" : fmt::format(" ({})", words_of(result)));
        probed.details.push_back(what);
        const char* kind = reading == Reading::misreads ? "misread"
                           : reading == Reading::breaks ? "breaks"
                           : reading == Reading::faults ? "faults"
                                                        : "accepts";
        m_diff.find(fmt::format("{}: {} on {}", kind, row.mnemonic, probed.title), what + ".");
    }

    const std::vector<const TableRow*>& m_rows;
    const Suite& m_suite;
    IsaDiff& m_diff;
};

} // namespace

void probe(const std::vector<const TableRow*>& rows, const Suite& suite,
           const std::vector<Runtime>& runtimes, IsaDiff& diff) {
    diff.probed = rows;
    Prober prober(rows, suite, diff);
    for (const Runtime& runtime : runtimes)
        prober.probe(runtime);
}

} // namespace bpf_assay::conformance
