#include "conformance/cli/commands.hpp"
#include "conformance/instruction_json.hpp"

#include <fmt/format.h>

namespace bpf_assay::conformance::cli {
namespace {

int print_isa(bool json) {
    if (json) {
        nlohmann::json object{{"format", "bpf-assay-isa"}, {"version", 1}};
        object["instructions"] = nlohmann::json::array();
        for (const InstructionRow& row : instruction_table())
            object["instructions"].push_back(instruction_json(row));
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
