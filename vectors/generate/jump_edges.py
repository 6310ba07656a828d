"""Conditional jumps that are not taken, by every kind of distance, and jumps over wide instructions."""

from model import unsigned
from model import CONDITIONS as TAKEN
from program_jumps import HOLDS, condition_text, conditions
from vector_file import VectorFile

SOURCE = "jump_edges.py"
CLAUSES = ["RFC9669-4.3-FALL-THROUGH", "RFC9669-3.1-OFFSET-SIGNED", "RFC9669-4.3-PC-UNITS"]
# As of HOLDS: R2 = R3 = 5 and R4 = 9.
VALUES = {2: 5, 3: 5, 4: 9}
OPERANDS = {"r2": 5, "r3": 5, "r4": 9}
# Code -> (dst, src, imm) for which the condition does not hold.
FAILS = {"JEQ": (2, 4, 9), "JNE": (2, 3, 5), "JSET": (2, 5, 2), "JGT": (2, 4, 9), "JGE": (2, 4, 9),
         "JLT": (4, 3, 5), "JLE": (4, 3, 5), "JSGT": (2, 4, 9), "JSGE": (2, 4, 9), "JSLT": (4, 3, 5),
         "JSLE": (4, 3, 5)}  # fmt: skip
VALUES[5] = 0x10  # has no bit in common with R2
OPERANDS["r5"] = 0x10
# Slots of the filler.
LONG, FAR = 150, 4200


def failing(row):
    dst, src, imm = FAILS[row.code]
    second = VALUES[src] if row.form == "X" else unsigned(imm, row.width)
    assert not TAKEN[row.code](VALUES[dst], second, row.width)
    return condition_text(row, dst, src, imm)


def holding(row):
    dst, src, imm = HOLDS[row.code]
    second = VALUES[src] if row.form == "X" else unsigned(imm, row.width)
    assert TAKEN[row.code](VALUES[dst], second, row.width)
    return condition_text(row, dst, src, imm)


def filler(slots):
    return [f".rept {slots}", "r7 += 1", ".endr"]


def forward(table, slots):
    jumps = [f"if {failing(row)} goto there" for row in conditions(table)]
    return [*jumps, *filler(slots), "there:"], {"r7": slots}


def backward(table, slots):
    jumps = [f"if {failing(row)} goto back" for row in conditions(table)]
    # R9 is not 0, but a verifier has to think it possible: it sees the filler once.
    return ["goto start", "back:", "r7 += 1", "goto end", "filler:", *filler(slots), "goto end", "start:",
            "if r9 == 0 goto filler", *jumps, "end:"], {"r7": 0}  # fmt: skip


def short(rows):
    """Two slots from each jump to where it would go."""
    lines = []
    for number, row in enumerate(rows, 1):
        lines += [f"if {failing(row)} goto +2", f"r7 += {number}", "r7 ^= 0"]
    return lines, {"r7": len(rows) * (len(rows) + 1) // 2}


def over_wide(rows):
    lines = []
    for number, row in enumerate(rows, 1):
        lines += [f"if {holding(row)} goto +2", f"r7 = {number} ll"]
    return lines, {"r7": 0}


def back_over_wide(jumps):
    """Each jump goes back over a wide instruction to what adds its number."""
    lines = []
    for number, jump in enumerate(jumps, 1):
        lines += [f"goto start{number}", f"back{number}:", f"r8 = {number * 0x100000001:#x} ll", "r7 += r8",
                  f"goto end{number}", f"start{number}:", f"{jump} back{number}", f"end{number}:"]  # fmt: skip
    count = len(jumps)
    return lines, {"r7": f"{count * (count + 1) // 2 * 0x100000001:#x}", "r8": f"{count * 0x100000001:#x}"}


def parts(table):
    """(name, rows): a verifier follows both ways of each jump, so that few programs have all of them."""
    for width in (64, 32):
        for form, operand in (("K", "imm"), ("X", "reg")):
            yield f"{width}-{operand}", [r for r in conditions(table) if (r.width, r.form) == (width, form)]


def edges(table):
    file = VectorFile("4.3-jump/not-taken.yaml", "4.3",
                      "Every conditional jump, not taken, over distances that hosts encode in different ways, and\n"
                      "# taken over wide instructions.", SOURCE)  # fmt: skip
    not_taken = "No condition holds, so that every jump falls through."

    def add(name, mnemonics, program, because):
        lines, after = program
        file.add({
            "id": f"jumps/{name}",
            "clauses": CLAUSES,
            "tests": mnemonics,
            "asm": "\n".join(lines) + "\n",
            "before": {**OPERANDS, "r7": 0, **({"r8": 0} if "r8" in after else {})},
            "after": {key: value for key, value in after.items() if value != 0},
            "because": because,
        })  # fmt: skip

    mnemonics = [row.mnemonic for row in conditions(table)]
    for name, program in (
        ("forward-beyond-7-bits", forward(table, LONG)),
        ("forward-beyond-12-bits", forward(table, FAR)),
        ("backward-beyond-7-bits", backward(table, LONG)),
        ("backward-beyond-12-bits", backward(table, FAR)),
    ):  # fmt: skip
        add(f"not-taken-{name}", mnemonics, program, not_taken)
    for name, rows in parts(table):
        mnemonics = [row.mnemonic for row in rows]
        add(f"not-taken-forward-short-{name}", mnemonics, short(rows), not_taken)
        add(f"over-wide-{name}", mnemonics, over_wide(rows),
            "Each jump is taken over the two slots of a wide instruction.")  # fmt: skip
        add(f"back-over-wide-{name}", mnemonics, back_over_wide([f"if {holding(row)} goto" for row in rows]),
            "Each jump is taken back over the two slots of a wide instruction.")  # fmt: skip
    add("back-over-wide-ja32", ["ja32"], back_over_wide(["gotol"]),
        "The jump goes back over the two slots of a wide instruction.")  # fmt: skip
    return file


FILES = (edges,)
