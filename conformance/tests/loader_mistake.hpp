// A mistake in a vector file, and where the error has to point.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace bpf_assay::conformance::test {

/// A file of vectors in which `@@` stands where the error has to point; it is taken out.
struct Mistake {
    const char* name;
    const char* text;
    const char* message; // a part of what the error must say
};
inline void PrintTo(const Mistake& mistake, std::ostream* stream) {
    *stream << mistake.name;
}

/// Its test is in loader_errors_test.cpp, the mistakes there and in other files.
class LoaderMistake : public testing::TestWithParam<Mistake> {};

inline std::string name_of_case(const testing::TestParamInfo<Mistake>& info) {
    return info.param.name;
}

} // namespace bpf_assay::conformance::test

#define HEAD "section: \"4.1\"\nvectors:\n"
#define VECTOR HEAD "  - id: a/b\n    clauses: [C-1]\n    because: Tests.\n"
// The same where the error points at the vector itself.
#define THIS_VECTOR HEAD "  - @@id: a/b\n    clauses: [C-1]\n    because: Tests.\n"
