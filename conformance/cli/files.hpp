// Where the suite's own files are: in the tree that the program is installed in, or was built from.
#pragma once

#include "conformance/loader.hpp"

#include <filesystem>
#include <string>

namespace bpf_assay::conformance::cli {

/// The suite's folder of vectors, or `vectors` unless it is empty.
std::filesystem::path vectors_folder(const std::string& vectors);

/// The suite's file of clauses.
std::filesystem::path clauses_file();

/// The vectors folder and clauses file; `vectors` overrides the folder unless it is empty.
Suite load_suite_from(const std::string& vectors);

/// The suite's list of mutants that no vector can catch.
std::filesystem::path equivalents_file();

/// The suite's list of bins that no vector can hit.
std::filesystem::path exemptions_file();

/// The suite's list of runtimes.
std::filesystem::path runtimes_file();

/// The SDK for plugins, with its examples.
std::filesystem::path sdk_folder();

/// The vector of that id. Throws InputError naming similar ids.
const Vector& find_vector(const Suite& suite, const std::string& id);

/// The word in quotes, so that a command splits into it again.
std::string in_quotes(const std::string& word);

/// A plugin's command line: a bare first word is looked up among the plugins of this build.
std::string plugin_command(const std::string& text);

} // namespace bpf_assay::conformance::cli
