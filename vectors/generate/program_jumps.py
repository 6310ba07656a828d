"""Jumps as programs take them: both ways over all distances of hosts, in loops, ladders and chains."""

import random

from assembly import CONDITIONS, parse
from model import CONDITIONS as TAKEN
from model import step_of, unsigned
from vector_file import VectorFile

SOURCE = "program_jumps.py"
SYMBOLS = {code: symbol for symbol, code in CONDITIONS.items()}
CONDITION_CLAUSES = ["RFC9669-4.3-BACKWARD", "RFC9669-3.1-OFFSET-SIGNED", "RFC9669-4.3-WIDTH-32",
                     "RFC9669-4.3-WIDTH-64"]  # fmt: skip


def conditions(table):
    """Every conditional jump, in the order of section 4.3: JMP before JMP32, code by code, reg before imm."""
    rows = [row for kind in ("JMP", "JMP32") for code in TAKEN for form in ("X", "K")
            for row in table.select(section="4.3", code=code, form=form, kind=kind)]  # fmt: skip
    assert len(rows) == 44
    return rows


def condition_text(row, dst, src, imm):
    """What stands behind `if`."""
    prefix = "w" if row.width == 32 else "r"
    return f"{prefix}{dst} {SYMBOLS[row.code]} {f'{prefix}{src}' if row.form == 'X' else imm}"


# Of r2 = r3 = 5 and r4 = 9: true for each condition.
HOLDS = {"JEQ": (2, 3, 5), "JNE": (4, 3, 5), "JSET": (2, 3, 5), "JGT": (4, 3, 5), "JGE": (2, 3, 5),
         "JLT": (2, 4, 9), "JLE": (2, 3, 5), "JSGT": (4, 3, 5), "JSGE": (2, 3, 5), "JSLT": (2, 4, 9),
         "JSLE": (2, 3, 5)}  # fmt: skip
OPERANDS = {"u64@0": 5, "u64@8": 5, "u64@16": 9}
RELOAD = "r2 = *(u64 *)(r1 + 0)\nr3 = *(u64 *)(r1 + 8)\nr4 = *(u64 *)(r1 + 16)"


def every_condition(table, macro):
    """A call of the macro for each condition, which holds: `macro number, condition`."""
    return [f"{macro} {number}, {condition_text(row, *HOLDS[row.code])}"
            for number, row in enumerate(conditions(table), 1)]  # fmt: skip


def apart(table, filler):
    """Jumps over other conditions' code and a filler, to the second part of the program and back again."""
    return "\n".join([
        ".macro head number, condition:vararg", RELOAD, r"if \condition goto there\number", "goto failed",
        r"back\number:", ".endm",
        ".macro tail number, condition:vararg", r"there\number:", r"r0 += \number", RELOAD,
        r"if \condition goto back\number", "goto failed", ".endm",
        ".macro all macro", *every_condition(table, r"\macro"), ".endm",
        "r0 = 0", "r2 = *(u64 *)(r1 + 0)", "if r2 == 6 goto filler", "all head", "exit",
        "failed:", "r0 += 0x10000", "exit",
        "filler:", f".rept {filler}", "r0 += 0x100000", ".endr", "exit", "all tail"
    ])  # fmt: skip


def near(table):
    return "\n".join([
        ".macro jump number, condition:vararg", RELOAD, r"if \condition goto there\number", "goto failed",
        r"back\number:", r"goto next\number",
        r"there\number:", r"r0 += \number", RELOAD, r"if \condition goto back\number", "goto failed",
        r"next\number:", ".endm",
        "r0 = 0", *every_condition(table, "jump"), "exit", "failed:", "r0 += 0x10000", "exit"
    ])  # fmt: skip


# What jumps over 4-byte and 3-byte instructions (of x86-64) by turns, so that every distance is there.
FINE_FORWARD = """\
if {condition} goto over\\@
.rept \\long
r0 += 1
.endr
.rept \\short
r0 += r4
.endr
over\\@:"""
FINE_BACKWARD = """\
goto test\\@
back\\@:
.rept \\long
r0 += 1
.endr
.rept \\short
r0 += r4
.endr
goto over\\@
test\\@:
if {condition} goto back\\@
over\\@:"""
FINE = """\
.altmacro
.macro step long, short
r2 = *(u64 *)(r1 + 0)
{jump}
r5 += 1
.endm
r4 = *(u64 *)(r1 + 8)
r0 = 0
r5 = 0
.set short, 0
.rept 4
.set long, {first}
.rept {count}
step %long, %short
.set long, long+1
.endr
.set short, short+1
.endr
*(u64 *)(r1 + 16) = r5
exit"""
FINE_CONDITIONS = {"jeq64-imm": "r2 == 5", "jsgt64-reg": "r2 s> r5", "jset32-imm": "w2 & 4",
                   "jlt32-reg": "w2 < w4"}
FINE_COUNTERS = {"jsgt64-reg": (0x7000, -1)}  # a value for which the condition holds, and one for which not


def fine(file):
    """Around 127 and 128 bytes of host code, where short forms of jumps end."""
    first, count = 20, 21
    fill = sum(long + 0x100 * short for long in range(first, first + count) for short in range(4))
    for name, condition in FINE_CONDITIONS.items():
        for way, jump in (("forward", FINE_FORWARD), ("backward", FINE_BACKWARD)):
            for taken in (True, False):
                holds, fails = FINE_COUNTERS.get(name, (5, 0x2000))
                runs_filler = taken == (way == "backward")
                file.add({
                    "id": f"distances/short-form-{name}-{way}{'' if taken else '-not-taken'}",
                    "clauses": ["RFC9669-4.3-PC-UNITS", "RFC9669-4.3-BACKWARD" if way == "backward" else
                                "RFC9669-4.3-FALL-THROUGH"],
                    "tests": [name.replace("-", "_")],
                    "program": FINE.format(jump=jump.format(condition=condition), first=first, count=count),
                    "before": {"memory": {"u64@0": holds if taken else fails, "u64@8": 0x100}},
                    "after": {"r0": fill if runs_filler else 0, "memory": {"u64@16": 4 * count}},
                    "because": "Every distance around 127 bytes of host code; each landing counts, and so does "
                               "each addition that is passed.",
                })  # fmt: skip


FAR = 270_000  # slots: more than 1 MiB of code on hosts with instructions of 4 bytes
ADD_R7 = "0x700f"  # r0 += r7; the assembler is quicker with a number than with the text
FAR_PROGRAMS = {
    "ja32-both-ways": ("ja32", "RFC9669-4.3-JA32", """\
r7 = *(u64 *)(r1 + 0)
r0 = 7
if r7 == 1 goto filler
gotol over
back:
r0 += 1
exit
filler:
{filler}
over:
gotol back"""),
    "call-forward": ("call_local", "RFC9669-4.3.2-LOCAL-TARGET", """\
r7 = *(u64 *)(r1 + 0)
r1 = r7
call function
if r7 == 1 goto filler
gotol over
filler:
{filler}
over:
exit
function:
r0 = r1
r0 -= 1
exit"""),
    "call-backward": ("call_local", "RFC9669-4.3.2-LOCAL-NEGATIVE", """\
r1 = *(u64 *)(r1 + 0)
call last
exit
function:
r0 = r1
r0 -= 2
exit
last:
r7 = r1
r0 = 0
if r7 == 1 goto filler
gotol over
filler:
{filler}
over:
call function
r0 += 1
exit"""),
}


def far(file):
    for name, (mnemonic, clause, program) in FAR_PROGRAMS.items():
        file.add({
            "id": f"distances/beyond-1-mib-{name}",
            "clauses": [clause, "RFC9669-4.3-PC-UNITS"],
            "tests": [mnemonic],
            "program": program.format(filler=f".fill {FAR}, 8, {ADD_R7}"),
            "before": {"memory": {"u64@0": 9}},
            "after": {"r0": 8},
            "because": f"The way leads over {FAR:,} additions, none of which is run.",
        })  # fmt: skip


def distances(table):
    file = VectorFile("4.3-jump/distances.yaml", "4.3",
                      "Jumps over all distances that hosts encode in different ways. Operands come from "
                      "memory.\n"
                      "# With every condition: each landing adds its number, 1 + 2 + ... + 44 = 990, and "
                      "whoever\n"
                      "# falls through, or lands elsewhere, adds more.", SOURCE)  # fmt: skip
    for name, program, because in (
        ("near", near(table), "Both jumps of each condition reach over a few slots."),
        ("beyond-7-bits", apart(table, 130), "The distances do not fit in 8 bits."),
        ("beyond-11-bits", apart(table, 2200), "The distances do not fit in 12 bits."),
        ("beyond-14-bits", apart(table, 16600), "The distances do not fit in 15 bits."),
    ):  # fmt: skip
        file.add({
            "id": f"distances/{name}", "clauses": CONDITION_CLAUSES,
            "tests": [row.mnemonic for row in conditions(table)],
            "program": program, "before": {"memory": OPERANDS}, "after": {"r0": 990}, "because": because,
        })  # fmt: skip
    fine(file)
    far(file)
    return file


INTERESTING = [0, 1, 5, -1, -5, 6, 4, 1 << 31, (1 << 31) - 1, 1 << 63, (1 << 63) - 1, 0xFFFFFFFF, 0x100000005,
               0xFFFFFFFF00000004, 0x8000000000000005, 0x7FFFFFFF80000000]  # fmt: skip


def loop_rows(row, imm):
    """Four pairs of operands: the condition holds, holds, does not, holds."""
    choose = random.Random(row.mnemonic)
    rows = []
    for wanted in (True, True, False, True):
        while True:
            pair = choose.choice(INTERESTING), choose.choice(INTERESTING)
            registers = [0, 0, 0, unsigned(pair[0], 64), unsigned(pair[1], 64)]
            jump = parse(f"if {condition_text(row, 3, 4, imm)} goto +0")[0]
            if step_of(jump, "little")(registers, None) == wanted and pair not in rows:
                rows.append(pair)
                break
    return rows


def loops(file, table):
    for row in conditions(table):
        imm = -5 if row.code.startswith("JS") or row.width == 32 else 5
        pairs = loop_rows(row, imm)
        memory = {f"u64@{16 * n + 8 * i}": f"{unsigned(value, 64):#x}" for n, pair in enumerate(pairs)
                  for i, value in enumerate(pair)}  # fmt: skip
        r3, r4 = (f"{unsigned(value, 64):#x}" for value in pairs[2])
        file.add({
            "id": f"{row.name}/loop",
            "clauses": [f"RFC9669-4.3-{row.code}", "RFC9669-4.3-BACKWARD", "RFC9669-4.3-FALL-THROUGH"],
            "tests": [row.mnemonic],
            "asm": "\n".join(["r0 = 0", "again:", "r0 += 1", "r3 = *(u64 *)(r1 + 0)", "r4 = *(u64 *)(r1 + 8)",
                              "r1 += 16", "if r0 == 4 goto end",
                              f"if {condition_text(row, 3, 4, imm)} goto again", "end:"]),
            "before": {"r1": "{block: 0}", "memory": memory},
            "after": {"r0": 3, "r1": "{block: 48}", "r3": r3, "r4": r4},
            "because": "The condition, which ends a loop, holds for the first two pairs of operands, and not "
                       "for the third.",
        })  # fmt: skip


# Of r3 = r4 = 5, r6 = 9, r7 = 0xf000000200000002: (dst, src, imm) that hold, and that do not.
SHORT = {"JEQ": ((3, 4, 5), (3, 6, 9)), "JNE": ((3, 6, 9), (3, 4, 5)), "JSET": ((3, 6, 4), (3, 7, 2)),
         "JGT": ((6, 3, 5), (3, 4, 5)), "JGE": ((3, 4, 5), (3, 6, 9)), "JLT": ((3, 6, 9), (3, 4, 5)),
         "JLE": ((3, 4, 5), (6, 3, 5)), "JSGT": ((6, 3, 5), (3, 6, 9)), "JSGE": ((6, 4, 5), (3, 6, 9)),
         "JSLT": ((4, 6, 9), (6, 3, 5)), "JSLE": ((3, 6, 9), (6, 4, 5))}  # fmt: skip
SHORT_BEFORE = {"r3": 5, "r4": 5, "r5": 0, "r6": 9, "r7": "0xf000000200000002"}


def short_distances(file, table):
    """Distances 0, 1 and -1, of eleven conditions each."""
    for width, form in ((64, "X"), (64, "K"), (32, "X"), (32, "K")):
        rows = [row for row in conditions(table) if (row.width, row.form) == (width, form)]
        name = f"{width}-{'reg' if form == 'X' else 'imm'}"
        all_marks = (1 << len(rows)) - 1
        for distance, taken in ((0, True), (0, False), (1, True), (1, False), (-1, False)):
            lines = []
            for position, row in enumerate(rows):
                operands = condition_text(row, *SHORT[row.code][0 if taken else 1])
                lines += [f"if {operands} goto {distance:+}", f"r5 ^= {1 << position}"]
            file.add({
                "id": f"jcc/distance-{distance}-{name}{'' if taken else '-not-taken'}".replace("--1",
                                                                                               "-minus-1"),
                # By 0, whether the condition holds does not show.
                "clauses": ([f"RFC9669-4.3-{row.code}" for row in rows] if distance else [])
                           + ["RFC9669-4.3-PC-UNITS" if distance else "RFC9669-4.3-ZERO-DISTANCE"]
                           + ([] if taken else ["RFC9669-4.3-FALL-THROUGH"]),
                "tests": [row.mnemonic for row in rows],
                "policy": "verifier" if distance == -1 else None,
                "asm": "\n".join(lines),
                "before": SHORT_BEFORE,
                "after": {"r5": 0 if taken and distance == 1 else f"{all_marks:#x}"},
                "because": {
                    0: "Whether the conditions hold or not, the next instruction is run.",
                    1: "Every condition holds, and leaves its mark out." if taken else
                       "No condition holds, so every mark is made.",
                    -1: "A jump to itself is an ordinary instruction while its condition does not hold.",
                }[distance],
            })  # fmt: skip


def backward(table):
    file = VectorFile("4.3-jump/short.yaml", "4.3",
                      "Every condition as the end of its own loop, and over distances 0, 1 and -1.", SOURCE)
    loops(file, table)
    short_distances(file, table)
    return file


FILES = (distances, backward)
