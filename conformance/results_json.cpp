#include "conformance/results_json.hpp"

#include "conformance/assembler.hpp"
#include "conformance/caveats.hpp"
#include "conformance/policy.hpp"

#include "reference_vm/disassembler.hpp"

#include <sys/utsname.h>

namespace bpf_assay::conformance {
namespace {

using nlohmann::json;

json rows_json(const RowCounts& rows) {
    return {{"total", rows.total},
            {"run", rows.run},
            {"passed", rows.passed},
            {"not_executed", rows.not_executed}};
}

std::vector<std::string> listing(std::span<const Slot> slots) {
    std::vector<std::string> lines;
    for (std::size_t pc = 0; pc < slots.size(); ++pc) {
        lines.push_back(disassemble(slots, pc));
        const InstructionRow* row = find_row(slots[pc]);
        pc += row != nullptr && row->wide ? 1 : 0;
    }
    return lines;
}

/// The bytes as the runtime has them.
std::string hex_of(std::span<const Slot> slots, ByteOrder order) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(slots.size() * slot_size * 2);
    for (const Slot& slot : slots)
        for (const u8 byte : encode_slot(slot, order)) {
            text += digits[byte >> 4];
            text += digits[byte & 15];
        }
    return text;
}

json failure_json(const Failure& failure, ByteOrder order) {
    json object = seen_json(failure);
    object.update(program_json(failure.slots, order));
    return object;
}

json vector_json(const Vector& vector, const VectorResult& result, ByteOrder order) {
    json object{{"id", vector.id},
                {"kind", name_of(vector.kind)},
                {"section", vector.section},
                {"outcome", name_of(result.outcome)},
                {"rows", rows_json(result.rows)},
                {"programs", result.programs},
                {"loaded_programs", result.loaded_programs}};
    if (group_of(vector))
        object["group"] = group_name_of(vector);
    json tests = json::array();
    for (const InstructionRow* row : vector.tests)
        tests.push_back(row->mnemonic);
    object["tests"] = std::move(tests);
    if (result.machine_code_programs != 0)
        object["machine_code_programs"] = result.machine_code_programs;
    if (!result.why.empty())
        object["why"] = result.why;
    if (!result.not_executed.empty())
        object["not_executed"] = result.not_executed;
    if (is_pass(result.outcome))
        return object;
    object["tolerated"] = result.tolerated;
    object["clauses"] = vector.clauses;
    object["statement"] = vector.text;
    if (!vector.policy->name.empty())
        object["policy"] = vector.policy->name;
    if (result.failing_rows != 0)
        object["failing"] = result.failing_rows;
    object["failures"] = json::array();
    for (const Failure& failure : result.failures)
        object["failures"].push_back(failure_json(failure, order));
    return object;
}

/// Those that occur.
json outcomes_json(const std::array<std::size_t, all_outcomes.size()>& by_outcome) {
    json outcomes = json::object();
    for (const Outcome outcome : all_outcomes)
        if (const std::size_t count = by_outcome[static_cast<std::size_t>(outcome)]; count != 0)
            outcomes[std::string(conformance::name_of(outcome))] = count;
    return outcomes;
}

json groups_json(const RuntimeResult& runtime, bool in_full, const Suite& suite) {
    json groups = json::array();
    for (const GroupSummary& summary : summarise(runtime, in_full, suite)) {
        groups.push_back({{"name", summary.name},
                          {"verdict", conformance::name_of(summary.verdict)},
                          {"vectors", summary.vectors},
                          {"outcomes", outcomes_json(summary.by_outcome)},
                          {"tolerated", summary.tolerated},
                          {"rows", rows_json(summary.rows)}});
    }
    return groups;
}

json claims_json(const RuntimeResult& runtime, bool in_full) {
    json claims = json::array();
    for (const GroupClaim& claim : claims_of(runtime, in_full)) {
        json because = json::array();
        for (const Blamed& blamed : claim.because)
            because.push_back({{"instructions", blamed.instructions},
                               {"outcomes", outcomes_json(blamed.by_outcome)}});
        claims.push_back({{"group", bpf_assay::name_of(claim.group)},
                          {"claimed", claim.claimed},
                          {"excluded", claim.excluded},
                          {"verdict", conformance::name_of(claim.verdict)},
                          {"because", std::move(because)}});
    }
    return claims;
}

json runtime_json(const RuntimeResult& runtime, bool in_full, const Suite& suite) {
    json object{{"title", runtime.title()},
                {"command", runtime.command},
                {"run", runtime.run},
                {"protocol", runtime.one_shot ? "one-shot" : "persistent"},
                {"status", name_of(runtime.status)},
                {"hello", runtime.hello.message},
                {"seconds", runtime.seconds}};
    if (!runtime.name.empty())
        object["name"] = runtime.name;
    if (!runtime.why.empty())
        object["why"] = runtime.why;
    if (!runtime.unexplained.empty())
        object["unexplained"] = runtime.unexplained;
    object["groups"] = groups_json(runtime, in_full, suite);
    object["claims"] = claims_json(runtime, in_full);
    object["vectors"] = json::array();
    for (std::size_t index = 0; index < runtime.vectors.size(); ++index)
        object["vectors"].push_back(
            vector_json(*runtime.vectors[index], runtime.results[index], runtime.hello.byte_order));
    object["switched_off"] = json::array();
    for (const Vector* vector : runtime.switched_off)
        object["switched_off"].push_back(vector->id);
    object["not_offered"] = json::array();
    for (const NotOffered& left_out : runtime.not_offered)
        object["not_offered"].push_back({{"id", left_out.vector->id}, {"needs", left_out.needs}});
    return object;
}

json run_json(const RunDescription& run) {
    json object{{"command", run.command_line},   {"selection", run.selection},
                {"options", run.options},        {"profile", run.profile},
                {"strict", run.strict},          {"started", run.started},
                {"seconds", run.seconds},        {"tool", run.tool},
                {"environment", run.environment}};
    if (run.shard)
        object["shard"] = {{"number", run.shard->number}, {"count", run.shard->count}};
    return object;
}

} // namespace

json seen_json(const Failure& failure) {
    json object{{"outcome", name_of(failure.outcome)}, {"program", failure.program}};
    if (!failure.program_text.empty())
        object["program_text"] = failure.program_text;
    if (failure.row)
        object["row"] = *failure.row;
    if (!failure.why.empty())
        object["why"] = failure.why;
    if (!failure.errors.empty())
        object["stderr"] = failure.errors;
    if (!failure.registers_before.empty())
        object["registers_before"] = failure.registers_before;
    if (!failure.memory_before.empty())
        object["memory_before"] = failure.memory_before;
    if (!failure.differences.empty()) {
        json differences = json::array();
        for (const Difference& difference : failure.differences)
            differences.push_back({{"place", difference.place},
                                   {"expected", difference.expected},
                                   {"seen", difference.seen}});
        object["differences"] = std::move(differences);
    }
    return object;
}

json program_json(std::span<const Slot> slots, ByteOrder order) {
    return {{"disassembly", listing(slots)}, {"image", hex_of(slots, order)}};
}

std::string RunDescription::this_version() {
    return BPF_ASSAY_VERSION;
}

json RunDescription::this_environment() {
    utsname system{};
    uname(&system);
    return {{"system", system.sysname},
            {"release", system.release},
            {"machine", system.machine},
            {"llvm", Assembler::llvm_version()}};
}

json results_json(const Suite& suite, const Results& results) {
    json object{{"format", "bpf-assay-results"},
                {"version", results_version},
                {"vectors", {{"count", suite.vectors.size()}, {"digest", suite.digest}}},
                {"exit_status", exit_status(results.runtimes)}};
    object["runs"] = json::array();
    for (const RunDescription& run : results.runs)
        object["runs"].push_back(run_json(run));
    object["runtimes"] = json::array();
    for (const RuntimeResult& runtime : results.runtimes)
        object["runtimes"].push_back(runtime_json(
            runtime, partly_because(runtime, results.runs.at(runtime.run), suite).empty(), suite));
    return object;
}

} // namespace bpf_assay::conformance
