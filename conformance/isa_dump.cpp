#include "conformance/isa_dump.hpp"

#include "conformance/error.hpp"
#include "conformance/instruction_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

namespace bpf_assay::conformance {
namespace {

using nlohmann::json;

json extension_json(const ExtensionFile& extension) {
    json clauses = json::array();
    for (const auto& [id, clause] : extension.clauses) {
        json object{{"id", id}, {"text", clause.text}};
        if (!clause.untestable.empty())
            object["untestable"] = clause.untestable;
        clauses.push_back(std::move(object));
    }
    json object{{"name", extension.name},   {"title", extension.title},
                {"text", extension.text},   {"status", name_of(extension.status)},
                {"since", extension.since}, {"runs", extension.runs},
                {"links", extension.links}, {"clauses", std::move(clauses)}};
    if (!extension.why.empty())
        object["why"] = extension.why;
    return object;
}

json reserved_json(const TableRow& row) {
    json object{{"opcode", row.opcode}, {"by", row.section}, {"use", row.mnemonic}};
    const std::array<std::pair<const char*, const FieldRule*>, 4> fields{{{"dst_reg", &row.dst_reg},
                                                                          {"src_reg", &row.src_reg},
                                                                          {"offset", &row.offset},
                                                                          {"imm", &row.imm}}};
    for (const auto& [name, field] : fields)
        if (field->kind == FieldRule::Kind::only)
            object[name] = field->value;
    return object;
}

TableRow reserved_from_json(const json& object) {
    TableRow row;
    row.section = object.at("by");
    row.mnemonic = object.at("use");
    const auto number = [&](const char* key, s64 low, s64 high) {
        const json& value = object.at(key);
        const bool fits =
            value.is_number_integer() && value.get<s64>() >= low && value.get<s64>() <= high;
        if (!fits)
            throw fmt::format("{} of what is reserved for '{}' is no number from {} to {}", key,
                              row.mnemonic, low, high);
        return value.get<s64>();
    };
    const auto rule = [&](const char* key, s64 low, s64 high) {
        return object.contains(key) ? FieldRule{FieldRule::Kind::only, number(key, low, high)}
                                    : FieldRule{FieldRule::Kind::any};
    };
    row.opcode = static_cast<u8>(number("opcode", 0, 0xff));
    row.dst_reg = rule("dst_reg", 0, 15);
    row.src_reg = rule("src_reg", 0, 15);
    row.offset = rule("offset", -0x8000, 0x7fff);
    row.imm = rule("imm", -0x80000000LL, 0x7fffffff);
    return row;
}

IsaDump::ExtensionFacts extension_from_json(const json& object) {
    IsaDump::ExtensionFacts facts{.name = object.at("name"), .clauses = {}};
    const auto status = extension_status_from_name(object.at("status").get<std::string>());
    if (!status)
        throw fmt::format("extension {}: there is no such status", facts.name);
    facts.status = *status;
    facts.runs = object.at("runs");
    for (const json& clause : object.at("clauses"))
        facts.clauses.push_back({.id = clause.at("id"),
                                 .text = clause.at("text"),
                                 .testable = !clause.contains("untestable")});
    return facts;
}

IsaDump dump_from_json(const json& document) {
    IsaDump dump;
    if (!document.is_object() || document.value("format", "") != "bpf-assay-isa")
        throw std::string("it is no table as `bpf-assay isa --json` prints it");
    if (document.value("version", 0) != 1)
        throw std::string("only version 1 of the format is known");
    for (const json& row : document.at("instructions"))
        dump.rows.push_back(row_from_json(row));
    dump.has_extensions = document.contains("extensions");
    if (dump.has_extensions)
        for (const json& extension : document["extensions"])
            dump.extensions.push_back(extension_from_json(extension));
    if (document.contains("reserved"))
        for (const json& row : document["reserved"])
            dump.reserved.push_back(reserved_from_json(row));
    for (const TableRow& row : dump.rows) {
        if (dump.find(row.mnemonic) != &row)
            throw fmt::format("instruction '{}' stands twice", row.mnemonic);
        if (!row.extension.empty() && dump.extension(row.extension) == nullptr)
            throw fmt::format("instruction '{}' is of {}, which 'extensions' does not have",
                              row.mnemonic, row.extension);
    }
    return dump;
}

} // namespace

const TableRow* IsaDump::find(std::string_view mnemonic) const {
    const auto found = std::ranges::find(rows, mnemonic, &TableRow::mnemonic);
    return found == rows.end() ? nullptr : &*found;
}

const IsaDump::ExtensionFacts* IsaDump::extension(std::string_view name) const {
    const auto found = std::ranges::find(extensions, name, &ExtensionFacts::name);
    return found == extensions.end() ? nullptr : &*found;
}

json isa_json(const std::filesystem::path* vectors) {
    json object{{"format", "bpf-assay-isa"}, {"version", 1}, {"bpf_assay", BPF_ASSAY_VERSION}};
    object["instructions"] = json::array();
    for (const InstructionRow& row : instruction_table())
        object["instructions"].push_back(instruction_json(row));
    if (vectors == nullptr)
        return object;
    object["extensions"] = json::array();
    for (const ExtensionFile& extension : load_extensions(*vectors)) {
        object["extensions"].push_back(extension_json(extension));
        for (const TableRow& row : extension.rows)
            object["instructions"].push_back(instruction_json(row.view()));
    }
    object["reserved"] = json::array();
    for (const Reserved& reserved : load_reserved(*vectors))
        object["reserved"].push_back(reserved_json(reserved.row));
    return object;
}

IsaDump load_isa_dump(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
        throw InputError(fmt::format("{}: cannot be read", path.string()));
    try {
        IsaDump dump = dump_from_json(json::parse(stream));
        dump.file = path.string();
        return dump;
    } catch (const json::exception& error) {
        throw InputError(fmt::format("{}: {}", path.string(), error.what()));
    } catch (const std::string& what) {
        throw InputError(fmt::format("{}: {}", path.string(), what));
    }
}

} // namespace bpf_assay::conformance
