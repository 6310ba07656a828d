// The two subcommands of `bpf-assay plugin`.
#pragma once

#include <string>

namespace bpf_assay::conformance::cli {

struct CheckOptions {
    std::string command;
    double timeout = 10; // seconds
    std::string only;    // part of the titles of the checks to make
    bool verbose = false;
};

struct NewOptions {
    std::string name;
    std::string language;
    std::string folder; // empty: ./name
};

/// Each returns the exit status. Throw InputError.
int check_plugin(const CheckOptions& options);
int new_plugin(const NewOptions& options);

} // namespace bpf_assay::conformance::cli
