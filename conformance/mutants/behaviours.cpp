#include "conformance/mutants/behaviours.hpp"

#include "reference_vm/formula.hpp"

#include <fmt/format.h>

#include <utility>

namespace bpf_assay::conformance::mutants {

Behaviour as_row(const InstructionRow& other) {
    const Formula* formula = other.extension.empty() ? nullptr : &formula_of(other);
    return [step = step_of(other), formula](Machine& vm, const Instruction& in, Step) {
        Instruction changed = in;
        changed.formula = formula;
        return step(vm, changed);
    };
}

Behaviour with_fields(std::function<void(Instruction&)> change) {
    return [change = std::move(change)](Machine& vm, const Instruction& in, Step original) {
        Instruction changed = in;
        change(changed);
        return original(vm, changed);
    };
}

Behaviour followed_by(Effect effect) {
    return [effect = std::move(effect)](Machine& vm, const Instruction& in, Step original) {
        if (!original(vm, in))
            return false;
        effect(vm, in);
        return true;
    };
}

Behaviour preceded_by(Effect effect) {
    return [effect = std::move(effect)](Machine& vm, const Instruction& in, Step original) {
        effect(vm, in);
        return original(vm, in);
    };
}

Behaviour with_result(std::function<u64(u64, u64)> change) {
    return [change = std::move(change)](Machine& vm, const Instruction& in, Step original) {
        const u64 before = vm.reg(in.dst_reg);
        if (!original(vm, in))
            return false;
        vm.reg(in.dst_reg) = change(before, vm.reg(in.dst_reg));
        return true;
    };
}

Behaviour computing(const InstructionRow& row, Operation operation) {
    return [&row, operation = std::move(operation)](Machine& vm, const Instruction& in, Step) {
        vm.reg(in.dst_reg) = operation(vm.reg(in.dst_reg), source_value(row, vm, in));
        return true;
    };
}

Behaviour deciding(const InstructionRow& row, Decision decision) {
    return [&row, decision = std::move(decision)](Machine& vm, const Instruction& in, Step) {
        const bool taken = decision(vm.reg(in.dst_reg), source_value(row, vm, in));
        return taken ? vm.jump(in.offset, in) : true;
    };
}

Behaviour only_if(Condition condition, Behaviour wrong) {
    return [condition = std::move(condition),
            wrong = std::move(wrong)](Machine& vm, const Instruction& in, Step original) {
        return condition(vm, in) ? wrong(vm, in, original) : original(vm, in);
    };
}

u64 source_value(const InstructionRow& row, const Machine& vm, const Instruction& in) {
    return source_of(row.opcode) == Source::X ? vm.reg(in.src_reg) : in.imm;
}

namespace {

bool is_extension(const InstructionRow& row) {
    return !row.extension.empty();
}

/// What an extension's row does to memory, if that is one place.
std::optional<Formula::Reach> reach_of(const InstructionRow& row) {
    return is_extension(row) ? formula_of(row).reach() : std::nullopt;
}

bool is_alu(const InstructionRow& row) {
    return !is_extension(row) &&
           (class_of(row.opcode) == Class::ALU || class_of(row.opcode) == Class::ALU64);
}

bool is_jump_class(const InstructionRow& row) {
    return !is_extension(row) &&
           (class_of(row.opcode) == Class::JMP || class_of(row.opcode) == Class::JMP32);
}

} // namespace

bool is_arithmetic(const InstructionRow& row) {
    return is_alu(row) && code_of(row.opcode) != Code::END;
}

bool is_binary(const InstructionRow& row) {
    return is_arithmetic(row) && code_of(row.opcode) != Code::NEG &&
           !row.mnemonic.starts_with("movsx");
}

bool is_byte_swap(const InstructionRow& row) {
    return is_alu(row) && code_of(row.opcode) == Code::END;
}

bool is_shift(const InstructionRow& row) {
    const Code code = code_of(row.opcode);
    return is_alu(row) && (code == Code::LSH || code == Code::RSH || code == Code::ARSH);
}

bool is_conditional(const InstructionRow& row) {
    const Jump code = jump_of(row.opcode);
    return is_jump_class(row) && code != Jump::JA && code != Jump::CALL && code != Jump::EXIT;
}

bool is_load(const InstructionRow& row) {
    if (is_extension(row)) {
        const auto reach = reach_of(row);
        return reach && reach->loads && !reach->stores && writes_dst(row);
    }
    return class_of(row.opcode) == Class::LDX;
}

bool is_store(const InstructionRow& row) {
    if (is_extension(row)) {
        const auto reach = reach_of(row);
        return reach && reach->stores && !reach->loads;
    }
    return class_of(row.opcode) == Class::ST ||
           (class_of(row.opcode) == Class::STX && mode_of(row.opcode) == Mode::MEM);
}

bool is_atomic(const InstructionRow& row) {
    return !is_extension(row) && class_of(row.opcode) == Class::STX &&
           mode_of(row.opcode) == Mode::ATOMIC;
}

bool has_address(const InstructionRow& row) {
    return is_load(row) || is_store(row) || is_atomic(row) || reach_of(row).has_value();
}

bool is_packet(const InstructionRow& row) {
    return row.group == Group::packet;
}

bool is_platform(const InstructionRow& row) {
    return (row.wide && row.src_reg.value != 0) || row.mnemonic == "call_helper" ||
           row.mnemonic == "call_btf";
}

bool is_jump(const InstructionRow& row) {
    if (is_extension(row))
        return formula_of(row).writes("PC");
    return is_conditional(row) || (is_jump_class(row) && jump_of(row.opcode) == Jump::JA) ||
           row.mnemonic == "call_local";
}

bool reads_imm(const InstructionRow& row) {
    if (is_binary(row) || is_conditional(row))
        return source_of(row.opcode) == Source::K;
    return !is_extension(row) && class_of(row.opcode) == Class::ST;
}

bool reads_src(const InstructionRow& row) {
    return row.src_reg.kind == FieldRule::Kind::any && !is_packet(row);
}

bool writes_dst(const InstructionRow& row) {
    if (is_extension(row))
        return formula_of(row).writes("dst");
    return is_alu(row) || is_load(row) || row.mnemonic == "lddw";
}

bool uses_register(const InstructionRow& row, u8 number) {
    if (is_extension(row)) {
        const std::string name = fmt::format("R{}", number);
        return formula_of(row).reads(name) || formula_of(row).writes(name);
    }
    return number == 0 && is_atomic(row) && row.imm.value == atomic::CMPXCHG;
}

bool is_fetch(const InstructionRow& row) {
    if (is_extension(row))
        return formula_of(row).writes("src");
    return is_atomic(row) && (row.imm.value & atomic::FETCH) != 0;
}

bool sign_extends(const InstructionRow& row) {
    if (const auto reach = reach_of(row))
        return reach->is_signed;
    return is_load(row) && mode_of(row.opcode) == Mode::MEMSX;
}

bool address_is_src(const InstructionRow& row) {
    if (const auto reach = reach_of(row))
        return reach->base_is_src;
    return is_load(row);
}

std::size_t access_size(const InstructionRow& row) {
    if (const auto reach = reach_of(row))
        return reach->size;
    return bytes_of(size_of(row.opcode));
}

unsigned width_of(const InstructionRow& row) {
    const Class cls = class_of(row.opcode);
    return cls == Class::ALU || cls == Class::JMP32 ? 32 : 64;
}

Name::Name(std::string_view mnemonic) {
    const std::size_t digit = mnemonic.find_first_of("0123456789");
    operation = mnemonic.substr(0, digit);
    if (digit == std::string_view::npos)
        return;
    const std::size_t end = mnemonic.find_first_not_of("0123456789", digit);
    width = mnemonic.substr(digit, end - digit);
    if (end != std::string_view::npos)
        rest = mnemonic.substr(end);
}

const InstructionRow* Name::row() const {
    return find_row(operation + width + rest);
}

const InstructionRow* with_operation(const InstructionRow& row, std::string_view operation) {
    Name name(row.mnemonic);
    name.operation = operation;
    return name.row();
}

const InstructionRow* with_other_width(const InstructionRow& row) {
    Name name(row.mnemonic);
    name.width = name.width == "32" ? "64" : "32";
    return name.row();
}

Mutant mutant_of(std::string_view mutation, const InstructionRow& row, std::string_view detail,
                 std::string what, Behaviour step) {
    return {.id =
                fmt::format("{}/{}{}{}", mutation, row.mnemonic, detail.empty() ? "" : "/", detail),
            .mutation = std::string(mutation),
            .what = std::move(what),
            .rows = {&row},
            .step = std::move(step)};
}

} // namespace bpf_assay::conformance::mutants
