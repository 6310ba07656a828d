"""Encoding vectors as tables: every single bit of every unused field, every register that does not exist, every
value of a selecting field that selects nothing, and far targets.

Instructions that need what only a platform has (maps, variables, helpers) are here, too. Where a runtime does
not have it, their legal twins are refused, and the outcome is `unsupported`.
"""

from encoding_fields import registers
from encoding_flow import RANGE, SILENT
from encoding_forms import (
    BARE, FRAME, REGISTERS, UNUSED, EncodingFile, Form, arithmetic_rows, condition_rows, form_of, program,
    slot, swap_rows
)  # fmt: skip
from isa import FIELDS

SOURCE = "encoding_tables.py"
BITS = {4: "bits4", 16: "bits16", 32: "bits32"}
NO_REGISTERS = [11, 12, 13, 14, 15]


def one_slot_forms(table):
    """Legal forms of every row of one slot."""
    for row in table.rows:
        if row.mnemonic == "call_helper":
            # Linux has a helper 8 without arguments; a runtime without helpers has none at all.
            yield Form(row, BARE, {"imm": 8})
        elif row.mnemonic == "call_btf":
            yield Form(row, BARE, {"src": row.fields["src"], "imm": 8})
        elif not row.wide:
            yield form_of(row)


# The clauses and the reason for each unused field, by what row.code, row.form or row.kind says.
def unused_reason(row, field):
    """(clauses, sentence)"""
    if row.section == "4.2":
        return ["END"], "A byte swap has dst and the width in imm, nothing else."
    if row.code == "NEG":
        return ["NEG"], "NEG has one operand, dst."
    if row.section == "4.1" and field == "offset":
        return ["ALU-OFFSET"], "Only DIV, MOD and MOV give offset a meaning."
    if row.section == "5.5":
        return ["PACKET"], "The destination is R0, and the place is imm, with IND plus src_reg."
    if row.code in ("JA", "EXIT", "CALL"):
        return ["JA32" if row.kind == "JMP32" else row.code], "The instruction does not use this field."
    if row.kind == "LDX":
        return ["LDX-IMM"], "A load has no use for imm."
    if row.kind in ("ST", "STX"):
        clause, value = ("ST-SRC", "immediate") if row.kind == "ST" else ("STX-IMM", "register")
        return [clause], f"The value stored is the {value}."
    family = "ALU" if row.section == "4.1" else "JCC"
    if field == "src":
        return [f"{family}-K-SRC"], "The operand is imm, so src_reg is unused."
    return [f"{family}-X-IMM"], "The operand is a register, so imm is unused."


def single_bits(table):
    file = EncodingFile("single-bits", "Each unused field with each of its bits set alone.", SOURCE)
    for form in one_slot_forms(table):
        for field in form.row.unused():
            clauses, because = unused_reason(form.row, field)
            file.field(form, field, [f"RFC9669-3.1-UNUSED-{clause}" for clause in clauses], "value", because,
                       suffix=f"{field}-single-bits", values=BITS[FIELDS[field]])
    for row in table.rows:
        if row.wide:
            wide_single_bits(file, row)
    return file


# A code address needs a function to point at.
WIDE_FRAMES = {"lddw_code_addr": ["r0 = 0", "X", "exit", "r0 = 1", "exit"]}


def wide_slots(row, first, second):
    """A wide instruction with changes in its slots, in its frame."""
    imm = 2 if row.mnemonic in WIDE_FRAMES else 1
    first = {"dst": 3, "src": row.fields["src"], "imm": imm, **first}
    second = {"opcode": 0, **({"imm": 1} if row.next_imm == "any" else {}), **second}
    return program(WIDE_FRAMES.get(row.mnemonic, REGISTERS), slot(row.opcode, **first), slot(**second))


def wide_single_bits(file, row):
    def refuse(name, clause, first, second, values, because):
        file.refuse(f"{row.name}-{name}-single-bits", [f"RFC9669-{clause}"], wide_slots(row, first, second),
                    wide_slots(row, {}, {}), because, tests=[row.mnemonic], policy=UNUSED, values=values)

    refuse("offset", "3.1-UNUSED-LDDW-OFFSET", {"offset": "value"}, {}, "bits16",
           "A wide immediate has no use for offset.")  # fmt: skip
    values = {"opcode": [1 << bit for bit in range(8)], "dst": "bits4", "src": "bits4", "offset": "bits16"}
    for field in values:
        refuse(f"second-{field}", f"3.2-SLOT2-{field.upper()}", {}, {field: "value"}, values[field],
               "The second slot carries next_imm and zeros.")  # fmt: skip
    if row.next_imm == "unused":
        refuse("second-imm", "3.1-UNUSED-LDDW-NEXTIMM", {}, {"imm": "value"}, "bits32",
               "This subtype has no use for next_imm.")  # fmt: skip


def register_numbers(table):
    file = EncodingFile("register-numbers", "Each register field with each number that is no register.",
                        SOURCE)  # fmt: skip
    single = registers(table).ids
    for form in one_slot_forms(table):
        for field in ("dst", "src"):
            if not form.row.uses(field):
                continue
            # Register 11 as a base has an extension, of loads and stores of 64 bits: `registers` has
            # them all. The others have a vector of their own, if they have none yet.
            base = form.legal[field] == FRAME
            clause = f"RFC9669-3.1-{field.upper()}-REG-RANGE"
            file.field(form, field, clause, "value", "Registers end at R10.", policy=None,
                       suffix=f"{field}-numbers", values=NO_REGISTERS[1:] if base else NO_REGISTERS)
            if base and f"encoding/{form.row.name}-{field}-r11" not in single:
                file.field(form, field, clause, 11, "There is no R11.", policy=None,
                           suffix=f"{field}-r11")  # fmt: skip
    for row in table.rows:
        if row.wide:
            file.refuse(f"{row.name}-dst-numbers", ["RFC9669-3.1-DST-REG-RANGE"],
                        wide_slots(row, {"dst": "value"}, {}), wide_slots(row, {}, {}),
                        "Registers end at R10.", tests=[row.mnemonic], values=NO_REGISTERS)  # fmt: skip
    return file


def without(values, *taken):
    return [value for value in values if value not in taken]


OFFSET_BITS = [1 << bit for bit in range(15)] + [-0x8000]
IMM_BITS = [1 << bit for bit in range(31)] + [-0x80000000]


def offset_selectors(file, table):
    """DIV, MOD and MOV: single bits of offset that select no instruction."""
    for row in arithmetic_rows(table):
        if row.fields["offset"] != 0:
            continue
        taken = {other.fields["offset"] for other in table.rows if other.opcode == row.opcode}
        # MOV with offset 1 is an extension's; encoding/mov64-reg-address-space-* say so.
        taken |= {1} if row.mnemonic == "mov64_reg" else set()
        if row.code == "MOV":
            clauses = ["RFC9669-4.1-OFFSET-MOVSX-UNASSIGNED" if row.form == "X" else "RFC9669-4.1-MOVSX-X-ONLY"]
            because = "MOVSX exists with a register, for 8, 16 and, at 64 bits, 32 bits."
        else:
            clauses = ["RFC9669-4.1-OFFSET-DIV-UNASSIGNED"]
            because = "Offset 0 is unsigned and 1 signed; there is no other."
        file.field(form_of(row), "offset", clauses, "value", because, policy=None,
                   suffix="offset-single-bits", values=without(OFFSET_BITS, *taken))  # fmt: skip


def imm_selectors(file, table):
    """Byte swaps and atomic operations: values of imm that select no instruction."""
    for row in swap_rows(table):
        if row.fields["imm"] == 16:
            taken = {other.fields["imm"] for other in table.rows if other.opcode == row.opcode}
            file.field(form_of(row), "imm", "RFC9669-4.2-END-WIDTHS", "value", "The widths are 16, 32 and 64.",
                       policy=None, suffix="width-single-bits", values=without(IMM_BITS, *taken))
    for width in (32, 64):
        form = form_of(table[f"atomic_add{width}"])
        taken = {row.fields["imm"] for row in table.rows if row.opcode == form.opcode}
        # 0x100 and 0x110 are an extension's; encoding/atomic-acquire-* and -release-* say so.
        codes = [code | fetch for code in range(0, 0x100, 0x10) for fetch in (0, 1)]
        for suffix, values in (("imm-codes", codes), ("imm-single-bits", without(IMM_BITS, 0x100))):
            file.field(form, "imm", "RFC9669-5.3-IMM-UNASSIGNED", "value",
                       "No atomic operation has this imm; all 32 bits of it count.", policy=None,
                       suffix=suffix, values=without(values, *taken))  # fmt: skip


def selector_values(table):
    file = EncodingFile("selector-values", "Values of offset and imm that select no instruction, as tables.",
                        SOURCE)  # fmt: skip
    offset_selectors(file, table)
    imm_selectors(file, table)
    return file


def targets(table):
    """The frames have 3 (JA), 6 (conditions) and 5 slots (calls); slot -1 and the end are among the targets."""
    file = EncodingFile("targets", "Distances of jumps and calls to where no instruction of the program is.",
                        SOURCE, section="4.3")  # fmt: skip
    far = [127, 128, 255, 256, 0x7FFF, -128, -129, -256, -0x8000]
    farther = [0x8000, 0x10000, 0x7FFFFFFF, -0x8001, -0x10000, -0x80000000]
    silent = {**SILENT, "suffix": "targets"}
    for row in condition_rows(table):
        file.field(form_of(row), "offset", RANGE, "value", "The target is not in the program.",
                   values=[2, 3, 4, -5, -6, *far], **silent)  # fmt: skip
    for mnemonic, values in (("ja", far), ("ja32", far + farther)):
        form = form_of(table[mnemonic])
        form.frame = ["r0 = 0", "X", "exit"]
        file.field(form, "offset" if mnemonic == "ja" else "imm", RANGE, "value",
                   "The target is not in the program.", values=[1, 2, 3, -3, -4, *values], **silent)
    file.field(form_of(table["call_local"]), "imm", RANGE, "value", "The function is not in the program.",
               values=[4, 5, 6, -2, -3, *far, *farther], **silent)  # fmt: skip
    return file


FILES = (single_bits, register_numbers, selector_values, targets)
