"""What the encoding vectors have in common: slots, programs around them, a legal form of every instruction."""

from dataclasses import dataclass

from vector_file import VectorFile, quoted

FRAME = 10
UNUSED = "unused-field"  # the policy

# Programs around the slot X. Registers that X may read are set, and R0 is set before EXIT.
REGISTERS = ["r3 = 5", "r4 = 3", "X", "r0 = 0", "exit"]
JUMP = ["r0 = 0", "r3 = 5", "r4 = 3", "X", "r0 = 1", "exit"]
STACK = ["r0 = 0", "r3 = 5", "*(u64 *)(r10 - 8) = 0", "X", "r0 = 0", "exit"]
FUNCTION = ["X", "r0 = 0", "exit", "r0 = 1", "exit"]
PACKET = ["r6 = r1", "r7 = 0", "X", "r0 = 0", "exit"]
BARE = ["r0 = 0", "r3 = 5", "X", "exit"]
LAST = ["r0 = 0", "X"]
EITHER_WAY = ["r0 = 0", "if r1 == 0 goto +1", "X", "exit"]


def slot(opcode, **fields):
    """A slot as the files write it; fields that are 0 are left out. "value" is that of a table."""
    text = opcode if opcode == "value" else f"{opcode:#04x}"
    named = {"opcode": text, **{key: value for key, value in fields.items() if value != 0}}
    return "{" + ", ".join(f"{key}: {value}" for key, value in named.items()) + "}"


def program(frame, *slots):
    """The frame with the slots in the place of X."""
    texts = []
    for entry in frame:
        texts += slots if entry == "X" else [entry if entry == "exit" else quoted(entry)]
    return texts


@dataclass
class Form:
    """An instruction, the frame that it is legal in, and its fields there.

    `written`: the field that names the register it writes, if it does.
    """

    row: object
    frame: list
    legal: dict
    written: str | None = None

    @property
    def opcode(self):
        return self.row.opcode

    def slot(self, **changes):
        return slot(self.opcode, **{**self.legal, **changes})

    def but(self, **changes):
        """The form with other values in some fields."""
        return Form(self.row, self.frame, {**self.legal, **changes}, self.written)

    def ending_in(self, field):
        """The form with a field that the files write last."""
        legal = dict(self.legal)
        legal[field] = legal.pop(field)
        return Form(self.row, self.frame, legal, self.written)


def operand_fields(row, imm):
    """R3, R4 and an immediate where the row has them, and the numbers that select the row."""
    operands = {"dst": 3, "src": 4, "offset": 1, "imm": imm}
    return {field: operands[field] if rule == "any" else rule
            for field, rule in row.fields.items() if rule not in ("unused", 0)}  # fmt: skip


def memory_form(row):
    base = "src" if row.kind == "LDX" else "dst"
    legal = {"dst": 3, "src": 3, base: FRAME, "offset": -8}
    if not row.uses("src"):
        del legal["src"]
    if row.uses("imm"):
        legal["imm"] = 1
    elif row.code == "ATOMIC":
        legal["imm"] = f"{row.fields['imm']:#x}"
    fetches = row.code == "ATOMIC" and row.fields["imm"] & 1 and not row.mnemonic.startswith("cmpxchg")
    return Form(row, STACK, legal, "dst" if row.kind == "LDX" else "src" if fetches else None)


def form_of(row):
    """A legal form of a row; the jumps go to the slot behind the next."""
    if row.section in ("4.1", "4.2"):
        return Form(row, REGISTERS, operand_fields(row, 3), "dst")
    if row.section == "5.5":
        return Form(row, PACKET, {"src": 7} if row.uses("src") else {})
    if row.section in ("5.1", "5.2", "5.3"):
        return memory_form(row)
    if row.code == "JA":
        return Form(row, BARE, {})
    if row.code == "EXIT":
        return Form(row, LAST, {})
    if row.code == "CALL":
        return Form(row, FUNCTION, {**operand_fields(row, 2)})
    return Form(row, JUMP, operand_fields(row, 5))


def arithmetic_rows(table):
    """Section 4.1 but NEG: by width, then by opcode, with register forms behind immediate ones."""
    rows = [row for row in table.select(section="4.1") if row.code != "NEG"]
    return sorted(rows, key=lambda row: (row.width, row.code == "MOVSX", row.opcode & 0xF0,
                                         row.fields["offset"] == 1, row.form == "X"))  # fmt: skip


def swap_rows(table):
    rows = table.select(section="4.2")
    families = ["LE", "BE", "TO"]
    return sorted(rows, key=lambda row: (families.index(row.form), row.fields["imm"]))


def condition_rows(table):
    rows = [row for row in table.select(section="4.3") if row.uses("dst")]
    return sorted(rows, key=lambda row: (row.width, row.opcode & 0xF0, row.form))


def access_rows(table, section, **parts):
    """Rows of a section of loads and stores; sizes in the order of their bits: W, H, B, DW."""
    return sorted(table.select(section=section, **parts), key=lambda row: row.opcode & 0x18)


class EncodingFile(VectorFile):
    """A file of programs that must not load, and their legal twins."""

    def __init__(self, name, title, source, section="3"):
        super().__init__(f"3-encoding/{name}.yaml", section, title, source)

    def refuse(self, name, clauses, slots, control, because, tests=(), policy=None, unless=None, image=None,
               values=None):  # fmt: skip
        self.add({
            "id": f"encoding/{name}",
            "clauses": clauses,
            "tests": list(tests) or None,
            "values": values,
            "image": quoted(image) if image else None,
            "slots": None if image else slots,
            "control": control,
            "expect": "refused",
            "policy": policy,
            "unless": unless,
            "because": quoted(because),
        })  # fmt: skip

    def field(self, form, field, clauses, value, because, policy=UNUSED, suffix=None, **more):
        """The legal form with one field set to a value that it must not have."""
        clauses = clauses if isinstance(clauses, list) else [clauses]
        self.refuse(f"{form.row.name}-{suffix or field}", clauses,
                    program(form.frame, form.slot(**{field: value})), program(form.frame, form.slot()),
                    because, tests=[form.row.mnemonic], policy=policy, **more)  # fmt: skip
