#include "conformance/cli/commands.hpp"

#include "reference_vm/instructions.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bpf_assay::conformance::cli {
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

nlohmann::json row_json(const InstructionRow& row) {
    nlohmann::json object{{"mnemonic", row.mnemonic},
                          {"opcode", row.opcode},
                          {"dst_reg", field_json(row.dst_reg)},
                          {"src_reg", field_json(row.src_reg)},
                          {"offset", field_json(row.offset)},
                          {"imm", field_json(row.imm)},
                          {"wide", row.wide},
                          {"group", name_of(row.group)},
                          {"rfc_name", row.rfc_name},
                          {"section", row.section},
                          {"formula", row.formula},
                          {"syntax", row.syntax},
                          {"llvm_cpu", row.llvm_cpu}};
    if (row.wide)
        object["next_imm"] = field_json(row.next_imm);
    return object;
}

int print_isa(bool json) {
    if (json) {
        nlohmann::json object{{"format", "bpf-assay-isa"}, {"version", 1}};
        object["instructions"] = nlohmann::json::array();
        for (const InstructionRow& row : instruction_table())
            object["instructions"].push_back(row_json(row));
        fmt::print("{}\n", object.dump(1));
        return 0;
    }
    fmt::print("{:<20} {:<4} {:<22} {:<9} {:<4} {}\n", "mnemonic", "op", "RFC 9669", "group",
               "sec.", "formula");
    for (const InstructionRow& row : instruction_table())
        fmt::print("{:<20} {:#04x} {:<22} {:<9} {:<4} {}\n", row.mnemonic, row.opcode, row.rfc_name,
                   name_of(row.group), row.section, row.formula);
    return 0;
}

} // namespace

Command add_isa(CLI::App& app) {
    auto json = std::make_shared<bool>(false);
    CLI::App* isa = app.add_subcommand("isa", "Print the instruction table");
    isa->add_flag("--json", *json, "As JSON, for generators");
    isa->footer("Example:\n  bpf-assay isa | grep divmul64");
    return [json] { return print_isa(*json); };
}

} // namespace bpf_assay::conformance::cli
