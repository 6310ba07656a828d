"""Encoding vectors of extensions, as tables: what the fields of their instructions must not hold."""

from encoding_forms import FRAME, STACK, program, slot
from encoding_tables import BITS, NO_REGISTERS
from isa import FIELDS
from vector_file import VectorFile, quoted

SOURCE = "extension_encodings.py"
MAY_GOTO = ["r0 = 0", "X", "r0 = 1", "exit"]


def acquire_release_form(row):
    """(frame, legal fields, the field that names the register it writes)"""
    loads = row.mnemonic.startswith("load")
    registers = {"dst": 3, "src": FRAME} if loads else {"dst": FRAME, "src": 3}
    return STACK, {**registers, "offset": -8, "imm": f"{row.fields['imm']:#x}"}, "dst" if loads else None


# Extension -> (form of a row, clause of a selecting or unused field, sentences of them).
EXTENSIONS = {
    "x-acqrel": (acquire_release_form, "X-ACQREL-IMM", "All 32 bits of imm select the operation."),
    "x-maygoto": (lambda row: (MAY_GOTO, {}, None), "X-MAYGOTO-UNUSED", "Only src_reg 0 is may_goto."),
}


def signed(value, bits):
    return value - (1 << bits) if value >> (bits - 1) else value


def selecting_values(table, row, field):
    """All registers, or each bit the other way round, that select no instruction."""
    bits = FIELDS[field]
    right = row.fields[field]
    values = range(16) if bits == 4 else [right ^ 1 << bit for bit in range(bits)]
    alike = [other for other in [*table.rows, *table.of_extension(row.section)] if other.opcode == row.opcode]
    taken = {other.fields[field] for other in alike}
    return [value if bits == 4 else signed(value, bits) for value in values if value not in taken]


def encodings(table, extension):
    form_of, clause, because = EXTENSIONS[extension]
    file = VectorFile(f"extensions/{extension}/tables.yaml", extension, "What fields must not hold, as tables.",
                      SOURCE)  # fmt: skip

    def refuse(row, name, clause, field, value, because, policy=None, values=None):
        frame, legal, _ = form_of(row)
        file.add({
            "id": f"{row.name}/{name}",
            "clauses": [clause],
            "tests": [row.mnemonic],
            "values": values,
            "slots": program(frame, slot(row.opcode, **{**legal, field: value})),
            "control": program(frame, slot(row.opcode, **legal)),
            "expect": "refused",
            "policy": policy,
            "because": quoted(because),
        })  # fmt: skip

    for row in table.of_extension(extension):
        for field, rule in row.fields.items():
            if rule == "unused":
                refuse(row, f"{field}-single-bits", clause, field, "value", f"{field} is unused.",
                       values=BITS[FIELDS[field]])  # fmt: skip
            elif rule != "any":
                refuse(row, f"{field}-values", clause, field, "value", because,
                       values=selecting_values(table, row, field))  # fmt: skip
            elif field in ("dst", "src"):
                refuse(row, f"{field}-numbers", f"RFC9669-3.1-{field.upper()}-REG-RANGE", field, "value",
                       "Registers end at R10.", values=NO_REGISTERS)  # fmt: skip
        written = form_of(row)[2]
        if written:
            refuse(row, "writes-r10", "ABI-R10-READONLY", written, FRAME, "The result would go into R10.", "abi")
    return file


FILES = tuple(lambda table, extension=extension: encodings(table, extension) for extension in EXTENSIONS)
