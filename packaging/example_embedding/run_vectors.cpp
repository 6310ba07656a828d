// Loads the installed suite and runs the vectors of one instruction on a plugin: by default that of
// the reference VM.
#include "conformance/error.hpp"
#include "conformance/loader.hpp"
#include "conformance/runner.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

using namespace bpf_assay::conformance;

namespace {

std::vector<const Vector*> vectors_of(const Suite& suite, const std::string& instruction) {
    std::vector<const Vector*> chosen;
    for (const Vector& vector : suite.vectors)
        if (std::ranges::any_of(vector.tests,
                                [&](const auto* row) { return row->mnemonic == instruction; }))
            chosen.push_back(&vector);
    return chosen;
}

int run(const std::string& plugin) {
    const Suite suite = load_suite(DATA_DIR "/vectors", DATA_DIR "/docs/clauses.yaml");
    const auto vectors = vectors_of(suite, "add64_reg");
    const std::vector<Runtime> runtimes{{.command = plugin}};
    const auto results =
        run_vectors(vectors, runtimes, {.examine = {.profile = RunProfile::smoke}});
    const RuntimeResult& result = results.at(0);
    std::printf("%s\n", result.title().c_str());
    for (std::size_t i = 0; i < result.results.size(); ++i)
        std::printf("%s: %s\n", result.vectors[i]->id.c_str(),
                    std::string(name_of(result.results[i].outcome)).c_str());
    return result.status == RuntimeStatus::ran && std::ranges::none_of(result.results, diverges)
               ? 0
               : 1;
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run(argc > 1 ? argv[1] : "'" PLUGINS_DIR "/reference_vm'");
    } catch (const InputError& error) {
        std::fprintf(stderr, "run_vectors: %s\n", error.what());
        return 2;
    }
}
