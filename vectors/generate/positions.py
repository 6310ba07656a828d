"""Each instruction right behind a wide one and right in front of EXIT, and as the first of a program."""

from assembly import parse_instruction
from model import Memory, run
from vector_file import VectorFile, quoted

BLOCK = 0x1000  # where the model has the memory; no result depends on it
DST, SRC = 0x8123456780000007, 0x7FEDCBA900000003
WIDE = "0x7f6e5d4c3b2a1908"
BYTES = "91 a2 33 c4 55 e6 77 88"
PLACE = 16  # of what is loaded, stored or changed in memory
PACKET = "00 00 00 00 91 a2 33 c4"

# The clause of an instruction, by the section and where that is not enough by the parts of its RFC name.
STORES = {"LDX": "RFC9669-5.1-LDX", "STX": "RFC9669-5.1-STX", "ST": "RFC9669-5.1-ST"}


def clause_of(row):
    if row.section == "x-acqrel":
        return "X-ACQREL-LOAD" if row.loads else "X-ACQREL-STORE"
    if row.section == "4.1":
        return f"RFC9669-4.1-{row.code}" + (str(row.width) if row.code == "MOVSX" else "")
    if row.section == "4.3":
        return "RFC9669-4.3-JA32" if row.mnemonic == "ja32" else f"RFC9669-4.3-{row.code}"
    if row.section == "5.1":
        return STORES[row.kind]
    if row.section == "5.3":
        operation = row.mnemonic.split("_")[-1].rstrip("0123456789").upper()
        return f"RFC9669-5.3-{operation}" + ("-MATCH" if operation == "CMPXCHG" else "")
    return {"4.2": "RFC9669-4.2-END-CODE", "5.2": f"RFC9669-5.2-LDXS-{row.form}", "5.4": "RFC9669-5.4-LDDW",
            "5.5": "RFC9669-5.5-SEMANTICS", "4.3.2": "RFC9669-4.3.2-LOCAL-TARGET"}[row.section]  # fmt: skip


def filled(text, dst, src):
    """The assembly of a row with its operands in place."""
    offset = f" + {PLACE}"
    for name, value in {"{dst}": f"r{dst}", "{dst32}": f"w{dst}", "{src}": f"r{src}", "{src32}": f"w{src}",
                        "{imm}": "7", "{imm64}": "0x8090a0b0c0d0e0f0", "{offset}": offset}.items():  # fmt: skip
        text = text.replace(name, value)
    return text


def result_of(text, r0, r2, width=64, content=0):
    """(R0, cell of `width` bits at PLACE) after the instruction, the same in both byte orders."""
    results = set()
    for order in ("little", "big"):
        memory = Memory(BLOCK, bytes(PLACE + 8), order)
        memory.store(BLOCK + PLACE, width, content)
        registers = [r0, BLOCK, r2, *[0] * 8]
        run([parse_instruction(text)], registers, order, memory)
        results.add((registers[0], memory.load(BLOCK + PLACE, width)))
    if len(results) != 1:
        raise ValueError(f"{text} depends on the byte order")
    return results.pop()


def program(before, instruction, after=()):
    return "\n".join([*before, f"r5 = {WIDE} ll", instruction, "exit", *after])


def vector(row, text, before, after, because, **more):
    return {
        "id": f"{row.name}/between-wide-and-exit",
        "clauses": [clause_of(row), "RFC9669-3-TWO-FORMS"],
        "tests": [row.mnemonic],
        "program": text,
        "before": before,
        **more,
        "after": after,
        "because": because,
    }  # fmt: skip


LOAD_R0, LOAD_R2 = "r0 = *(u64 *)(r1 + 0)", "r2 = *(u64 *)(r1 + 8)"
BEHIND = "The slot behind a wide instruction's second one is an instruction, and EXIT follows it."


def arithmetic(row):
    if row.code in ("MOVSX", "MOV"):
        before = [LOAD_R2] if row.uses("src") else []
    else:
        before = [LOAD_R0] + ([LOAD_R2] if row.uses("src") else [])
    text = filled(row.syntax, 0, 2)
    r0, _ = result_of(text, DST, SRC)
    stated = {"memory": {"u64@0": f"{DST:#x}", "u64@8": f"{SRC:#x}"}}
    return vector(row, program(before, text), stated, {"r0": f"{r0:#x}"}, BEHIND)


def byte_swap(row):
    text, width = filled(row.syntax, 0, 2), row.fields["imm"]
    if row.form == "TO":
        value = DST & (1 << width) - 1
        r0, _ = result_of(text, value, SRC)
        stated = {"memory": {f"u{width}@0": f"{value:#x}"}}
    else:  # stated as bytes, so that it means the same on every machine
        content = bytes.fromhex(BYTES)
        r0 = int.from_bytes(content[: width // 8], {"LE": "little", "BE": "big"}[row.form])
        stated = {"memory": {"bytes@0": quoted(BYTES)}}
    return vector(row, program([f"r0 = *(u{width} *)(r1 + 0)"], text), stated, {"r0": f"{r0:#x}"}, BEHIND)


def jump(row):
    """A jump that is not taken, so that EXIT is next; the way that is not gone would show."""
    if row.code == "JA":
        distance = {"JMP": "goto +0", "JMP32": "gotol +0"}[row.kind]
        return vector(row, program([LOAD_R0], distance), {"memory": {"u64@0": f"{DST:#x}"}},
                      {"r0": f"{DST:#x}"}, "A jump by 0 goes to the next slot.")  # fmt: skip
    condition = filled(row.syntax.replace("goto {target}", "goto +1"), 0, 2)
    instructions = [parse_instruction(condition), parse_instruction("r0 += 1")]
    for dst, src in ((DST, SRC), (SRC, DST), (DST, DST), (8, 8), (7, 7), (3, 4)):
        registers = [dst, 0, src, *[0] * 8]
        run(instructions, registers, "little")
        if registers[0] != dst:  # the addition was not jumped over
            text = program([LOAD_R0, LOAD_R2], condition.replace("goto +1", "goto other"),
                           ["other:", "r0 = 9", "exit"])  # fmt: skip
            stated = {"memory": {"u64@0": f"{dst:#x}", "u64@8": f"{src:#x}"}}
            return vector(row, text, stated, {"r0": f"{dst:#x}"}, "The condition does not hold; EXIT is next.")
    raise ValueError(f"{condition} is always taken")


def access(row):
    fetches = row.section == "5.3" and row.fields["imm"] & 1 and not row.mnemonic.startswith("cmpxchg")
    text = filled(row.syntax, 0 if row.loads else 1, 1 if row.loads else 0 if fetches else 2)
    width = row.width
    low = (1 << width) - 1
    content = DST & low  # at PLACE; what R0 has, so that CMPXCHG finds a match
    r0, cell = result_of(text, DST, SRC, width, content)
    before = ([] if row.loads else [LOAD_R0]) + ([LOAD_R2] if "r2" in text or "w2" in text else [])
    stated = {"memory": {"u64@0": f"{DST:#x}", "u64@8": f"{SRC:#x}", f"u{width}@{PLACE}": f"{content:#x}"}}
    after = {"r0": f"{r0:#x}"}
    if cell != content:
        after["memory"] = {f"u{width}@{PLACE}": f"{cell:#x}"}
    return vector(row, program(before, text), stated, after, BEHIND)


def packet_load(row):
    indirect = row.form != "ABS" and "src" in row.syntax
    text = row.syntax.replace("{index}", "").replace("{src}", "r7").replace("{imm}", "4")
    width = int(text.split("(u")[1].split(" ")[0])
    value = int.from_bytes(bytes.fromhex(PACKET)[4 : 4 + width // 8], "big")
    before = ["r6 = r1", *(["r7 = 4"] if indirect else [])]
    made = vector(row, program(before, text), None, {"r0": f"{value:#x}"}, BEHIND)
    return {**{key: made[key] for key in ("id", "clauses", "tests", "program")}, "packet": quoted(PACKET),
            **{key: made[key] for key in ("after", "because")}}  # fmt: skip


def others(table):
    yield vector(table["lddw"], program([], "r0 = 0x8090a0b0c0d0e0f0 ll"), None, {"r0": "0x8090a0b0c0d0e0f0"},
                 "Two wide instructions in a row are four slots.")  # fmt: skip
    yield vector(table["exit"], "r0 = 0x8090a0b0c0d0e0f0 ll\nexit", None, {"r0": "0x8090a0b0c0d0e0f0"},
                 "EXIT is the slot behind the second one of a wide instruction.")  # fmt: skip
    call = "\n".join(["r1 = *(u64 *)(r1 + 0)", f"r2 = {WIDE} ll", "call f", "exit", "f:", "r0 = r1", "r0 ^= r2",
                      "exit"])  # fmt: skip
    yield vector(table["call_local"], call, {"memory": {"u64@0": f"{DST:#x}"}},
                 {"r0": f"{DST ^ int(WIDE, 0):#x}"}, "The call returns to the slot behind it, which is EXIT.")  # fmt: skip


MEMORY = {"memory": {"u64@0": f"{DST:#x}", "u64@8": f"{SRC:#x}"}}
READ = "r0 = *(u64 *)(r2 + 0)\nexit"
BY_NULL = "goto null\nr0 = 1\nexit\nnull:\nr0 = 2\nexit"
# Mnemonic -> (program, R0): what needs nothing but R1 and R10.
FIRST = {
    "mov32_imm": ("w0 = -7\nexit", 0xFFFFFFF9),
    "mov64_imm": ("r0 = -7\nexit", -7),
    "mov64_reg": (f"r2 = r1\n{READ}", DST),
    "add64_imm": ("r1 += 8\nr0 = *(u64 *)(r1 + 0)\nexit", SRC),
    "sub64_imm": ("r1 -= -8\nr0 = *(u64 *)(r1 + 0)\nexit", SRC),
    "lddw": (f"r0 = {WIDE} ll\nexit", int(WIDE, 0)),
    "ja": ("goto +0\nr0 = 5\nexit", 5),
    "ja32": ("gotol +0\nr0 = 5\nexit", 5),
    "call_local": ("call f\nexit\nf:\nr0 = 5\nexit", 5),
    "jeq64_imm": (f"if r1 == 0 {BY_NULL}", 1),
    "jne64_imm": ("if r1 != 0 goto there\nr0 = 2\nexit\nthere:\nr0 = 1\nexit", 1),
    "ldxdw": ("r0 = *(u64 *)(r1 + 0)\nexit", DST),
    "stxdw": (f"*(u64 *)(r10 - 8) = r1\nr2 = *(u64 *)(r10 - 8)\n{READ}", DST),
}  # fmt: skip


def first_of_program(table):
    for mnemonic, (text, r0) in FIRST.items():
        yield first(table[mnemonic], text, MEMORY, {"r0": f"{r0:#x}" if r0 >= 0 else r0})
    for row in table.select(kind=("LDX", "ST")):
        if row.mnemonic == "ldxdw":
            continue
        if row.kind == "LDX":
            yield first_load(row)
        else:
            yield first(row, f"{filled(row.syntax, 1, 0)}\nr0 = 5\nexit", None,
                        {"r0": 5, "memory": {f"u{row.width}@{PLACE}": 7}})  # fmt: skip


def first_load(row):
    content = DST & (1 << row.width) - 1
    text = filled(row.syntax, 0, 1)
    r0, _ = result_of(text, 0, 0, row.width, content)
    return first(row, f"{text}\nexit", {"memory": {f"u{row.width}@{PLACE}": f"{content:#x}"}}, {"r0": f"{r0:#x}"})


def first(row, text, before, after):
    return {
        "id": f"{row.name}/first-of-program",
        "clauses": [clause_of(row), *(["ABI-ARGS"] if "r1" in text else [])],
        "tests": [row.mnemonic],
        "program": text,
        "before": before,
        "after": after,
        "because": "It is the first instruction that runs" + (", with the address of the memory in R1."
                                                              if "r1" in text else "."),
    }  # fmt: skip


def vectors(table):
    makers = {"4.1": arithmetic, "4.2": byte_swap, "5.1": access, "5.2": access, "5.3": access, "5.5": packet_load}
    for row in table.rows:
        if row.section in makers:
            yield makers[row.section](row)
        elif row.section == "4.3" and row.mnemonic != "exit":
            yield jump(row)
    yield from others(table)
    yield from first_of_program(table)


def positions(table):
    file = VectorFile("abi/positions.yaml", "abi", "Instructions at the edges of programs and behind wide ones.",
                      "positions.py")  # fmt: skip
    for made in vectors(table):
        file.add(made)
    return file


def acquire_release(table):
    file = VectorFile("extensions/x-acqrel/positions.yaml", "x-acqrel",
                      "At the edges of programs and behind wide instructions.", "positions.py")  # fmt: skip
    rows = table.of_extension("x-acqrel")
    for row in rows:
        file.add(access(row))
    for row in (row for row in rows if row.loads):
        file.add(first_load(row))
    store = f"store_release((u64 *)(r10 - 8), r1)\nr2 = *(u64 *)(r10 - 8)\n{READ}"
    file.add(first(table["store_release64"], store, MEMORY, {"r0": f"{DST:#x}"}))
    return file


FILES = (positions, acquire_release)
