#include "conformance/mutants/equivalents.hpp"

#include "conformance/yaml_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bpf_assay::conformance::mutants {

Equivalents load_equivalents(const std::filesystem::path& path, const Mutants& mutants) {
    const YamlFile file(path);
    file.expect_map(file.root(), "the list of equivalent mutants", {"equivalent"});
    const YAML::Node entries = file.required(file.root(), "equivalent");
    file.expect_sequence(entries, "'equivalent'");
    Equivalents proofs;
    for (const YAML::Node& entry : entries) {
        file.expect_map(entry, "an equivalent mutant", {"mutants", "proof"});
        const std::string proof = file.text(file.required(entry, "proof"), "'proof'");
        const YAML::Node ids = file.required(entry, "mutants");
        file.expect_sequence(ids, "'mutants'");
        for (const YAML::Node& id : ids) {
            const std::string text = file.text(id, "the id of a mutant");
            if (std::ranges::find(mutants, text, &Mutant::id) == mutants.end())
                file.fail(id, fmt::format("there is no mutant '{}'", text));
            if (!proofs.emplace(text, proof).second)
                file.fail(id, fmt::format("'{}' is listed twice", text));
        }
    }
    return proofs;
}

} // namespace bpf_assay::conformance::mutants
