// RFC 9669 section 4.2: byte swaps. U is u16, u32 or u64, by the imm field; `host` is the byte
// order of the machine that runs the program.
#pragma once

#include "reference_vm/numeric.hpp"

namespace bpf_assay::semantics {

/// {END, LE, ALU}    dst = le16(dst), le32(dst), le64(dst)
template <Unsigned U>
constexpr U le(U dst, ByteOrder host) {
    return host == ByteOrder::little ? dst : byte_swap(dst);
}

/// {END, BE, ALU}    dst = be16(dst), be32(dst), be64(dst)
template <Unsigned U>
constexpr U be(U dst, ByteOrder host) {
    return host == ByteOrder::big ? dst : byte_swap(dst);
}

/// {END, TO, ALU64}  dst = bswap16(dst), bswap32(dst), bswap64(dst)
template <Unsigned U>
constexpr U bswap(U dst) {
    return byte_swap(dst);
}

} // namespace bpf_assay::semantics
