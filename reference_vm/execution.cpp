// How an instruction of each row is executed: operands in, the row's function of semantics/, result
// out.
#include "reference_vm/execution.hpp"

#include "reference_vm/formula.hpp"
#include "reference_vm/instruction_rows.hpp"
#include "reference_vm/semantics/arithmetic.hpp"
#include "reference_vm/semantics/atomic.hpp"
#include "reference_vm/semantics/byte_swap.hpp"
#include "reference_vm/semantics/jump.hpp"
#include "reference_vm/semantics/load_store.hpp"
#include "reference_vm/semantics/packet.hpp"
#include "reference_vm/semantics/wide_immediate.hpp"

#include <utility>

namespace bpf_assay {
namespace {

using namespace semantics;
using table::rows;

template <std::size_t Bytes>
using UnsignedOf = std::conditional_t<
    Bytes == 1, u8, std::conditional_t<Bytes == 2, u16, std::conditional_t<Bytes == 4, u32, u64>>>;

/// The source operand in the width of the class: src_reg's value, or the sign-extended imm.
template <Unsigned U, std::size_t Row>
U source_operand(const Machine& vm, const Instruction& in) {
    constexpr bool is_register = source_of(rows[Row].opcode) == Source::X;
    return static_cast<U>(is_register ? vm.reg(in.src_reg) : in.imm);
}

/// dst + offset, src + offset
u64 address_of(u64 base, const Instruction& in) {
    return base + sign_extend<u64>(static_cast<u16>(in.offset));
}

template <Unsigned U, std::size_t Row>
constexpr U moved(U src) {
    switch (rows[Row].offset.value) {
    case 8:
        return movsx<u8>(src);
    case 16:
        return movsx<u16>(src);
    case 32:
        return movsx<u32>(src);
    default:
        return mov(src);
    }
}

template <Unsigned U, std::size_t Row>
constexpr U arithmetic(U dst, U src) {
    constexpr bool is_signed = rows[Row].offset.value == 1; // SDIV, SMOD
    switch (code_of(rows[Row].opcode)) {
    case Code::ADD:
        return add(dst, src);
    case Code::SUB:
        return sub(dst, src);
    case Code::MUL:
        return mul(dst, src);
    case Code::DIV:
        return is_signed ? sdiv(dst, src) : div(dst, src);
    case Code::OR:
        return or_(dst, src);
    case Code::AND:
        return and_(dst, src);
    case Code::LSH:
        return lsh(dst, src);
    case Code::RSH:
        return rsh(dst, src);
    case Code::NEG:
        return neg(dst);
    case Code::MOD:
        return is_signed ? smod(dst, src) : mod(dst, src);
    case Code::XOR:
        return xor_(dst, src);
    case Code::MOV:
        return moved<U, Row>(src);
    case Code::ARSH:
        return arsh(dst, src);
    case Code::END:
        break; // step_byte_swap
    }
    return dst;
}

template <Unsigned U, std::size_t Row>
bool step_arithmetic(Machine& vm, const Instruction& in) {
    const U dst = static_cast<U>(vm.reg(in.dst_reg));
    vm.reg(in.dst_reg) = arithmetic<U, Row>(dst, source_operand<U, Row>(vm, in)); // zero-extends
    return true;
}

template <std::size_t Row>
bool step_byte_swap(Machine& vm, const Instruction& in) {
    using U = UnsignedOf<rows[Row].imm.value / 8>;
    constexpr u8 opcode = rows[Row].opcode;
    const U dst = static_cast<U>(vm.reg(in.dst_reg));
    if constexpr (class_of(opcode) == Class::ALU64)
        vm.reg(in.dst_reg) = bswap(dst);
    else if constexpr (source_of(opcode) == Source::BE)
        vm.reg(in.dst_reg) = be(dst, vm.byte_order());
    else
        vm.reg(in.dst_reg) = le(dst, vm.byte_order());
    return true;
}

template <Unsigned U>
constexpr bool condition(Jump code, U dst, U src) {
    switch (code) {
    case Jump::JEQ:
        return jeq(dst, src);
    case Jump::JGT:
        return jgt(dst, src);
    case Jump::JGE:
        return jge(dst, src);
    case Jump::JSET:
        return jset(dst, src);
    case Jump::JNE:
        return jne(dst, src);
    case Jump::JSGT:
        return jsgt(dst, src);
    case Jump::JSGE:
        return jsge(dst, src);
    case Jump::JLT:
        return jlt(dst, src);
    case Jump::JLE:
        return jle(dst, src);
    case Jump::JSLT:
        return jslt(dst, src);
    case Jump::JSLE:
        return jsle(dst, src);
    case Jump::JA:
    case Jump::CALL:
    case Jump::EXIT:
        break; // unconditional
    }
    return false;
}

template <Unsigned U, std::size_t Row>
bool step_conditional_jump(Machine& vm, const Instruction& in) {
    const U dst = static_cast<U>(vm.reg(in.dst_reg));
    const U src = source_operand<U, Row>(vm, in);
    return condition(jump_of(rows[Row].opcode), dst, src) ? vm.jump(in.offset, in) : true;
}

template <Unsigned U, std::size_t Row>
bool step_jump(Machine& vm, const Instruction& in) {
    constexpr InstructionRow row = rows[Row];
    constexpr Jump code = jump_of(row.opcode);
    if constexpr (code == Jump::JA)
        return vm.jump(class_of(row.opcode) == Class::JMP32 ? static_cast<s64>(in.imm) : in.offset,
                       in);
    else if constexpr (code == Jump::EXIT)
        return vm.exit();
    else if constexpr (code == Jump::CALL && row.src_reg.value == call::LOCAL)
        return vm.call_local(static_cast<s64>(in.imm), in);
    else if constexpr (code == Jump::CALL && row.src_reg.value == call::BTF_ID)
        return vm.call(vm.platform().btf_helpers, in);
    else if constexpr (code == Jump::CALL)
        return vm.call(vm.platform().helpers, in);
    else
        return step_conditional_jump<U, Row>(vm, in);
}

template <std::size_t Row>
bool step_load(Machine& vm, const Instruction& in) {
    using U = UnsignedOf<bytes_of(size_of(rows[Row].opcode))>;
    const u8* at = vm.mapped(address_of(vm.reg(in.src_reg), in), sizeof(U));
    if (at == nullptr)
        return vm.fault(FaultReason::bad_address, in);
    const std::span<const u8, sizeof(U)> bytes(at, sizeof(U));
    if constexpr (mode_of(rows[Row].opcode) == Mode::MEMSX)
        vm.reg(in.dst_reg) = load_sign_extended<U>(bytes, vm.byte_order());
    else
        vm.reg(in.dst_reg) = load<U>(bytes, vm.byte_order());
    return true;
}

template <std::size_t Row>
bool step_store(Machine& vm, const Instruction& in) {
    using U = UnsignedOf<bytes_of(size_of(rows[Row].opcode))>;
    u8* at = vm.mapped(address_of(vm.reg(in.dst_reg), in), sizeof(U));
    if (at == nullptr)
        return vm.fault(FaultReason::bad_address, in);
    constexpr bool is_register = class_of(rows[Row].opcode) == Class::STX;
    const u64 value = is_register ? vm.reg(in.src_reg) : in.imm;
    store<U>(std::span<u8, sizeof(U)>(at, sizeof(U)), static_cast<U>(value), vm.byte_order());
    return true;
}

template <Unsigned U>
constexpr U atomic_result(s32 operation, U old, U r0, U src) {
    switch (operation) {
    case atomic::XCHG:
        return xchg(old, src);
    case atomic::CMPXCHG:
        return cmpxchg(old, r0, src);
    default:
        break;
    }
    switch (operation & ~atomic::FETCH) {
    case atomic::ADD:
        return atomic_add(old, src);
    case atomic::OR:
        return atomic_or(old, src);
    case atomic::AND:
        return atomic_and(old, src);
    case atomic::XOR:
        return atomic_xor(old, src);
    default:
        return old;
    }
}

template <std::size_t Row>
bool step_atomic(Machine& vm, const Instruction& in) {
    using U = UnsignedOf<bytes_of(size_of(rows[Row].opcode))>;
    constexpr auto operation = static_cast<s32>(rows[Row].imm.value);
    u8* at = vm.mapped(address_of(vm.reg(in.dst_reg), in), sizeof(U));
    if (at == nullptr)
        return vm.fault(FaultReason::bad_address, in);
    const std::span<u8, sizeof(U)> bytes(at, sizeof(U));
    const U old = load<U>(bytes, vm.byte_order());
    const U r0 = static_cast<U>(vm.reg(0));
    const U src = static_cast<U>(vm.reg(in.src_reg));
    store<U>(bytes, atomic_result(operation, old, r0, src), vm.byte_order());
    if constexpr (operation == atomic::CMPXCHG)
        vm.reg(0) = old;
    else if constexpr ((operation & atomic::FETCH) != 0)
        vm.reg(in.src_reg) = old;
    return true;
}

bool step_wide_immediate(Machine& vm, const Instruction& in) {
    const s32 imm = vm.slots()[in.pc].imm;
    const s32 next_imm = vm.slots()[in.pc + 1].imm;
    vm.reg(in.dst_reg) = wide_immediate(imm, next_imm);
    return true;
}

/// Subtypes 1 to 6: maps, platform variables and code addresses.
bool step_platform_address(Machine& vm, const Instruction& in) {
    const Platform& platform = vm.platform();
    if (platform.resolve == nullptr)
        return vm.fault(FaultReason::no_platform, in);
    const std::optional<u64> address = platform.resolve(
        platform.context, in.src_reg, vm.slots()[in.pc].imm, vm.slots()[in.pc + 1].imm);
    if (!address)
        return vm.fault(FaultReason::no_platform, in);
    vm.reg(in.dst_reg) = *address;
    return true;
}

template <std::size_t Row>
bool step_packet_load(Machine& vm, const Instruction& in) {
    using U = UnsignedOf<bytes_of(size_of(rows[Row].opcode))>;
    if (vm.reg(6) != context_address)
        return vm.fault(FaultReason::bad_address, in);
    const auto imm = static_cast<s32>(in.imm);
    const bool absolute = mode_of(rows[Row].opcode) == Mode::ABS;
    const u32 index = absolute ? packet_absolute(imm) : packet_indirect(vm.reg(in.src_reg), imm);
    const std::optional<u64> value = packet_load<U>(vm.packet(), index);
    vm.clobber_arguments();
    vm.reg(0) = value.value_or(0);
    return value ? true : vm.exit();
}

template <std::size_t Row>
bool step_ld(Machine& vm, const Instruction& in) {
    if constexpr (mode_of(rows[Row].opcode) != Mode::IMM)
        return step_packet_load<Row>(vm, in);
    else if constexpr (rows[Row].src_reg.value == 0)
        return step_wide_immediate(vm, in);
    else
        return step_platform_address(vm, in);
}

template <std::size_t Row>
constexpr Step step_function() {
    constexpr u8 opcode = rows[Row].opcode;
    constexpr Class cls = class_of(opcode);
    if constexpr ((cls == Class::ALU || cls == Class::ALU64) && code_of(opcode) == Code::END)
        return step_byte_swap<Row>;
    else if constexpr (cls == Class::ALU)
        return step_arithmetic<u32, Row>;
    else if constexpr (cls == Class::ALU64)
        return step_arithmetic<u64, Row>;
    else if constexpr (cls == Class::JMP32)
        return step_jump<u32, Row>;
    else if constexpr (cls == Class::JMP)
        return step_jump<u64, Row>;
    else if constexpr (cls == Class::LD)
        return step_ld<Row>;
    else if constexpr (cls == Class::LDX)
        return step_load<Row>;
    else if constexpr (cls == Class::STX && mode_of(opcode) == Mode::ATOMIC)
        return step_atomic<Row>;
    else
        return step_store<Row>;
}

constexpr auto steps = []<std::size_t... Row>(std::index_sequence<Row...>) {
    return std::array<Step, instruction_count>{step_function<Row>()...};
}(std::make_index_sequence<instruction_count>());

} // namespace

Step step_of(const InstructionRow& row) {
    if (!row.extension.empty())
        return step_formula;
    return steps[static_cast<std::size_t>(&row - instruction_table().data())];
}

std::span<Instruction> changeable_code(Program& program) {
    return program.m_code;
}

bool run_off_end(Machine& machine, const Instruction& last) {
    return machine.fault(FaultReason::outside_program, last);
}

} // namespace bpf_assay
