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

/// What a run of one suite on one VM came to: outcome and words by vector.
struct Seen {
    Outcome outcome;
    std::string why;
};
using Outcomes = std::map<const Vector*, Seen>;

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

Outcomes run_suite(const std::vector<const Vector*>& vectors, const Runtime& vm, unsigned jobs) {
    const auto results = run_vectors(
        vectors, {vm}, {.examine = {.profile = RunProfile::smoke}, .jobs = jobs, .progress = {}});
    const RuntimeResult& result = results.front();
    if (result.status != RuntimeStatus::ran)
        throw InputError(fmt::format("{}: {}", vm.text(), result.why));
    Outcomes outcomes;
    for (std::size_t i = 0; i < result.vectors.size(); ++i)
        outcomes[result.vectors[i]] = {result.results[i].outcome, words_of(result.results[i])};
    return outcomes;
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
    std::set<std::string_view> m_alone;
    std::vector<Found> m_found;
};

std::string seen_text(const Seen& seen) {
    return seen.why.empty() ? std::string(name_of(seen.outcome))
                            : fmt::format("{} ({})", name_of(seen.outcome), seen.why);
}

/// Whether the head says of a vector of the base, which the base did not say, that an extension
/// switches it off.
bool is_off_now(const Vector& vector, const Suite* head_suite) {
    if (head_suite == nullptr)
        return false;
    const auto now = std::ranges::find(head_suite->vectors, vector.id, &Vector::id);
    return now != head_suite->vectors.end() && !now->unless.empty() && now->unless != vector.unless;
}

} // namespace

void find_changed_meanings(const CrossRuns& runs, IsaDiff& diff) {
    Meanings meanings;
    if (runs.base_suite != nullptr && runs.head_vm) {
        std::vector<const Vector*> vectors;
        for (const Vector& vector : runs.base_suite->vectors)
            if (vector.kind == Kind::sweep && !digest_holds(vector))
                meanings.add(vector, fmt::format("The base's `{}` states other rows than the "
                                                 "head's VM computes.",
                                                 vector.id));
            else
                vectors.push_back(&vector);
        const Outcomes head = run_suite(vectors, *runs.head_vm, runs.jobs);
        const Outcomes base =
            runs.base_vm ? run_suite(vectors, *runs.base_vm, runs.jobs) : Outcomes();
        for (const auto& [vector, seen] : head) {
            const auto before = base.find(vector);
            // Without the base's VM, each of its vectors is taken to have passed there.
            const Outcome expected =
                before != base.end()
                    ? before->second.outcome
                    : (is_pass(seen.outcome) || tolerates(*vector->policy, seen.outcome, false)
                           ? seen.outcome
                           : Outcome::pass);
            if (seen.outcome == expected || (runs.base_vm && before == base.end()))
                continue;
            const bool turned = vector->kind == Kind::encoding && seen.outcome == Outcome::accepted;
            if (turned && is_off_now(*vector, runs.head_suite))
                continue; // find_turned counts those
            if (turned)
                diff.find(fmt::format("turned: {}", vector->id),
                          fmt::format("The base's `{}` has to be refused, and the head's VM loads "
                                      "it.",
                                      vector->id));
            else
                meanings.add(*vector,
                             fmt::format("The base's `{}` was {} on the base's VM, and is {} on "
                                         "the head's.",
                                         vector->id, name_of(expected), seen_text(seen)));
        }
    }
    if (runs.head_suite != nullptr && runs.base_vm) {
        std::vector<const Vector*> vectors;
        for (const Vector& vector : runs.head_suite->vectors)
            vectors.push_back(&vector);
        for (const auto& [vector, seen] : run_suite(vectors, *runs.base_vm, runs.jobs))
            if (!is_pass(seen.outcome) && !tolerates(*vector->policy, seen.outcome, false))
                meanings.add(*vector, fmt::format("The head's `{}` is {} on the base's VM.",
                                                  vector->id, seen_text(seen)));
    }
    meanings.report(diff);
}

namespace {

/// What a vector says of how the runtime reads the instructions that it tests.
Reading reading_of(const Vector& vector, const VectorResult& result, bool declared) {
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
    case Outcome::fault:
        return Reading::misreads;
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
