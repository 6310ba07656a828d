#include "reports/mutation_score.hpp"

#include "conformance/error.hpp"

#include <fmt/format.h>

#include <array>
#include <fstream>

namespace bpf_assay::reports {

using conformance::InputError;
using nlohmann::json;

json read_mutation_score(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
        throw InputError(fmt::format("{}: cannot be read", path));
    const json file = json::parse(stream, nullptr, /*allow_exceptions=*/false);
    if (!file.is_object() || file.value("format", json()) != "bpf-assay-mutants" ||
        file.value("version", json()) != 1)
        throw InputError(fmt::format("{}: is no score of `bpf-assay mutants --json`", path));
    try {
        static constexpr std::array<const char*, 5> counts{"generated", "killed", "killed_by_smoke",
                                                           "equivalent", "survived"};
        json score{{"vectors_digest", file.at("vectors_digest").get<std::string>()},
                   {"operators", file.at("operators")}};
        for (const char* count : counts) {
            std::size_t sum = 0;
            for (const json& mutation : file.at("operators"))
                sum += mutation.at(count).get<std::size_t>();
            score[count] = sum;
        }
        json survivors = json::array();
        for (const json& mutant : file.at("mutants"))
            if (mutant.at("status") == "survived")
                survivors.push_back({{"id", mutant.at("id")}, {"what", mutant.at("what")}});
        if (survivors.size() != score["survived"])
            throw InputError(fmt::format("{}: its counts are not those of its mutants", path));
        score["survivors"] = std::move(survivors);
        return score;
    } catch (const json::exception& error) {
        throw InputError(fmt::format("{}: {}", path, error.what()));
    }
}

} // namespace bpf_assay::reports
