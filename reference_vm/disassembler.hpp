// Instructions as text.
#pragma once

#include "reference_vm/encoding.hpp"

#include <span>
#include <string>

namespace bpf_assay {

/// Assembly of the instruction at program[pc], pc < program.size(), in LLVM's BPF dialect: llvm-mc
/// makes the same bytes of it again, except for what its syntax has no words for:
///
///   call +7 # local       src_reg of a local call (assembles as a call of helper 7)
///   call 7 # btf          src_reg of a call by BTF id
///   ld_pseudo r1, 2, 7 # next_imm 9
///   gotol +100000, r0 = *(u32 *)skb[r2 + 7]     refused: a distance beyond 16 bits, imm beside src
///
/// Instructions of extensions come out in the syntax that their rows state, whether it is LLVM's or
/// not. Unused fields are not shown. What is no instruction, as the second slot of a wide one,
/// comes out as
/// ".raw {opcode: 0x8d, dst: 1, src: 0, offset: 0, imm: 0}".
std::string disassemble(std::span<const Slot> program, std::size_t pc);

} // namespace bpf_assay
