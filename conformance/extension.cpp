#include "conformance/extension.hpp"

#include "conformance/assembler.hpp"
#include "conformance/left_out.hpp"
#include "conformance/yaml_reader.hpp"

#include "reference_vm/formula.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace bpf_assay::conformance {
namespace {

namespace fs = std::filesystem;
using RuleKind = FieldRule::Kind;

constexpr std::array<std::string_view, 3> status_names{"draft", "shipped", "withdrawn"};
constexpr std::array<std::string_view, 8> class_names{"LD",  "LDX", "ST",    "STX",
                                                      "ALU", "JMP", "JMP32", "ALU64"};
constexpr std::array<std::string_view, 6> cpu_levels{"v1", "v2", "v3", "v4", "v5", "-"};

class ExtensionReader {
public:
    explicit ExtensionReader(const fs::path& path)
        : m_file(path), m_folder(path.parent_path().filename().string()) {}

    ExtensionFile read() {
        const YAML::Node& root = m_file.root();
        m_file.expect_map(root, "an extension",
                          {"extension", "title", "text", "status", "since", "runs", "why", "links",
                           "clauses", "instructions"});
        ExtensionFile extension;
        read_head(root, extension);
        read_links(m_file.required(root, "links"), extension);
        read_clauses(m_file.required(root, "clauses"), extension);
        const YAML::Node rows = m_file.required(root, "instructions");
        m_file.expect_sequence(rows, "instructions");
        if (rows.size() == 0)
            m_file.fail(rows, "an extension has at least one instruction");
        for (const auto& node : rows)
            add_row(node, extension);
        return extension;
    }

private:
    std::string matching(const YAML::Node& node, const char* key, const char* pattern) const {
        const YAML::Node value = m_file.required(node, key);
        const std::string text = m_file.text(value, key);
        if (!std::regex_match(text, std::regex(pattern)))
            m_file.fail(value, fmt::format("{} '{}' is not of the form {}", key, text, pattern));
        return text;
    }

    void read_head(const YAML::Node& root, ExtensionFile& extension) const {
        extension.name = matching(root, "extension", "x-[a-z0-9]+(-[a-z0-9]+)*");
        if (extension.name != m_folder)
            m_file.fail(root["extension"],
                        fmt::format("extension '{}' stands in the folder '{}': the two have the "
                                    "same name",
                                    extension.name, m_folder));
        extension.title = m_file.text(m_file.required(root, "title"), "title");
        extension.text = m_file.text(m_file.required(root, "text"), "text");
        const YAML::Node status = m_file.required(root, "status");
        const auto known = extension_status_from_name(m_file.text(status, "status"));
        if (!known)
            m_file.fail(status, fmt::format("status is draft, shipped or withdrawn, not '{}'",
                                            status.Scalar()));
        extension.status = *known;
        if (root["since"]) {
            m_file.expect_map(root["since"], "since", {"linux", "llvm"});
            for (const auto& entry : root["since"])
                extension.since[entry.first.Scalar()] = m_file.text(entry.second, "a version");
        }
        extension.runs = m_file.flag(m_file.required(root, "runs"), "runs");
        if (root["why"])
            extension.why = m_file.text(root["why"], "why");
        if (extension.runs == !extension.why.empty())
            m_file.fail(root["runs"], extension.runs
                                          ? "'why' says why an extension does not run; this runs"
                                          : "an extension that does not run says 'why'");
    }

    void read_links(const YAML::Node& node, ExtensionFile& extension) const {
        m_file.expect_sequence(node, "links");
        for (const auto& link : node) {
            extension.links.push_back(m_file.text(link, "a link"));
            if (!extension.links.back().starts_with("https://"))
                m_file.fail(link, "a link begins with https://");
        }
    }

    void read_clauses(const YAML::Node& node, ExtensionFile& extension) const {
        m_file.expect_sequence(node, "clauses");
        std::string prefix = extension.name + "-";
        std::ranges::transform(prefix, prefix.begin(), [](char c) {
            return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        });
        for (const auto& entry : node) {
            m_file.expect_map(entry, "a clause", {"id", "kind", "text", "untestable"});
            const std::string id = matching(entry, "id", "[A-Z0-9-]+");
            if (!id.starts_with(prefix))
                m_file.fail(entry["id"],
                            fmt::format("a clause of {} is called {}...", extension.name, prefix));
            if (std::ranges::find(extension.clauses, id, [](const auto& clause) {
                    return clause.first;
                }) != extension.clauses.end())
                m_file.fail(entry["id"], fmt::format("clause '{}' stands twice", id));
            m_file.text(m_file.required(entry, "kind"), "kind");
            extension.clauses.emplace_back(
                id, Clause{.section = extension.name,
                           .text = m_file.text(m_file.required(entry, "text"), "text"),
                           .untestable = entry["untestable"]
                                             ? m_file.text(entry["untestable"], "untestable")
                                             : ""});
        }
    }

    FieldRule rule(const YAML::Node& row, const char* key, s64 low, s64 high) const {
        const YAML::Node node = m_file.required(row, key);
        if (node.IsScalar() && node.Scalar() == "any")
            return {RuleKind::any};
        if (node.IsScalar() && node.Scalar() == "unused")
            return {RuleKind::unused};
        if (!node.IsScalar() || node.Scalar().find_first_of("0123456789") == std::string::npos)
            m_file.fail(node, fmt::format("{} is any, unused or a number", key));
        return {RuleKind::only, m_file.integer_between(node, key, low, high)};
    }

    void add_row(const YAML::Node& node, ExtensionFile& extension) const {
        m_file.expect_map(node, "an instruction",
                          {"mnemonic", "opcode", "dst_reg", "src_reg", "offset", "imm", "wide",
                           "next_imm", "rfc_name", "formula", "syntax", "llvm_cpu"});
        TableRow row;
        row.mnemonic = matching(node, "mnemonic", "[a-z][a-z0-9_]*");
        row.where = m_file.location_of(node["mnemonic"]).text();
        row.opcode = static_cast<u8>(
            m_file.integer_between(m_file.required(node, "opcode"), "opcode", 0, 0xff));
        row.dst_reg = rule(node, "dst_reg", 0, 15);
        row.src_reg = rule(node, "src_reg", 0, 15);
        row.offset = rule(node, "offset", -0x8000, 0x7fff);
        row.imm = rule(node, "imm", -0x80000000LL, 0x7fffffff);
        row.wide = node["wide"] && m_file.flag(node["wide"], "wide");
        if (row.wide)
            row.next_imm = rule(node, "next_imm", -0x80000000LL, 0x7fffffff);
        else if (node["next_imm"])
            m_file.fail(node["next_imm"], "only a wide instruction has next_imm");
        row.group = row.section = row.extension = extension.name;
        row.rfc_name = matching(node, "rfc_name", R"(\{[A-Z0-9]+, [A-Z0-9]+, [A-Z0-9]+\})");
        row.llvm_cpu = m_file.text(m_file.required(node, "llvm_cpu"), "llvm_cpu");
        if (std::ranges::find(cpu_levels, row.llvm_cpu) == cpu_levels.end())
            m_file.fail(node["llvm_cpu"], "llvm_cpu is v1 to v5, or \"-\" where LLVM has none");
        row.formula = m_file.text(m_file.required(node, "formula"), "formula");
        row.syntax = m_file.text(m_file.required(node, "syntax"), "syntax");
        check_class(node["rfc_name"], row);
        check_formula(node["formula"], row, extension.runs);
        check_syntax(node["syntax"], row);
        check_new(node, row, extension);
        extension.rows.push_back(std::move(row));
    }

    void check_class(const YAML::Node& node, const TableRow& row) const {
        const std::string_view name = class_names[row.opcode & 7];
        if (!row.rfc_name.ends_with(fmt::format(", {}}}", name)))
            m_file.fail(node, fmt::format("opcode {:#04x} is of class {}, which '{}' is not",
                                          row.opcode, name, row.rfc_name));
    }

    /// What it computes with has to be what the fields give it.
    void check_formula(const YAML::Node& node, const TableRow& row, bool runs) const {
        if (!runs)
            return;
        const auto parsed = Formula::parse(row.formula);
        if (const auto* error = std::get_if<FormulaError>(&parsed))
            m_file.fail(node, fmt::format("formula, character {} ('{}'): {}", error->at + 1,
                                          row.formula.substr(error->at), error->what));
        const auto& formula = std::get<Formula>(parsed);
        if (!row.wide && formula.reads("next_imm"))
            m_file.fail(node, "the formula has next_imm, and the instruction is not wide");
        if (formula.writes("PC") && formula.reads("offset") == formula.reads("imm"))
            m_file.fail(node, "a formula that jumps has either offset or imm: by the one that it "
                              "has, the target is known before the program runs");
        const std::array<std::pair<const char*, const FieldRule*>, 5> fields{
            {{"dst", &row.dst_reg},
             {"src", &row.src_reg},
             {"offset", &row.offset},
             {"imm", &row.imm},
             {"next_imm", &row.next_imm}}};
        for (const auto& [name, field] : fields) {
            const bool named = formula.reads(name) || formula.writes(name);
            if (named && field->kind != RuleKind::any)
                m_file.fail(node, fmt::format("the formula has {}, a field that the instruction "
                                              "does not use",
                                              name));
            if (!named && field->kind == RuleKind::any)
                m_file.fail(node, fmt::format("the formula has no {}, which may be anything: "
                                              "such a field is unused",
                                              name));
        }
    }

    void check_syntax(const YAML::Node& node, const TableRow& row) const {
        // What each stands for, and an example of it; of a field that selects the row, its value.
        const auto of = [](const FieldRule& rule, s64 otherwise) {
            return rule.kind == RuleKind::only ? rule.value : otherwise;
        };
        const s64 dst = of(row.dst_reg, 1);
        const s64 src = of(row.src_reg, 2);
        const s64 offset = of(row.offset, 8);
        const std::map<std::string, std::string, std::less<>> examples{
            {"dst", fmt::format("r{}", dst)},
            {"dst32", fmt::format("w{}", dst)},
            {"src", fmt::format("r{}", src)},
            {"src32", fmt::format("w{}", src)},
            {"imm", fmt::to_string(of(row.imm, 1))},
            {"imm64", fmt::to_string(of(row.imm, 1))},
            {"next_imm", fmt::to_string(of(row.next_imm, 1))},
            {"offset", fmt::format("{:+}", offset)},
            {"index", fmt::format("{:+}", of(row.imm, 8))},
            {"target", fmt::format("{:+}", offset)},
            {"far_target", fmt::format("{:+}", of(row.imm, 8))}};
        std::string example;
        std::string_view rest = row.syntax;
        while (!rest.empty()) {
            const std::size_t brace = std::min(rest.find_first_of("{}"), rest.size());
            example += rest.substr(0, brace);
            rest.remove_prefix(brace);
            if (rest.empty())
                break;
            const std::size_t close = rest.find('}');
            if (rest[0] == '}' || close == std::string_view::npos ||
                rest.find('{', 1) < close) // what is not closed would take the rest of the text
                m_file.fail(node, fmt::format("syntax: a brace stands alone in '{}'", row.syntax));
            const std::string name(rest.substr(1, close - 1));
            const auto known = examples.find(name);
            if (known == examples.end()) {
                std::vector<std::string_view> names;
                for (const auto& [each, text] : examples)
                    names.push_back(each);
                m_file.fail(node, fmt::format("syntax: there is no {{{}}}; expected one of {}",
                                              name, fmt::join(names, ", ")));
            }
            example += known->second;
            rest.remove_prefix(close + 1);
        }
        const auto slots = m_assembler.assemble(example);
        if (const auto* taken = std::get_if<std::vector<Slot>>(&slots))
            for (const Slot& slot : *taken)
                if (const InstructionRow* rfc = rfc_row(slot))
                    m_file.fail(node, fmt::format("syntax: '{}' is the assembly of '{}' of RFC "
                                                  "9669",
                                                  example, rfc->mnemonic));
    }

    /// The instruction of the RFC that LLVM has made of a text.
    static const InstructionRow* rfc_row(const Slot& slot) {
        const bool of_the_rfc = slot.dst_reg < register_count && slot.src_reg < register_count;
        return of_the_rfc ? find_row(slot) : nullptr;
    }

    void check_new(const YAML::Node& node, const TableRow& row,
                   const ExtensionFile& extension) const {
        for (const InstructionRow& taken : instruction_table())
            if (taken.mnemonic == row.mnemonic)
                m_file.fail(node["mnemonic"],
                            fmt::format("'{}' is an instruction of RFC 9669", row.mnemonic));
        for (const TableRow& other : extension.rows) {
            if (other.mnemonic == row.mnemonic)
                m_file.fail(node["mnemonic"], fmt::format("'{}' stands twice", row.mnemonic));
            if (overlap(other.view(), row.view()))
                m_file.fail(node["mnemonic"],
                            fmt::format("'{}' and '{}' of this extension have encodings in common",
                                        row.mnemonic, other.mnemonic));
        }
    }

    YamlFile m_file;
    std::string m_folder;
    mutable Assembler m_assembler;
};

FieldRule reserved_rule(const YamlFile& file, const YAML::Node& node, const char* key, s64 low,
                        s64 high) {
    if (!node[key])
        return {RuleKind::any};
    return {RuleKind::only, file.integer_between(node[key], key, low, high)};
}

bool same_rule(const FieldRule& a, const FieldRule& b) {
    return a.kind == b.kind && a.value == b.value;
}

bool same_row(const InstructionRow& a, const InstructionRow& b) {
    return a.opcode == b.opcode && same_rule(a.dst_reg, b.dst_reg) &&
           same_rule(a.src_reg, b.src_reg) && same_rule(a.offset, b.offset) &&
           same_rule(a.imm, b.imm) && same_rule(a.next_imm, b.next_imm) && a.wide == b.wide &&
           a.rfc_name == b.rfc_name && a.section == b.section && a.formula == b.formula &&
           a.syntax == b.syntax && a.llvm_cpu == b.llvm_cpu && a.extension == b.extension;
}

} // namespace

std::string_view name_of(ExtensionStatus status) {
    return status_names[static_cast<std::size_t>(status)];
}

std::optional<ExtensionStatus> extension_status_from_name(std::string_view name) {
    const auto found = std::ranges::find(status_names, name);
    if (found == status_names.end())
        return std::nullopt;
    return static_cast<ExtensionStatus>(found - status_names.begin());
}

namespace {

/// With `left_out`, what cannot be read is listed there.
std::vector<ExtensionFile> load(const fs::path& vectors, std::vector<LeftOut>* left_out) {
    std::vector<fs::path> folders;
    std::error_code error;
    for (fs::directory_iterator it(vectors / "extensions", error), end; it != end && !error;
         it.increment(error))
        if (it->is_directory())
            folders.push_back(it->path());
    std::ranges::sort(folders);
    std::vector<ExtensionFile> extensions;
    for (const fs::path& folder : folders)
        try {
            if (!fs::exists(folder / "extension.yaml"))
                throw InputError(fmt::format(
                    "{}: a folder of an extension has a file extension.yaml", folder.string()));
            extensions.push_back(ExtensionReader(folder / "extension.yaml").read());
        } catch (const InputError& mistake) {
            if (left_out == nullptr)
                throw;
            const std::string name = folder.filename().string();
            left_out->push_back(
                {.subject = name, .extension = name, .why = mistake.what(), .ids = {}});
        }
    std::map<std::string_view, const TableRow*> names;
    for (const ExtensionFile& extension : extensions)
        for (const TableRow& row : extension.rows)
            if (const auto [first, fresh] = names.emplace(row.mnemonic, &row); !fresh)
                throw InputError(fmt::format("{}: mnemonic '{}' is taken by {}", row.where,
                                             row.mnemonic, first->second->where));
    return extensions;
}

} // namespace

std::vector<ExtensionFile> load_extensions(const fs::path& vectors) {
    return load(vectors, nullptr);
}

std::vector<ExtensionFile> load_extensions(const fs::path& vectors,
                                           std::vector<LeftOut>& left_out) {
    return load(vectors, &left_out);
}

std::vector<Reserved> load_reserved(const fs::path& vectors) {
    const fs::path path = vectors / "extensions" / "reserved.yaml";
    if (!fs::exists(path))
        return {};
    const YamlFile file(path);
    file.expect_map(file.root(), "the file", {"reserved"});
    const YAML::Node list = file.required(file.root(), "reserved");
    file.expect_sequence(list, "reserved");
    std::vector<Reserved> all;
    for (const auto& node : list) {
        file.expect_map(node, "an encoding",
                        {"opcode", "dst_reg", "src_reg", "offset", "imm", "by", "use"});
        TableRow row;
        row.opcode =
            static_cast<u8>(file.integer_between(file.required(node, "opcode"), "opcode", 0, 0xff));
        row.dst_reg = reserved_rule(file, node, "dst_reg", 0, 15);
        row.src_reg = reserved_rule(file, node, "src_reg", 0, 15);
        row.offset = reserved_rule(file, node, "offset", -0x8000, 0x7fff);
        row.imm = reserved_rule(file, node, "imm", -0x80000000LL, 0x7fffffff);
        row.section = file.text(file.required(node, "by"), "by");
        row.mnemonic = file.text(file.required(node, "use"), "use");
        row.where = file.location_of(node).text();
        all.push_back({std::move(row)});
    }
    return all;
}

std::optional<std::string> stale_row(const ExtensionFile& extension) {
    const auto known = std::ranges::find(extensions(), extension.name, &Extension::name);
    const auto compiled =
        std::ranges::count(extension_table(), extension.name, &InstructionRow::extension);
    for (const TableRow& row : extension.rows) {
        const InstructionRow* own = find_row(std::string_view(row.mnemonic));
        if (own == nullptr || !same_row(row.view(), *own))
            return fmt::format("{}: this build {} '{}'; run scripts/generate, and build", row.where,
                               own == nullptr ? "does not have" : "has another", row.mnemonic);
    }
    if (known == extensions().end() || known->runs != extension.runs ||
        static_cast<std::size_t>(compiled) != extension.rows.size())
        return fmt::format("{}: this build has another {}; run scripts/generate, and build",
                           extension.rows.front().where, extension.name);
    return std::nullopt;
}

} // namespace bpf_assay::conformance
