"""Encoding vectors: opcodes, and values of offset, imm and src_reg, that mean no instruction."""

from encoding_forms import (
    EITHER_WAY, FRAME, FUNCTION, REGISTERS, STACK, EncodingFile, access_rows, form_of, program, slot,
    swap_rows
)  # fmt: skip
from extension_table import read_extensions, unless
from isa import CLASS, CODE, MODE, SIZE, SOURCE

FILE = "encoding_selectors.py"


class Opcodes:
    """What the fields of an opcode mean, from the opcodes that are assigned."""

    def __init__(self, table):
        self.table = table
        self.classes = table.bits(CLASS, "kind", {row.kind for row in table.rows})
        self.arithmetic = table.bits(CODE, "code", ("ALU", "ALU64"))
        self.jumps = table.bits(CODE, "code", ("JMP", "JMP32"))
        self.modes = table.bits(MODE, "code", ("LD", "LDX", "ST", "STX"))

    def why_unassigned(self, opcode):
        """(clause, sentence)."""
        kind = self.classes[opcode & CLASS]
        if kind in ("ALU", "ALU64"):
            return {
                "NEG": ("RFC9669-4.1-NEG-K-ONLY", "NEG exists with source K only."),
                "END": ("RFC9669-4.2-END-ALU64-SBIT",
                        "In class ALU64 the source bit of a byte swap has to be 0."),
            }.get(self.arithmetic.get(opcode & CODE),
                  ("RFC9669-4.1-CODE-UNASSIGNED", "No arithmetic operation has this code."))  # fmt: skip
        if kind in ("JMP", "JMP32"):
            return {
                "JA": ("RFC9669-4.3-JA-K-ONLY", "JA exists with source K only."),
                "CALL": ("RFC9669-4.3-CALL-FORM", "CALL exists as {CALL, K, JMP} only."),
                "EXIT": ("RFC9669-4.3-EXIT-FORM", "EXIT exists as {EXIT, K, JMP} only."),
            }.get(self.jumps.get(opcode & CODE), ("RFC9669-4.3-CODE-UNASSIGNED", "No jump has this code."))
        return self.why_no_access(kind, opcode)

    def why_no_access(self, kind, opcode):
        if opcode == 0:
            return "RFC9669-3.2-LONE-SECOND-HALF", "Opcode 0 only continues a wide instruction."
        if opcode & MODE not in self.modes:
            return "RFC9669-5-MODE-UNASSIGNED", "No load or store has this mode."
        return {
            ("STX", "ATOMIC"): ("RFC9669-5.3-NO-B-H", "Atomic operations have 32 or 64 bits."),
            ("LDX", "MEMSX"): ("RFC9669-5.2-NO-DW", "A doubleword has no room to be sign extended."),
            ("LD", "ABS"): ("RFC9669-5.5-NO-DW", "Packet loads have no size DW."),
            ("LD", "IND"): ("RFC9669-5.5-NO-DW", "Packet loads have no size DW."),
            ("LD", "IMM"): ("RFC9669-5.4-IMM-DW-ONLY", "Mode IMM exists with size DW only."),
        }.get((kind, self.modes[opcode & MODE]),
              ("RFC9669-5-MODE-CLASS-PAIRS", "This mode does not exist in this class."))  # fmt: skip

    def program(self, opcode):
        """(frame, slot, legal slot) where a runtime that takes the opcode for a similar one finds nothing
        else wrong."""
        kind = self.classes[opcode & CLASS]
        source = {"src": 4} if opcode & SOURCE else {}
        if kind in ("ALU", "ALU64"):
            is_swap = self.arithmetic.get(opcode & CODE) == "END"
            return REGISTERS, slot(opcode, dst=3, **({"imm": 16} if is_swap else source)), '"r3 = r3"'
        if kind in ("JMP", "JMP32"):
            if self.jumps.get(opcode & CODE) == "CALL":
                call = form_of(self.table["call_local"])
                return FUNCTION, slot(opcode, **call.legal), call.slot()
            return EITHER_WAY, slot(opcode), '"r0 = r0"'
        if kind == "LD":
            return REGISTERS, slot(opcode), '"r3 = r3"'
        access = form_of(next(row for row in self.table.select(section="5.1", kind=kind)))
        return STACK, slot(opcode, **access.legal), '"r3 = r3"'


def unassigned_opcodes(table):
    unassigned = sorted(set(range(256)) - table.opcodes)
    title = f"The {len(unassigned)} opcodes that mean nothing (0x00: as a first slot)."
    file = EncodingFile("unassigned-opcodes", title, FILE)
    opcodes, extensions = Opcodes(table), unless(read_extensions())
    for opcode in unassigned:
        clause, because = opcodes.why_unassigned(opcode)
        frame, bad, good = opcodes.program(opcode)
        file.refuse(f"opcode-{opcode:02x}", ["RFC9669-3.1-OPCODE-SPACE", clause], program(frame, bad),
                    program(frame, good), because, unless=extensions.get(opcode))  # fmt: skip
    file.refuse("opcode-8d-zero-fields", ["RFC9669-4.3-CALL-FORM"], program(EITHER_WAY, slot(0x8D)),
                program(EITHER_WAY, '"r0 = r0"'), "A call through a register, here R0, is no instruction.",
                unless="x-callx")  # fmt: skip
    return file


def offset_selectors(file, table):
    for width in (32, 64):
        for operation in ("div", "mod"):
            for source in ("imm", "reg"):
                form = form_of(table[f"{operation}{width}_{source}"])
                for offset in (2, -1) if source == "imm" else (2, 257):
                    file.field(form, "offset", "RFC9669-4.1-OFFSET-DIV-UNASSIGNED", offset,
                               "Offset 0 is unsigned and 1 signed; there is no other.", policy=None,
                               suffix=f"offset-{offset}".replace("--", "-minus-"))
        for offset in (8, 16, 32):
            file.field(form_of(table[f"mov{width}_imm"]), "offset", "RFC9669-4.1-MOVSX-X-ONLY", offset,
                       "MOVSX takes a register, never an immediate.", policy=None, suffix=f"offset-{offset}")
        for offset in (7, 24, 64, 264):
            file.field(form_of(table[f"mov{width}_reg"]), "offset", "RFC9669-4.1-OFFSET-MOVSX-UNASSIGNED",
                       offset, "MOV has the offsets 0, 8, 16 and 32.", policy=None,
                       suffix=f"offset-{offset}")
    file.field(form_of(table["mov32_reg"]), "offset", "RFC9669-4.1-MOVSX32-OFF32", 32,
               "In class ALU, MOVSX extends 8 and 16 bits.", policy=None, suffix="offset-32")
    for imm, spaces in ((1, "cast"), (0x10000, "cast-back"), (0, "cast-nothing")):
        move = form_of(table["mov64_reg"])
        file.refuse(f"mov64-reg-address-space-{spaces}", ["RFC9669-4.1-OFFSET-MOVSX-UNASSIGNED"],
                    program(REGISTERS, move.slot(offset=1, imm=imm)), program(REGISTERS, move.slot()),
                    "MOV has no offset 1.", tests=["mov64_reg"],
                    unless="x-addrspacecast" if imm else None)


def imm_selectors(file, table):
    for row in swap_rows(table):
        if row.fields["imm"] == 16:
            for width in (0, 8, 24, 128, 0x110):
                file.field(form_of(row), "imm", "RFC9669-4.2-END-WIDTHS", width,
                           "The widths are 16, 32 and 64.", policy=None, suffix=f"width-{width}")
    for width in (32, 64):
        form = form_of(table[f"bswap{width}"])
        file.refuse(f"end-alu64-source-bit-{width}", ["RFC9669-4.2-END-ALU64-SBIT"],
                    program(REGISTERS, slot(form.opcode | SOURCE, **form.legal)),
                    program(REGISTERS, form.slot()),
                    "In class ALU64 the source bit of a byte swap has to be 0.", tests=[f"bswap{width}"])
    for width in (32, 64):
        form = form_of(table[f"atomic_add{width}"]).but(imm=0)
        for imm in (0xE0, 0xF0):
            file.field(form, "imm", "RFC9669-5.3-FETCH-REQUIRED", f"{imm:#x}",
                       "XCHG and CMPXCHG carry the FETCH bit.", policy=None, suffix=f"imm-{imm:02x}")
        for imm in (0x02, 0x03, 0x10, 0x11, 0x20, 0x60, 0xB0, 0xE3, 0x141, 0x10000, 0x40000001):
            file.field(form, "imm", "RFC9669-5.3-IMM-UNASSIGNED", f"{imm:#x}",
                       "No atomic operation has this imm; all 32 bits of it count.", policy=None,
                       suffix=f"imm-{imm:02x}")
    for load in access_rows(table, "5.1", kind="LDX"):
        opcode = table.sibling("atomic_add64", SIZE, load.opcode & SIZE)
        for imm, name, fields in ((0x100, "acquire", {"dst": 3, "src": FRAME}),
                                  (0x110, "release", {"dst": FRAME, "src": 3})):  # fmt: skip
            file.refuse(f"atomic-{name}-{load.size}", ["RFC9669-5.3-IMM-UNASSIGNED"],
                        program(STACK, slot(opcode, **fields, offset=-8, imm=f"{imm:#x}")),
                        program(STACK, '"r3 = r3"'), f"imm {imm:#x} is no operation of the RFC.",
                        unless="x-acqrel")  # fmt: skip


def selectors(table):
    file = EncodingFile("selectors", "Values of offset, imm and src_reg that select no instruction.", FILE)
    offset_selectors(file, table)
    imm_selectors(file, table)
    call = form_of(table["call_local"])
    kinds = {row.fields["src"] for row in table.select(code="CALL")}
    for kind in sorted(set(range(16)) - kinds):
        file.refuse(f"call-kind-{kind}", ["RFC9669-4.3-CALL-SRC-UNASSIGNED", "RFC9669-4.3-CALL-KINDS"],
                    program(FUNCTION, call.slot(src=kind)), program(FUNCTION, call.slot()),
                    "Kinds of calls end at 2.", tests=["call_local"])
    return file


FILES = (unassigned_opcodes, selectors)
