// The files of extensions: what they say, and every mistake with its place.
#include "conformance/assembler.hpp"
#include "conformance/extension.hpp"
#include "conformance/extension_syntax.hpp"
#include "conformance/tests/loader_mistake.hpp"
#include "conformance/tests/support.hpp"

#include "reference_vm/disassembler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

namespace bpf_assay::conformance {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view good = R"yaml(extension: x-test
title: Minimum
text: The smaller of two numbers.
status: draft
since: {llvm: "99"}
runs: true
links: [https://example.org/min]
clauses:
  - {id: X-TEST-VALUE, kind: value, text: "MIN writes the smaller number."}
instructions:
  - mnemonic: test64_reg
    opcode: 0xff
    dst_reg: any
    src_reg: any
    offset: unused
    imm: 3
    rfc_name: "{MIN, X, ALU64}"
    formula: "dst = dst < src ? dst : src"
    syntax: "{dst} = min({dst}, {src})"
    llvm_cpu: "-"
)yaml";

std::string replaced(std::string_view text, std::string_view old, std::string_view with) {
    std::string result(text);
    const std::size_t at = result.find(old);
    EXPECT_NE(at, std::string::npos) << old;
    return at == std::string::npos ? result : result.replace(at, old.size(), with);
}

TEST(extension_files, all_of_it_is_read) {
    const TemporaryFolder folder;
    folder.write("extensions/x-test/extension.yaml", good);
    const auto extensions = load_extensions(folder.path());
    ASSERT_EQ(extensions.size(), 1u);
    const ExtensionFile& min = extensions[0];
    EXPECT_EQ(min.name, "x-test");
    EXPECT_EQ(min.status, ExtensionStatus::draft);
    EXPECT_EQ(min.since.at("llvm"), "99");
    EXPECT_TRUE(min.runs);
    ASSERT_EQ(min.clauses.size(), 1u);
    EXPECT_EQ(min.clauses[0].first, "X-TEST-VALUE");
    EXPECT_EQ(min.clauses[0].second.section, "x-test");
    ASSERT_EQ(min.rows.size(), 1u);
    EXPECT_EQ(min.rows[0].opcode, 0xff);
    EXPECT_EQ(min.rows[0].imm.value, 3);
    EXPECT_EQ(min.rows[0].group, "x-test");
    EXPECT_EQ(min.rows[0].encoding(), "opcode 0xff, imm 3");
    EXPECT_THAT(min.rows[0].where, testing::EndsWith("extension.yaml:11:15"));
    EXPECT_EQ(load_extensions(folder.path() / "extensions").size(), 0u); // no folder, no extensions
}

TEST(extension_files, the_suite_s_own_are_those_of_this_build) {
    const auto extensions = load_extensions(std::filesystem::path(ASSAY_SOURCE_DIR) / "vectors");
    EXPECT_EQ(extensions.size(), bpf_assay::extensions().size());
    for (const ExtensionFile& extension : extensions)
        EXPECT_EQ(stale_row(extension), std::nullopt) << extension.name;
    EXPECT_GE(load_reserved(std::filesystem::path(ASSAY_SOURCE_DIR) / "vectors").size(), 30u);
}

TEST(extension_files, a_row_that_this_build_does_not_have) {
    const TemporaryFolder folder;
    folder.write("extensions/x-test/extension.yaml", good);
    EXPECT_THAT(
        stale_row(load_extensions(folder.path())[0]).value_or(""),
        testing::EndsWith("extension.yaml:11:15: this build does not have 'test64_reg'; run "
                          "scripts/generate, and build"));
    const std::filesystem::path source(ASSAY_SOURCE_DIR);
    std::filesystem::create_directories(folder.path() / "own/extensions");
    std::filesystem::copy(source / "vectors/extensions/x-maygoto",
                          folder.path() / "own/extensions/x-maygoto");
    auto own = load_extensions(folder.path() / "own")[0];
    EXPECT_EQ(stale_row(own), std::nullopt);
    own.rows[0].formula = "PC += choice() ? 0 : offset";
    EXPECT_THAT(stale_row(own).value_or(""), HasSubstr("has another 'may_goto'"));
    own = load_extensions(folder.path() / "own")[0];
    own.runs = false;
    EXPECT_THAT(stale_row(own).value_or(""), HasSubstr("has another x-maygoto"));
}

struct FileMistake {
    std::string_view old, with; // of the good file
    std::string_view place;     // line:column
    std::string_view message;
};

TEST(extension_files, mistakes) {
    for (const FileMistake& mistake : std::initializer_list<FileMistake>{
             {"extension: x-test", "extension: min", "1:12", "is not of the form x-"},
             {"extension: x-test", "extension: x-max", "1:12", "the two have the same name"},
             {"title: Minimum\n", "", "1:1", "key 'title' is missing"},
             {"title:", "titel:", "2:1", "titel"},
             {"draft", "ready", "4:9", "status is draft, shipped or withdrawn, not 'ready'"},
             {"{llvm:", "{gcc:", "5:9", "gcc"},
             {"runs: true", "runs: false", "6:7", "says 'why'"},
             {"runs: true", "runs: true\nwhy: W", "6:7", "this runs"},
             {"https://", "http://", "7:9", "a link begins with https://"},
             {"X-TEST-VALUE", "MIN-VALUE", "9:10", "a clause of x-test is called X-TEST-..."},
             {"  - {id: X-TEST", "  - {id: X-TEST-VALUE, kind: k, text: t}\n  - {id: X-TEST",
              "10:10", "clause 'X-TEST-VALUE' stands twice"},
             {"test64_reg", "add64_reg", "11:15", "'add64_reg' is an instruction of RFC 9669"},
             {"opcode: 0xff", "opcode: 0x1ff", "12:13", "opcode"},
             {"dst_reg: any", "dst_reg: 16", "13:14", "dst_reg"},
             {"dst_reg: any", "dst_reg: some", "13:14", "dst_reg is any, unused or a number"},
             {"    imm: 3\n", "", "11:5", "key 'imm' is missing"},
             {"    imm: 3\n", "    imm: 3\n    wide: true\n", "11:5", "key 'next_imm' is missing"},
             {"    imm: 3\n", "    imm: 3\n    next_imm: any\n", "17:15",
              "only a wide instruction"},
             {"X, ALU64", "X, ALU", "17:15", "opcode 0xff is of class ALU64"},
             {"{MIN, X, ALU64}", "MIN", "17:15", "is not of the form"},
             {"src ? dst : src", "src ? dst", "18:14", "expected ':'"},
             {"src ? dst : src", "imm ? dst : src", "18:14", "the formula has imm, a field that"},
             {"< src ? dst : src", "< 5 ? dst : 5", "18:14",
              "the formula has no src, which may be"},
             {"< src ? dst : src", "< src ? dst : next_imm", "18:14",
              "the formula has next_imm, and the instruction is not wide"},
             {"dst = dst < src ? dst : src", "PC += dst < src ? 1 : 2", "18:14",
              "a formula that jumps has either offset or imm"},
             {"dst = dst < src ? dst : src", "PC += dst < src ? offset : imm", "18:14",
              "a formula that jumps has either offset or imm"},
             {"{src})\"", "{src)\"", "19:13", "a brace stands alone"},
             {"{src})\"", "src})\"", "19:13", "a brace stands alone"},
             {"min({dst}, {src})", "{src} {dst", "19:13", "a brace stands alone"},
             {"{dst} = min({dst}, {src})", "{dst} += {src}", "19:13",
              "'r1 += r2' is the assembly of 'add64_reg' of RFC 9669"},
             {"{dst} = min({dst}, {src})", "goto {target}", "19:13", "the assembly of 'ja'"},
             {"min({dst}", "min({dest}", "19:13", "there is no {dest}; expected one of dst, dst32"},
             {"llvm_cpu: \"-\"", "llvm_cpu: v9", "20:15", "llvm_cpu is v1 to v5"},
         }) {
        const TemporaryFolder folder;
        const auto path = folder.write("extensions/x-test/extension.yaml",
                                       replaced(good, mistake.old, mistake.with));
        const std::string error = error_of([&] { load_extensions(folder.path()); });
        EXPECT_THAT(error, StartsWith(fmt::format("{}:{}: ", path.string(), mistake.place)))
            << mistake.with;
        EXPECT_THAT(error, HasSubstr(std::string(mistake.message))) << mistake.with;
    }
}

TEST(extension_files, rows_that_are_one_another) {
    const TemporaryFolder folder;
    const std::string row(good.substr(good.find("  - mnemonic")));
    folder.write("extensions/x-test/extension.yaml", std::string(good) += row);
    EXPECT_THAT(error_of([&] { load_extensions(folder.path()); }), HasSubstr("stands twice"));
    folder.write("extensions/x-test/extension.yaml",
                 std::string(good) += replaced(row, "test64_reg", "max64_reg"));
    EXPECT_THAT(error_of([&] { load_extensions(folder.path()); }),
                HasSubstr(":21:15: 'max64_reg' and 'test64_reg' of this extension have encodings"));
    folder.write("extensions/x-test/extension.yaml", good);
    folder.write(
        "extensions/x-max/extension.yaml",
        replaced(replaced(good, "extension: x-test", "extension: x-max"), "X-TEST", "X-MAX"));
    EXPECT_THAT(error_of([&] { load_extensions(folder.path()); }),
                HasSubstr("mnemonic 'test64_reg' is taken by "));
    std::filesystem::remove(folder.path() / "extensions/x-max/extension.yaml");
    EXPECT_THAT(error_of([&] { load_extensions(folder.path()); }),
                testing::EndsWith("x-max: a folder of an extension has a file extension.yaml"));
}

TEST(extension_files, the_vectors_of_an_extension) {
    const TemporaryFolder folder;
    const std::filesystem::path source(ASSAY_SOURCE_DIR);
    const auto clauses = folder.write("clauses.yaml", "clauses: []\n");
    std::filesystem::create_directories(folder.path() / "v/extensions/x-maygoto");
    std::filesystem::copy(source / "vectors/extensions/x-maygoto/extension.yaml",
                          folder.path() / "v/extensions/x-maygoto");
    const auto load = [&](std::string_view text) {
        folder.write("v/extensions/x-maygoto/a.yaml", text);
        return load_suite(folder.path() / "v", clauses);
    };
    const std::string head = "section: \"x-maygoto\"\nvectors:\n  - id: a/b\n"
                             "    clauses: [X-MAYGOTO-EITHER]\n    because: B.\n";
    const Suite suite = load(head + "    program: |\n      r0 = 1\n      may_goto +0\n      exit\n"
                                    "    after: {r0: 1}\n");
    ASSERT_EQ(suite.vectors.size(), 1u);
    EXPECT_EQ(suite.vectors[0].extension, "x-maygoto");
    EXPECT_THAT(suite.vectors[0].tests, testing::ElementsAre(find_row("may_goto")));
    EXPECT_EQ(suite.vectors[0].body[1], (Slot{.opcode = 0xe5}));
    EXPECT_EQ(group_name_of(*suite.vectors[0].tests[0]), "x-maygoto");
    EXPECT_THAT(error_of([&] { load(head + "    asm: r0 = 1\n    after: {r0: 1}\n"); }),
                HasSubstr("a.yaml:3:5: the vector has no instruction of x-maygoto"));
    EXPECT_THAT(error_of([&] { load("section: \"4.3\"\nvectors: []\n"); }),
                HasSubstr("a.yaml:1:10: vectors of x-maygoto have the section x-maygoto"));
}

// Elsewhere a file of that name holds vectors like any other; these were left out once.
TEST(extension_files, a_file_of_that_name_in_a_section_holds_vectors) {
    const TemporaryFolder folder;
    const auto clauses = folder.write(
        "clauses.yaml", "clauses:\n  - {id: C-1, section: \"4.1\", kind: value, strength: must, "
                        "text: T.}\n");
    folder.write("v/4.1-arithmetic/extension.yaml",
                 "section: \"4.1\"\nvectors:\n  - id: a/b\n    clauses: [C-1]\n    because: B.\n"
                 "    asm: r1 += 1\n    before: {r1: 0}\n    after: {r1: 1}\n");
    EXPECT_EQ(load_suite(folder.path() / "v", clauses).vectors.size(), 1u);
}

// Every row comes back from its own text, whatever LLVM knows.
TEST(extension_syntax, every_row) {
    for (const InstructionRow& row : extension_table())
        for (const s16 offset : {s16{0}, s16{8}, s16{-32768}, s16{32767}}) {
            const auto field = [](const FieldRule& rule, s64 otherwise) {
                return rule.kind == FieldRule::Kind::any    ? otherwise
                       : rule.kind == FieldRule::Kind::only ? rule.value
                                                            : 0;
            };
            const Slot slot{.opcode = row.opcode,
                            .dst_reg = static_cast<u8>(field(row.dst_reg, 3)),
                            .src_reg = static_cast<u8>(field(row.src_reg, 10)),
                            .offset = static_cast<s16>(field(row.offset, offset)),
                            .imm = static_cast<s32>(field(row.imm, -5))};
            const std::string text = disassemble(std::vector<Slot>{slot}, 0);
            const std::string quad = with_extension_syntax(text);
            EXPECT_THAT(quad, StartsWith(".quad 0x")) << text;
            EXPECT_THAT(assembled(quad), testing::ElementsAre(slot)) << text;
        }
}

// Where LLVM knows them, it makes the same of them.
TEST(extension_syntax, is_that_of_llvm) {
    if (std::stoi(Assembler::llvm_version()) < 22)
        GTEST_SKIP() << "LLVM " << Assembler::llvm_version() << " does not know all of them";
    for (const InstructionRow& row : extension_table()) {
        if (row.llvm_cpu == "-")
            continue;
        const Slot slot{.opcode = row.opcode,
                        .dst_reg = static_cast<u8>(row.dst_reg.value),
                        .src_reg = static_cast<u8>(row.src_reg.value),
                        .offset = static_cast<s16>(row.offset.value),
                        .imm = static_cast<s32>(row.imm.value)};
        const std::string text = disassemble(std::vector<Slot>{slot}, 0);
        EXPECT_THAT(assembled(text), testing::ElementsAre(slot)) << text;
    }
}

TEST(extension_syntax, all_else_stays) {
    for (const std::string text :
         {"", "r0 = 1", "r0 = 1; exit\n", "a:\n  goto a # may_goto +1\n", "exit // may_goto +1",
          "may_goto label", "may_goto +99999", "w3 = load_acquire((u64 *)(r4 + 0))",
          "r99 = load_acquire((u64 *)(r4 + 0))", "r03 = load_acquire((u64 *)(r4 + 0))",
          "r3 = load_acquire((u64 *)(r12 + 0))", "r11 = load_acquire((u64 *)(r4 + 0))",
          "may_goto +99999999999999999999", "may_goto -18446744073709551615",
          "r3 = load_acquire((u64 *)(r4 + 0x10000000000000000))", ";;\n\n", "a: b:", ":",
          "1: exit"})
        EXPECT_EQ(with_extension_syntax(text), text);
    const std::string long_text(200'000, 'x');
    EXPECT_EQ(with_extension_syntax(long_text), long_text);
    EXPECT_EQ(with_extension_syntax("a: b:may_goto +010"), "a: b:.quad 0x00000000000a00e5");
    EXPECT_EQ(with_extension_syntax("again: may_goto -1; r0 = 1 # c\nexit"),
              "again: .quad 0x00000000ffff00e5; r0 = 1 # c\nexit");
    EXPECT_EQ(with_extension_syntax("  w1=load_acquire((u8*)(r2))"), "  .quad 0x00000100000021d3");
}

} // namespace
} // namespace bpf_assay::conformance
