// The formula of an instruction (instructions.hpp has the notation), ready to be executed. This is
// how extensions run: they are data, and have no code of their own.
#pragma once

#include "reference_vm/execution.hpp"

#include <string>
#include <variant>

namespace bpf_assay {

/// What stands in the formula but cannot be executed.
struct FormulaError {
    std::size_t at; // characters from its start
    std::string what;
};

class Formula {
public:
    static std::variant<Formula, FormulaError> parse(std::string_view text);

    /// One step of the machine.
    bool execute(Machine& vm, const Instruction& in) const;

    /// The registers that it names, as values or results.
    bool reads(std::string_view name) const;
    bool writes(std::string_view name) const;
    bool stores() const;
    bool chooses() const; // whether its outcome is the runtime's choice

    /// The memory that it reaches, if that is one place: at src + offset, or at dst + offset.
    struct Reach {
        bool base_is_src = false;
        std::size_t size = 0; // bytes
        bool loads = false, stores = false;
        bool is_signed = false; // what it loads
    };
    std::optional<Reach> reach() const;

    /// Where it will store, with the registers as they are: address and bytes of its first store.
    struct Access {
        u64 address;
        std::size_t size;
    };
    std::optional<Access> store_ahead(Machine& vm, const Instruction& in) const;

private:
    friend class FormulaParser;
    friend class FormulaRun;

    struct Type {
        unsigned width = 32; // 8, 16, 32, 64
        bool is_signed = true;
    };
    enum class Name : u8 { dst, src, R0, R1, R2, R3, R4, R5, imm, next_imm, offset, old, PC };
    enum class Op : u8 {
        number,
        name,
        cast,
        negate,
        load,
        choice,
        to_little,
        to_big,
        swap,
        bit_or,
        bit_xor,
        bit_and,
        equal,
        unequal,
        less,
        less_equal,
        greater,
        greater_equal,
        shift_left,
        shift_right,
        add,
        subtract,
        multiply,
        divide,
        modulo,
        conditional,
    };
    /// Of an expression; operands are numbers of nodes. Its value is kept extended by its type.
    struct Node {
        Op op;
        Type type;
        u64 number = 0;
        Name name = Name::dst;
        std::array<std::size_t, 3> operands = {};
    };
    struct Statement {
        std::optional<Name> target; // none: a store
        bool adds = false;          // +=
        std::size_t address = 0;    // of a store
        std::size_t size = 0;       // of a store, bytes
        std::size_t value = 0;
    };

    static std::optional<Name> name_from(std::string_view text);
    std::optional<Name> base_of(std::size_t address) const;

    std::vector<Node> m_nodes;
    std::vector<Statement> m_statements;
};

/// That of an extension's row which runs; parsed once.
const Formula& formula_of(const InstructionRow& row);

/// The register that the instruction writes, 0..10, as its formula has it.
std::optional<u8> written_register_of(const Formula& formula, const Slot& slot);

/// Executes an instruction of an extension.
bool step_formula(Machine& vm, const Instruction& in);

} // namespace bpf_assay
