// RFC 9669 section 5.3: atomic operations. U is u32 for {ATOMIC, W, STX}, u64 for {ATOMIC, DW,
// STX}. Each function gives the value that replaces `old`, the value at dst + offset. With FETCH,
// and always for XCHG, src is then overwritten with the zero-extended old value; CMPXCHG puts it
// into R0 instead and leaves src alone. One program runs at a time here, so every operation is
// atomic.
#pragma once

#include "reference_vm/numeric.hpp"

namespace bpf_assay::semantics {

/// ADD      *(size *)(dst + offset) += src
template <Unsigned U>
constexpr U atomic_add(U old, U src) {
    return old + src;
}

/// OR       *(size *)(dst + offset) |= src
template <Unsigned U>
constexpr U atomic_or(U old, U src) {
    return old | src;
}

/// AND      *(size *)(dst + offset) &= src
template <Unsigned U>
constexpr U atomic_and(U old, U src) {
    return old & src;
}

/// XOR      *(size *)(dst + offset) ^= src
template <Unsigned U>
constexpr U atomic_xor(U old, U src) {
    return old ^ src;
}

/// XCHG     exchanges src with the value addressed by dst + offset
template <Unsigned U>
constexpr U xchg(U /*old*/, U src) {
    return src;
}

/// CMPXCHG  compares the value addressed by dst + offset with R0; if they match, it is replaced
/// with src
template <Unsigned U>
constexpr U cmpxchg(U old, U r0, U src) {
    return old == r0 ? src : old;
}

} // namespace bpf_assay::semantics
