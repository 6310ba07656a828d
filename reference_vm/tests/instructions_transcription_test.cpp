// The table against an independent transcription of the RFC's registry.
#include "reference_vm/instructions.hpp"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

namespace bpf_assay {
namespace {

using Kind = FieldRule::Kind;

/// "any", or the one value of the field, which is 0 where the field is unused.
void expect_field(const FieldRule& rule, const YAML::Node& entry, const char* field) {
    SCOPED_TRACE(field);
    const auto text = entry[field].as<std::string>();
    if (text == "any") {
        EXPECT_EQ(rule.kind, Kind::any);
        return;
    }
    EXPECT_NE(rule.kind, Kind::any);
    EXPECT_EQ(rule.value, std::stoll(text, nullptr, 0));
}

TEST(instructions_transcription, table_equals_the_registry) {
    const YAML::Node entries = YAML::LoadFile(ASSAY_OPCODES_YAML)["instructions"];
    ASSERT_EQ(entries.size(), instruction_count);
    for (const YAML::Node& entry : entries) {
        const auto mnemonic = entry["mnemonic"].as<std::string>();
        SCOPED_TRACE(mnemonic);
        const InstructionRow* row = find_row(mnemonic);
        ASSERT_NE(row, nullptr);
        EXPECT_EQ(row->opcode, std::stoul(entry["opcode"].as<std::string>(), nullptr, 0));
        expect_field(row->dst_reg, entry, "dst_reg");
        expect_field(row->src_reg, entry, "src_reg");
        expect_field(row->offset, entry, "offset");
        expect_field(row->imm, entry, "imm");
        EXPECT_EQ(row->wide, entry["wide"].as<bool>());
        EXPECT_EQ(name_of(row->group), entry["group"].as<std::string>());
        EXPECT_EQ(row->rfc_name, entry["rfc"].as<std::string>());
        EXPECT_TRUE(row->section.starts_with(entry["section"].as<std::string>())) << row->section;
        EXPECT_EQ(row->llvm_cpu, entry["llvm_cpu"].as<std::string>());
    }
}

} // namespace
} // namespace bpf_assay
