"""Explicit vectors of instructions in a row: the model computes their expected state, for both byte orders."""

from assembly import parse
from digest import BYTE_ORDERS, sentinel
from model import Memory, run, unsigned

BLOCK_AT, FRAME_AT = 0x1000000000, 0x7000000000  # any addresses do: a vector computes with none
STACK_SIZE = 512
LITTLE, BIG = BYTE_ORDERS


def text_of(row, dst, src, imm=None, offset="", target="+0"):
    """The assembly of an instruction of the table."""
    return row.syntax.format(dst=f"r{dst}", dst32=f"w{dst}", src=f"r{src}", src32=f"w{src}", imm=imm, imm64=imm,
                             offset=offset, target=target)  # fmt: skip


def memory_sentinel(size):
    return bytes((0x5A + 37 * i) % 256 for i in range(size))


def stack_sentinel(size):
    return bytes((0xC3 + 29 * i) % 256 for i in range(-size, 0))


def hexadecimal(value):
    return f"{value:#x}" if value > 9 else value


class Sequence:
    """An explicit vector in the making. `before`: registers -> numbers; `base`: the register that holds the
    address of the memory, or 10 to work in the stack; `size`: the bytes of memory or stack that are stated."""

    def __init__(self, lines, before=None, *, base=None, size=64, content=None):
        self.lines, self.stated, self.base, self.size = lines, before or {}, base, size
        self.stack = base == 10
        sentinels = stack_sentinel(size) if self.stack else memory_sentinel(size)
        self.content = content or sentinels
        self.differs_from_sentinels = self.content != sentinels

    def registers(self):
        values = [self.stated.get(number, sentinel(number)) for number in range(10)] + [FRAME_AT + STACK_SIZE]
        if self.base is not None and not self.stack:
            values[self.base] = BLOCK_AT
        return [unsigned(value, 64) for value in values]

    def result(self, byte_order):
        """Registers and bytes after the run."""
        registers = self.registers()
        first = FRAME_AT + STACK_SIZE - self.size if self.stack else BLOCK_AT
        memory = Memory(first, self.content, byte_order)
        run(parse("\n".join(self.lines)), registers, byte_order, memory)
        return registers, bytes(memory.data)

    def cells(self, data):
        place = -self.size if self.stack else 0
        return {"stack" if self.stack else "memory": {f"bytes@{place}": f'"{data.hex()}"'}}

    def before(self):
        state = {f"r{number}": hexadecimal(unsigned(value, 64)) for number,
                 value in sorted(self.stated.items())}
        if self.base is not None and not self.stack:
            state[f"r{self.base}"] = "{block: 0}"
        # The slots of the stack that `after` states are observed with what fills them.
        if self.differs_from_sentinels or (self.stack and self.base is not None):
            state |= self.cells(self.content)
        return state or None

    def after(self, byte_order):
        registers, data = self.result(byte_order)
        changed = {f"r{number}": hexadecimal(value) for number, value in enumerate(registers[:10])
                   if value != self.registers()[number]}  # fmt: skip
        return changed | (self.cells(data) if data != self.content else {})

    def vector(self, name, clauses, because, tests=None, policy=None):
        after = {order: self.after(order) for order in BYTE_ORDERS}
        same = after[LITTLE] == after[BIG]
        return {
            "id": name, "clauses": clauses, "tests": tests, "policy": policy,
            "memory_size": self.size if self.size != 64 and self.base is not None and not self.stack else None,
            "asm": "\n".join(self.lines), "before": self.before(),
            **({"after": after[LITTLE]} if same else {f"after_{order}": after[order] for order in BYTE_ORDERS}),
            "because": because,
        }  # fmt: skip
