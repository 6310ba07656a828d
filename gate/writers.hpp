// A judgement in the forms that people and CI systems read. Texts of plugins are escaped.
#pragma once

#include "gate/judge.hpp"

#include <string>

namespace bpf_assay::gate {

/// For a terminal; the last line says whether the gate is open.
std::string text(const Judgement& judgement);

/// For a step summary.
std::string markdown(const Judgement& judgement);

/// JUnit XML: a case for each finding, and one for the gate itself, which passes if it is open.
std::string junit(const Judgement& judgement);

/// GitHub's workflow commands, a line for each finding: they become annotations of the run.
std::string github_annotations(const Judgement& judgement);

} // namespace bpf_assay::gate
