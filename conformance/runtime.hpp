// A runtime to examine: how its plugin is started and spoken to.
#pragma once

#include "conformance/divergences.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bpf_assay::conformance {

/// How a one-shot plugin hands its memory to the program: R1 is its address, or that of an XDP
/// context, whose first word points to it.
enum class OneShotMemory { r1, xdp };

struct Runtime {
    std::string command; // words as a shell splits them; a program with its first arguments
    std::string options = {};
    std::string name = {}; // in the file of runtimes, with its engine; empty if given by command
    std::map<std::string, std::string> environment = {};    // added to that of bpf-assay
    std::optional<std::chrono::milliseconds> deadline = {}; // per request, instead of the run's
    std::string install = {};                               // what to do if it is not there
    std::vector<KnownDivergence> known_divergences = {};
    bool one_shot = false;
    unsigned one_shot_r0_bits = 64;
    OneShotMemory one_shot_memory = OneShotMemory::r1;

    /// Program and arguments. Throws InputError for unbalanced quotes.
    std::vector<std::string> words() const;
    /// The same in one line, for people.
    std::string text() const { return options.empty() ? command : command + " " + options; }
};

} // namespace bpf_assay::conformance
