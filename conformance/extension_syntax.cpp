#include "conformance/extension_syntax.hpp"

#include "conformance/numbers.hpp"

#include "reference_vm/instructions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <regex>
#include <vector>

namespace bpf_assay::conformance {
namespace {

std::string without_blanks(std::string_view text) {
    std::string dense;
    for (const char c : text)
        if (c != ' ' && c != '\t')
            dense += c;
    return dense;
}

/// A row's syntax as a pattern, in which blanks count for nothing, and what its groups are.
struct Syntax {
    const InstructionRow* row;
    std::regex pattern;
    std::vector<std::string> placeholders;
};

std::string pattern_of(const std::string& placeholder) {
    static const std::map<std::string, std::string, std::less<>> patterns{
        {"dst", "r(1[0-5]|[0-9])"},
        {"src", "r(1[0-5]|[0-9])"},
        {"dst32", "w(1[0-5]|[0-9])"},
        {"src32", "w(1[0-5]|[0-9])"},
        {"offset", "((?:[+-](?:0x[0-9a-f]+|[0-9]+))?)"},
        {"index", "((?:[+-](?:0x[0-9a-f]+|[0-9]+))?)"},
        {"target", "([+-][0-9]+)"},
        {"far_target", "([+-][0-9]+)"}};
    const auto found = patterns.find(placeholder);
    return found == patterns.end() ? "(-?(?:0x[0-9a-f]+|[0-9]+))" : found->second; // imm
}

Syntax syntax_of(const InstructionRow& row) {
    Syntax syntax{&row, {}, {}};
    std::string pattern;
    std::string_view rest = row.syntax;
    while (!rest.empty()) {
        if (rest[0] == '{') {
            const std::size_t close = rest.find('}');
            syntax.placeholders.emplace_back(rest.substr(1, close - 1));
            pattern += pattern_of(syntax.placeholders.back());
            rest.remove_prefix(close + 1);
            continue;
        }
        if (std::string_view(R"(.^$|()[]*+?\/)").find(rest[0]) != std::string_view::npos)
            pattern += '\\';
        if (rest[0] != ' ')
            pattern += rest[0];
        rest.remove_prefix(1);
    }
    syntax.pattern = std::regex(pattern);
    return syntax;
}

const std::vector<Syntax>& all_syntax() {
    static const std::vector<Syntax> all = [] {
        std::vector<Syntax> made;
        for (const InstructionRow& row : extension_table())
            made.push_back(syntax_of(row));
        return made;
    }();
    return all;
}

/// Whether a register that stands in the text may be the row's.
bool is_register(const FieldRule& rule, s64 number) {
    if (rule.kind == FieldRule::Kind::any)
        return number < register_count;
    return number == (rule.kind == FieldRule::Kind::only ? rule.value : 0);
}

/// "+8", "-0x10" or nothing, which is zero.
std::optional<s64> number_of(std::string_view text, bool is_unsigned) {
    if (text.empty())
        return 0;
    if (text.starts_with('+'))
        text.remove_prefix(1);
    const auto value = parse_integer(text);
    const auto number = static_cast<s64>(value.value_or(0));
    if (!value || (number < 0 && !is_unsigned && !text.starts_with('-')))
        return std::nullopt;
    return number;
}

/// Sets what the placeholder stands for; false if it does not fit, or is something else already.
bool set_field(const InstructionRow& row, const std::string& placeholder, const std::string& text,
               Slot& slot, s32& next_imm, std::map<std::string, s64>& seen) {
    const auto number = number_of(text, placeholder == "imm64");
    if (!number)
        return false;
    const s64 value = *number;
    const std::string field =
        placeholder.ends_with("32") ? placeholder.substr(0, placeholder.size() - 2) : placeholder;
    if (const auto [known, fresh] = seen.emplace(field, value); !fresh && known->second != value)
        return false;
    const auto within = [&](s64 low, s64 high) { return value >= low && value <= high; };
    if (field == "dst" || field == "src") {
        (field == "dst" ? slot.dst_reg : slot.src_reg) = static_cast<u8>(value);
        return is_register(field == "dst" ? row.dst_reg : row.src_reg, value);
    }
    if (field == "offset" || field == "target") {
        slot.offset = static_cast<s16>(value);
        return within(-0x8000, 0x7fff);
    }
    if (field == "imm64")
        next_imm = static_cast<s32>(value >> 32);
    else if (field == "next_imm")
        next_imm = static_cast<s32>(value);
    if (field != "next_imm")
        slot.imm = static_cast<s32>(value);
    return field == "imm64" || within(-0x80000000LL, 0xffffffffLL);
}

std::string quad(const Slot& slot) {
    return fmt::format(".quad {:#018x}", u64{slot.opcode} | u64{slot.dst_reg} << 8 |
                                             u64{slot.src_reg} << 12 |
                                             u64{static_cast<u16>(slot.offset)} << 16 |
                                             u64{static_cast<u32>(slot.imm)} << 32);
}

/// std::regex recurses for every character.
constexpr std::size_t longest = 500;

std::optional<std::string> assembled(const std::string& statement) {
    const std::string dense = without_blanks(statement);
    for (const Syntax& syntax : all_syntax()) {
        std::smatch match;
        if (dense.empty() || dense.size() > longest ||
            !std::regex_match(dense, match, syntax.pattern))
            continue;
        const InstructionRow& row = *syntax.row;
        const auto fixed = [](const FieldRule& rule) {
            return rule.kind == FieldRule::Kind::only ? rule.value : 0;
        };
        Slot slot{.opcode = row.opcode,
                  .dst_reg = static_cast<u8>(fixed(row.dst_reg)),
                  .src_reg = static_cast<u8>(fixed(row.src_reg)),
                  .offset = static_cast<s16>(fixed(row.offset)),
                  .imm = static_cast<s32>(fixed(row.imm))};
        s32 next_imm = 0;
        std::map<std::string, s64> seen;
        bool fits = true;
        for (std::size_t i = 0; fits && i < syntax.placeholders.size(); ++i)
            fits = set_field(row, syntax.placeholders[i], match[i + 1].str(), slot, next_imm, seen);
        // A field that selects the row may stand in its syntax, too: r11 of x-stackargs.
        const ExtensionSet all = ExtensionSet::all();
        if (!fits || find_row(slot, all) != &row)
            continue;
        return row.wide ? fmt::format("{}; {}", quad(slot), quad({.imm = next_imm})) : quad(slot);
    }
    return std::nullopt;
}

/// How many characters of the statement are labels, and blanks around them.
std::size_t labels_of(const std::string& statement) {
    static constexpr std::string_view blanks = " \t\r\v\f";
    static constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.0123456789";
    const auto behind = [&](std::string_view set, std::size_t at) {
        return std::min(statement.find_first_not_of(set, at), statement.size());
    };
    for (std::size_t at = behind(blanks, 0);;) {
        const std::size_t end = behind(letters, at);
        const bool is_digit = statement[at] >= '0' && statement[at] <= '9';
        if (end == at || end == statement.size() || statement[end] != ':' || is_digit)
            return at;
        at = behind(blanks, end + 1);
    }
}

/// A statement, behind its labels.
std::string rewritten(const std::string& statement) {
    const std::size_t labels = labels_of(statement);
    const auto slots = assembled(statement.substr(labels));
    return slots ? statement.substr(0, labels) + *slots : statement;
}

} // namespace

std::string with_extension_syntax(const std::string& text) {
    std::string result;
    std::size_t at = 0;
    while (at <= text.size()) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);
        const std::size_t code_end =
            std::min({line.find('#'), line.find("//"), line.size()}); // a comment follows
        for (std::size_t from = 0; from <= code_end;) {
            const std::size_t to = std::min(line.find(';', from), code_end);
            result += rewritten(line.substr(from, to - from));
            if (to < code_end)
                result += ';';
            from = to + 1;
        }
        result += line.substr(code_end);
        if (end < text.size())
            result += '\n';
        at = end + 1;
    }
    return result;
}

} // namespace bpf_assay::conformance
