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

/// What the one-shot contract does not say of a plugin.
struct OneShot {
    unsigned r0_bits = 64;
    OneShotMemory memory = OneShotMemory::r1;
    std::size_t max_memory = 43'000;   // bytes; Linux passes at most 128 KiB in one argument
    std::size_t max_insns = 1'000'000; // slots
    std::vector<Group> groups = {Group::base64, Group::divmul64, Group::atomic64}; // claimed
    std::vector<std::string> excluded = {}; // instructions of the groups that are not claimed
    std::vector<std::string> faults = {};   // texts that tell a fault from a refusal
};

struct Runtime {
    std::string command; // words as a shell splits them; a program with its first arguments
    std::string options = {};
    std::string name = {}; // in the file of runtimes, with its engine; empty if given by command
    std::map<std::string, std::string> environment = {};    // added to that of bpf-assay
    std::optional<std::chrono::milliseconds> deadline = {}; // per request, instead of the run's
    std::string install = {};                               // what to do if it is not there
    std::vector<KnownDivergence> known_divergences = {};
    std::optional<OneShot> one_shot = {}; // none: the persistent protocol

    /// Program and arguments. Throws InputError for unbalanced quotes.
    std::vector<std::string> words() const;
    /// The same in one line, for people.
    std::string text() const { return options.empty() ? command : command + " " + options; }
};

} // namespace bpf_assay::conformance
