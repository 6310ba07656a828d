#include "conformance/cli/isa_diff.hpp"

#include "conformance/cli/commands.hpp"
#include "conformance/cli/files.hpp"
#include "conformance/isa_dump.hpp"

#include <fmt/format.h>

namespace bpf_assay::conformance::cli {
namespace {

struct Options {
    bool json = false;
    bool extensions = false;
    std::string vectors;
    DiffOptions diff;
};

void print_rows(std::span<const InstructionRow> rows) {
    for (const InstructionRow& row : rows)
        fmt::print("{:<20} {:#04x} {:<22} {:<9} {:<4} {}\n", row.mnemonic, row.opcode, row.rfc_name,
                   group_name_of(row), row.section, row.formula);
}

void print_extension(const ExtensionFile& extension) {
    std::string since;
    for (const auto& [where, version] : extension.since)
        since += fmt::format("{}{} {}", since.empty() ? "" : ", ", where, version);
    fmt::print("\n{}: {}\n  {}{}; {}\n", extension.name, extension.title, name_of(extension.status),
               since.empty() ? "" : fmt::format(", since {}", since),
               extension.runs ? "runs on the reference VM"
                              : fmt::format("is decoded and not run: {}", extension.why));
    for (const TableRow& row : extension.rows)
        fmt::print("  {:<22} {}\n  {:<22} {}\n", row.mnemonic, row.encoding(), "", row.formula);
}

int print_isa(const Options& options) {
    const std::filesystem::path vectors = vectors_folder(options.vectors);
    if (options.json) {
        fmt::print("{}\n", isa_json(options.extensions ? &vectors : nullptr).dump(1));
        return 0;
    }
    const auto extensions =
        options.extensions ? load_extensions(vectors) : std::vector<ExtensionFile>();
    fmt::print("{:<20} {:<4} {:<22} {:<9} {:<4} {}\n", "mnemonic", "op", "RFC 9669", "group",
               "sec.", "formula");
    print_rows(instruction_table());
    for (const ExtensionFile& extension : extensions)
        print_extension(extension);
    return 0;
}

} // namespace

Command add_isa(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* isa = app.add_subcommand("isa", "Print the instruction table, or compare two");
    isa->add_flag("--json", options->json, "As JSON, for generators and `isa diff`");
    CLI::Option* extensions =
        isa->add_flag("--extensions", options->extensions,
                      "With the extensions of the folder of vectors, as they stand there");
    isa->add_option("--vectors", options->vectors,
                    "Folder of vectors instead of the suite's own, with --extensions")
        ->check(CLI::ExistingDirectory)
        ->needs(extensions);
    isa->footer("Examples:\n"
                "  bpf-assay isa | grep divmul64\n"
                "  bpf-assay isa --extensions --json > head.json\n"
                "  bpf-assay isa diff base.json head.json");
    const CLI::App* diff = add_isa_diff(*isa, options->diff);
    return
        [options, diff] { return diff->parsed() ? isa_diff(options->diff) : print_isa(*options); };
}

} // namespace bpf_assay::conformance::cli
