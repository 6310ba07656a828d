// THE table: one row per instruction of RFC 9669, and of the extensions beside it. Decoder,
// disassembler, machine, coverage and documentation all read it; nobody retypes an opcode.
#pragma once

#include "reference_vm/encoding.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace bpf_assay {

/// Conformance groups (RFC 9669 section 2.4), which section 7.3 freezes; `extension` stands for
/// those of extensions, each of which is a group of its own, under its name.
enum class Group { base32, base64, divmul32, divmul64, atomic32, atomic64, packet, extension };
std::string_view name_of(Group group);
/// A group of the RFC.
std::optional<Group> group_from_name(std::string_view name);

/// What a field of the instruction may hold.
struct FieldRule {
    enum class Kind { any, only, unused } kind; // unused: SHALL be zero (section 3.1)
    s64 value = 0;                              // of `only`: the value that selects this row
};

/// A formula is what the RFC defines the instruction by, where its sections 4 and 5 win over its
/// informative Appendix A. It is C with these names:
///
///   dst, src          u64, the registers             u8 .. s64        casts: cut, or extend by the
///   R0 .. R5          u64, the registers                              sign of the type cast from
///   imm, next_imm     s32                            offset           s16
///   PC                the slot after the instruction, counted in slots
///   *(u16 *)(a)       memory at address a            packet + i       byte i of the packet
///   a / b, a % b      truncated if signed            old              a name for a value
///   le16 .. be64, bswap16 .. bswap64                 section 2.2
///   map_by_fd, map_val, var_addr, code_addr, map_by_idx               section 5.4
///   helper, btf_helper, call, exit                   sections 4.3.1, 4.3.2, 4.3
///   choice()                                         0 or 1, as the runtime likes
///
/// Arithmetic wraps. Assigning to a register zero-extends to 64 bits.
struct InstructionRow {
    std::string_view mnemonic; // e.g. add32_imm; unique
    u8 opcode;
    FieldRule dst_reg, src_reg, offset, imm;        // `any` in dst_reg or src_reg: a register 0..10
    FieldRule next_imm = {FieldRule::Kind::unused}; // imm of the second slot
    bool wide = false;                              // takes a second slot (section 3.2)
    Group group;
    std::string_view rfc_name; // {CODE, SOURCE, CLASS} or {MODE, SIZE, CLASS} as the RFC writes it
    std::string_view section;  // RFC 9669
    std::string_view formula;  // see above
    std::string_view syntax;   // assembly with {dst} {imm} ...; disassembler.cpp has all names
    std::string_view llvm_cpu; // lowest LLVM cpu level (v1..v4) whose code generation uses it
    std::string_view extension = {}; // x-..., of an instruction that RFC 9669 does not have
};

/// The name of the row's group: that of the RFC, or the extension's.
std::string_view group_name_of(const InstructionRow& row);

inline constexpr std::size_t instruction_count = 170;

/// All rows, ordered by opcode.
std::span<const InstructionRow, instruction_count> instruction_table();

/// The rows of one opcode; empty if the opcode is unassigned.
std::span<const InstructionRow> rows_with_opcode(u8 opcode);

/// The row whose opcode and selecting fields match, registers and unused fields aside; none if
/// the encoding is unassigned. By slot only rows of the RFC, by name those of extensions, too.
const InstructionRow* find_row(const Slot& slot);
const InstructionRow* find_row(std::string_view mnemonic);

/// An extension: a folder of vectors/extensions, of which `runs` says whether its formulas can be
/// executed here or are only read.
struct Extension {
    std::string_view name; // x-...
    bool runs;
};

/// All extensions, by name; and their rows, those of one extension together.
std::span<const Extension> extensions();
std::span<const InstructionRow> extension_table();

/// Some of the extensions.
class ExtensionSet {
public:
    static ExtensionSet all();

    bool add(std::string_view name); // false: there is no such extension
    bool contains(std::string_view name) const;
    bool empty() const { return m_bits == 0; }

    friend bool operator==(const ExtensionSet&, const ExtensionSet&) = default;

private:
    u64 m_bits = 0; // by position in extensions()
};

/// The row of the RFC, else that of one of these extensions. Where the fields name no register of
/// the RFC, 11 to 15, an extension may give them a meaning.
const InstructionRow* find_row(const Slot& slot, ExtensionSet among);

/// True if some encoding would select both rows.
bool overlap(const InstructionRow& a, const InstructionRow& b);

/// The register that the instruction writes, 0..10; none for stores, jumps and EXIT.
std::optional<u8> written_register(const InstructionRow& row, const Slot& slot);

} // namespace bpf_assay
