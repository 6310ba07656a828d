// Results as JSON: conformance/results.schema.json describes them.
#pragma once

#include "conformance/result.hpp"

#include <map>

namespace bpf_assay::conformance {

constexpr int results_version = 3;

/// A part of the selected vectors: the number-th of `count`, from 1.
struct Shard {
    std::size_t number = 1;
    std::size_t count = 1;

    friend bool operator==(const Shard&, const Shard&) = default;
};

/// How results came about.
struct RunDescription {
    /// What was given of options, by its long name ("--group"; "ids" for words), in the order
    /// given.
    using Arguments = std::map<std::string, std::vector<std::string>>;

    std::vector<std::string> command_line;
    Arguments selection = {}; // which vectors
    Arguments options = {};   // the others
    std::string profile = {};
    bool strict = false;
    std::optional<Shard> shard = std::nullopt;
    std::string started = {}; // ISO 8601, UTC
    double seconds = 0;
    std::string tool = this_version();               // of bpf-assay
    nlohmann::json environment = this_environment(); // the machine that it ran on

    static std::string this_version();
    static nlohmann::json this_environment();
};

/// What a file of results holds: of one run, or of several that were merged.
struct Results {
    std::vector<RunDescription> runs;
    std::vector<RuntimeResult> runtimes; // each names its run
};

/// What was seen of a failure, its program apart.
nlohmann::json seen_json(const Failure& failure);
/// `disassembly`, a line for each instruction, and `image`, in hex as the runtime has it.
nlohmann::json program_json(std::span<const Slot> slots, ByteOrder order);

nlohmann::json results_json(const Suite& suite, const Results& results);

/// Reads what results_json wrote. Throws InputError, naming the file, if it is something else, or
/// about other vectors than the suite's.
Results read_results(const std::string& path, const Suite& suite);

} // namespace bpf_assay::conformance
