#include "conformance/mutants/equivalents.hpp"

#include "conformance/yaml_reader.hpp"

#include <fmt/format.h>

#include <fnmatch.h>

namespace bpf_assay::conformance::mutants {
namespace {

bool is_for(const YamlFile& file, const YAML::Node& entry, ByteOrder order) {
    const YAML::Node stated = entry["byte_order"];
    if (!stated)
        return true;
    const std::string name = file.text(stated, "'byte_order'");
    if (name != "little" && name != "big")
        file.fail(stated, fmt::format("'{}' is neither little nor big", name));
    return (name == "little") == (order == ByteOrder::little);
}

} // namespace

Equivalents load_equivalents(const std::filesystem::path& path, const Mutants& mutants,
                             ByteOrder order) {
    const YamlFile file(path);
    file.expect_map(file.root(), "the list of equivalent mutants", {"equivalent"});
    const YAML::Node entries = file.required(file.root(), "equivalent");
    file.expect_sequence(entries, "'equivalent'");
    Equivalents proofs;
    for (const YAML::Node& entry : entries) {
        file.expect_map(entry, "an equivalent mutant", {"mutants", "proof", "byte_order"});
        const std::string proof = file.text(file.required(entry, "proof"), "'proof'");
        const YAML::Node patterns = file.required(entry, "mutants");
        file.expect_sequence(patterns, "'mutants'");
        for (const YAML::Node& pattern : patterns) {
            const std::string text = file.text(pattern, "the id of a mutant");
            bool found = false;
            for (const Mutant& mutant : mutants)
                if (fnmatch(text.c_str(), mutant.id.c_str(), 0) == 0) {
                    found = true;
                    if (is_for(file, entry, order) && !proofs.emplace(mutant.id, proof).second)
                        file.fail(pattern, fmt::format("'{}' is listed twice", mutant.id));
                }
            if (!found)
                file.fail(pattern, fmt::format("there is no mutant '{}'", text));
        }
    }
    return proofs;
}

} // namespace bpf_assay::conformance::mutants
