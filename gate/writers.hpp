// A judgement in the forms that people and CI systems read. Texts of plugins are escaped.
#pragma once

#include "gate/judge.hpp"

#include <string>

namespace bpf_assay::gate {

/// For a terminal; the last line says whether the gate is open.
std::string text(const Judgement& judgement);

/// For a step summary: what fits in a megabyte.
std::string markdown(const Judgement& judgement);

/// JUnit XML: a case for each finding, and one for the gate itself, which passes if it is open.
std::string junit(const Judgement& judgement);

/// text(), in which GitHub sees no workflow command, then annotations of the run: the first
/// findings, after their number if there are more than GitHub keeps. `token` is a word that nobody
/// can guess.
std::string github(const Judgement& judgement, const std::string& token);

} // namespace bpf_assay::gate
