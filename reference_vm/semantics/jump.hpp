// RFC 9669 section 4.3: the conditions of jumps. U is u32 for class JMP32, u64 for class JMP; the
// jump is taken, PC += offset, if the condition holds.
#pragma once

#include "reference_vm/numeric.hpp"

namespace bpf_assay::semantics {

/// JEQ   PC += offset if dst == src
template <Unsigned U>
constexpr bool jeq(U dst, U src) {
    return dst == src;
}

/// JGT   PC += offset if dst > src      unsigned
template <Unsigned U>
constexpr bool jgt(U dst, U src) {
    return dst > src;
}

/// JGE   PC += offset if dst >= src     unsigned
template <Unsigned U>
constexpr bool jge(U dst, U src) {
    return dst >= src;
}

/// JSET  PC += offset if dst & src
template <Unsigned U>
constexpr bool jset(U dst, U src) {
    return (dst & src) != 0;
}

/// JNE   PC += offset if dst != src
template <Unsigned U>
constexpr bool jne(U dst, U src) {
    return dst != src;
}

/// JSGT  PC += offset if dst > src      signed
template <Unsigned U>
constexpr bool jsgt(U dst, U src) {
    return static_cast<Signed<U>>(dst) > static_cast<Signed<U>>(src);
}

/// JSGE  PC += offset if dst >= src     signed
template <Unsigned U>
constexpr bool jsge(U dst, U src) {
    return static_cast<Signed<U>>(dst) >= static_cast<Signed<U>>(src);
}

/// JLT   PC += offset if dst < src      unsigned
template <Unsigned U>
constexpr bool jlt(U dst, U src) {
    return dst < src;
}

/// JLE   PC += offset if dst <= src     unsigned
template <Unsigned U>
constexpr bool jle(U dst, U src) {
    return dst <= src;
}

/// JSLT  PC += offset if dst < src      signed
template <Unsigned U>
constexpr bool jslt(U dst, U src) {
    return static_cast<Signed<U>>(dst) < static_cast<Signed<U>>(src);
}

/// JSLE  PC += offset if dst <= src     signed
template <Unsigned U>
constexpr bool jsle(U dst, U src) {
    return static_cast<Signed<U>>(dst) <= static_cast<Signed<U>>(src);
}

} // namespace bpf_assay::semantics
