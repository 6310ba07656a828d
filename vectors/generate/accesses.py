"""Writes the loads, stores and atomic operations of every pair of registers, */pairs.yaml.

Run without arguments to write the files, with --check to compare them with what stands there.
"""

import sys
from pathlib import Path

from model import signed, unsigned

VECTORS = Path(__file__).resolve().parent.parent
SIZES = {"b": 8, "h": 16, "w": 32, "dw": 64}

# Around what hosts have room for in the offset of one instruction.
OFFSETS = [
    0, 32767, 127, -32768, -129, 255, -257, 2047, -2049, 4095, -4097, 16383, 128, -128, -255, 256, -256, 2048,
    32760
]
# The operand in a register, the word of memory. Sign bits and garbage above, common bits, carries.
VALUES = [
    (0xDEADBEEF80000001, 0x8182838485868788), (0xFFFFFFFF7FFFFFFF, 0x7FFFFFFF7FFFFFFF),
    (0x123456789ABCDEF0, 0xF0F0F0F0F0F0F0F0), (0x8000000000000000, 0x0123456789ABCDEF),
    (0x00000001FFFFFFFF, 0xFFFFFFFF80000001)
]
OPERATIONS = {
    "add": ("+=", lambda old, src: old + src),
    "or": ("|=", lambda old, src: old | src),
    "and": ("&=", lambda old, src: old & src),
    "xor": ("^=", lambda old, src: old ^ src),
}
CELL = 16  # bytes from one word of memory to the next, so that neighbours show


def rounds():
    """Every ordered pair of two registers, five disjoint pairs at a time: a round-robin tournament.

    Each round comes in both orders, because what one instruction changes by mistake a later one may write.
    """
    for turn in range(9):
        seats = [9] + [(turn + seat) % 9 for seat in range(9)]
        pairs = [(seats[0], seats[1])] + [(seats[1 + k], seats[10 - k]) for k in range(1, 5)]
        for one in (pairs, [(b, a) for a, b in pairs]):
            yield one
            yield one[::-1]


class Statement:
    """A vector in the making: asm, before and after."""

    def __init__(self):
        self.asm, self.before, self.after, self.memory, self.memory_after = [], {}, {}, {}, {}
        self.refusable = False

    def text(self, name, clauses, because):
        lines = [f"  - id: {name}", f"    clauses: [{', '.join(clauses)}]"]
        if self.refusable:
            lines.append("    policy: verifier")
        lines += ["    memory_size: 80", "    asm: |"] + [f"      {line}" for line in self.asm]
        lines += self.state("before", self.before, self.memory) + self.state("after", self.after,
                                                                             self.memory_after)
        return "\n".join(lines + [f"    because: {because}"]) + "\n"

    @staticmethod
    def state(key, registers, memory):
        lines = [f"    {key}:"] + [f"      r{number}: {text}" for number, text in sorted(registers.items())]
        if memory:
            lines += ["      memory:"] + [f"        {cell}: {text}" for cell, text in memory.items()]
        return lines


def access(statement, position, turn, base):
    """Sets the base so that an offset reaches its word; returns the offset, the word's place, values."""
    offset = OFFSETS[(5 * turn + position) % len(OFFSETS)]
    place = CELL * position
    statement.before[base] = f"{{block: {place - offset}}}"
    sign = "-" if offset < 0 else "+"
    return f"{sign} {abs(offset)}", place, VALUES[(turn + position) % len(VALUES)]


def loads(bits, is_signed):
    for turn, pairs in enumerate(rounds()):
        statement = Statement()
        for position, (base, dst) in enumerate(pairs):
            offset, place, (_, word) = access(statement, position, turn, base)
            word = unsigned(word, bits)
            statement.asm.append(f"r{dst} = *({'s' if is_signed else 'u'}{bits} *)(r{base} {offset})")
            statement.memory[f"u{bits}@{place}"] = f"{word:#x}"
            statement.after[dst] = f"{unsigned(signed(word, bits) if is_signed else word, 64):#x}"
        yield turn, statement


def stores(bits):
    for turn, pairs in enumerate(rounds()):
        statement = Statement()
        for position, (base, src) in enumerate(pairs):
            offset, place, (value, _) = access(statement, position, turn, base)
            statement.asm.append(f"*(u{bits} *)(r{base} {offset}) = {'r' if bits == 64 else 'w'}{src}")
            statement.before[src] = f"{value:#x}"
            statement.memory_after[f"u{bits}@{place}"] = f"{unsigned(value, bits):#x}"
        yield turn, statement


def atomics(operation, bits, fetch):
    prefix = "r" if bits == 64 else "w"
    for turn, pairs in enumerate(rounds()):
        statement = Statement()
        for position, (base, src) in enumerate(pairs):
            offset, place, (value, old) = access(statement, position, turn, base)
            old = unsigned(old, bits)
            where, operand = f"r{base} {offset}", f"{prefix}{src}"
            if operation == "xchg":
                suffix = "_64" if bits == 64 else "32_32"
                statement.asm.append(f"{operand} = xchg{suffix}({where}, {operand})")
                new = value
            else:
                symbol, compute = OPERATIONS[operation]
                new = compute(old, unsigned(value, bits))
                statement.asm.append(f"{operand} = atomic_fetch_{operation}((u{bits} *)({where}), {operand})"
                                     if fetch else f"lock *(u{bits} *)({where}) {symbol} {operand}")
            statement.before[src] = f"{value:#x}"
            statement.memory[f"u{bits}@{place}"] = f"{old:#x}"
            statement.memory_after[f"u{bits}@{place}"] = f"{unsigned(new, bits):#x}"
            if fetch:
                statement.after[src] = f"{old:#x}"
        yield turn, statement


def compare_exchanges(bits):
    prefix, suffix = ("r", "_64") if bits == 64 else ("w", "32_32")
    for turn, pairs in enumerate(rounds()):
        statement = Statement()
        r0 = 0xA5A5A5A500000000 | turn  # None: an address, which is no word of memory
        statement.before[0] = f"{r0:#x}"
        for position, (base, src) in enumerate(sorted(pairs, key=lambda pair: 0 not in pair)):
            offset, place, (value, old) = access(statement, position, turn, base)
            if base == 0:
                r0, statement.refusable = None, True  # a verifier may refuse an address as R0
            match = r0 is not None and position % 2 == turn % 2
            old = unsigned(r0 if match else old, bits)
            match = r0 is not None and unsigned(r0, bits) == old
            if src != 0:
                statement.before[src] = f"{value:#x}"
            else:
                value = r0
            statement.asm.append(f"{prefix}0 = cmpxchg{suffix}(r{base} {offset}, {prefix}0, {prefix}{src})")
            statement.memory[f"u{bits}@{place}"] = f"{old:#x}"
            if match:
                statement.memory_after[f"u{bits}@{place}"] = f"{unsigned(value, bits):#x}"
            r0 = old
        statement.after[0] = f"{r0:#x}"
        yield turn, statement


class VectorFile:

    def __init__(self, folder, section, title):
        self.path = VECTORS / folder / "pairs.yaml"
        self.text = f'# {title}\n# Generated by generate/accesses.py.\nsection: "{section}"\nvectors:\n'

    def add(self, name, clauses, statements, because):
        for turn, statement in statements:
            self.text += statement.text(f"{name}/pairs-{turn + 1}", clauses, because) + "\n"


def load_file(is_signed):
    title = "Loads and stores of every pair of registers, far and near."
    if is_signed:
        file = VectorFile("5.2-sign-extending-load", "5.2", title.replace(" and stores", ""))
    else:
        file = VectorFile("5.1-load-store", "5.1", title)
    for size, bits in SIZES.items():
        if is_signed and size != "dw":
            clauses = [f"RFC9669-5.2-LDXS-{size.upper()}", "RFC9669-5.2-SEXT-TO-64", "RFC9669-5.1-ADDRESS"]
            file.add(f"ldxs{size}", clauses, loads(bits, True),
                     "Each value is sign extended into its register.")
        if not is_signed:
            clauses = ["RFC9669-5.1-LDX", "RFC9669-5.1-LDX-ZEXT", "RFC9669-5.1-ADDRESS"]
            file.add(f"ldx{size}", clauses, loads(bits, False),
                     "Each value is zero extended into its register.")
            clauses = ["RFC9669-5.1-STX", "RFC9669-5.1-STX-TRUNCATE", "RFC9669-5.1-ADDRESS"]
            file.add(f"stx{size}", clauses, stores(bits),
                     "The low bits of each register, and no neighbour, are written.")
    return file


def atomic_file():
    file = VectorFile("5.3-atomic", "5.3", "Atomic operations of every pair of base and src, far and near.")
    for bits in (32, 64):
        for operation in OPERATIONS:
            clause = f"RFC9669-5.3-{operation.upper()}"
            file.add(f"atomic-{operation}{bits}", [clause, "RFC9669-5.3-NOFETCH-SRC"],
                     atomics(operation, bits, False), "Each word changes, and no register.")
            file.add(f"atomic-fetch-{operation}{bits}", [clause, "RFC9669-5.3-FETCH"],
                     atomics(operation, bits, True), "Each word changes, and src gets the word before.")
        file.add(f"xchg{bits}", ["RFC9669-5.3-XCHG", "RFC9669-5.3-FETCH"], atomics("xchg", bits, True),
                 "Register and word are exchanged.")
        clauses = [f"RFC9669-5.3-CMPXCHG-{part}" for part in ("MATCH", "NOMATCH", "R0")]
        file.add(f"cmpxchg{bits}", clauses, compare_exchanges(bits),
                 "Matches and mismatches take turns; R0 gets each word before.")
    return file


def main():
    stale = []
    for file in (load_file(False), load_file(True), atomic_file()):
        text = file.text.rstrip("\n") + "\n"
        if "--check" not in sys.argv[1:]:
            file.path.write_text(text)
        elif not file.path.exists() or file.path.read_text() != text:
            stale.append(str(file.path.relative_to(VECTORS)))
    if stale:
        sys.exit("not up to date, run vectors/generate/accesses.py: " + ", ".join(stale))


if __name__ == "__main__":
    main()
