// The file that declares runtimes (docs/runtimes.md): how each is started, with which engines, and
// what is known of it.
#pragma once

#include "conformance/examiner.hpp"

#include <filesystem>

namespace bpf_assay::conformance {

/// One way to run a runtime: words that follow the command.
struct Engine {
    std::string name;
    std::string options;
};

struct DeclaredRuntime {
    std::string name;
    Runtime runtime;             // without an engine's options
    std::vector<Engine> engines; // none: the command as it stands
    bool on_request = false;     // `all` leaves it out
};

/// Reads a file of runtimes and the lists of divergences that it names, which are relative to it.
/// Throws InputError with file:line:column.
std::vector<DeclaredRuntime> load_runtimes(const std::filesystem::path& path);

/// The runtimes that `choices` name, in the order of the choices, each engine as a runtime of its
/// own. A choice is `all`, NAME (all engines), or NAME:ENGINE. Throws InputError for a name that is
/// not declared.
std::vector<Runtime> choose_runtimes(const std::vector<DeclaredRuntime>& declared,
                                     const std::vector<std::string>& choices);

} // namespace bpf_assay::conformance
