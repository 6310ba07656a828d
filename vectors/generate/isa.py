"""The instruction table as `bpf-assay isa --json` prints it: encodings, fields in use, assembly text.

What instructions mean is not read from it: that is in model.py, written from the RFC.
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from extension_table import read_extensions, rows_json

DEFAULT_BINARY = Path(__file__).resolve().parents[2] / "build" / "release" / "bin" / "bpf-assay"

# How the 8 bits of an opcode are split: sections 3.1, 4 (class, source, code) and 5 (class, size, mode).
CLASS, SOURCE, CODE, SIZE, MODE = 0x07, 0x08, 0xF0, 0x18, 0xE0

FIELDS = {"dst": 4, "src": 4, "offset": 16, "imm": 32}  # bits
SIZES = {"b": 8, "h": 16, "w": 32, "dw": 64}


class TableProblem(Exception):
    """There is no table, or it lacks something."""


@dataclass(frozen=True)
class Row:
    """An instruction. `fields`: each of FIELDS -> "any", "unused" or the number that selects this row.

    `wide`: it has a second slot, with `next_imm` "any" or "unused". `code`, `form` and `kind` are the parts
    of the RFC's name: {ADD, K, ALU}, {MEM, W, LDX}.
    """

    mnemonic: str
    opcode: int
    fields: dict
    wide: bool
    next_imm: str | None
    section: str
    syntax: str
    code: str
    form: str
    kind: str

    @property
    def name(self):
        """The mnemonic as ids of vectors have it."""
        return self.mnemonic.replace("_", "-")

    @property
    def width(self):
        """Width of the operands: of arithmetic and jumps from the class, of memory from the size."""
        if self.form.lower() in SIZES:
            return SIZES[self.form.lower()]
        return 32 if self.kind in ("ALU", "JMP32") else 64

    @property
    def size(self):
        """The size of an access, as mnemonics have it: b, h, w, dw."""
        return self.form.lower()

    @property
    def loads(self):
        """Whether it goes from memory to a register: src is the address. Of extensions, too."""
        return self.kind == "LDX" or self.mnemonic.startswith("load_acquire")

    def uses(self, field):
        """Whether the field is an operand."""
        return self.fields[field] == "any"

    def unused(self):
        """Names of the fields that SHALL be zero."""
        return [field for field, rule in self.fields.items() if rule == "unused"]


class Table:
    """The rows of RFC 9669, ordered by opcode.

    Instructions of extensions (section x-...) stand apart: for the RFC their encodings are unassigned.
    """

    def __init__(self, document):
        everything = [row_of(entry) for entry in document["instructions"]]
        self.rows = [row for row in everything if not row.section.startswith("x-")]
        self.by_mnemonic = {row.mnemonic: row for row in everything}
        self.opcodes = {row.opcode for row in self.rows}

    def __getitem__(self, mnemonic):
        if mnemonic not in self.by_mnemonic:
            raise TableProblem(f"the instruction table has no {mnemonic}")
        return self.by_mnemonic[mnemonic]

    def select(self, *, section=None, **parts):
        """Rows by section, code, form or kind; each a value or several."""
        wanted = {**parts, **({"section": section} if section else {})}
        sets = {key: {value} if isinstance(value, str) else set(value) for key, value in wanted.items()}
        return [row for row in self.rows if all(getattr(row, key) in sets[key] for key in sets)]

    def of_extension(self, name):
        """The rows of an extension."""
        return [row for row in self.by_mnemonic.values() if row.section == name]

    def sibling(self, mnemonic, mask, bits):
        """The opcode of an instruction with some of its bits replaced."""
        return self[mnemonic].opcode & ~mask | bits

    def bits(self, mask, attribute, kinds):
        """The bits of an opcode that mean something in these classes, by what they mean."""
        return {row.opcode & mask: getattr(row, attribute) for row in self.rows if row.kind in kinds}


def row_of(entry):
    code, form, kind = entry["rfc_name"].strip("{}").split(", ")
    fields = {field: entry.get(field, entry.get(f"{field}_reg")) for field in FIELDS}
    return Row(entry["mnemonic"], entry["opcode"], fields, entry["wide"], entry.get("next_imm"),
               entry["section"], entry["syntax"], code, form, kind)  # fmt: skip


def read_table(binary):
    """The table of a binary of bpf-assay."""
    try:
        done = subprocess.run([binary, "isa", "--json"], capture_output=True, text=True, check=True)
        document = json.loads(done.stdout)
        # Those of extensions are read where they stand, so that a binary of before can be used.
        return Table({"instructions": document["instructions"] + rows_json(read_extensions())})
    except FileNotFoundError:
        build = "cmake --preset release && cmake --build --preset release --target bpf-assay"
        raise TableProblem(f"{binary} is missing; build it: {build}") from None
    except (OSError, subprocess.CalledProcessError, ValueError, KeyError) as problem:
        raise TableProblem(f"{binary} isa --json does not print an instruction table: {problem}") from None
