// The instruction table as `bpf-assay isa --json` prints it, with the extensions if asked.
#pragma once

#include "conformance/extension.hpp"

namespace bpf_assay::conformance {

/// What a dump says of the instruction set of a revision.
struct IsaDump {
    struct ClauseFacts {
        std::string id, text;
        bool testable = true; // by vectors
    };
    struct ExtensionFacts {
        std::string name;
        ExtensionStatus status = ExtensionStatus::draft;
        bool runs = true;
        std::vector<ClauseFacts> clauses;
    };
    std::string file;
    bool has_extensions = false; // it was asked for them, even if there are none
    std::vector<TableRow> rows;  // of the RFC, then of extensions
    std::vector<ExtensionFacts> extensions;
    std::vector<TableRow> reserved;

    const TableRow* find(std::string_view mnemonic) const;
    const ExtensionFacts* extension(std::string_view name) const;
};

/// The rows of the RFC; with `vectors`, those of its extensions and what they are, too.
nlohmann::json isa_json(const std::filesystem::path* vectors);

/// Throws InputError: the file, and what is wrong with it.
IsaDump load_isa_dump(const std::filesystem::path& path);

} // namespace bpf_assay::conformance
