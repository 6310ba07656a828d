// RFC 9669 section 4.1: arithmetic. U is u32 for class ALU, u64 for class ALU64; dst and src are
// the operands in that width, the result wraps to it. What becomes of the rest of the register is
// said once, where instructions are executed.
#pragma once

#include "reference_vm/numeric.hpp"

namespace bpf_assay::semantics {

/// Shifts use a mask of 0x3F for 64-bit and 0x1F for 32-bit operations.
template <Unsigned U>
inline constexpr U shift_mask = sizeof(U) * 8 - 1;

/// ADD   dst += src
template <Unsigned U>
constexpr U add(U dst, U src) {
    return dst + src;
}

/// SUB   dst -= src
template <Unsigned U>
constexpr U sub(U dst, U src) {
    return dst - src;
}

/// MUL   dst *= src
template <Unsigned U>
constexpr U mul(U dst, U src) {
    return dst * src;
}

/// DIV   dst = (src != 0) ? (dst / src) : 0
template <Unsigned U>
constexpr U div(U dst, U src) {
    return src != 0 ? dst / src : 0;
}

/// SDIV  dst = (src != 0) ? (dst s/ src) : 0
template <Unsigned U>
constexpr U sdiv(U dst, U src) {
    return src != 0 ? truncated_quotient(dst, src) : 0;
}

/// OR    dst |= src
template <Unsigned U>
constexpr U or_(U dst, U src) {
    return dst | src;
}

/// AND   dst &= src
template <Unsigned U>
constexpr U and_(U dst, U src) {
    return dst & src;
}

/// LSH   dst <<= (src & mask)
template <Unsigned U>
constexpr U lsh(U dst, U src) {
    return dst << (src & shift_mask<U>);
}

/// RSH   dst >>= (src & mask)
template <Unsigned U>
constexpr U rsh(U dst, U src) {
    return dst >> (src & shift_mask<U>);
}

/// NEG   dst = -dst
template <Unsigned U>
constexpr U neg(U dst) {
    return 0 - dst;
}

/// MOD   dst = (src != 0) ? (dst % src) : dst
template <Unsigned U>
constexpr U mod(U dst, U src) {
    return src != 0 ? dst % src : dst;
}

/// SMOD  dst = (src != 0) ? (dst s% src) : dst
template <Unsigned U>
constexpr U smod(U dst, U src) {
    return src != 0 ? truncated_remainder(dst, src) : dst;
}

/// XOR   dst ^= src
template <Unsigned U>
constexpr U xor_(U dst, U src) {
    return dst ^ src;
}

/// MOV   dst = src
template <Unsigned U>
constexpr U mov(U src) {
    return src;
}

/// MOVSX dst = (s8,s16,s32)src      From is u8, u16 or u32, by the offset field
template <Unsigned From, Unsigned U>
constexpr U movsx(U src) {
    return sign_extend<U>(static_cast<From>(src));
}

/// ARSH  sign extending dst >>= (src & mask)
template <Unsigned U>
constexpr U arsh(U dst, U src) {
    return static_cast<U>(static_cast<Signed<U>>(dst) >> (src & shift_mask<U>));
}

} // namespace bpf_assay::semantics
