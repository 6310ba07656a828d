// The properties of an execution that bins are made of. Each list of classes stands once, here.
#pragma once

#include "conformance/coverage/bins.hpp"

namespace bpf_assay::conformance::coverage {

using Getter = u64 (*)(const Observation&);

u64 dst_value(const Observation& observation);
u64 src_value(const Observation& observation);
u64 r0_value(const Observation& observation);
u64 result_value(const Observation& observation);
u64 memory_value(const Observation& observation);

// Registers: label=r0 .. label=r9, and r10 where an instruction may read it.
Feature dst_register(bool with_r10 = false);
Feature src_register(bool with_r10 = false);

/// A register's value as an operand of 64 bits.
Feature value64(std::string label, Getter value);
/// As an operand of 32 bits: each class with zeros above bit 31, and with anything else.
Feature value32(std::string label, Getter value);
/// A number of `bits` (8 to 64) that nothing stands above.
Feature number(std::string label, Getter value, unsigned bits);
/// The sign bit of the low `bits`, and what stands above them: zeros, ones, a mixture.
Feature sign_and_garbage(std::string label, Getter value, unsigned bits);
/// Whether the upper half of a register, which the instruction has to clear, is zero.
Feature upper_half(std::string label, Getter value);

/// The immediate of arithmetic, jumps and stores.
Feature immediate();
/// `first` .. `last`, each by itself; at most 64.
Feature exact(std::string label, Getter value, u64 first, u64 last);
/// The count of a shift by an immediate where it is not below the width.
Feature oversized_count(unsigned width);
/// Whether the two operands are equal, in different registers or because they are the same one.
Feature equal_operands(unsigned width);
/// Whether a register is equal to the immediate.
Feature equal_to_immediate(unsigned width);

/// The offset of a load, store or atomic operation.
Feature access_offset();
/// The address of the access modulo 8.
Feature alignment();
/// Whether the access goes to the stack, with R10 or with another register, or to memory.
Feature region();

/// Taken or not.
Feature outcome();
/// Of a conditional jump: how far, in which direction, and whether it was taken.
Feature jump_distance();
/// Of JA, which is always taken, JA32 and local calls.
Feature far_distance(s64 smallest, s64 largest);
/// Whether a jump that was taken goes over a wide instruction.
Feature over_wide();

Feature depth(std::string label, std::size_t first, std::size_t last);
Feature first_of_program();
Feature before_exit(); // the one that ends the program
Feature after_wide();
Feature executed();

} // namespace bpf_assay::conformance::coverage
