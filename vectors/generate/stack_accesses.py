"""Loads, stores and atomic operations of every register on the stack, through R10: */stack-registers.yaml."""

from accesses import OPERATIONS, VALUES
from model import signed, unsigned
from vector_file import Block, VectorFile

FRAME = 10
BASES = (FRAME, 9)
MIDDLE = 88  # how far below R10 another base points
CELL = 16  # bytes from one cell to the next, so that neighbours show


class Statement:
    """A vector in the making: one access for each register, each at a cell of its own.

    The base is R10, and all others are operands, or it is R9, and that is none.
    """

    def __init__(self, row, base):
        self.row, self.base, self.asm, self.before, self.after = row, base, [], {}, {}
        self.stack, self.stack_after = {}, {}
        self.numbers = range(min(base, 10))

    def add(self, number):
        """An access of register `number`; returns the cell's name."""
        # Within its 16 bytes a cell lies where its width allows, a little further for each register.
        inside = number * self.row.width // 8 % CELL
        distance = CELL * (number + 1) - inside
        operand, base = ("dst", "src") if self.row.loads else ("src", "dst")
        offset = -distance if self.base == FRAME else MIDDLE - distance
        low = "r" if self.row.kind == "LDX" else "w"  # as the assembly has it
        names = {operand: f"r{number}", operand + "32": f"{low}{number}",
                 base: f"r{self.base}", "offset": f" {'-' if offset < 0 else '+'} {abs(offset)}",
                 "imm": -number - 2}  # fmt: skip
        self.asm.append(self.row.syntax.format(**names))
        return f"u{self.row.width}@-{distance}"

    def vector(self, clauses, because):
        def state(registers, stack):
            block = Block({f"r{number}": f"{value:#x}" for number, value in sorted(registers.items())})
            if self.base != FRAME and registers is self.before:
                block[f"r{self.base}"] = f"{{stack: {-MIDDLE}}}"
            cells = Block({cell: f"{value:#x}" for cell, value in stack.items()})
            return Block({**block, **({"stack": cells} if stack else {})}) or None

        which = "all-registers" if self.base == FRAME else "through-a-register"
        return {"id": f"{self.row.name}/stack-{which}", "clauses": [*clauses, "ABI-STACK"],
                "asm": "\n".join(self.asm), "before": state(self.before, self.stack),
                "after": state(self.after, self.stack_after), "because": because}  # fmt: skip


def loads(row, base):
    statement = Statement(row, base)
    for number in statement.numbers:
        cell = statement.add(number)
        word = unsigned(VALUES[number % len(VALUES)][1], row.width)
        statement.stack[cell] = word
        statement.after[number] = unsigned(signed(word, row.width) if row.code == "MEMSX" else word, 64)
    return statement


def stores(row, base):
    statement = Statement(row, base)
    for number in statement.numbers:
        cell = statement.add(number)
        if row.uses("src"):
            statement.before[number] = VALUES[number % len(VALUES)][0]
            statement.stack_after[cell] = unsigned(statement.before[number], row.width)
        else:
            statement.stack_after[cell] = unsigned(-number - 2, row.width)
    return statement


def atomics(row, operation, base):
    statement = Statement(row, base)
    for number in statement.numbers:
        cell = statement.add(number)
        value, word = VALUES[number % len(VALUES)]
        old = statement.stack[cell] = unsigned(word, row.width)
        statement.before[number] = value
        new = OPERATIONS[operation](old, unsigned(value, row.width))
        statement.stack_after[cell] = unsigned(new, row.width)
        if row.fields["imm"] & 1:
            statement.after[number] = old
    return statement


def compare_exchanges(row, base):
    """Matches for even numbers; each one compares with the word before of the last."""
    statement = Statement(row, base)
    r0 = statement.before[0] = 0xA5A5A5A500000007
    for number in statement.numbers:
        cell = statement.add(number)
        value, word = VALUES[number % len(VALUES)]
        old = statement.stack[cell] = unsigned(r0 if number % 2 == 0 else word, row.width)
        if number != 0:
            statement.before[number] = value
        else:
            value = r0
        if old == unsigned(r0, row.width):
            statement.stack_after[cell] = unsigned(value, row.width)
        r0 = statement.after[0] = old
    return statement


def loads_and_stores(table):
    file = VectorFile("5.1-load-store/stack-registers.yaml", "5.1",
                      "Loads and stores of every register, on the stack.", "stack_accesses.py")
    reasons = {
        "LDX": (["LDX", "LDX-ZEXT"], "Each value is zero extended into its register."),
        "STX": (["STX", "STX-TRUNCATE"], "The low bits of each register, and no neighbour, are written."),
        "ST": (["ST"], "The low bits of the immediate, at 64 bits its sign extension, are written."),
    }
    for row in sorted(table.select(section="5.1"), key=lambda row: (row.kind, row.width)):
        clauses, because = reasons[row.kind]
        clauses = [f"RFC9669-5.1-{clause}" for clause in (*clauses, "ADDRESS")]
        for base in BASES:
            file.add((loads if row.kind == "LDX" else stores)(row, base).vector(clauses, because))
    return file


def signed_loads(table):
    file = VectorFile("5.2-sign-extending-load/stack-registers.yaml", "5.2",
                      "Loads of every register, on the stack.", "stack_accesses.py")
    for row in sorted(table.select(section="5.2"), key=lambda row: row.width):
        clauses = [f"RFC9669-5.2-LDXS-{row.form}", "RFC9669-5.2-SEXT-TO-64", "RFC9669-5.1-ADDRESS"]
        for base in BASES:
            file.add(loads(row, base).vector(clauses, "Each value is sign extended into its register."))
    return file


def atomic_operations(table):
    file = VectorFile("5.3-atomic/stack-registers.yaml", "5.3",
                      "Atomic operations of every register, on the stack.", "stack_accesses.py")
    for row in sorted(table.select(section="5.3"), key=lambda row: (row.width, row.fields["imm"])):
        operation = row.mnemonic.split("_")[-1].rstrip("0123456789")
        if operation == "cmpxchg":
            clauses = [f"RFC9669-5.3-CMPXCHG-{part}" for part in ("MATCH", "NOMATCH", "R0")]
            for base in BASES:
                file.add(compare_exchanges(row, base).vector(
                    clauses, "Matches and mismatches take turns; R0 gets each word before."))  # fmt: skip
            continue
        fetch = row.fields["imm"] & 1
        clauses = [f"RFC9669-5.3-{operation.upper()}", f"RFC9669-5.3-{'FETCH' if fetch else 'NOFETCH-SRC'}"]
        because = "its register gets the word before." if fetch else "no register."
        for base in BASES:
            file.add(atomics(row, operation, base).vector(clauses, f"Each word changes, and {because}"))
    return file


def acquire_release(table):
    file = VectorFile("extensions/x-acqrel/stack-registers.yaml", "x-acqrel",
                      "Load-acquire and store-release of every register, on the stack.", "stack_accesses.py")
    for row in table.of_extension("x-acqrel"):
        for base in BASES:
            if row.loads:
                clauses = ["X-ACQREL-LOAD", *(["X-ACQREL-LOAD-ZEXT"] if row.width < 64 else []), "X-ACQREL-ADDRESS"]
                file.add(loads(row, base).vector(clauses, "Each value is zero extended into its register."))
            else:
                clauses = ["X-ACQREL-STORE", "X-ACQREL-STORE-NEIGHBOURS", "X-ACQREL-ADDRESS"]
                because = "The low bits of each register, and no neighbour, are written."
                file.add(stores(row, base).vector(clauses, because))
    return file


FILES = (loads_and_stores, signed_loads, atomic_operations, acquire_release)
