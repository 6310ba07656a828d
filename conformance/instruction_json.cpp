#include "conformance/instruction_json.hpp"

namespace bpf_assay::conformance {
namespace {

nlohmann::json field_json(const FieldRule& rule) {
    switch (rule.kind) {
    case FieldRule::Kind::any:
        return "any";
    case FieldRule::Kind::only:
        return rule.value;
    case FieldRule::Kind::unused:
        return "unused";
    }
    return nullptr;
}

} // namespace

nlohmann::json instruction_json(const InstructionRow& row) {
    nlohmann::json object{{"mnemonic", row.mnemonic},
                          {"opcode", row.opcode},
                          {"dst_reg", field_json(row.dst_reg)},
                          {"src_reg", field_json(row.src_reg)},
                          {"offset", field_json(row.offset)},
                          {"imm", field_json(row.imm)},
                          {"wide", row.wide},
                          {"group", group_name_of(row)},
                          {"rfc_name", row.rfc_name},
                          {"section", row.section},
                          {"formula", row.formula},
                          {"syntax", row.syntax},
                          {"llvm_cpu", row.llvm_cpu}};
    if (row.wide)
        object["next_imm"] = field_json(row.next_imm);
    if (!row.extension.empty())
        object["extension"] = row.extension;
    return object;
}

} // namespace bpf_assay::conformance
