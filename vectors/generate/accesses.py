"""The loads, stores and atomic operations of every pair of registers, */pairs.yaml."""

from model import signed, unsigned
from vector_file import Block, VectorFile

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
    "add": lambda old, src: old + src,
    "or": lambda old, src: old | src,
    "and": lambda old, src: old & src,
    "xor": lambda old, src: old ^ src,
    "xchg": lambda old, src: src,
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
    """A vector in the making: assembly, and state before and after."""

    def __init__(self, row):
        self.row, self.asm = row, []
        self.before, self.after, self.memory, self.memory_after = {}, {}, {}, {}
        self.refusable = False

    def add(self, base, other, position, turn):
        """One more access, at its own word; returns that word's place and two values.

        The base is set so that the offset reaches the word.
        """
        offset = OFFSETS[(5 * turn + position) % len(OFFSETS)]
        place = CELL * position
        self.before[base] = f"{{block: {place - offset}}}"
        address, operand = ("dst", "src") if self.row.kind == "STX" else ("src", "dst")
        names = {address: f"r{base}", operand: f"r{other}", operand + "32": f"w{other}"}
        if self.row.kind == "LDX":
            names["dst32"] = f"r{other}"
        names["offset"] = f" {'-' if offset < 0 else '+'} {abs(offset)}"
        self.asm.append(self.row.syntax.format(**names))
        return f"u{self.row.width}@{place}", *VALUES[(turn + position) % len(VALUES)]

    def vector(self, name, clauses, because):
        before, after = state(self.before, self.memory), state(self.after, self.memory_after)
        return {"id": name, "clauses": clauses, "policy": "verifier" if self.refusable else None,
                "memory_size": 80, "asm": "\n".join(self.asm), "before": before, "after": after,
                "because": because}  # fmt: skip


def state(registers, memory):
    block = Block({f"r{number}": text for number, text in sorted(registers.items())})
    return Block({**block, "memory": Block(memory)}) if memory else block


def loads(row, is_signed):
    for turn, pairs in enumerate(rounds()):
        statement = Statement(row)
        for position, (base, dst) in enumerate(pairs):
            place, _, word = statement.add(base, dst, position, turn)
            word = unsigned(word, row.width)
            statement.memory[place] = f"{word:#x}"
            statement.after[dst] = f"{unsigned(signed(word, row.width) if is_signed else word, 64):#x}"
        yield statement


def stores(row):
    for turn, pairs in enumerate(rounds()):
        statement = Statement(row)
        for position, (base, src) in enumerate(pairs):
            place, value, _ = statement.add(base, src, position, turn)
            statement.before[src] = f"{value:#x}"
            statement.memory_after[place] = f"{unsigned(value, row.width):#x}"
        yield statement


def atomics(row, operation, fetch):
    compute = OPERATIONS[operation]
    for turn, pairs in enumerate(rounds()):
        statement = Statement(row)
        for position, (base, src) in enumerate(pairs):
            place, value, old = statement.add(base, src, position, turn)
            old = unsigned(old, row.width)
            new = compute(old, unsigned(value, row.width))
            statement.before[src] = f"{value:#x}"
            statement.memory[place] = f"{old:#x}"
            statement.memory_after[place] = f"{unsigned(new, row.width):#x}"
            if fetch:
                statement.after[src] = f"{old:#x}"
        yield statement


def compare_exchanges(row):
    for turn, pairs in enumerate(rounds()):
        statement = Statement(row)
        r0 = 0xA5A5A5A500000000 | turn  # None: an address, which is no word of memory
        statement.before[0] = f"{r0:#x}"
        for position, (base, src) in enumerate(sorted(pairs, key=lambda pair: 0 not in pair)):
            place, value, old = statement.add(base, src, position, turn)
            if base == 0:
                r0, statement.refusable = None, True  # a verifier may refuse an address as R0
            match = r0 is not None and position % 2 == turn % 2
            old = unsigned(r0 if match else old, row.width)
            match = r0 is not None and unsigned(r0, row.width) == old
            if src != 0:
                statement.before[src] = f"{value:#x}"
            else:
                value = r0
            statement.memory[place] = f"{old:#x}"
            if match:
                statement.memory_after[place] = f"{unsigned(value, row.width):#x}"
            r0 = old
        statement.after[0] = f"{r0:#x}"
        yield statement


def add(file, row, clauses, statements, because):
    for turn, statement in enumerate(statements):
        file.add(statement.vector(f"{row.name}/pairs-{turn + 1}", clauses, because))


def loads_and_stores(table):
    file = VectorFile("5.1-load-store/pairs.yaml", "5.1",
                      "Loads and stores of every pair of registers, far and near.", "accesses.py")
    for load in sorted(table.select(section="5.1", kind="LDX"), key=lambda row: row.width):
        add(file, load, ["RFC9669-5.1-LDX", "RFC9669-5.1-LDX-ZEXT", "RFC9669-5.1-ADDRESS"],
            loads(load, False), "Each value is zero extended into its register.")
        (store, ) = table.select(section="5.1", kind="STX", form=load.form)
        add(file, store, ["RFC9669-5.1-STX", "RFC9669-5.1-STX-TRUNCATE", "RFC9669-5.1-ADDRESS"],
            stores(store), "The low bits of each register, and no neighbour, are written.")
    return file


def signed_loads(table):
    file = VectorFile("5.2-sign-extending-load/pairs.yaml", "5.2",
                      "Loads of every pair of registers, far and near.", "accesses.py")
    for row in sorted(table.select(section="5.2"), key=lambda row: row.width):
        clauses = [f"RFC9669-5.2-LDXS-{row.form}", "RFC9669-5.2-SEXT-TO-64", "RFC9669-5.1-ADDRESS"]
        add(file, row, clauses, loads(row, True), "Each value is sign extended into its register.")
    return file


def atomic_operations(table):
    file = VectorFile("5.3-atomic/pairs.yaml", "5.3",
                      "Atomic operations of every pair of base and src, far and near.", "accesses.py")
    for width in (32, 64):
        for operation in ("add", "or", "and", "xor"):
            clause = f"RFC9669-5.3-{operation.upper()}"
            plain, fetch = table[f"atomic_{operation}{width}"], table[f"atomic_fetch_{operation}{width}"]
            add(file, plain, [clause, "RFC9669-5.3-NOFETCH-SRC"], atomics(plain, operation, False),
                "Each word changes, and no register.")
            add(file, fetch, [clause, "RFC9669-5.3-FETCH"], atomics(fetch, operation, True),
                "Each word changes, and src gets the word before.")
        row = table[f"xchg{width}"]
        add(file, row, ["RFC9669-5.3-XCHG", "RFC9669-5.3-FETCH"], atomics(row, "xchg", True),
            "Register and word are exchanged.")
        row = table[f"cmpxchg{width}"]
        add(file, row, [f"RFC9669-5.3-CMPXCHG-{part}" for part in ("MATCH", "NOMATCH", "R0")],
            compare_exchanges(row), "Matches and mismatches take turns; R0 gets each word before.")
    return file


FILES = (loads_and_stores, signed_loads, atomic_operations)
