// The vectors of the suite as a whole.
#include "conformance/tests/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <sstream>

namespace bpf_assay::conformance {
namespace {

std::set<std::string> tested_sections() {
    std::istringstream list(ASSAY_SECTIONS);
    return {std::istream_iterator<std::string>(list), {}};
}

// A section without a ctest of its own would never run.
TEST(suite, every_section_has_its_conformance_tests) {
    std::set<std::string> sections;
    for (const Vector& vector : test::suite().vectors)
        sections.insert(vector.section);
    EXPECT_EQ(sections, tested_sections());
}

TEST(suite, every_kind_is_there) {
    for (const Kind kind :
         {Kind::explicit_state, Kind::sweep, Kind::program, Kind::packet, Kind::encoding})
        EXPECT_TRUE(std::ranges::any_of(test::suite().vectors, [&](const Vector& vector) {
            return vector.kind == kind;
        })) << name_of(kind);
}

TEST(suite, every_instruction_is_the_subject_of_a_vector) {
    std::set<std::string_view> tested;
    for (const Vector& vector : test::suite().vectors)
        for (const InstructionRow* row : vector.tests)
            tested.insert(row->mnemonic);
    for (const InstructionRow& row : instruction_table())
        EXPECT_TRUE(tested.contains(row.mnemonic)) << row.mnemonic;
}

// A vector counts in one group. If it were about two that do not include each other, a mistake in
// one would be held against the other.
TEST(suite, no_vector_is_about_two_families_of_groups) {
    for (const Vector& vector : test::suite().vectors) {
        if (vector.kind == Kind::encoding)
            continue;
        std::set<std::string_view> families;
        for (const InstructionRow* row : vector.tests) {
            const std::string_view group = name_of(row->group);
            families.insert(group.substr(0, group.find_first_of("0123456789")));
        }
        families.erase("base"); // without which nothing runs
        EXPECT_LE(families.size(), 1) << vector.id;
    }
}

} // namespace
} // namespace bpf_assay::conformance
