// An extension of the instruction set: a folder of vectors/extensions, with its file
// extension.yaml (docs/propose-an-instruction.md) and its vectors.
#pragma once

#include "conformance/loader.hpp"
#include "conformance/table_row.hpp"

#include <filesystem>

namespace bpf_assay::conformance {

/// draft: it may change, or be dropped. shipped: somebody has released it, and its rows are frozen.
/// withdrawn: nobody is to use it, and its encodings stay taken.
enum class ExtensionStatus { draft, shipped, withdrawn };
std::string_view name_of(ExtensionStatus status);
std::optional<ExtensionStatus> extension_status_from_name(std::string_view name);

struct ExtensionFile {
    std::string name; // x-..., that of the folder
    std::string title;
    std::string text;
    ExtensionStatus status = ExtensionStatus::draft;
    std::map<std::string, std::string> since; // linux, llvm -> version
    bool runs = true;                         // on the reference VM, by the formulas
    std::string why;                          // it does not
    std::vector<std::string> links;
    std::vector<std::pair<std::string, Clause>> clauses;
    std::vector<TableRow> rows;
};

/// An encoding that somebody uses for something else than an instruction of this table.
struct Reserved {
    TableRow row; // its mnemonic is the use, its section whose it is
};

/// All extensions of a folder of vectors, by name; none if it has no folder `extensions`. Throws
/// InputError with file:line:column for the first thing that is not as the format says.
std::vector<ExtensionFile> load_extensions(const std::filesystem::path& vectors);

/// Those of extensions/reserved.yaml.
std::vector<Reserved> load_reserved(const std::filesystem::path& vectors);

/// The first row that this build has not, or has otherwise: a sentence with the place; none if all
/// are as compiled in.
std::optional<std::string> stale_row(const ExtensionFile& extension);

} // namespace bpf_assay::conformance
