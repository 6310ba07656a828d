"""Memory and stack in sequences: stores and loads of other widths, every slot of the stack, mixtures."""

import random

from assembly import OPERATIONS
from program_sequences import immediate_for
from sequences import Sequence, text_of
from vector_file import VectorFile

SOURCE = "program_memory.py"
SIZES = {"b": 1, "h": 2, "w": 4, "dw": 8}
RESULTS = (0, 3, 4, 5, 6, 7, 8, 9)
WORD = 16  # the place of the word that is stored and loaded
VALUE = 0x8182838485868788


def offset_text(offset):
    return f" {'-' if offset < 0 else '+'} {abs(offset)}"


def wheres():
    """(name, base, offset of the word) of memory and stack."""
    return ("memory", 1, WORD), ("stack", 10, -WORD)


def forwarding(file, table):
    """Every store, then every load of a part of its word, or of the word around it."""
    stores = [table[f"{kind}{size}"] for kind in ("stx", "st") for size in SIZES]
    loads = [table[f"ldx{size}"] for size in SIZES] + [table[f"ldxs{size}"] for size in ("b", "h", "w")]
    for where, base, word in wheres():
        for store in stores:
            lines, used = [], 0
            at = word + 8 - SIZES[store.size]
            for load in loads:
                step = SIZES[load.size]
                # The parts of the word that the store has written, and the first that it has not.
                for part in range(max(word, at - step) // step * step, word + 8, step):
                    if used % len(RESULTS) == 0:
                        lines.append(text_of(store, base, 2, imm=-2023406815, offset=offset_text(at)))
                    register = RESULTS[used % len(RESULTS)]
                    lines += [text_of(load, register, base, offset=offset_text(part)),
                              f"r2 ^= r{register}" if used % 3 else f"r2 += r{register}"]  # fmt: skip
                    used += 1
            sequence = Sequence(lines, {2: VALUE}, base=base, size=32)
            clauses = ["RFC9669-5.1-STX" if store.mnemonic.startswith("stx") else "RFC9669-5.1-ST",
                       "RFC9669-5.1-LDX", "RFC9669-5.2-SEXT-TO-64", "RFC9669-5.1-BYTE-ORDER"]  # fmt: skip
            file.add(sequence.vector(
                f"{store.name}/then-loads-{where}", clauses,
                "Loads of all widths from what was just stored; each result goes into the next store.",
                tests=[store.mnemonic, *(load.mnemonic for load in loads)]))  # fmt: skip


def gathering(file, table):
    """Narrow stores, then one wide load over them."""
    for where, base, word in wheres():
        for size in ("b", "h", "w"):
            store, step = table[f"stx{size}"], SIZES[size]
            lines = []
            for number in range(8 // step):
                lines += [text_of(store, base, 2, offset=offset_text(word + number * step)),
                          f"r2 += r{3 + number % 4}",
                          text_of(table["ldxdw"], 0, base, offset=offset_text(word)), "r7 ^= r0"]  # fmt: skip
            file.add(Sequence(lines, {2: VALUE}, base=base, size=32).vector(
                f"{store.name}/gathered-{where}", ["RFC9669-5.1-STX", "RFC9669-5.1-LDX",
                                                   "RFC9669-5.1-BYTE-ORDER"],
                "The word is loaded after each store of a part of it.", tests=[store.mnemonic,
                                                                               "ldxdw"]))  # fmt: skip


def extension(file, table):
    """Loads and atomic operations that clear the upper half of a register, which is then used."""
    rows = [table[f"ldx{size}"] for size in ("b", "h", "w")]
    rows += [row for row in table.select(section="5.3") if row.width == 32 and row.uses("src")
             and ("fetch" in row.mnemonic or "xchg" in row.mnemonic)]  # fmt: skip
    for row in rows:
        compare = row.mnemonic == "cmpxchg32"
        loaded = row.section == "5.1"
        result = 0 if compare else 3
        operation = text_of(row, result, 1, offset=" + 16") if loaded else text_of(row, 1, 3, offset=" + 16")
        lines = [operation, f"r5 += r{result}", f"r6 = r{result}", "r6 >>= 31", f"if r{result} > r7 goto +1",
                 f"r8 ^= r{result}", f"r9 *= r{result}"]  # fmt: skip
        content = bytes(16) + bytes.fromhex("8899aabbccddeeff") + bytes(40)
        before = {0: 0xDEADBEEF00000000, 3: 0xDEADBEEF80000001, 5: 1, 7: 0xFFFFFFFF}
        clauses = ["RFC9669-5.1-LDX-ZEXT"] if loaded else ["RFC9669-5.3-CMPXCHG-R0"] if compare else [
            "RFC9669-5.3-FETCH32-ZEXT"]
        file.add(Sequence(lines, before, base=1, content=content).vector(
            f"{row.name}/used-at-once", clauses,
            "Addition, MOV, comparison, XOR and MUL of 64 bits find the upper half zero.",
            tests=[row.mnemonic]))  # fmt: skip


def access_line(choose, table):
    """An aligned access by R1, which stays the address, with any other registers."""
    size = choose.choice(list(SIZES))
    offset = offset_text(choose.randrange(64 // SIZES[size]) * SIZES[size])
    register = choose.choice((0, *range(2, 10)))
    kind = choose.choice(("ldx", "ldx", "ldxs", "stx", "stx", "st", "atomic", "xchg", "cmpxchg"))
    if kind == "ldx" or (kind == "ldxs" and size != "dw"):
        return text_of(table[f"{kind}{size}"], register, 1, offset=offset)
    if kind in ("stx", "st"):
        return text_of(table[f"{kind}{size}"], 1, register, imm=choose.getrandbits(31) - choose.getrandbits(31),
                       offset=offset)  # fmt: skip
    bits = choose.choice((32, 64))
    offset = offset_text(choose.randrange(512 // bits) * bits // 8)
    if kind in ("xchg", "cmpxchg"):
        return text_of(table[f"{kind}{bits}"], 1, register, offset=offset)
    operation = choose.choice(sorted(OPERATIONS.values())).lower()
    return text_of(table[f"atomic_{choose.choice(('', 'fetch_'))}{operation}{bits}"], 1, register,
                   offset=offset)


def arithmetic_line(choose, rows):
    others = (0, *range(2, 10))
    row = choose.choice(rows)
    return text_of(row, choose.choice(others), choose.choice(others), imm=immediate_for(row, choose))


DIVMUL = ("MUL", "DIV", "SDIV", "MOD", "SMOD")


def mixtures(file, table):
    # Nothing of divmul: a vector is counted in one conformance group, and a wrong division says nothing about
    # the group of the atomic operations.
    rows = [row for row in table.select(section=("4.1", "4.2")) if row.code not in DIVMUL]
    jumps = [row for row in table.select(section="4.3", kind=("JMP", "JMP32")) if row.code.startswith("J")
             and row.uses("offset") and row.uses("dst")]  # fmt: skip
    for number in range(1, 25):
        choose = random.Random(f"memory {number}")
        lines = []
        while len(lines) < 80:
            if choose.randrange(16) == 0:  # on what was just loaded, so that a verifier cannot decide it
                dst = choose.randrange(2, 10)
                lines += [text_of(table["ldxdw"], dst, 1, offset=offset_text(8 * choose.randrange(8))),
                          text_of(choose.choice(jumps), dst, choose.randrange(2, 10),
                                  imm=choose.choice((-9, -2, 1, 7)), target="+1")]  # fmt: skip
            lines.append(access_line(choose, table) if choose.randrange(2) else arithmetic_line(choose, rows))
        before = {register: choose.getrandbits(64) for register in range(10) if register != 1}
        file.add(Sequence(lines, before, base=1).vector(
            f"mixture/memory-{number}",
            ["RFC9669-5.1-LDX", "RFC9669-5.1-STX", "RFC9669-5.1-ST", "RFC9669-5.3-STX-ATOMIC",
             "RFC9669-4.3-FALL-THROUGH"],
            "Accesses, arithmetic and jumps, picked at random; the model computed the result."))  # fmt: skip


def sequences_in_memory(table):
    file = VectorFile("5.1-load-store/sequences.yaml", "5.1", "Accesses in a row, to the same bytes in "
                                                              "other widths.",
                      SOURCE)
    for add in (forwarding, gathering, extension, mixtures):
        add(file, table)
    return file


STACK = 512


def stack_program(size, kind, computed):
    """Stores to all places of the stack, one after the other, and then loads them, each into the memory."""
    bits = 8 * size
    prefix = "r" if size == 8 else "w"
    base = "r8" if computed else "r10"
    store = {"stx": f"*(u{bits} *)({base} - \\at) = {prefix}2", "st": f"*(u{bits} *)({base} - \\at) = "
                                                                      f"\\at*1103+7"}[kind]
    if computed:  # one register walks, the distance stays
        store = store.replace("- \\at", "+ 0").replace("\\at*1103+7", "0x55aa5aa5")
    lines = [".altmacro", ".macro put at", *(["r2 *= r3", "r2 += r4"] if kind == "stx" else []), store,
             *([f"r8 += {size}"] if computed else []), ".endm",
             ".macro get at",
             f"r5 = *(u{bits} *)({base} {'+ 0' if computed else '- %sat' % chr(92)})",
             f"*(u{bits} *)(r6 + 0) = {prefix}5", f"r6 += {size}",
             *([f"r8 += {size}"] if computed else []), ".endm",
             ".macro all what", ".set at, 512", f".rept {STACK // size}", "\\what %at", f".set at, "
                                                                                        f"at-{size}", ".endr",
             ".endm",
             "r6 = r1", "r2 = *(u64 *)(r6 + 0)", "r3 = *(u64 *)(r6 + 8)", "r4 = *(u64 *)(r6 + 16)"]  # fmt: skip
    walk = ["r8 = r10", "r8 += -512"] if computed else []
    return "\n".join([*lines, *walk, "all put", *walk, "all get", "r0 = 0", "exit"])


def stack_bytes(size, kind, computed, byte_order):
    factor, step, value, data = 0x9E3779B97F4A7C15, 0x0123456789ABCDEF, 5, b""
    for at in range(512, 0, -size):
        value = (value * factor + step) % 2**64
        stored = value if kind == "stx" else 0x55AA5AA5 if computed else at * 1103 + 7
        data += (stored % 2 ** (8 * size)).to_bytes(size, byte_order)
    return data


def slots(file):
    for kind in ("stx", "st"):
        for name, size in SIZES.items():
            for computed in (False, True):
                cells = {f"u{8 * size}@{place}": int.from_bytes(
                    stack_bytes(size, kind, computed, "little")[place:place + size], "little")
                    for place in range(0, STACK, size)}  # fmt: skip
                if size == 1:
                    cells = {"bytes@0": '"%s"' % stack_bytes(size, kind, computed, "little").hex()}
                file.add({
                    "id": f"{kind}{name}/every-place-of-the-stack{'-by-register' if computed else ''}",
                    "clauses": ["ABI-STACK", "RFC9669-5.1-STX" if kind == "stx" else "RFC9669-5.1-ST",
                                "RFC9669-5.1-LDX"],
                    "tests": [f"{kind}{name}", f"ldx{name}"], "memory_size": STACK,
                    "program": stack_program(size, kind, computed),
                    "before": {"memory": {"u64@0": 5, "u64@8": "0x9e3779b97f4a7c15",
                                          "u64@16": "0x0123456789abcdef"}},
                    "after": {"r0": 0, "memory": cells},
                    "because": f"All {STACK // size} places are stored before the first is loaded again.",
                })  # fmt: skip


def observed_ends(file):
    """The highest and the lowest slots as explicit vectors, whose neighbours are compared."""
    for name, size in SIZES.items():
        for end, at in (("top", -size), ("bottom", -STACK)):
            offset = offset_text(at)
            for copy in (False, True):
                base, distance = ("r3", offset_text(at + 256)) if copy else ("r10", offset)
                value = 0x1122334455667788 % 2 ** (8 * size)
                lines = [f"*(u{8 * size} *)({base}{distance}) = {'r' if size == 8 else 'w'}4",
                         f"r5 = *(u{8 * size} *)({base}{distance})"]  # fmt: skip
                file.add({
                    "id": f"stx{name}/{end}-of-stack{'-by-register' if copy else ''}",
                    "clauses": ["ABI-STACK", "RFC9669-5.1-STX", "RFC9669-5.1-ADDRESS"],
                    "tests": [f"stx{name}", f"ldx{name}"], "asm": "\n".join(lines),
                    "before": {**({"r3": "{stack: -256}"} if copy else {}), "r4": "0x1122334455667788"},
                    "after": {"r5": f"{value:#x}", "stack": {f"u{8 * size}@{at}": f"{value:#x}"}},
                    "because": f"The {end} of the 512 bytes{', through a register' if copy else ''}.",
                })  # fmt: skip


def stack(table):
    file = VectorFile("5.1-load-store/stack.yaml", "5.1", "Every place of the stack.", SOURCE)
    slots(file)
    observed_ends(file)
    return file


FILES = (sequences_in_memory, stack)
