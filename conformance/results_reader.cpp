// Reads results back; results_json.cpp writes them.
#include "conformance/error.hpp"
#include "conformance/group_summary.hpp"
#include "conformance/printable.hpp"
#include "conformance/results_json.hpp"
#include "conformance/results_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <unordered_map>
#include <unordered_set>

namespace bpf_assay::conformance {

void check_results_version(const nlohmann::json& file) {
    if (file.at("version") != results_version)
        throw Malformed{fmt::format("has version {} of the format; this bpf-assay reads {}",
                                    file.at("version").dump(), results_version)};
}

Outcome outcome_from(const std::string& name) {
    const auto found =
        std::ranges::find(all_outcomes, name, [](Outcome outcome) { return name_of(outcome); });
    if (found == all_outcomes.end())
        throw Malformed{fmt::format("'{}' is no outcome", name)};
    return *found;
}

RuntimeStatus status_from(const std::string& name) {
    for (const RuntimeStatus status : {RuntimeStatus::ran, RuntimeStatus::unavailable,
                                       RuntimeStatus::given_up, RuntimeStatus::interrupted})
        if (name_of(status) == name)
            return status;
    throw Malformed{fmt::format("'{}' is no status", name)};
}

namespace {

using nlohmann::json;

std::vector<Slot> slots_from(const std::string& hex, ByteOrder order) {
    if (hex.size() % (2 * slot_size) != 0)
        throw Malformed{fmt::format("an image of {} hex digits", hex.size())};
    std::vector<Slot> slots;
    for (std::size_t at = 0; at < hex.size(); at += 2 * slot_size) {
        std::array<u8, slot_size> bytes{};
        for (std::size_t index = 0; index < slot_size; ++index) {
            const char* digits = hex.data() + at + 2 * index;
            if (std::from_chars(digits, digits + 2, bytes[index], 16).ptr != digits + 2)
                throw Malformed{"an image that is not hex"};
        }
        slots.push_back(decode_slot(bytes, order));
    }
    return slots;
}

RowCounts rows_from(const json& object) {
    return {.total = object.at("total"),
            .run = object.at("run"),
            .passed = object.at("passed"),
            .not_executed = object.at("not_executed")};
}

Failure failure_from(const json& object, ByteOrder order) {
    Failure failure{.outcome = outcome_from(object.at("outcome")),
                    .program = object.at("program"),
                    .program_text = object.value("program_text", "")};
    if (object.contains("row"))
        failure.row = object.at("row").get<std::size_t>();
    failure.why = object.value("why", "");
    failure.errors = object.value("stderr", std::vector<std::string>{});
    failure.registers_before = object.value("registers_before", std::vector<std::string>{});
    failure.memory_before = object.value("memory_before", "");
    for (const json& difference : object.value("differences", json::array()))
        failure.differences.push_back({.place = difference.at("place"),
                                       .expected = difference.at("expected"),
                                       .seen = difference.at("seen")});
    failure.slots = slots_from(object.at("image"), order);
    return failure;
}

VectorResult vector_from(const json& object, ByteOrder order) {
    VectorResult result;
    result.outcome = outcome_from(object.at("outcome"));
    result.tolerated = object.value("tolerated", false);
    result.rows = rows_from(object.at("rows"));
    result.why = object.value("why", "");
    result.not_executed = object.value("not_executed", std::vector<std::string>{});
    for (const json& failure : object.value("failures", json::array()))
        result.failures.push_back(failure_from(failure, order));
    result.failing_rows = object.value("failing", std::size_t{0});
    result.programs = object.at("programs");
    result.loaded_programs = object.at("loaded_programs");
    result.machine_code_programs = object.value("machine_code_programs", std::size_t{0});
    return result;
}

RunDescription run_from(const json& object) {
    RunDescription run{.command_line = object.at("command"),
                       .selection = object.at("selection"),
                       .options = object.at("options"),
                       .profile = object.at("profile"),
                       .strict = object.at("strict"),
                       .started = object.at("started"),
                       .seconds = object.at("seconds"),
                       .tool = object.at("tool"),
                       .environment = object.at("environment")};
    if (object.contains("shard"))
        run.shard = {.number = object.at("shard").at("number"),
                     .count = object.at("shard").at("count")};
    return run;
}

json counts_json(const GroupSummary& summary) {
    json outcomes = json::object();
    for (const Outcome outcome : all_outcomes)
        if (const std::size_t count = summary.count(outcome); count != 0)
            outcomes[std::string(name_of(outcome))] = count;
    return {{"name", summary.name},
            {"vectors", summary.vectors},
            {"outcomes", std::move(outcomes)},
            {"tolerated", summary.tolerated},
            {"rows",
             {{"total", summary.rows.total},
              {"run", summary.rows.run},
              {"passed", summary.rows.passed},
              {"not_executed", summary.rows.not_executed}}}};
}

/// A file whose sums are not those of its vectors was changed, or is not whole.
void check_counts(const json& groups, const RuntimeResult& result) {
    const auto summaries = summarise(result);
    if (!groups.is_array() || groups.size() != summaries.size())
        throw Malformed{
            fmt::format("'groups' are {}, and not {}", groups.size(), summaries.size())};
    for (std::size_t at = 0; at < summaries.size(); ++at) {
        json stated = groups[at];
        stated.erase("verdict");
        if (stated != counts_json(summaries[at]))
            throw Malformed{fmt::format("the counts of group {} are not those of its vectors",
                                        summaries[at].name)};
    }
}

class Reader {
public:
    explicit Reader(const Suite& suite) {
        for (const Vector& vector : suite.vectors)
            m_vectors.emplace(vector.id, &vector);
    }

    RuntimeResult runtime(const json& object, std::size_t runs) {
        RuntimeResult result;
        const std::string title = printable(object.at("title").get_ref<const std::string&>());
        m_where = fmt::format("runtime '{}'", title);
        m_seen.clear();
        result.name = object.value("name", "");
        result.command = object.at("command");
        result.run = object.at("run");
        if (result.run >= runs)
            throw Malformed{fmt::format("there is no run {}", result.run)};
        result.status = status_from(object.at("status"));
        result.why = object.value("why", "");
        result.one_shot = object.at("protocol") == "one-shot";
        if (const json& message = object.at("hello"); !message.empty())
            result.hello = result.one_shot ? one_shot_hello(message) : hello(message);
        result.seconds = object.at("seconds");
        for (const json& entry : object.at("vectors")) {
            const Vector& vector = find(entry.at("id"));
            m_where = fmt::format("runtime '{}', vector '{}'", title, vector.id);
            result.vectors.push_back(&vector);
            result.results.push_back(vector_from(entry, result.hello.byte_order));
        }
        m_where = fmt::format("runtime '{}'", title);
        for (const json& id : object.at("switched_off"))
            result.switched_off.push_back(&find(id));
        for (const json& entry : object.at("not_offered"))
            result.not_offered.push_back({&find(entry.at("id")), entry.at("needs")});
        result.unexplained = object.value("unexplained", std::vector<std::string>{});
        check_counts(object.at("groups"), result);
        return result;
    }

    const std::string& where() const { return m_where; }

private:
    /// What the runner said for a plugin that says nothing.
    static Hello one_shot_hello(const json& message) {
        Hello read;
        read.name = message.at("name");
        read.version = "one-shot";
        read.engine = "unknown";
        read.r0_bits = message.at("r0_bits");
        for (const std::string& name : message.at("groups").get<std::vector<std::string>>())
            if (const auto group = group_from_name(name))
                read.groups.push_back(*group);
        read.excluded = message.at("excluded");
        read.message = message;
        return read;
    }

    static Hello hello(const json& message) {
        try {
            return read_hello(message);
        } catch (const std::string& what) {
            throw Malformed{"its hello: " + what};
        }
    }

    /// A vector stands once in a runtime: with an outcome, or as left out.
    const Vector& find(const std::string& id) {
        const auto found = m_vectors.find(id);
        if (found == m_vectors.end())
            throw Malformed{fmt::format("there is no vector '{}'", printable(id))};
        if (!m_seen.insert(found->second).second)
            throw Malformed{fmt::format("vector '{}' stands twice", id)};
        return *found->second;
    }

    std::unordered_map<std::string, const Vector*> m_vectors;
    std::unordered_set<const Vector*> m_seen; // of the runtime that is being read
    std::string m_where = "its head";
};

json parse(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
        throw InputError(fmt::format("{}: cannot be read", path));
    const std::string text(std::istreambuf_iterator<char>(stream), {}); // parses faster than it
    try {
        return json::parse(text);
    } catch (const json::parse_error& error) {
        throw InputError(fmt::format("{}: is no JSON: {}", path, error.what()));
    }
}

void check_head(const json& file, const Suite& suite) {
    if (!file.is_object() || file.value("format", json()) != "bpf-assay-results")
        throw Malformed{"is no results file of `bpf-assay run --output`"};
    check_results_version(file);
    const std::string digest = file.at("vectors").at("digest");
    if (digest != suite.digest)
        throw Malformed{fmt::format("is about other vectors (digest {:.12}, {} of them) than those "
                                    "that were loaded ({:.12}, {})",
                                    digest, file.at("vectors").at("count").get<std::size_t>(),
                                    suite.digest, suite.vectors.size())};
}

} // namespace

Results read_results(const std::string& path, const Suite& suite) {
    const json file = parse(path);
    Reader reader(suite);
    try {
        check_head(file, suite);
        Results results;
        for (const json& run : file.at("runs"))
            results.runs.push_back(run_from(run));
        for (const json& runtime : file.at("runtimes"))
            results.runtimes.push_back(reader.runtime(runtime, results.runs.size()));
        if (results.runs.empty() || results.runtimes.empty())
            throw Malformed{"holds no run"};
        if (const int status = exit_status(results.runtimes); file.at("exit_status") != status)
            throw Malformed{
                fmt::format("the exit status of the file is {}, and its vectors come to {}",
                            file.at("exit_status").dump(), status)};
        return results;
    } catch (const Malformed& malformed) {
        throw InputError(fmt::format("{}: {}: {}", path, reader.where(), malformed.what));
    } catch (const json::exception& error) {
        throw InputError(fmt::format("{}: {}: {}", path, reader.where(), error.what()));
    }
}

} // namespace bpf_assay::conformance
