#include "reference_vm/formula.hpp"

#include "reference_vm/semantics/byte_swap.hpp"
#include "reference_vm/semantics/load_store.hpp"

#include <algorithm>
#include <map>

namespace bpf_assay {
namespace {

constexpr std::array<std::string_view, 13> names{
    "dst", "src", "R0", "R1", "R2", "R3", "R4", "R5", "imm", "next_imm", "offset", "old", "PC"};

/// The low `width` bits, extended to 64 by the sign of the type.
u64 extended(u64 bits, unsigned width, bool is_signed) {
    const unsigned spare = 64 - width;
    const u64 high = bits << spare;
    return is_signed ? static_cast<u64>(static_cast<s64>(high) >> spare) : high >> spare;
}

bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

} // namespace

std::optional<Formula::Name> Formula::name_from(std::string_view text) {
    const auto found = std::ranges::find(names, text);
    if (found == names.end())
        return std::nullopt;
    return static_cast<Name>(found - names.begin());
}

/// C's grammar, as far as the notation has it. The first mistake is kept, and ends all reading.
class FormulaParser {
public:
    explicit FormulaParser(std::string_view text) : m_text(text) {}

    std::variant<Formula, FormulaError> parse() {
        do
            statement();
        while (!m_error && accept(";"));
        skip_spaces();
        if (!m_error && m_at != m_text.size())
            fail("expected an operator, ';' or the end");
        if (m_error)
            return *m_error;
        return std::move(m_formula);
    }

private:
    using Op = Formula::Op;
    using Type = Formula::Type;
    static constexpr Type truth = {32, true};

    void fail(std::string what) {
        if (!m_error)
            m_error = FormulaError{m_at, std::move(what)};
    }

    void skip_spaces() {
        while (m_at < m_text.size() && m_text[m_at] == ' ')
            ++m_at;
    }
    bool accept(std::string_view token) {
        skip_spaces();
        if (m_error || !m_text.substr(m_at).starts_with(token))
            return false;
        m_at += token.size();
        return true;
    }
    void expect(std::string_view token) {
        if (!accept(token))
            fail(std::string("expected '").append(token) + "'");
    }
    /// `token`, but not as the beginning of a longer operator.
    bool accept_operator(std::string_view token) {
        skip_spaces();
        const std::size_t behind = m_at + token.size();
        const bool longer =
            behind < m_text.size() && (m_text[behind] == '=' || m_text[behind] == token.back());
        return !longer && accept(token);
    }
    std::string_view word() {
        skip_spaces();
        std::size_t end = m_at;
        while (end < m_text.size() && is_word(m_text[end]))
            ++end;
        const std::string_view found = m_text.substr(m_at, end - m_at);
        m_at = end;
        return found;
    }

    std::optional<Type> accept_type() {
        static const std::map<std::string_view, Type> types{
            {"u8", {8, false}}, {"u16", {16, false}}, {"u32", {32, false}}, {"u64", {64, false}},
            {"s8", {8, true}},  {"s16", {16, true}},  {"s32", {32, true}},  {"s64", {64, true}}};
        const std::size_t start = m_at;
        if (const auto found = types.find(word()); found != types.end() && !m_error)
            return found->second;
        m_at = start;
        return std::nullopt;
    }
    Type expect_type() {
        const auto type = accept_type();
        if (!type)
            fail("expected a type, u8 to s64");
        return type.value_or(Type{});
    }

    std::size_t add(Formula::Node node) {
        m_formula.m_nodes.push_back(node);
        return m_formula.m_nodes.size() - 1;
    }
    Type type_of(std::size_t node) const { return m_formula.m_nodes[node].type; }
    std::size_t cast(std::size_t node, Type type) {
        return add({.op = Op::cast, .type = type, .operands = {node}});
    }
    std::size_t zero() { return add({.op = Op::number, .type = truth}); }

    static Type promoted(Type type) { return type.width < 32 ? Type{32, true} : type; }
    /// The usual arithmetic conversions.
    static Type common(Type a, Type b) {
        a = promoted(a);
        b = promoted(b);
        if (a.width != b.width)
            return a.width > b.width ? a : b;
        return a.is_signed ? b : a;
    }

    void statement() {
        Formula::Statement statement;
        if (accept("*(")) {
            const Type type = expect_type();
            expect("*)(");
            statement.size = type.width / 8;
            statement.address = expression();
            expect(")");
            expect("=");
        } else {
            const std::size_t start = m_at;
            statement.target = Formula::name_from(word());
            const bool is_field = statement.target == Formula::Name::imm ||
                                  statement.target == Formula::Name::next_imm ||
                                  statement.target == Formula::Name::offset;
            if (!statement.target || is_field) {
                m_at = start;
                return fail("expected dst, src, R0 to R5, PC, old or a store, *(u8 *)(...)");
            }
            statement.adds = statement.target == Formula::Name::PC;
            expect(statement.adds ? "+=" : "=");
        }
        statement.value = expression();
        if (m_error)
            return;
        if (statement.target == Formula::Name::old)
            m_old = type_of(statement.value);
        m_formula.m_statements.push_back(statement);
    }

    std::size_t expression() {
        if (++m_depth > 64) // a formula is a line
            fail("too deep");
        const std::size_t condition = m_error ? zero() : binary(0);
        --m_depth;
        if (!accept("?"))
            return condition;
        const std::size_t yes = expression();
        expect(":");
        const std::size_t no = expression();
        if (m_error)
            return condition;
        return add({.op = Op::conditional,
                    .type = common(type_of(yes), type_of(no)),
                    .operands = {condition, yes, no}});
    }

    /// Binary operators, loosest first.
    std::size_t binary(std::size_t level) {
        struct Token {
            std::string_view text;
            Op op;
        };
        static const std::array<std::vector<Token>, 8> levels{{
            {{"|", Op::bit_or}},
            {{"^", Op::bit_xor}},
            {{"&", Op::bit_and}},
            {{"==", Op::equal}, {"!=", Op::unequal}},
            {{"<=", Op::less_equal},
             {">=", Op::greater_equal},
             {"<", Op::less},
             {">", Op::greater}},
            {{"<<", Op::shift_left}, {">>", Op::shift_right}},
            {{"+", Op::add}, {"-", Op::subtract}},
            {{"*", Op::multiply}, {"/", Op::divide}, {"%", Op::modulo}},
        }};
        if (level == levels.size())
            return unary();
        std::size_t left = binary(level + 1);
        for (bool found = true; found && !m_error;) {
            found = false;
            for (const Token& token : levels[level])
                if (accept_operator(token.text)) {
                    const std::size_t right = binary(level + 1);
                    left = m_error ? left : apply(token.op, left, right);
                    found = true;
                    break;
                }
        }
        return left;
    }

    std::size_t apply(Op op, std::size_t a, std::size_t b) {
        if (op == Op::shift_left || op == Op::shift_right) {
            const Type type = promoted(type_of(a));
            return add({.op = op, .type = type, .operands = {cast(a, type), b}});
        }
        const Type type = common(type_of(a), type_of(b));
        const bool compares = op >= Op::equal && op <= Op::greater_equal;
        const std::size_t x = cast(a, type);
        const std::size_t y = cast(b, type);
        return add({.op = op, .type = compares ? truth : type, .operands = {x, y}});
    }

    std::size_t unary() {
        if (m_error)
            return zero();
        if (accept("-")) {
            const std::size_t operand = unary();
            return add(
                {.op = Op::negate, .type = promoted(type_of(operand)), .operands = {operand}});
        }
        if (accept("*(")) {
            const Type type = expect_type();
            expect("*)(");
            const std::size_t address = expression();
            expect(")");
            return add({.op = Op::load, .type = type, .operands = {address}});
        }
        if (!accept("("))
            return primary();
        if (const auto type = accept_type()) {
            expect(")");
            return cast(unary(), *type);
        }
        const std::size_t inner = expression();
        expect(")");
        return inner;
    }

    std::size_t primary() {
        skip_spaces();
        const std::size_t start = m_at;
        const std::string name(word());
        if (!name.empty() && name[0] >= '0' && name[0] <= '9')
            return number(name, start);
        if (accept("("))
            return function(name, start);
        const auto known = Formula::name_from(name);
        using enum Formula::Name;
        const auto unknown = [&](const char* what) {
            m_at = start;
            fail(what);
            return zero();
        };
        if (!known || known == PC)
            return unknown("expected dst, src, R0 to R5, imm, next_imm, offset, old, a number or "
                           "a parenthesis");
        if (known == old && !m_old)
            return unknown("'old' has no value yet");
        Type type{64, false};
        if (known == imm || known == next_imm)
            type = {32, true};
        else if (known == offset)
            type = {16, true};
        else if (known == old)
            type = *m_old;
        return add({.op = Op::name, .type = type, .name = *known});
    }

    /// Of C's types for a number: s32, else s64.
    std::size_t number(const std::string& digits, std::size_t start) {
        u64 value = 0;
        const bool hex = digits.starts_with("0x");
        const u64 base = hex ? 16 : 10;
        const std::string_view rest = std::string_view(digits).substr(hex ? 2 : 0);
        bool is_number = !rest.empty();
        for (const char c : rest) {
            const u64 digit = c <= '9' ? static_cast<u64>(c - '0') : static_cast<u64>(c - 'a') + 10;
            is_number = is_number && digit < base && value < (u64{1} << 62) / base;
            value = is_number ? value * base + digit : 0;
        }
        if (!is_number) {
            m_at = start;
            fail("not a number below 2^62");
            return zero();
        }
        return add(
            {.op = Op::number, .type = {value >> 31 == 0 ? 32u : 64u, true}, .number = value});
    }

    /// le16 .. be64, bswap16 .. bswap64, choice
    std::size_t function(const std::string& name, std::size_t start) {
        if (name == "choice") {
            expect(")");
            return add({.op = Op::choice, .type = truth});
        }
        static const std::map<std::string_view, Op> prefixes{
            {"le", Op::to_little}, {"be", Op::to_big}, {"bswap", Op::swap}};
        for (const auto& [prefix, op] : prefixes)
            for (const unsigned width : {16u, 32u, 64u})
                if (name == std::string(prefix) + std::to_string(width)) {
                    const std::size_t argument = cast(expression(), {width, false});
                    expect(")");
                    return add({.op = op, .type = {width, false}, .operands = {argument}});
                }
        m_at = start;
        fail("expected le16 to be64, bswap16 to bswap64 or choice()");
        return zero();
    }

    std::string_view m_text;
    std::size_t m_at = 0;
    std::size_t m_depth = 0;
    Formula m_formula;
    std::optional<Type> m_old;
    std::optional<FormulaError> m_error;
};

/// One execution.
class FormulaRun {
public:
    FormulaRun(const Formula& formula, Machine& vm, const Instruction& in)
        : m_formula(formula), m_vm(vm), m_in(in) {}

    bool execute() {
        for (const Formula::Statement& statement : m_formula.m_statements) {
            const u64 address = statement.target ? 0 : value_of(statement.address);
            const u64 value = value_of(statement.value);
            if (m_fault)
                return m_vm.fault(*m_fault, m_in);
            if (!statement.target) {
                if (!store(address, statement.size, value))
                    return m_vm.fault(FaultReason::bad_address, m_in);
            } else if (statement.adds) {
                if (!m_vm.jump(static_cast<s64>(value), m_in))
                    return false;
            } else {
                assign(*statement.target, value);
            }
        }
        return true;
    }

    std::optional<Formula::Access> store_ahead() {
        for (const Formula::Statement& statement : m_formula.m_statements) {
            if (!statement.target) {
                const u64 address = value_of(statement.address);
                return m_fault ? std::nullopt
                               : std::optional(Formula::Access{address, statement.size});
            }
            if (statement.target != Formula::Name::old)
                return std::nullopt; // what it changes first, it may change the address by
            m_old = value_of(statement.value);
        }
        return std::nullopt;
    }

private:
    using Op = Formula::Op;
    using Name = Formula::Name;

    u64 named(Name name) {
        switch (name) {
        case Name::dst:
            return m_vm.reg(m_in.dst_reg);
        case Name::src:
            return m_vm.reg(m_in.src_reg);
        case Name::imm:
            return m_in.imm;
        case Name::next_imm:
            if (m_in.pc + 1 >= m_vm.slots().size()) { // only a wide instruction has one
                m_fault = FaultReason::undefined_formula;
                return 0;
            }
            return sign_extend<u64>(static_cast<u32>(m_vm.slots()[m_in.pc + 1].imm));
        case Name::offset:
            return sign_extend<u64>(static_cast<u16>(m_in.offset));
        case Name::old:
            return m_old;
        case Name::PC:
            return m_in.next;
        default:
            return m_vm.reg(number_of(name));
        }
    }
    static u8 number_of(Name name) {
        return static_cast<u8>(static_cast<u8>(name) - static_cast<u8>(Name::R0));
    }
    void assign(Name name, u64 value) {
        if (name == Name::old)
            m_old = value;
        else
            m_vm.reg(name == Name::dst   ? m_in.dst_reg
                     : name == Name::src ? m_in.src_reg
                                         : number_of(name)) = value;
    }

    u64 load(u64 address, std::size_t size) {
        const u8* at = m_vm.mapped(address, size);
        if (at == nullptr) {
            m_fault = FaultReason::bad_address;
            return 0;
        }
        return semantics::load(at, size, m_vm.byte_order());
    }
    bool store(u64 address, std::size_t size, u64 value) {
        u8* at = m_vm.mapped(address, size);
        if (at == nullptr)
            return false;
        const ByteOrder order = m_vm.byte_order();
        if (size == 1)
            *at = static_cast<u8>(value);
        else if (size == 2)
            semantics::store<u16>(std::span<u8, 2>(at, 2), static_cast<u16>(value), order);
        else if (size == 4)
            semantics::store<u32>(std::span<u8, 4>(at, 4), static_cast<u32>(value), order);
        else
            semantics::store<u64>(std::span<u8, 8>(at, 8), value, order);
        return true;
    }

    static u64 reversed(u64 value, unsigned width) { return byte_swap(value) >> (64 - width); }

    u64 value_of(std::size_t number) {
        const Formula::Node& node = m_formula.m_nodes[number];
        const u64 result = raw_value_of(node);
        return extended(result, node.type.width, node.type.is_signed);
    }

    u64 raw_value_of(const Formula::Node& node) {
        switch (node.op) {
        case Op::number:
            return node.number;
        case Op::name:
            return named(node.name);
        case Op::choice:
            return m_vm.choose() ? 1 : 0;
        case Op::conditional:
            return value_of(node.operands[value_of(node.operands[0]) != 0 ? 1 : 2]);
        default:
            break;
        }
        const u64 a = value_of(node.operands[0]);
        const unsigned width = node.type.width;
        switch (node.op) {
        case Op::cast:
            return a;
        case Op::negate:
            return 0 - a;
        case Op::load:
            return load(a, width / 8);
        case Op::to_little:
            return m_vm.byte_order() == ByteOrder::little ? a : reversed(a, width);
        case Op::to_big:
            return m_vm.byte_order() == ByteOrder::big ? a : reversed(a, width);
        case Op::swap:
            return reversed(a, width);
        default:
            return operated(node, a, value_of(node.operands[1]));
        }
    }

    u64 operated(const Formula::Node& node, u64 a, u64 b) {
        const bool is_signed = m_formula.m_nodes[node.operands[0]].type.is_signed;
        const bool less = is_signed ? static_cast<s64>(a) < static_cast<s64>(b) : a < b;
        switch (node.op) {
        case Op::bit_or:
            return a | b;
        case Op::bit_xor:
            return a ^ b;
        case Op::bit_and:
            return a & b;
        case Op::equal:
            return a == b ? 1 : 0;
        case Op::unequal:
            return a != b ? 1 : 0;
        case Op::less:
            return less ? 1 : 0;
        case Op::less_equal:
            return less || a == b ? 1 : 0;
        case Op::greater:
            return less || a == b ? 0 : 1;
        case Op::greater_equal:
            return less ? 0 : 1;
        case Op::add:
            return a + b;
        case Op::subtract:
            return a - b;
        case Op::multiply:
            return a * b;
        case Op::shift_left:
        case Op::shift_right:
            return shifted(node, a, b);
        default:
            return divided(node, a, b);
        }
    }

    /// C leaves a count of the width or more undefined: a formula has to mask it.
    u64 shifted(const Formula::Node& node, u64 a, u64 count) {
        if (count >= node.type.width) {
            m_fault = FaultReason::undefined_formula;
            return 0;
        }
        if (node.op == Op::shift_left)
            return a << count;
        return node.type.is_signed ? static_cast<u64>(static_cast<s64>(a) >> count) : a >> count;
    }

    /// Truncated; MIN / -1 wraps. A formula has to decide what a division by zero is.
    u64 divided(const Formula::Node& node, u64 a, u64 b) {
        if (b == 0) {
            m_fault = FaultReason::undefined_formula;
            return 0;
        }
        const bool a_negative = node.type.is_signed && static_cast<s64>(a) < 0;
        const bool b_negative = node.type.is_signed && static_cast<s64>(b) < 0;
        const u64 x = a_negative ? 0 - a : a;
        const u64 y = b_negative ? 0 - b : b;
        if (node.op == Op::divide)
            return a_negative != b_negative ? 0 - x / y : x / y;
        return a_negative ? 0 - x % y : x % y;
    }

    const Formula& m_formula;
    Machine& m_vm;
    const Instruction& m_in;
    u64 m_old = 0;
    std::optional<FaultReason> m_fault;
};

std::variant<Formula, FormulaError> Formula::parse(std::string_view text) {
    return FormulaParser(text).parse();
}

bool Formula::execute(Machine& vm, const Instruction& in) const {
    return FormulaRun(*this, vm, in).execute();
}

std::optional<Formula::Access> Formula::store_ahead(Machine& vm, const Instruction& in) const {
    return FormulaRun(*this, vm, in).store_ahead();
}

bool Formula::reads(std::string_view text) const {
    const auto name = name_from(text);
    return std::ranges::any_of(
        m_nodes, [&](const Node& node) { return node.op == Op::name && node.name == name; });
}

bool Formula::writes(std::string_view text) const {
    const auto name = name_from(text);
    return std::ranges::any_of(m_statements, [&](const Statement& statement) {
        return statement.target && statement.target == name;
    });
}

bool Formula::stores() const {
    return std::ranges::any_of(m_statements,
                               [](const Statement& statement) { return !statement.target; });
}

bool Formula::chooses() const {
    return std::ranges::any_of(m_nodes, [](const Node& node) { return node.op == Op::choice; });
}

/// The register of an address that is register + offset.
std::optional<Formula::Name> Formula::base_of(std::size_t address) const {
    const Node& sum = m_nodes[address];
    if (sum.op != Op::add)
        return std::nullopt;
    const auto name_of = [this](std::size_t operand) -> std::optional<Name> {
        while (m_nodes[operand].op == Op::cast)
            operand = m_nodes[operand].operands[0];
        return m_nodes[operand].op == Op::name ? std::optional(m_nodes[operand].name)
                                               : std::nullopt;
    };
    const std::optional<Name> base = name_of(sum.operands[0]);
    const bool is_register = base == Name::dst || base == Name::src;
    return is_register && name_of(sum.operands[1]) == Name::offset ? base : std::nullopt;
}

std::optional<Formula::Reach> Formula::reach() const {
    std::optional<Reach> found;
    bool one_place = true;
    const auto add = [&](std::size_t address, std::size_t size) -> Reach& {
        const std::optional<Name> base = base_of(address);
        const bool base_is_src = base == Name::src;
        if (!found)
            found = Reach{.base_is_src = base_is_src, .size = size};
        one_place = one_place && base && found->base_is_src == base_is_src && found->size == size;
        return *found;
    };
    for (const Node& node : m_nodes)
        if (node.op == Op::load) {
            Reach& reach = add(node.operands[0], node.type.width / 8);
            reach.loads = true;
            reach.is_signed = node.type.is_signed;
        }
    for (const Statement& statement : m_statements)
        if (!statement.target)
            add(statement.address, statement.size).stores = true;
    return one_place ? found : std::nullopt;
}

const Formula& formula_of(const InstructionRow& row) {
    static const std::map<const InstructionRow*, Formula> formulas = [] {
        std::map<const InstructionRow*, Formula> parsed;
        for (const InstructionRow& each : extension_table()) {
            auto formula = Formula::parse(each.formula);
            // Those that do not run may say what this notation has no words for.
            parsed.emplace(&each, std::holds_alternative<Formula>(formula)
                                      ? std::get<Formula>(std::move(formula))
                                      : Formula());
        }
        return parsed;
    }();
    return formulas.at(&row);
}

std::optional<u8> written_register_of(const Formula& formula, const Slot& slot) {
    if (formula.writes("dst"))
        return slot.dst_reg;
    if (formula.writes("src"))
        return slot.src_reg;
    for (u8 number = 0; number <= 5; ++number)
        if (formula.writes(std::string(1, 'R') += std::to_string(number)))
            return number;
    return std::nullopt;
}

bool step_formula(Machine& vm, const Instruction& in) {
    return in.formula->execute(vm, in);
}

} // namespace bpf_assay
