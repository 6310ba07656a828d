"""The sweeps of sections 4.1 to 4.3: which programs, on which rows."""

from assembly import CODES, CONDITIONS

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


def clauses_of(code, width, more):
    """Clause ids of section 4.1, from their last parts."""
    parts = [code, *EXTRA_CLAUSES.get(code, []), *more]
    if code == "ARSH" and width == 32:
        parts.append("ARSH32-SIGN")
    return [f"RFC9669-4.1-{part.format(width=width)}" for part in parts] + WIDTH_CLAUSES[width]


def register_sweeps(code, operator, width):
    suffix = "32" if width == 32 else ""
    asm = f"{{dst{suffix}}} {operator} {{src{suffix}}}"
    more = []
    if code in ZERO_DIVISOR_CLAUSES:
        more += [ZERO_DIVISOR_CLAUSES[code], "BYZERO-NO-TRAP"] + (["BYZERO-LOW32"] if width == 32 else [])
    if code in SHIFTS:
        more += ["SHIFT-MASK-{width}"]
    clauses = clauses_of(code, width, more) + ["RFC9669-4-SOURCE-X"]
    name = f"{code.lower()}{width}-reg"
    yield {
        "id": f"{name}/sweep-all-pairs",
        "clauses": clauses,
        "asm": asm,
        "registers": {"dst": ALL, "src": ALL},
        "rows": {"dst": "edges_small", "src": "edges_small"},
    }
    yield {
        "id": f"{name}/sweep-edges",
        "clauses": clauses,
        "asm": asm,
        "registers": {"dst": WIDE_DST, "src": WIDE_SRC},
        "rows": {"dst": "edges64", "src": "edges64"},
    }
    yield {
        "id": f"{name}/sweep-same-register",
        "clauses": clauses + ["RFC9669-4.1-SAME-REGISTER"],
        "asm": asm.replace("src", "dst"),
        "registers": {"dst": ALL},
        "rows": {"dst": "edges64"},
    }


def immediate_sweeps(code, operator, width):
    name = f"{code.lower()}{width}-imm"
    suffix = "32" if width == 32 else ""

    def sweep(which, imm, more, policy=None):
        return {
            "id": f"{name}/sweep-{which}",
            "clauses": clauses_of(code, width, more) + ["RFC9669-4-SOURCE-K"],
            **({"policy": policy} if policy else {}),
            "asm": f"{{dst{suffix}}} {operator} {{imm}}",
            "registers": {"dst": ALL},
            "imm": imm,
            "rows": {"dst": "edges_small"},
        }

    # All operands, with few immediates and registers.
    yield {**sweep("operands", [1, 31] if code in SHIFTS else [1, -2, 0x7FFFFFFF], []),
           "registers": {"dst": WIDE_DST}, "rows": {"dst": "edges64"}}  # fmt: skip
    if code in SHIFTS:
        yield sweep("counts", ["imm_shift32"] + (["imm_shift64"] if width == 64 else []), [])
        over = (["imm_shift64"] if width == 32 else []) + ["imm_shift_over"]
        yield sweep("oversized-counts", over, ["SHIFT-MASK-IMM"], "imm-shift-count")
    elif code in ZERO_DIVISOR_CLAUSES:
        yield sweep("edges", ["imm_nonzero"], [IMMEDIATE_CLAUSES[code]])
        yield sweep("zero", [0], [ZERO_DIVISOR_CLAUSES[code], "BYZERO-IMM"], "imm-zero-divisor")
    else:
        yield sweep("edges", [0, "imm_nonzero"], ["IMM-SEXT-ALU64"] if width == 64 else [])


def movsx_sweeps(width, from_width):
    suffix = "32" if width == 32 else ""
    name = f"movsx{width}-{from_width}"
    clauses = [f"RFC9669-4.1-MOVSX{width}", "RFC9669-2.3-SEXT-COPY", "RFC9669-2.3-SEXT-FILL"]
    clauses += WIDTH_CLAUSES[width]
    yield {
        "id": f"{name}/sweep-all-pairs",
        "clauses": clauses,
        "asm": f"{{dst{suffix}}} = (s{from_width}){{src{suffix}}}",
        "registers": {"dst": ALL, "src": ALL},
        "rows": {"dst": [0, -1], "src": "edges64"},
    }
    yield {
        "id": f"{name}/sweep-same-register",
        "clauses": clauses + ["RFC9669-4.1-SAME-REGISTER"],
        "asm": f"{{dst{suffix}}} = (s{from_width}){{dst{suffix}}}",
        "registers": {"dst": ALL},
        "rows": {"dst": "edges64"},
    }


def one_operand_sweep(name, clauses, asm):
    return {
        "id": f"{name}/sweep-all-registers",
        "clauses": clauses,
        "asm": asm,
        "registers": {"dst": ALL},
        "rows": {"dst": "edges64"},
    }


def neg_sweep(width):
    suffix = "32" if width == 32 else ""
    clauses = clauses_of("NEG", width, ["WRAP{width}"])
    return one_operand_sweep(f"neg{width}", clauses, f"{{dst{suffix}}} = -{{dst{suffix}}}")


def arithmetic():
    """Sweeps of section 4.1, in the order of its table."""
    for operator, code in CODES.items():
        for width in (32, 64):
            yield from immediate_sweeps(code, operator, width)
            yield from register_sweeps(code, operator, width)
    for width in (32, 64):
        yield neg_sweep(width)
    for width, from_width in ((32, 8), (32, 16), (64, 8), (64, 16), (64, 32)):
        yield from movsx_sweeps(width, from_width)


def byte_swaps():
    """Sweeps of section 4.2."""
    families = {
        "le": ["RFC9669-4.2-END-ALU-LE", "RFC9669-2.2-LE-FUNCS", "RFC9669-4.2-END-HOST-ORDER"],
        "be": ["RFC9669-4.2-END-ALU-BE", "RFC9669-2.2-BE-FUNCS", "RFC9669-4.2-END-HOST-ORDER"],
        "bswap": ["RFC9669-4.2-END-ALU64-SWAP", "RFC9669-2.2-BSWAP-FUNCS"],
    }
    for family, clauses in families.items():
        for width in (16, 32, 64):
            upper = ["RFC9669-4.2-END-UPPER-ZERO"] if width < 64 else []
            common = ["RFC9669-4.2-END-CODE", "RFC9669-4.2-END-DST-ONLY", "RFC9669-4.2-END-IMM-SELECT"]
            name = f"{family}{width}"
            yield one_operand_sweep(name, clauses + upper + common, f"{{dst}} = {name} {{dst}}")


def jump_sweep(code, operator, width, form, which, more):
    """A jump over an instruction that changes the lowest bit of dst."""
    suffix = "32" if width == 32 else ""
    second = {"reg": f"{{src{suffix}}}", "imm": "{imm}", "same": f"{{dst{suffix}}}"}[form]
    name = f"{code.lower()}{width}-{'imm' if form == 'imm' else 'reg'}"
    clauses = [f"RFC9669-4.3-{code}", f"RFC9669-4.3-WIDTH-{width}", "RFC9669-4.3-FALL-THROUGH"]
    if form == "imm" and width == 64:
        clauses.append("RFC9669-4.3-IMM-SEXT-JMP")
    return {
        "id": f"{name}/sweep-{which}",
        "clauses": clauses + [f"RFC9669-4-SOURCE-{'K' if form == 'imm' else 'X'}"],
        "tests": [name.replace("-", "_")],
        "asm": f"if {{dst{suffix}}} {operator} {second} goto +1; {{dst}} ^= 1",
        **more,
    }


def jumps():
    """Sweeps of the conditional jumps of section 4.3."""
    small = {"dst": "edges_small", "src": "edges_small"}
    for operator, code in CONDITIONS.items():
        for width in (32, 64):
            pairs = {"registers": {"dst": ALL, "src": ALL}, "rows": small}
            yield jump_sweep(code, operator, width, "reg", "all-pairs", pairs)
            all_values = {"dst": "edges64", "src": "edges64"}
            edges = {"registers": {"dst": ["r3"], "src": ["r4"]}, "rows": all_values}
            yield jump_sweep(code, operator, width, "reg", "edges", edges)
            same = {"registers": {"dst": ALL}, "rows": {"dst": "edges_small"}}
            yield jump_sweep(code, operator, width, "same", "same-register", same)
            values = {"registers": {"dst": ALL}, "imm": [0, "imm_nonzero"], "rows": {"dst": "edges_small"}}
            yield jump_sweep(code, operator, width, "imm", "edges", values)
            # Rows where dst is near the immediate, which decides between neighbours.
            limits = [127, -128, 0x7FFF, -32768, 0x7FFFFFFF, -2147483648]
            near = {"registers": {"dst": ["r1", "r8"]}, "imm": limits, "rows": {"dst": "edges64"}}
            yield jump_sweep(code, operator, width, "imm", "near", near)
