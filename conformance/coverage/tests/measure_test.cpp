// Bins that vectors hit by being executed.
#include "conformance/coverage/measure.hpp"
#include "conformance/tests/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bpf_assay::conformance::coverage {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

/// Names of the bins of an instruction that a vector with these keys hits.
std::vector<std::string> hits_of(std::string_view mnemonic, const Vector& vector) {
    const std::vector<Vector> vectors{vector};
    const SuiteBins bins = measure(vectors, RunProfile::full);
    std::vector<std::string> names;
    const auto add = [&](const Bins& list) {
        for (std::size_t bin = 0; bin < list.size(); ++bin)
            if (list.hit(bin))
                names.push_back(list.name(bin));
    };
    for (const InstructionBins& instruction : bins.instructions)
        if (instruction.row->mnemonic == mnemonic) {
            for (const Axis& axis : instruction.axes)
                add(axis.bins());
            add(instruction.encodings);
        }
    return names;
}

/// A vector of an extension of the suite; `keys` name a clause of it.
Vector vector_of_extension(const std::string& extension, const std::string& keys) {
    const test::TemporaryFolder folder;
    const auto place = folder.path() / "vectors/extensions" / extension;
    std::filesystem::create_directories(place);
    std::filesystem::copy(ASSAY_SOURCE_DIR "/vectors/extensions/" + extension + "/extension.yaml",
                          place);
    folder.write("vectors/extensions/" + extension + "/test.yaml",
                 "section: \"" + extension +
                     "\"\nvectors:\n  - id: test/vector\n    because: Tests.\n" + keys);
    return load_suite(folder.path() / "vectors", folder.write("clauses.yaml", "clauses: []\n"))
        .vectors.at(0);
}

std::vector<std::string> hits(std::string_view mnemonic, std::string_view keys) {
    return hits_of(mnemonic, test::vector_of("    " + std::string(keys)));
}

TEST(measure, an_instruction_of_an_extension) {
    const Vector vector = vector_of_extension(
        "x-acqrel", "    clauses: [X-ACQREL-LOAD]\n"
                    "    asm: 'r5 += 1; w3 = load_acquire((u16 *)(r4 + 2))'\n"
                    "    before: {r3: -1, r4: {block: 1}, r5: 1, memory: {u16@3: 0x8000}}\n"
                    "    after: {r3: 0x8000, r5: 2}\n");
    EXPECT_THAT(hits_of("load_acquire16", vector),
                ElementsAre("dst=r3 src=r4", "value=min", "value=negative", "dst=garbage-above",
                            "address-mod-8=3", "region=memory"));
    // The RFC's have to be covered by vectors that run everywhere.
    EXPECT_THAT(hits_of("add64_imm", vector), IsEmpty());
}

TEST(measure, what_the_runtime_may_choose) {
    const Vector vector = vector_of_extension("x-maygoto", R"(    clauses: [X-MAYGOTO-EITHER]
    program: 'may_goto +1; r1 = 0; r0 = 0; exit'
    after: {r0: 0}
)");
    EXPECT_THAT(hits_of("may_goto", vector),
                ElementsAre("distance=+1,taken", "distance=+1,not-taken", "position=first"));
}

TEST(measure, operands_are_those_that_the_instruction_had) {
    EXPECT_THAT(hits("add64_reg", "asm: r3 += r4\n    before: {r3: -1, r4: 1}\n    after: {r3: 0}"),
                ElementsAre("dst=r3 src=r4", "dst=-1 src=1", "dst=-1 src=positive",
                            "dst=negative src=1", "dst=negative src=positive"));
}

TEST(measure, what_the_lowering_adds_does_not_count) {
    const char* keys = "asm: r3 += r4\n    before: {r3: -1, r4: 1}\n    after: {r3: 0}";
    for (const char* mnemonic : {"ldxdw", "stxdw", "exit", "mov64_imm"})
        EXPECT_THAT(hits(mnemonic, keys), IsEmpty()) << mnemonic;
}

TEST(measure, an_instruction_that_is_jumped_over_is_not_executed) {
    const char* keys = "asm: 'if r3 == 1 goto +1; r4 += r5'\n    before: {r3: 1}\n    after: {}";
    EXPECT_THAT(hits("add64_reg", keys), IsEmpty());
    EXPECT_THAT(hits("jeq64_imm", keys),
                AllOf(Contains("dst=r3,taken"), Contains("distance=+1,taken"), Contains("imm=1")));
}

TEST(measure, every_row_of_a_sweep) {
    const char* keys = "asm: '{dst} = -{dst}'\n    registers: {dst: r2}\n    rows: {dst: odd}\n"
                       "    digest: "
                       "0000000000000000000000000000000000000000000000000000000000000000";
    EXPECT_THAT(hits("neg64", keys), ElementsAre("dst=r2", "dst=positive"));
}

TEST(measure, positions_in_a_program) {
    const char* keys = "program: 'r5 = 1 ll; r0 = 7; exit'\n    after: {r0: 7}";
    EXPECT_THAT(hits("lddw", keys), Contains("position=first"));
    EXPECT_THAT(hits("mov64_imm", keys),
                AllOf(Contains("position=before-exit"), Contains("position=after-wide"),
                      Not(Contains("position=first"))));
    EXPECT_THAT(hits("exit", keys), ElementsAre("callers=0", "in-program=last-slot"));
}

TEST(measure, calls_and_returns_by_depth) {
    const char* keys = "program: 'call f; exit; f: r0 = 1; exit'\n    after: {r0: 1}";
    EXPECT_THAT(hits("call_local", keys), Contains("callers=0"));
    EXPECT_THAT(hits("exit", keys), AllOf(Contains("callers=0"), Contains("callers=1")));
}

TEST(measure, memory_before_an_atomic_operation) {
    const char* keys = "asm: lock *(u32 *)(r1 + 4) += w2\n"
                       "    before: {r1: {block: 0}, r2: 0x500000001, memory: {u32@4: -1}}\n"
                       "    after: {memory: {u32@4: 0}}";
    EXPECT_THAT(hits("atomic_add32", keys),
                AllOf(Contains("dst=r1 src=r2"), Contains("memory=-1 src=1+garbage"),
                      Contains("address-mod-8=4"), Contains("region=memory")));
}

TEST(measure, a_comparison_that_finds_no_match) {
    const char* keys = "asm: r0 = cmpxchg_64(r1 + 0, r0, r2)\n"
                       "    before: {r0: 1, r1: {block: 0}, r2: 3, memory: {u64@0: 2}}\n"
                       "    after: {r0: 2}";
    EXPECT_THAT(hits("cmpxchg64", keys),
                AllOf(Contains("memory=mismatch src=r2"), Not(Contains("memory=match src=r2")),
                      Contains("r0=1 memory=positive")));
}

TEST(measure, an_encoding_vector_hits_without_being_executed) {
    const char* keys = "slots: ['r1 = 0', {opcode: 0x07, dst: 1, src: 4, imm: 3}, 'r0 = 0', exit]\n"
                       "    control: ['r1 = 0', {opcode: 0x07, dst: 1, imm: 3}, 'r0 = 0', exit]\n"
                       "    expect: refused";
    EXPECT_THAT(hits("add64_imm", keys), ElementsAre("src-unused=bit2"));
    EXPECT_THAT(hits("mov64_imm", keys), IsEmpty());
}

} // namespace
} // namespace bpf_assay::conformance::coverage
