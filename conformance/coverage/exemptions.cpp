#include "conformance/coverage/exemptions.hpp"

#include "conformance/yaml_reader.hpp"

#include <fmt/format.h>

#include <fnmatch.h>

namespace bpf_assay::conformance::coverage {
namespace {

void add_names(const InstructionRow* row, const Bins& bins, std::vector<std::string>& names) {
    for (std::size_t bin = 0; bin < bins.size(); ++bin)
        names.push_back(bin_name(row, bins.name(bin)));
}

std::vector<std::string> names_of(const SuiteBins& bins) {
    std::vector<std::string> names;
    for (const InstructionBins& instruction : bins.instructions) {
        for (const Axis& axis : instruction.axes)
            add_names(instruction.row, axis.bins(), names);
        add_names(instruction.row, instruction.encodings, names);
    }
    add_names(nullptr, bins.opcodes, names);
    return names;
}

} // namespace

std::string bin_name(const InstructionRow* row, const std::string& bin) {
    return fmt::format("{}: {}", row != nullptr ? row->mnemonic : "unassigned", bin);
}

Exemptions load_exemptions(const std::filesystem::path& path, const SuiteBins& bins) {
    const std::vector<std::string> names = names_of(bins);
    const YamlFile file(path);
    file.expect_map(file.root(), "the list of exempt bins", {"exempt"});
    const YAML::Node entries = file.required(file.root(), "exempt");
    file.expect_sequence(entries, "'exempt'");
    Exemptions exemptions;
    for (const YAML::Node& entry : entries) {
        file.expect_map(entry, "an exemption", {"bins", "reason"});
        const std::string reason = file.text(file.required(entry, "reason"), "'reason'");
        const YAML::Node patterns = file.required(entry, "bins");
        file.expect_sequence(patterns, "'bins'");
        for (const YAML::Node& pattern : patterns) {
            const std::string text = file.text(pattern, "the name of a bin");
            bool found = false;
            for (const std::string& name : names)
                if (fnmatch(text.c_str(), name.c_str(), 0) == 0) {
                    found = true;
                    if (!exemptions.emplace(name, reason).second)
                        file.fail(pattern, fmt::format("'{}' is exempt twice", name));
                }
            if (!found)
                file.fail(pattern, fmt::format("there is no bin '{}'", text));
        }
    }
    return exemptions;
}

} // namespace bpf_assay::conformance::coverage
