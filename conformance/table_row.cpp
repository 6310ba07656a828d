#include "conformance/table_row.hpp"

#include <fmt/format.h>

#include <vector>

namespace bpf_assay::conformance {
namespace {

using nlohmann::json;
using Kind = FieldRule::Kind;

const json& required(const json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end())
        throw fmt::format("a row has no '{}'", key);
    return *found;
}

std::string text(const json& object, const char* key) {
    const json& value = required(object, key);
    if (!value.is_string())
        throw fmt::format("'{}' of a row is no text", key);
    return value.get<std::string>();
}

FieldRule rule(const json& object, const char* key) {
    const json& value = required(object, key);
    if (value == "any")
        return {Kind::any};
    if (value == "unused")
        return {Kind::unused};
    if (!value.is_number_integer())
        throw fmt::format("'{}' of a row is neither any, unused nor a number", key);
    return {Kind::only, value.get<s64>()};
}

} // namespace

InstructionRow TableRow::view() const {
    const auto known = group_from_name(group);
    return {.mnemonic = mnemonic,
            .opcode = opcode,
            .dst_reg = dst_reg,
            .src_reg = src_reg,
            .offset = offset,
            .imm = imm,
            .next_imm = next_imm,
            .wide = wide,
            .group = known.value_or(Group::extension),
            .rfc_name = rfc_name,
            .section = section,
            .formula = formula,
            .syntax = syntax,
            .llvm_cpu = llvm_cpu,
            .extension = extension};
}

std::string TableRow::encoding() const {
    std::string encoding = fmt::format("opcode {:#04x}", opcode);
    const std::vector<std::pair<const char*, const FieldRule*>> fields{
        {"dst_reg", &dst_reg}, {"src_reg", &src_reg}, {"offset", &offset}, {"imm", &imm}};
    for (const auto& [name, field] : fields)
        if (field->kind == Kind::only)
            encoding += field->value > 9 ? fmt::format(", {} {:#x}", name, field->value)
                                         : fmt::format(", {} {}", name, field->value);
    return encoding;
}

TableRow row_from_json(const json& object) {
    if (!object.is_object())
        throw std::string("a row is no object");
    TableRow row;
    row.mnemonic = text(object, "mnemonic");
    const json& opcode = required(object, "opcode");
    if (!opcode.is_number_unsigned() || opcode.get<u64>() > 0xff)
        throw fmt::format("the opcode of '{}' is no number from 0 to 255", row.mnemonic);
    row.opcode = opcode.get<u8>();
    row.dst_reg = rule(object, "dst_reg");
    row.src_reg = rule(object, "src_reg");
    row.offset = rule(object, "offset");
    row.imm = rule(object, "imm");
    if (!required(object, "wide").is_boolean())
        throw fmt::format("'wide' of '{}' is neither true nor false", row.mnemonic);
    row.wide = object["wide"].get<bool>();
    if (row.wide)
        row.next_imm = rule(object, "next_imm");
    row.group = text(object, "group");
    row.rfc_name = text(object, "rfc_name");
    row.section = text(object, "section");
    row.formula = text(object, "formula");
    row.syntax = text(object, "syntax");
    row.llvm_cpu = text(object, "llvm_cpu");
    if (object.contains("extension"))
        row.extension = text(object, "extension");
    return row;
}

} // namespace bpf_assay::conformance
