"""Every instruction as the last before EXIT, and as the first of a program where the entry state allows it."""

from assembly import parse
from model import Memory, run, unsigned
from program_sequences import SWAPS, clause_of
from sequences import BLOCK_AT, text_of
from vector_file import VectorFile

SOURCE = "program_ends.py"
MEMORY = bytes((0x5A + 37 * i) % 256 for i in range(64))
INPUTS = {0: 0x8000000700000123, 2: 0xFFFFFFFD00000025}
CELL = 0x8899AABBCCDDEEFF
PACKET = bytes(range(0x81, 0x91))
STORED_IMM, PLAIN_IMM = -123456789, 5


def clauses(row):
    exit_clause = "RFC9669-4.3-EXIT"
    if row.section == "4.1":
        return [exit_clause, clause_of(row)]
    if row.section == "4.2":
        return [exit_clause, SWAPS[row.form]]
    if row.section == "4.3":
        return [exit_clause, f"RFC9669-4.3-{row.code}", "RFC9669-4.3-ZERO-DISTANCE"]
    if row.section == "5.3":
        operation = row.mnemonic.split("_")[-1].rstrip("0123456789").upper()
        return [exit_clause,
                f"RFC9669-5.3-{operation}" if operation != "CMPXCHG" else "RFC9669-5.3-CMPXCHG-NOMATCH"]
    return [exit_clause, {"st": "RFC9669-5.1-ST", "stx": "RFC9669-5.1-STX", "ldx": "RFC9669-5.1-LDX",
                          "ldxs": "RFC9669-5.2-SEXT-TO-64"}[row.mnemonic[:-len(row.size)]]]  # fmt: skip


def last_line(row):
    """The instruction, on R0 and R2, or on R0 and the memory at R1 + 16."""
    if row.section in ("5.1", "5.2") and row.mnemonic.startswith("ldx"):
        return text_of(row, 0, 1, offset=" + 16")
    if row.section in ("5.1", "5.3"):
        return text_of(row, 1, 0 if "xchg" in row.mnemonic or "fetch" in row.mnemonic else 2, imm=STORED_IMM,
                       offset=" + 16")  # fmt: skip
    return text_of(row, 0, 2, imm=PLAIN_IMM)


LOADS = ["r0 = *(u64 *)(r1 + 0)", "r2 = *(u64 *)(r1 + 8)"]
DONE = "What the instruction in front of EXIT does is done."


def add_last(file, row, lines, before, r0, after=None):
    file.add({
        "id": f"{row.name}/last-before-exit", "clauses": clauses(row), "tests": [row.mnemonic],
        "program": "\n".join([*lines, "exit"]), "before": {"memory": before},
        "after": {"r0": f"{r0:#x}", **({"memory": after} if after else {})}, "because": DONE,
    })  # fmt: skip


def last(file, row):
    """On numbers that are the same for both byte orders: each is loaded in the width in which it is stated."""
    lines = [*LOADS, last_line(row)]
    cells = {0: (64, INPUTS[0]), 8: (64, INPUTS[2])}
    if row.section.startswith("5"):
        cells[16] = row.width, unsigned(CELL, row.width)
    content = bytearray(MEMORY)
    for at, (width, value) in cells.items():
        content[at:at + width // 8] = value.to_bytes(width // 8, "little")
    registers = [0, BLOCK_AT, *[0] * 9]
    memory = Memory(BLOCK_AT, content, "little")
    run(parse("\n".join(lines)), registers, "little", memory)
    after = {}
    if 16 in cells and memory.data != content:
        after[f"u{row.width}@16"] = f"{memory.load(BLOCK_AT + 16, row.width):#x}"
    add_last(file, row, lines, {f"u{width}@{at}": f"{value:#x}" for at, (width, value) in cells.items()},
             registers[0], after)  # fmt: skip


def last_of_byte_order(file, row):
    """le and be: from bytes, which they make the same number on every machine."""
    size = int(row.mnemonic[2:]) // 8
    data = bytes(range(0x81, 0x81 + size))
    lines = [f"r0 = *(u{8 * size} *)(r1 + 0)", text_of(row, 0, None)]
    add_last(file, row, lines, {"bytes@0": f'"{data.hex()}"'},
             int.from_bytes(data, "little" if row.form == "LE" else "big"))  # fmt: skip


def last_of_packet(file, row):
    width = 8 * {"b": 1, "h": 2, "w": 4}[row.mnemonic[-1]]
    indirect = row.mnemonic.startswith("ldind")
    at = 6 if indirect else 3
    text = f"r0 = *(u{width} *)skb[{'r7' if indirect else at}]"
    file.add({
        "id": f"{row.name}/last-before-exit", "clauses": ["RFC9669-5.5-SEMANTICS", "RFC9669-4.3-EXIT"],
        "tests": [row.mnemonic], "packet": f'"{PACKET.hex()}"',
        "program": "\n".join(["r6 = r1", "r7 = 6", text, "exit"]),
        "after": {"r0": f"{int.from_bytes(PACKET[at:at + width // 8], 'big'):#x}"},
        "because": "The result of the load in front of EXIT is the result of the program.",
    })  # fmt: skip


def first(file, table):
    """What can be run with R1 and R10 alone."""
    cell = f"{CELL:#x}"
    begin = "The program begins with this instruction."

    def add(row, program, r0, clause, memory=None, more=None):
        file.add({
            "id": f"{row.name}/first-instruction", "clauses": [clause], "tests": [row.mnemonic],
            "program": program, "before": {"memory": memory} if memory else None,
            "after": {"r0": r0, **(more or {})}, "because": begin,
        })  # fmt: skip

    for row in table.select(section=("5.1", "5.2")):
        bits = row.width
        value = unsigned(CELL, bits)
        if row.mnemonic.startswith("ldx"):
            result = unsigned(value - (1 << bits) if "ldxs" in row.mnemonic else value, 64)
            add(row, f"{text_of(row, 0, 1, offset=' + 8')}\nexit", f"{result:#x}", clauses(row)[1],
                {f"u{bits}@8": f"{value:#x}"})
        elif row.mnemonic == "stxdw":
            add(row, "*(u64 *)(r10 - 8) = r1\nr2 = *(u64 *)(r10 - 8)\nr0 = *(u64 *)(r2 + 8)\nexit", cell,
                "RFC9669-5.1-STX", {"u64@8": cell})
        elif row.mnemonic.startswith("st") and not row.mnemonic.startswith("stx"):
            add(row, f"{text_of(row, 1, 0, imm=-2, offset=' + 8')}\nr0 = 1\nexit", 1, "RFC9669-5.1-ST",
                more={"memory": {f"u{bits}@8": -2}})
    for mnemonic, line in (("add64_imm", "r1 += 8"), ("sub64_imm", "r1 -= -8")):
        add(table[mnemonic], f"{line}\nr0 = *(u64 *)(r1 + 0)\nexit", cell, clause_of(table[mnemonic]),
            {"u64@8": cell})
    add(table["mov64_reg"], "r6 = r1\nr0 = *(u64 *)(r6 + 8)\nexit", cell, "RFC9669-4.1-MOV", {"u64@8": cell})
    add(table["mov32_imm"], "w0 = -2\nexit", "0xfffffffe", "RFC9669-4.1-MOV")
    add(table["mov64_imm"], "r0 = -2\nexit", -2, "RFC9669-4.1-MOV")
    for register in (0, 2, 3, 4, 5, 6, 7, 8, 9):
        file.add({
            "id": f"lddw/first-instruction-r{register}", "clauses": ["RFC9669-5.4-LDDW", "RFC9669-5.4-WIDE"],
            "tests": ["lddw"],
            "program": f"r{register} = 0xfedcba987654321{register} ll\n*(u64 *)(r1 + 0) = r{register}\n"
                       f"r0 = 1\nexit",
            "after": {"r0": 1, "memory": {"u64@0": f"0xfedcba987654321{register}"}},
            "because": "The program begins with a wide instruction.",
        })  # fmt: skip
    add(table["ja32"], "gotol main\nback:\nr0 += 1\nexit\nmain:\nr0 = *(u64 *)(r1 + 8)\ngotol back",
        f"{CELL + 1:#x}",
        "RFC9669-4.3-JA32", {"u64@8": cell})


def wide_between_jumps(file):
    """A wide instruction in each gap between conditional jumps over it."""
    values = [unsigned(0x1000000080000001 << position, 64) for position in range(5)]
    for bits in (0, 0b10110, 0b01001, 0b11111):
        lines, r0, r3 = ["r0 = 0", "r2 = *(u64 *)(r1 + 0)", "r3 = 0x100000000 ll"], 0, 0x100000000
        for position, value in enumerate(values):
            lines += [f"if r2 & {1 << position} goto +2", f"r3 = {value:#x} ll", "r0 += r3"]
            r3 = r3 if bits >> position & 1 else value
            r0 = unsigned(r0 + r3, 64)
        lines += ["*(u64 *)(r1 + 8) = r0", "exit"]
        file.add({
            "id": f"lddw/between-jumps-{bits:05b}", "clauses": ["RFC9669-5.4-WIDE", "RFC9669-4.3-PC-UNITS"],
            "tests": ["lddw", "jset64_imm"], "program": "\n".join(lines),
            "before": {"memory": {"u64@0": bits}}, "after": {"r0": f"{r0:#x}", "memory": {"u64@8": f"{r0:#x}"}},
            "because": "Each bit that is set leaves out the wide instruction behind its jump, both slots "
                       "of it.",
        })  # fmt: skip


def ends(table):
    file = VectorFile("4.3-jump/ends.yaml", "4.3", "Instructions at the end and at the beginning of a "
                                                   "program.", SOURCE)
    for row in table.select(section=("4.1", "4.2", "5.1", "5.2", "5.3")):
        (last_of_byte_order if row.form in ("LE", "BE") else last)(file, row)
    for row in table.select(section="4.3"):
        if row.code.startswith("J") and row.code != "JA":
            last(file, row)
    for row in table.select(section="5.5"):
        last_of_packet(file, row)
    first(file, table)
    wide_between_jumps(file)
    return file


FILES = (ends, )
