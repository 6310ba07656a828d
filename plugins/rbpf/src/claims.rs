//! What rbpf promises. Its README has no list of instructions but says that a small number of them
//! is not implemented; what is not claimed here is what its verifier refuses by name or as an unknown
//! opcode, and the instructions that are told by an offset, of which its code knows nothing.

/// No atomic operations: the verifier refuses XADD as not supported. No packet loads: rbpf's read
/// memory in the machine's byte order and fail past its end, which is not the context `packet`.
pub const GROUPS: [&str; 2] = ["base64", "divmul64"];

pub const EXCLUDED: [&str; 27] = [
    "bswap16",
    "bswap32",
    "bswap64",
    "call_btf",
    "ja32",
    "lddw_code_addr",
    "lddw_map_fd",
    "lddw_map_idx",
    "lddw_map_val_fd",
    "lddw_map_val_idx",
    "lddw_var_addr",
    "ldxsb",
    "ldxsh",
    "ldxsw",
    "movsx32_16_reg",
    "movsx32_8_reg",
    "movsx64_16_reg",
    "movsx64_32_reg",
    "movsx64_8_reg",
    "sdiv32_imm",
    "sdiv32_reg",
    "sdiv64_imm",
    "sdiv64_reg",
    "smod32_imm",
    "smod32_reg",
    "smod64_imm",
    "smod64_reg",
];

/// The function that Cranelift compiles has no calls but those of helper functions.
pub const EXCLUDED_OF_CRANELIFT: [&str; 1] = ["call_local"];
