"""Loads, stores and atomic operations of every register on the stack, through R10: */stack-registers.yaml."""

from accesses import OPERATIONS, VALUES
from model import signed, unsigned
from vector_file import Block, VectorFile

CELL = 16  # bytes from one cell to the next, so that neighbours show


class Statement:
    """A vector in the making: one access for each register, each at a cell of its own."""

    def __init__(self, row):
        self.row, self.asm, self.before, self.after = row, [], {}, {}
        self.stack, self.stack_after = {}, {}

    def add(self, number):
        """An access of register `number`; returns the cell's name."""
        # Within its 16 bytes a cell lies where its width allows, a little further for each register.
        inside = number * self.row.width // 8 % CELL
        distance = CELL * (number + 1) - inside
        operand = "dst" if self.row.kind == "LDX" else "src"
        names = {operand: f"r{number}", operand + "32": f"{'r' if operand == 'dst' else 'w'}{number}",
                 "dst" if operand == "src" else "src": "r10", "offset": f" - {distance}", "imm": -number - 2}
        self.asm.append(self.row.syntax.format(**names))
        return f"u{self.row.width}@-{distance}"

    def vector(self, clauses, because):
        def state(registers, stack):
            block = Block({f"r{number}": f"{value:#x}" for number, value in sorted(registers.items())})
            cells = Block({cell: f"{value:#x}" for cell, value in stack.items()})
            return Block({**block, **({"stack": cells} if stack else {})}) or None

        return {"id": f"{self.row.name}/stack-all-registers", "clauses": [*clauses, "ABI-STACK"],
                "asm": "\n".join(self.asm), "before": state(self.before, self.stack),
                "after": state(self.after, self.stack_after), "because": because}  # fmt: skip


def loads(row):
    statement = Statement(row)
    for number in range(10):
        cell = statement.add(number)
        word = unsigned(VALUES[number % len(VALUES)][1], row.width)
        statement.stack[cell] = word
        statement.after[number] = unsigned(signed(word, row.width) if row.code == "MEMSX" else word, 64)
    return statement


def stores(row):
    statement = Statement(row)
    for number in range(10):
        cell = statement.add(number)
        if row.uses("src"):
            statement.before[number] = VALUES[number % len(VALUES)][0]
            statement.stack_after[cell] = unsigned(statement.before[number], row.width)
        else:
            statement.stack_after[cell] = unsigned(-number - 2, row.width)
    return statement


def atomics(row, operation):
    statement = Statement(row)
    for number in range(10):
        cell = statement.add(number)
        value, word = VALUES[number % len(VALUES)]
        old = statement.stack[cell] = unsigned(word, row.width)
        statement.before[number] = value
        new = OPERATIONS[operation](old, unsigned(value, row.width))
        statement.stack_after[cell] = unsigned(new, row.width)
        if row.fields["imm"] & 1:
            statement.after[number] = old
    return statement


def compare_exchanges(row):
    """Matches for even numbers; each one compares with the word before of the last."""
    statement = Statement(row)
    r0 = statement.before[0] = 0xA5A5A5A500000007
    for number in range(10):
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
        file.add((loads if row.kind == "LDX" else stores)(row).vector(clauses, because))
    return file


def signed_loads(table):
    file = VectorFile("5.2-sign-extending-load/stack-registers.yaml", "5.2",
                      "Loads of every register, on the stack.", "stack_accesses.py")
    for row in sorted(table.select(section="5.2"), key=lambda row: row.width):
        clauses = [f"RFC9669-5.2-LDXS-{row.form}", "RFC9669-5.2-SEXT-TO-64", "RFC9669-5.1-ADDRESS"]
        file.add(loads(row).vector(clauses, "Each value is sign extended into its register."))
    return file


def atomic_operations(table):
    file = VectorFile("5.3-atomic/stack-registers.yaml", "5.3",
                      "Atomic operations of every register, on the stack.", "stack_accesses.py")
    for row in sorted(table.select(section="5.3"), key=lambda row: (row.width, row.fields["imm"])):
        operation = row.mnemonic.split("_")[-1].rstrip("0123456789")
        if operation == "cmpxchg":
            clauses = [f"RFC9669-5.3-CMPXCHG-{part}" for part in ("MATCH", "NOMATCH", "R0")]
            file.add(compare_exchanges(row).vector(
                clauses, "Matches and mismatches take turns; R0 gets each word before."))  # fmt: skip
            continue
        fetch = row.fields["imm"] & 1
        clauses = [f"RFC9669-5.3-{operation.upper()}", f"RFC9669-5.3-{'FETCH' if fetch else 'NOFETCH-SRC'}"]
        because = "its register gets the word before." if fetch else "no register."
        file.add(atomics(row, operation).vector(clauses, f"Each word changes, and {because}"))
    return file


FILES = (loads_and_stores, signed_loads, atomic_operations)
