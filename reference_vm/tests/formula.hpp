// An evaluator of the formulas in the table: C expressions over the fields of one instruction,
// typed as InstructionRow says. It shares no code with the machine.
#pragma once

#include "reference_vm/numeric.hpp"

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bpf_assay::test {

/// A number of C: `bits` are kept extended to 64 bits by the sign of the type.
struct Value {
    u64 bits = 0;
    int width = 32;
    bool is_signed = true;

    friend bool operator==(const Value&, const Value&) = default;
};

/// The value as one of another type.
inline Value cast(Value value, int width, bool is_signed) {
    const int spare = 64 - width;
    const u64 high = value.bits << spare;
    return {is_signed ? static_cast<u64>(static_cast<s64>(high) >> spare) : high >> spare, width,
            is_signed};
}

inline Value u64_value(u64 bits) {
    return {bits, 64, false};
}

struct Environment {
    std::map<std::string, Value, std::less<>>
        names; // dst, src, R0, imm, next_imm, offset, PC, packet
    std::function<u64(u64 address, int width)> load;
    std::function<void(u64 address, int width, u64 value)> store;
    ByteOrder host = ByteOrder::little;
};

/// Executes a formula. Throws std::runtime_error for what is not in the notation.
class Formula {
public:
    Formula(std::string_view text, Environment& environment)
        : m_rest(text), m_environment(environment) {}

    void execute() {
        do
            statement();
        while (accept(";"));
        if (skip_spaces(); !m_rest.empty())
            fail();
    }

private:
    [[noreturn]] void fail() const { throw std::runtime_error("at: " + std::string(m_rest)); }

    void skip_spaces() {
        m_rest.remove_prefix(std::min(m_rest.find_first_not_of(' '), m_rest.size()));
    }

    bool accept(std::string_view token) {
        skip_spaces();
        if (!m_rest.starts_with(token))
            return false;
        m_rest.remove_prefix(token.size());
        return true;
    }
    void expect(std::string_view token) {
        if (!accept(token))
            fail();
    }
    /// `token`, but not as the beginning of a longer one.
    bool accept_operator(std::string_view token) {
        skip_spaces();
        const std::string_view after = m_rest.substr(std::min(token.size(), m_rest.size()));
        const bool longer = !after.empty() && (after[0] == '=' || after[0] == token.back());
        return !longer && accept(token);
    }

    std::string word() {
        skip_spaces();
        std::size_t length = 0;
        while (length < m_rest.size() &&
               (std::isalnum(static_cast<unsigned char>(m_rest[length])) != 0 ||
                m_rest[length] == '_'))
            ++length;
        const std::string found(m_rest.substr(0, length));
        m_rest.remove_prefix(length);
        return found;
    }

    /// u8 .. s64
    bool accept_type(int& width, bool& is_signed) {
        for (const char* name : {"u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64"})
            if (accept(name)) {
                is_signed = name[0] == 's';
                width = std::stoi(name + 1);
                return true;
            }
        return false;
    }

    void statement() {
        if (accept("*(")) {
            int width = 0;
            bool is_signed = false;
            if (!accept_type(width, is_signed))
                fail();
            expect("*)(");
            const u64 address = conditional().bits;
            expect(")");
            expect("=");
            m_environment.store(address, width, conditional().bits);
            return;
        }
        const std::string name = word();
        if (accept("+=")) {
            m_environment.names[name].bits += conditional().bits;
        } else {
            expect("=");
            const Value value = conditional();
            m_environment.names[name] =
                name == "old" ? value : u64_value(cast(value, 64, false).bits);
        }
    }

    Value conditional() {
        const Value condition = binary(0);
        if (!accept("?"))
            return condition;
        const bool taken = condition.bits != 0;
        const Value yes = branch(taken);
        expect(":");
        const Value no = branch(!taken);
        const Value type = common(yes, no);
        return cast(taken ? yes : no, type.width, type.is_signed);
    }

    /// One side of ?:, of which the other is evaluated for its type only.
    Value branch(bool taken) {
        const bool live = m_live;
        m_live = live && taken;
        const Value value = conditional();
        m_live = live;
        return value;
    }

    /// Binary operators, loosest first.
    Value binary(std::size_t level) {
        static constexpr std::string_view levels[][4] = {
            {"|"},        {"^"},      {"&"},          {"==", "!="}, {"<=", ">=", "<", ">"},
            {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"}};
        if (level == std::size(levels))
            return unary();
        Value left = binary(level + 1);
        for (bool found = true; found;) {
            found = false;
            for (const std::string_view token : levels[level])
                if (!token.empty() && accept_operator(token)) {
                    left = apply(token, left, binary(level + 1));
                    found = true;
                    break;
                }
        }
        return left;
    }

    Value unary() {
        if (accept("-")) {
            const Value operand = promoted(unary());
            return cast({0 - operand.bits}, operand.width, operand.is_signed);
        }
        int width = 0;
        bool is_signed = false;
        if (accept("*(")) {
            if (!accept_type(width, is_signed))
                fail();
            expect("*)(");
            const u64 address = conditional().bits;
            expect(")");
            return cast({m_environment.load(address, width)}, width, is_signed);
        }
        if (!accept("("))
            return primary();
        if (accept_type(width, is_signed)) {
            expect(")");
            return cast(unary(), width, is_signed);
        }
        const Value inner = conditional();
        expect(")");
        return inner;
    }

    Value primary() {
        const std::string name = word();
        if (name.empty())
            fail();
        if (name[0] >= '0' && name[0] <= '9')
            return {std::stoull(name, nullptr, 0)};
        if (accept("(")) {
            const Value argument = conditional();
            expect(")");
            return swapped(name, argument);
        }
        const auto found = m_environment.names.find(name);
        if (found == m_environment.names.end())
            fail();
        return found->second;
    }

    /// le16 .. be64, bswap16 .. bswap64
    Value swapped(const std::string& function, Value argument) const {
        const bool is_bswap = function.starts_with("bswap");
        const bool is_le = function.starts_with("le");
        if (!is_bswap && !is_le && !function.starts_with("be"))
            fail();
        const int width = std::stoi(function.substr(is_bswap ? 5 : 2));
        if (is_bswap || is_le != (m_environment.host == ByteOrder::little)) {
            u64 reversed = 0;
            for (int bit = 0; bit < width; bit += 8)
                reversed |= (argument.bits >> bit & 0xff) << (width - 8 - bit);
            argument.bits = reversed;
        }
        return cast(argument, width, false);
    }

    static Value promoted(Value value) { return value.width < 32 ? cast(value, 32, true) : value; }

    /// The usual arithmetic conversions: a value of the common type.
    static Value common(Value a, Value b) {
        a = promoted(a);
        b = promoted(b);
        const Value& wider =
            a.width != b.width ? (a.width > b.width ? a : b) : (a.is_signed ? b : a);
        return {0, wider.width, wider.is_signed};
    }

    Value apply(std::string_view token, Value a, Value b) const {
        if (token == "<<" || token == ">>") {
            a = promoted(a);
            if (b.bits >= static_cast<u64>(a.width))
                fail(); // a count that C leaves undefined: a mask is missing
            const u64 right = a.is_signed ? static_cast<u64>(static_cast<s64>(a.bits) >> b.bits)
                                          : a.bits >> b.bits;
            return cast({token == "<<" ? a.bits << b.bits : right}, a.width, a.is_signed);
        }
        const Value type = common(a, b);
        const u64 x = cast(a, type.width, type.is_signed).bits;
        const u64 y = cast(b, type.width, type.is_signed).bits;
        const auto sx = static_cast<s64>(x);
        const auto sy = static_cast<s64>(y);
        const auto number = [&](u64 bits) { return cast({bits}, type.width, type.is_signed); };
        const auto truth = [](bool condition) { return Value{condition ? 1u : 0u}; };
        const bool less = type.is_signed ? sx < sy : x < y;
        switch (token[0]) {
        case '|':
            return number(x | y);
        case '^':
            return number(x ^ y);
        case '&':
            return number(x & y);
        case '+':
            return number(x + y);
        case '-':
            return number(x - y);
        case '*':
            return number(x * y);
        case '=':
            return truth(x == y);
        case '!':
            return truth(x != y);
        case '<':
            return truth(less || (token == "<=" && x == y));
        case '>':
            return truth(!less && (token == ">=" || x != y));
        default:
            return number(divided(token[0], x, y, type.is_signed));
        }
    }

    /// x / y or x % y, truncated; MIN / -1 wraps.
    u64 divided(char token, u64 x, u64 y, bool is_signed) const {
        if (y == 0 && m_live)
            fail(); // the formula has to decide this case
        if (y == 0)
            return 0;
        const bool x_negative = is_signed && static_cast<s64>(x) < 0;
        const bool y_negative = is_signed && static_cast<s64>(y) < 0;
        const u64 magnitude_x = x_negative ? 0 - x : x;
        const u64 magnitude_y = y_negative ? 0 - y : y;
        const u64 magnitude = token == '/' ? magnitude_x / magnitude_y : magnitude_x % magnitude_y;
        return (token == '/' ? x_negative != y_negative : x_negative) ? 0 - magnitude : magnitude;
    }

    std::string_view m_rest;
    Environment& m_environment;
    bool m_live = true;
};

} // namespace bpf_assay::test
