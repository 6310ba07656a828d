"""The sweeps of sections 5.1 to 5.4: loads, stores, atomic operations and 64-bit immediates."""

from functools import partial

from isa import SIZE
from sweep_file import sweep_file

ALL = "r0-r9"
# Where each bit goes. In registers zeros alone do: one of bits64 is the address of byte 0 in digests.
SINGLE, SINGLE64 = ["bits64", "zeros64"], "zeros64"
AT = 16  # where the cell is if nothing else is stated: bytes before it and behind it are seen

# Bases that hosts treat apart, for operations whose base cannot be R0, or that are many. x86-64: R1 is often
# RDI, R4 RCX, R9 one that needs a prefix.
FEW_BASES = ["r1", "r4", "r9"]


def memory_asm(row):
    return row.syntax.replace("{offset}", " {offset}")


def sweep(row, which, clauses, registers, rows, policy=None, distinct=False, imm=None, cell=None, at=AT,
          offset=0):  # fmt: skip
    """A sweep of one access, with its keys in the order of the format."""
    keys = {
        "id": f"{row.name}/sweep-{which}",
        "clauses": clauses,
        "policy": policy,
        "asm": memory_asm(row),
        "registers": registers,
        "distinct": "true" if distinct else None,
        "imm": imm,
        "base": "src" if row.kind == "LDX" else "dst",
        "cell": cell or f"u{row.width}",
        "at": at,
        "offset": offset,
        "rows": rows,
    }
    return {key: value for key, value in keys.items() if value is not None}


def places(width):
    """(aligned, unaligned) places of a cell."""
    around = range(AT, AT + 8 + (width == 64))
    aligned = [at for at in around if at % (width // 8) == 0]
    return aligned, [at for at in around if at not in aligned]


def access_sweeps(row, clauses, few, rows, alignment, **more):
    """Places and offsets. `few`: the registers, `rows`: the rows, of both."""
    aligned, unaligned = places(row.width)
    yield sweep(row, "places", clauses, few, rows, at=aligned, **more)
    if unaligned:
        yield sweep(row, "unaligned", [*clauses, alignment], few, rows, policy="unaligned", at=unaligned,
                    **more)  # fmt: skip


def load_sweeps(row, clauses):
    same = [*clauses, "RFC9669-5.1-LDX-SAME-REG"]
    yield sweep(row, "all-pairs", same, {"dst": ALL, "src": ALL}, {"memory": "edges64"})
    yield sweep(row, "offsets", clauses, {"dst": "r3", "src": ALL}, {"memory": "edges_small"},
                offset="offsets")  # fmt: skip
    single = SINGLE64 if row.width == 64 else SINGLE
    yield sweep(row, "single-bits", clauses, {"dst": "r3", "src": "r4"}, {"memory": single})
    few = {"dst": ["r0", "r5"], "src": ["r2", "r9"]}
    yield from access_sweeps(row, clauses, few, {"memory": "edges_small"}, "RFC9669-5.1-ALIGNMENT")
    if row.width < 64:
        yield part_of_a_word(row, clauses, few, {"memory": "edges64"})


def part_of_a_word(row, clauses, registers, rows, imm=None):
    """The access reaches the first bytes of a u64, whose byte order decides which they are."""
    return sweep(row, "part-of-a-word", [*clauses, "RFC9669-5.1-BYTE-ORDER"], registers, rows, imm=imm,
                 cell="u64")  # fmt: skip


def store_register_sweeps(row, clauses):
    yield sweep(row, "all-pairs", clauses, {"dst": ALL, "src": ALL}, {"src": "edges64", "memory": [0, -1]},
                distinct=True)  # fmt: skip
    small = {"src": "edges_small"}
    yield sweep(row, "offsets", clauses, {"dst": ALL, "src": "r2"}, small, offset="offsets",
                distinct=True)  # fmt: skip
    yield sweep(row, "single-bits", clauses, {"dst": "r4", "src": "r3"}, {"src": SINGLE64, "memory": [0, -1]})
    few = {"dst": ["r2", "r9"], "src": ["r0", "r5"]}
    yield from access_sweeps(row, clauses, few, small, "RFC9669-5.1-ALIGNMENT")
    if row.width < 64:
        yield part_of_a_word(row, clauses, few, {"src": "edges_small", "memory": [0, -1]})


# Which immediates a store gets: what is cut, what is sign extended, and what hosts have short forms for.
STORED = [0, 1, -1, 127, 128, -128, -129, 255, 256, 0x7FFF, 0x8000, -32768, -32769, 0xFFFF, 0x10000, 0x12345678,
          0x7FFFFFFF, -2147483648]  # fmt: skip


def store_immediate_sweeps(row, clauses):
    memory = {"memory": [0, -1]}
    yield sweep(row, "all-registers", clauses, {"dst": ALL}, memory, imm=STORED)
    yield sweep(row, "offsets", clauses, {"dst": ALL}, memory, imm=[-2], offset="offsets")
    few = {"dst": ["r2", "r9"]}
    yield from access_sweeps(row, clauses, few, memory, "RFC9669-5.1-ALIGNMENT", imm=[-2, 0x12345678])
    if row.width < 64:
        yield part_of_a_word(row, clauses, few, memory, imm=[-2, 0x12345678])


def by_size(rows):
    return sorted(rows, key=lambda row: row.width)


def loads_and_stores(table):
    for row in by_size(table.select(section="5.1", kind="LDX")):
        clauses = ["RFC9669-5.1-LDX", "RFC9669-5.1-LDX-ZEXT", "RFC9669-5.1-ADDRESS",
                   f"RFC9669-5-SIZE-{row.form}"]  # fmt: skip
        yield from load_sweeps(row, clauses)
    for row in by_size(table.select(section="5.1", kind="STX")):
        clauses = ["RFC9669-5.1-STX", "RFC9669-5.1-STX-TRUNCATE", "RFC9669-5.1-ADDRESS",
                   f"RFC9669-5-SIZE-{row.form}"]  # fmt: skip
        yield from store_register_sweeps(row, clauses)
    for row in by_size(table.select(section="5.1", kind="ST")):
        extended = ["RFC9669-5.1-ST-IMM-SEXT"] if row.width == 64 else []
        clauses = ["RFC9669-5.1-ST", *extended, "RFC9669-5.1-ADDRESS", f"RFC9669-5-SIZE-{row.form}"]
        yield from store_immediate_sweeps(row, clauses)


def signed_loads(table):
    for row in by_size(table.select(section="5.2")):
        clauses = [f"RFC9669-5.2-LDXS-{row.form}", "RFC9669-5.2-SEXT-TO-64", "RFC9669-5.1-ADDRESS"]
        yield from load_sweeps(row, clauses)


def atomic_sweeps(row, clauses):
    small = {"src": "edges_small", "memory": "edges_small"}
    alignment = "RFC9669-5.3-ALIGNMENT"
    yield sweep(row, "all-pairs", clauses, {"dst": ALL, "src": ALL}, small, distinct=True)
    yield sweep(row, "edges", clauses, {"dst": ["r1", "r9"], "src": ["r0", "r4"]},
                {"src": "edges64", "memory": "edges64"})  # fmt: skip
    if row.width == 32:
        yield sweep(row, "corners", clauses, {"dst": "r3", "src": "r4"},
                    {"src": "corners32", "memory": "corners32"})  # fmt: skip
    yield sweep(row, "offsets", clauses, {"dst": FEW_BASES, "src": "r2"}, small | {"memory": [-2]},
                offset="offsets_few")  # fmt: skip
    yield from access_sweeps(row, clauses, {"dst": "r3", "src": "r0"}, small | {"memory": [-2]}, alignment)


def compare_exchange_sweeps(row, clauses):
    compared = {"src": "compared", "r0": "compared", "memory": "compared"}
    aliased = [*clauses, "RFC9669-5.3-ALIASES"]
    few = {"src": [0x5A5A5A5AA5A5A5A5], "r0": "compared", "memory": "compared"}
    yield sweep(row, "all-pairs", aliased, {"dst": "r1-r9", "src": ALL}, compared, distinct=True)
    yield sweep(row, "edges", clauses, {"dst": ["r1", "r9"], "src": ["r3", "r4"]},
                {"src": [0x5A5A5A5AA5A5A5A5], "r0": "edges64", "memory": "edges64"})  # fmt: skip
    rows = {"src": "edges64", "r0": [1], "memory": "edges64"}
    if row.width == 32:
        garbage = 0xA5A5A5A500000000
        corners = [0, 1, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0x80000001, 0x12345678, 0x9ABCDEF0]
        compared = [1, 0x80000001, garbage + 1, garbage + 0x80000001]
        rows = {"src": "corners32", "r0": compared, "memory": corners}
    yield sweep(row, "corners", clauses, {"dst": "r3", "src": "r4"}, rows)
    yield sweep(row, "offsets", clauses, {"dst": FEW_BASES, "src": "r2"}, few, offset="offsets")
    yield from access_sweeps(row, clauses, {"dst": "r3", "src": "r5"}, few, "RFC9669-5.3-ALIGNMENT")


def atomics(table):
    rows = sorted(table.select(section="5.3"), key=lambda row: (row.opcode & SIZE, row.fields["imm"]))
    for row in rows:
        operation = row.mnemonic.split("_")[-1].rstrip("0123456789")
        common = ["RFC9669-5.3-STX-ATOMIC"] + (["RFC9669-5.3-W-NEIGHBOUR"] if row.width == 32 else [])
        if operation == "cmpxchg":
            parts = ["MATCH", "NOMATCH", "R0", "SRC"] + (["32-COMPARE"] if row.width == 32 else [])
            clauses = [f"RFC9669-5.3-CMPXCHG{'' if part[0].isdigit() else '-'}{part}" for part in parts]
            yield from compare_exchange_sweeps(row, clauses + common)
            continue
        fetch = row.fields["imm"] & 1
        clauses = [f"RFC9669-5.3-{operation.upper()}", f"RFC9669-5.3-{'FETCH' if fetch else 'NOFETCH-SRC'}"]
        clauses += ["RFC9669-5.3-FETCH32-ZEXT"] if fetch and row.width == 32 else []
        clauses += ["RFC9669-5.3-WRAP"] if operation == "add" else []
        yield from atomic_sweeps(row, clauses + common)


def wide_immediates(table):
    row = table["lddw"]
    for which, registers, imm in (
        ("edges", ALL, "edges64"),
        ("single-bits", ALL, "bits64"),
        ("single-zeros", "r4", "zeros64"),
    ):  # fmt: skip
        yield {
            "id": f"lddw/sweep-{which}",
            "clauses": ["RFC9669-5.4-LDDW", "RFC9669-5.4-LDDW-IMM-UNSIGNED", "RFC9669-5.4-WIDE"],
            "asm": row.syntax.replace("{imm64}", "{imm}"),
            "registers": {"dst": registers},
            "imm": imm,
            "rows": {"dst": [0, -1]},
        }  # fmt: skip


file_of = partial(sweep_file, "memory_sweeps.py")

FILES = (
    file_of("5.1-load-store/sweeps.yaml", "5.1", loads_and_stores),
    file_of("5.2-sign-extending-load/sweeps.yaml", "5.2", signed_loads),
    file_of("5.3-atomic/sweeps.yaml", "5.3", atomics),
    file_of("5.4-wide-immediate/sweeps.yaml", "5.4", wide_immediates),
)
