"""Shapes of whole programs that a compiler of several passes, or one with small tables, may get wrong."""

import random

from model import unsigned
from vector_file import VectorFile

SOURCE = "program_shapes.py"
UNITS = 300  # jumps of a ladder

# R2 is what decides, and R3 to R9 are one bit each: of registers that it does not know, a verifier learns
# nothing by a jump, and need not follow every way through a ladder.
BITS = 7
LOAD_BITS = "\n".join(f"r{number} = *(u64 *)(r1 + {8 * (number - 2)})" for number in range(2, 10))
STEPS = """\
.set number, {first}
.rept {count}
step %3+number%7
.set number, number+1
.endr"""


def bits_before(bits):
    values = [bits, *(1 << bit for bit in range(BITS))]
    return {"memory": {f"u64@{8 * place}": value for place, value in enumerate(values)}}


def common_end(file):
    for steps in (0, 1, 20, 21, 22, 31, 32, 127, 128, 299, 300):
        file.add({
            "id": f"ladder/common-end-{steps}",
            "clauses": ["RFC9669-4.3-JEQ", "RFC9669-4.3-FALL-THROUGH", "RFC9669-4.3-PC-UNITS"],
            "tests": ["jeq32_imm"],
            "program": f"""\
.altmacro
.macro step number
if w2 == \\number goto end
r0 += 1
.endm
r2 = *(u64 *)(r1 + 0)
r0 = 0
.set number, 0
.rept {UNITS}
step %number
.set number, number+1
.endr
end:
exit""",
            "before": {"memory": {"u64@0": f"{0xABC00000000 + steps:#x}"}},
            "after": {"r0": steps},
            "because": f"Of {UNITS} jumps to one place, each a little nearer, "
                       + (f"the one after {steps} additions is taken." if steps < UNITS else "none is taken."),
        })  # fmt: skip


def overlapping_result(bits, span):
    """Additions run: a unit is a jump over `span` units if its bit is set, and an addition."""
    unit, additions = 0, 0
    while unit < UNITS:
        if bits >> unit % BITS & 1:
            unit += span
        else:
            unit += 1
            additions += 1
    return additions + 2 * (UNITS + span - unit)


def overlapping(file):
    choose = random.Random("ladder")
    inputs = [(span, choose.randrange(1, 127)) for span in (1, 2, 5, *range(12, 27), 40, 63, 64, 65)]
    for span, bits in [*inputs, (20, 0), (20, 127), (1, 127), (64, 127)]:
        name = {0: "-none", 127: "-all"}.get(bits, "")
        file.add({
            "id": f"ladder/overlapping-{span}{name}",
            "clauses": ["RFC9669-4.3-JSET", "RFC9669-4.3-FALL-THROUGH", "RFC9669-4.3-PC-UNITS"],
            "tests": ["jset64_reg"],
            "program": f"""\
.altmacro
.macro step bit
if r2 & r\\bit goto +{2 * span - 1}
r0 += 1
.endm
{LOAD_BITS}
r0 = 0
{STEPS.format(first=0, count=UNITS)}
.rept {2 * span}
r0 += 1
.endr
exit""",
            "before": bits_before(bits),
            "after": {"r0": overlapping_result(bits, span)},
            "because": f"{UNITS} jumps over {span} jumps each, so that the size of one depends on the sizes of "
                       "others; the bits of R2 decide.",
        })  # fmt: skip


def backward_result(bits, near, far):
    unit, additions = UNITS - 1, 0
    while unit >= far:
        additions += 1
        unit -= near if bits >> unit % BITS & 1 else far
    return additions


def backward(file):
    choose = random.Random("backward")
    for near, far in ((1, 2), (2, 3), (5, 7), (9, 12), (13, 14), (15, 16), (40, 41)):
        bits = choose.randrange(1, 127)
        file.add({
            "id": f"ladder/backward-{near}-{far}",
            "clauses": ["RFC9669-4.3-JSET", "RFC9669-4.3-BACKWARD", "RFC9669-3.1-OFFSET-SIGNED"],
            "tests": ["jset32_reg", "ja"],
            "program": f"""\
.altmacro
.macro step bit
r0 += 1
if w2 & w\\bit goto -{3 * near + 2}
goto -{3 * far + 3}
.endm
.macro enter value, distance
if w2 == \\value goto -\\distance
.endm
{LOAD_BITS}
r0 = 0
goto top
.rept {far}
r0 ^= r3
r0 ^= r3
exit
.endr
{STEPS.format(first=far, count=UNITS - far)}
top:
.set number, 1
.rept {far - 1}
enter %4096+number, %4*number+3
.set number, number+1
.endr
goto -{far + 3}""",
            "before": bits_before(bits),
            "after": {"r0": backward_result(bits, near, far)},
            "because": f"The way back down, {near} or {far} steps at a time, as the bits of R2 decide.",
        })  # fmt: skip


BLOCKS = 100
ZIGZAG = {
    "ja": ("ja", "RFC9669-4.3-JA", "goto b\\next"),
    "ja32": ("ja32", "RFC9669-4.3-JA32", "gotol b\\next"),
    "jgt": ("jgt64_imm", "RFC9669-4.3-JGT", "r2 = *(u64 *)(r1 + 0)\nif r2 > 5 goto b\\next\nexit"),
    "jslt": ("jslt32_reg", "RFC9669-4.3-JSLT",
             "r2 = *(u64 *)(r1 + 8)\nr3 = *(u64 *)(r1 + 0)\nif w2 s< w3 goto b\\next\nexit"),
}  # fmt: skip


def zigzag(file):
    order, choose = list(range(1, BLOCKS + 1)), random.Random("zigzag")
    while any(after - before == 1 for before, after in zip([0, *order], [*order, BLOCKS + 1])):
        choose.shuffle(order)  # until no jump leads to the next instruction, which a verifier would remove
    following = dict(zip([0, *order], [*order, BLOCKS + 1]))
    r0 = 0
    for block in order:
        r0 = unsigned(r0 * 3 + block, 64)
    blocks = "\n".join(f"b {block},{following[block]}" for block in range(1, BLOCKS + 1))
    for name, (mnemonic, clause, jump) in ZIGZAG.items():
        file.add({
            "id": f"ladder/zigzag-{name}",
            "clauses": [clause, "RFC9669-4.3-BACKWARD"],
            "tests": [mnemonic],
            "program": f"""\
.macro b number, next
b\\number:
r0 *= 3
r0 += \\number
{jump}
.endm
r0 = 0
goto b{following[0]}
{blocks}
b{BLOCKS + 1}:
*(u64 *)(r1 + 16) = r0
r0 = 1
exit""",
            "before": {"memory": {"u64@0": 6, "u64@8": "0x7fffffff80000000"}},
            "after": {"r0": 1, "memory": {"u64@16": f"{r0:#x}"}},
            "because": f"{BLOCKS} blocks, run in an order that has nothing to do with their places.",
        })  # fmt: skip


ADD_R2 = "0x200f"  # r0 += r2; the assembler is quicker with a number than with the text


def long_programs(file):
    for size in (4096, 4097, 8192, 65535, 65536, 65537, 131073):
        filler = size - 12
        file.add({
            "id": f"long/{size}-slots",
            "clauses": ["RFC9669-4.3-BACKWARD", "RFC9669-4.3-PC-UNITS", "RFC9669-4.1-ADD"],
            "tests": ["add64_reg", "jne64_imm"],
            "program": f"""\
r2 = *(u64 *)(r1 + 0)
r0 = 0
.fill {filler}, 8, {ADD_R2}
r3 = *(u64 *)(r1 + 8)
r4 = 0
again:
r4 += 1
if r4 == 9 goto end
r0 += r3
if r3 != r4 goto again
end:
*(u64 *)(r1 + 16) = r0
r5 = *(u64 *)(r1 + 16)
r0 ^= r5
exit""",
            "before": {"memory": {"u64@0": 3, "u64@8": 2}},
            "after": {"r0": 0, "memory": {"u64@16": 3 * filler + 4}},
            "because": f"A program of {size:,} slots, with a loop at its end.",
        })  # fmt: skip


def shapes(table):
    del table
    file = VectorFile("4.3-jump/shapes.yaml", "4.3", "Ladders and chains of jumps, and long programs.", SOURCE)
    for add in (common_end, overlapping, backward, zigzag, long_programs):
        add(file)
    return file


FILES = (shapes, )
