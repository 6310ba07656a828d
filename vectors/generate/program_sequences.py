"""Instructions that depend on each other: zero extension, divisions, shifts, swaps, and random mixtures."""

import random

from sequences import Sequence, text_of
from vector_file import VectorFile

SOURCE = "program_sequences.py"
DIRTY = {3: 0xDEADBEEF80000001, 4: 0xFFFFFFFF00000003}  # operands with garbage above
ZERO_UPPER = "RFC9669-4.1-ALU-ZERO-UPPER"


def clause_of(row):
    """The clause that defines the operation."""
    if row.mnemonic.startswith("movsx"):
        return f"RFC9669-4.1-MOVSX{row.width}"
    return f"RFC9669-{row.section}-{row.code}"


SWAPS = {"LE": "RFC9669-4.2-END-ALU-LE", "BE": "RFC9669-4.2-END-ALU-BE", "TO": "RFC9669-4.2-END-ALU64-SWAP"}


def results_of_32_bits(table):
    """Arithmetic and byte swaps that clear the upper half."""
    rows = table.select(section="4.1", kind="ALU")
    swaps = [row for row in table.select(section="4.2") if not row.mnemonic.endswith("64")]
    return rows, swaps


USES = {
    "used-at-once": (["r5 += r3", "r6 = r3", "r6 >>= 31", "if r3 > r7 goto +1", "r8 ^= r3", "r9 *= r3",
                      "r0 = r3"],
                     {5: 1, 7: 0xFFFFFFFF},
                     "Addition, MOV, comparison, XOR and MUL of 64 bits find the upper half zero."),
    "used-after-a-branch": (["if r7 == 0 goto +2", "{}", "r0 += 1", "if r6 != 0 goto +1", "r3 += 1", "r8 ^= r3",
                             "r9 += r3"],
                            {0: 0, 6: 1, 7: 1},
                            "The upper half is zero where two ways meet, too."),
}  # fmt: skip


def zero_extension(path, section, rows, clause, extends):
    file = VectorFile(path, section, "Results of 32 bits, used at once as 64 bits, and behind a branch.",
                      SOURCE)
    for row in rows:
        operation = text_of(row, 3, 4, imm=3)
        for name, (lines, before, because) in USES.items():
            lines = [line.replace("{}", operation) for line in lines]
            lines = lines if operation in lines else [operation, *lines]
            file.add(Sequence(lines, DIRTY | before).vector(
                f"{row.name}/{name}", [clause(row), extends], because, tests=[row.mnemonic]))  # fmt: skip
    return file


def arithmetic_extension(table):
    return zero_extension("4.1-arithmetic/extension.yaml", "4.1", results_of_32_bits(table)[0], clause_of,
                          ZERO_UPPER)


def swap_extension(table):
    file = zero_extension("4.2-byte-swap/chains.yaml", "4.2", results_of_32_bits(table)[1],
                          lambda row: SWAPS[row.form], "RFC9669-4.2-END-UPPER-ZERO")
    choose = random.Random("swaps")
    rows = table.select(section="4.2")
    for number in range(1, 7):
        picked = [(choose.choice(rows), choose.choice((0, 3, 4, 7))) for _ in range(14)]
        lines = [text_of(row, dst, None) for row, dst in picked]
        lines = [part for line in lines for part in (line, f"r{choose.choice((0, 3, 4, 7))} ^= "
                                                           f"r{choose.choice((1, 2, 5, 6))}")]
        file.add(Sequence(lines).vector(
            f"byte-swap/chain-{number}", ["RFC9669-2.2-LE-FUNCS", "RFC9669-2.2-BE-FUNCS",
                                          "RFC9669-2.2-BSWAP-FUNCS"],
            "Swaps of all widths in a row, each on what the ones before have left.",
            tests=sorted({row.mnemonic for row, _ in picked})))  # fmt: skip
    return file


def divisions(file, table):
    """All pairs of the six registers among which hosts keep dividend, quotient, remainder."""
    for code in ("DIV", "MOD", "SDIV", "SMOD", "MUL"):
        for row in table.select(section="4.1", code=code, form="X"):
            lines = []
            for dst in range(6):
                for src in range(6):
                    refill = 6 + (dst + src) % 4
                    lines += [text_of(row, dst, src), f"r{dst} ^= r{refill}", f"r{refill} += r{src}"]
            file.add(Sequence(lines).vector(
                f"{row.name}/chain", [clause_of(row), "RFC9669-4-SOURCE-X"],
                "36 operations of R0 to R5, whose results go into the next ones.",
                tests=[row.mnemonic]))  # fmt: skip


def shifts(file, table):
    for code in ("LSH", "RSH", "ARSH"):
        for row in table.select(section="4.1", code=code, form="X"):
            lines = []
            for register in range(10):
                if register != 4:
                    lines += [text_of(row, register, 4), f"r4 += r{register}"]
            for register in range(10):
                lines += [text_of(row, 4, register), f"r4 ^= r{(register + 3) % 10}", f"r{register} += r4"]
            file.add(Sequence(lines).vector(
                f"{row.name}/chain", [clause_of(row), "RFC9669-4-SOURCE-X"],
                "Every register is shifted by R4, and R4 by every register.",
                tests=[row.mnemonic]))  # fmt: skip


def immediate_for(row, choose):
    if row.code in ("LSH", "RSH", "ARSH"):
        return choose.randrange(row.width)
    if row.code in ("DIV", "MOD", "SDIV", "SMOD"):
        return choose.choice((2, 3, 7, -7, 10, 1000, -2, 0x7FFFFFFF))
    return choose.choice((0, 1, -1, 5, 127, 128, -128, -129, 0x7FFFFFFF, -0x80000000, choose.getrandbits(31)))


def mixture_line(choose, rows):
    row = choose.choice(rows)
    return text_of(row, choose.randrange(10), choose.randrange(10), imm=immediate_for(row, choose))


def mixtures(file, table):
    rows = table.select(section="4.1") + [row for row in table.select(section="4.2") if row.kind == "ALU64"]
    for number in range(1, 31):
        choose = random.Random(f"mixture {number}")
        lines = [mixture_line(choose, rows) for _ in range(100)]
        file.add(Sequence(lines, {n: choose.getrandbits(64) for n in range(10)}).vector(
            f"mixture/arithmetic-{number}", ["RFC9669-4.1-OPERAND-WIDTH-32", "RFC9669-4.1-OPERAND-WIDTH-64",
                                             ZERO_UPPER],
            "A hundred operations of all kinds on all registers, picked at random; the model computed the "
            "result."))


def arithmetic_chains(table):
    file = VectorFile("4.1-arithmetic/chains.yaml", "4.1", "Operations in a row, on each other's results.",
                      SOURCE)
    for add in (divisions, shifts, mixtures):
        add(file, table)
    return file


FILES = (arithmetic_extension, swap_extension, arithmetic_chains)
