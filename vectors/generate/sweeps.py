"""The sweeps of sections 4.1 to 4.3: which programs, on which rows."""

from functools import partial

from isa import CODE
from model import CONDITIONS
from sweep_file import sweep_file

ALL = "r0-r9"

# Registers whose pairs get the whole cross product of edges64: on x86-64 they often stand for RAX, RDX and
# RCX (division and shift counts live there) and, last, for one that needs a prefix.
WIDE_DST, WIDE_SRC = ["r0", "r3"], ["r4", "r9"]

# What every vector of an operation tests besides its own definition, by width.
WIDTH_CLAUSES = {
    32: ["RFC9669-4.1-OPERAND-WIDTH-32", "RFC9669-4.1-ALU-ZERO-UPPER"],
    64: ["RFC9669-4.1-OPERAND-WIDTH-64"],
}
EXTRA_CLAUSES = {
    "ADD": ["WRAP{width}"],
    "SUB": ["WRAP{width}"],
    "MUL": ["WRAP{width}"],
    "SDIV": ["SDIV-ROUNDING", "SDIV-OVERFLOW-{width}"],
    "SMOD": ["SMOD-TRUNCATED", "SMOD-OVERFLOW-{width}"],
    "LSH": ["SHIFT-FILL"],
    "RSH": ["SHIFT-FILL"],
}
ZERO_DIVISOR_CLAUSES = {"DIV": "DIV-BYZERO", "SDIV": "SDIV-BYZERO", "MOD": "MOD-BYZERO-{width}",
                        "SMOD": "SMOD-BYZERO-{width}"}  # fmt: skip
IMMEDIATE_CLAUSES = {"DIV": "UIMM{width}", "MOD": "UIMM{width}", "SDIV": "SIMM{width}", "SMOD": "SIMM{width}"}
SHIFTS = ("LSH", "RSH", "ARSH")
SHIFTED = [1, -1, 0x123456789ABCDEF0, 0x8000000000000000, 0xDEADBEEF80000000, 0x7FFFFFFF, 0x80000001]
LOGIC = ("AND", "OR", "XOR")
SINGLE = ["bits64", "zeros64", "corners32"]  # where each bit goes


def clauses_of(code, width, more):
    """Clause ids of section 4.1, from their last parts."""
    parts = [code, *EXTRA_CLAUSES.get(code, []), *more]
    if code == "ARSH" and width == 32:
        parts.append("ARSH32-SIGN")
    return [f"RFC9669-4.1-{part.format(width=width)}" for part in parts] + WIDTH_CLAUSES[width]


def register_sweeps(row):
    code, width = row.code, row.width
    more = []
    if code in ZERO_DIVISOR_CLAUSES:
        more += [ZERO_DIVISOR_CLAUSES[code], "BYZERO-NO-TRAP"] + (["BYZERO-LOW32"] if width == 32 else [])
    if code in SHIFTS:
        more += ["SHIFT-MASK-{width}"]
    clauses = clauses_of(code, width, more) + ["RFC9669-4-SOURCE-X"]
    yield {
        "id": f"{row.name}/sweep-all-pairs",
        "clauses": clauses,
        "asm": row.syntax,
        "registers": {"dst": ALL, "src": ALL},
        "rows": {"dst": "edges_small", "src": "edges_small"},
    }
    yield {
        "id": f"{row.name}/sweep-edges",
        "clauses": clauses,
        "asm": row.syntax,
        "registers": {"dst": WIDE_DST, "src": WIDE_SRC},
        "rows": {"dst": "edges64", "src": "edges64"},
    }
    yield {
        "id": f"{row.name}/sweep-same-register",
        "clauses": clauses + ["RFC9669-4.1-SAME-REGISTER"],
        "asm": row.syntax.replace("src", "dst"),
        "registers": {"dst": ALL},
        "rows": {"dst": "edges64"},
    }


    if width == 32:
        yield {
            "id": f"{row.name}/sweep-corners",
            "clauses": clauses,
            "asm": row.syntax,
            "registers": {"dst": "r3", "src": "r4"},
            "rows": {"dst": "corners32", "src": "corners32"},
        }
    if code in SHIFTS:
        yield {
            "id": f"{row.name}/sweep-all-counts",
            "clauses": clauses,
            "asm": row.syntax,
            "registers": {"dst": ["r0", "r3", "r4"], "src": ["r1", "r4"]},
            "distinct": "true",
            "rows": {"dst": SHIFTED, "src": "shift_counts"},
        }


def immediate_sweeps(row):
    code, width = row.code, row.width

    def sweep(which, imm, more, policy=None):
        return {
            "id": f"{row.name}/sweep-{which}",
            "clauses": clauses_of(code, width, more) + ["RFC9669-4-SOURCE-K"],
            **({"policy": policy} if policy else {}),
            "asm": row.syntax,
            "registers": {"dst": ALL},
            "imm": imm,
            "rows": {"dst": "edges_small"},
        }

    # All operands, with few immediates and registers.
    yield {**sweep("operands", [1, 31] if code in SHIFTS else [1, -2, 0x7FFFFFFF], []),
           "registers": {"dst": WIDE_DST}, "rows": {"dst": "edges64"}}  # fmt: skip
    few = {"registers": {"dst": "r3"}}
    if code in SHIFTS:
        within = ["counts_to_31"] + (["counts_32_to_63"] if width == 64 else [])
        beyond = ["counts_32_to_63", 64] if width == 32 else ["counts_64_to_128"]
        yield {**sweep("all-counts", within, []), **few}
        yield {**sweep("all-oversized-counts", beyond, ["SHIFT-MASK-IMM"], "imm-shift-count"), **few}
        yield sweep("counts", ["imm_shift32"] + (["imm_shift64"] if width == 64 else []), [])
        over = (["imm_shift64"] if width == 32 else []) + ["imm_shift_over"]
        yield sweep("oversized-counts", over, ["SHIFT-MASK-IMM"], "imm-shift-count")
    elif code in ZERO_DIVISOR_CLAUSES:
        yield sweep("edges", ["imm_nonzero"], [IMMEDIATE_CLAUSES[code]])
        yield sweep("zero", [0], [ZERO_DIVISOR_CLAUSES[code], "BYZERO-IMM"], "imm-zero-divisor")
    else:
        yield sweep("edges", [0, "imm_nonzero"], ["IMM-SEXT-ALU64"] if width == 64 else [])
    if width == 32:
        yield {**sweep("corners", [31 if code in SHIFTS else 5], []), **few, "rows": {"dst": "corners32"}}
    if code in SHIFTS:
        return
    more = [IMMEDIATE_CLAUSES[code]] if code in IMMEDIATE_CLAUSES else []
    yield {**sweep("single-bits", "bits32", more), **few}
    if code in LOGIC:
        yield {**sweep("single-zeros", "zeros32", []), **few}
    if code in (*LOGIC, "MOV"):
        yield {**sweep("patterns", "imm_patterns", []), **few}


def movsx_sweeps(row):
    name = row.name.removesuffix("-reg")
    clauses = [f"RFC9669-4.1-MOVSX{row.width}", "RFC9669-2.3-SEXT-COPY", "RFC9669-2.3-SEXT-FILL"]
    clauses += WIDTH_CLAUSES[row.width]
    yield {
        "id": f"{name}/sweep-all-pairs",
        "clauses": clauses,
        "asm": row.syntax,
        "registers": {"dst": ALL, "src": ALL},
        "rows": {"dst": [0, -1], "src": "edges64"},
    }
    yield {
        "id": f"{name}/sweep-single-bits",
        "clauses": clauses,
        "asm": row.syntax,
        "registers": {"dst": "r3", "src": "r4"},
        "rows": {"src": SINGLE},
    }
    yield {
        "id": f"{name}/sweep-same-register",
        "clauses": clauses + ["RFC9669-4.1-SAME-REGISTER"],
        "asm": row.syntax.replace("src", "dst"),
        "registers": {"dst": ALL},
        "rows": {"dst": "edges64"},
    }


def one_operand_sweeps(row, clauses):
    asm = {"clauses": clauses, "asm": row.syntax}
    for which, registers, rows in (("all-registers", ALL, "edges64"), ("single-bits", "r3", SINGLE)):
        yield {"id": f"{row.name}/sweep-{which}", **asm, "registers": {"dst": registers}, "rows": {"dst": rows}}


def arithmetic(table):
    """Sweeps of section 4.1, in the order of its table."""
    rows = sorted(table.select(section="4.1"), key=lambda row: (row.opcode & CODE, row.fields["offset"] == 1,
                                                                row.width, row.form, row.mnemonic))  # fmt: skip
    for row in rows:
        if row.code not in ("NEG", "MOVSX"):
            yield from immediate_sweeps(row) if row.form == "K" else register_sweeps(row)
    for row in rows:
        if row.code == "NEG":
            yield from one_operand_sweeps(row, clauses_of("NEG", row.width, ["WRAP{width}"]))
    for row in sorted(table.select(code="MOVSX"), key=lambda row: (row.width, row.fields["offset"])):
        yield from movsx_sweeps(row)


def byte_swaps(table):
    """Sweeps of section 4.2."""
    families = {
        "LE": ["RFC9669-4.2-END-ALU-LE", "RFC9669-2.2-LE-FUNCS", "RFC9669-4.2-END-HOST-ORDER"],
        "BE": ["RFC9669-4.2-END-ALU-BE", "RFC9669-2.2-BE-FUNCS", "RFC9669-4.2-END-HOST-ORDER"],
        "TO": ["RFC9669-4.2-END-ALU64-SWAP", "RFC9669-2.2-BSWAP-FUNCS"],
    }
    for family, clauses in families.items():
        for row in sorted(table.select(section="4.2", form=family), key=lambda row: row.fields["imm"]):
            upper = ["RFC9669-4.2-END-UPPER-ZERO"] if row.fields["imm"] < 64 else []
            common = ["RFC9669-4.2-END-CODE", "RFC9669-4.2-END-DST-ONLY", "RFC9669-4.2-END-IMM-SELECT"]
            yield from one_operand_sweeps(row, clauses + upper + common)


def jump_sweep(row, which, more):
    """A jump over an instruction that changes the lowest bit of dst."""
    clauses = [f"RFC9669-4.3-{row.code}", f"RFC9669-4.3-WIDTH-{row.width}", "RFC9669-4.3-FALL-THROUGH"]
    if row.form == "K" and row.width == 64:
        clauses.append("RFC9669-4.3-IMM-SEXT-JMP")
    jump = row.syntax.replace("{target}", "+1")
    return {
        "id": f"{row.name}/sweep-{which}",
        "clauses": clauses + [f"RFC9669-4-SOURCE-{row.form}"],
        "tests": [row.mnemonic],
        "asm": f"{jump.replace('src', 'dst') if which == 'same-register' else jump}; {{dst}} ^= 1",
        **more,
    }


def jumps(table):
    """Sweeps of the conditional jumps of section 4.3."""
    small = {"dst": "edges_small", "src": "edges_small"}
    order = list(CONDITIONS)
    rows = [row for row in table.select(section="4.3") if row.uses("dst")]
    for row in sorted(rows, key=lambda row: (order.index(row.code), row.width, row.form != "X")):
        if row.form == "X":
            pairs = {"registers": {"dst": ALL, "src": ALL}, "rows": small}
            yield jump_sweep(row, "all-pairs", pairs)
            all_values = {"dst": "edges64", "src": "edges64"}
            edges = {"registers": {"dst": ["r3"], "src": ["r4"]}, "rows": all_values}
            yield jump_sweep(row, "edges", edges)
            others = {"registers": {"dst": ["r0", "r9"], "src": ["r1", "r4"]}, "rows": all_values}
            yield jump_sweep(row, "edges-of-other-registers", others)
            if row.width == 32:
                corners = {"dst": "corners32", "src": "corners32"}
                one_pair = {"registers": {"dst": "r3", "src": "r4"}, "rows": corners}
                yield jump_sweep(row, "corners", one_pair)
            same = {"registers": {"dst": ALL}, "rows": {"dst": "edges_small"}}
            yield jump_sweep(row, "same-register", same)
        else:
            values = {"registers": {"dst": ALL}, "imm": [0, "imm_nonzero"], "rows": {"dst": "edges_small"}}
            yield jump_sweep(row, "edges", values)
            # Rows where dst is near the immediate, which decides between neighbours.
            limits = [127, -128, 0x7FFF, -32768, 0x7FFFFFFF, -2147483648]
            near = {"registers": {"dst": ["r1", "r8"]}, "imm": limits, "rows": {"dst": "edges64"}}
            yield jump_sweep(row, "near", near)
            equal = {"registers": {"dst": "r3"}, "imm": "imm_compared", "rows": {"dst": [0, "imm_nonzero"]}}
            yield jump_sweep(row, "equal", equal)
            if row.width == 32:
                corners = {"registers": {"dst": "r3"}, "imm": [5], "rows": {"dst": "corners32"}}
                yield jump_sweep(row, "corners", corners)
            if row.code == "JSET":
                bits = {"registers": {"dst": "r3"}, "imm": ["bits32", "imm_patterns"],
                        "rows": {"dst": ["edges_small", "zeros32"]}}  # fmt: skip
                yield jump_sweep(row, "single-bits", bits)


file_of = partial(sweep_file, "sweeps.py")

FILES = (
    file_of("4.1-arithmetic/sweeps.yaml", "4.1", arithmetic),
    file_of("4.2-byte-swap/sweeps.yaml", "4.2", byte_swaps),
    file_of("4.3-jump/sweeps.yaml", "4.3", jumps),
)
