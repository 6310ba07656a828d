"""Sections 4.1 to 4.3 (without calls) and 5.1 to 5.4 (numbers only) of RFC 9669, on unbounded integers.

Written from the text of the RFC alone and sharing nothing with the reference VM: where the two agree on every
row of a sweep, a mistake would have to have been made twice.
"""

from dataclasses import dataclass


def unsigned(value, width):
    """The value modulo 2^width, from 0 to 2^width - 1 (section 2.1)."""
    return value & ((1 << width) - 1)


def signed(value, width):
    """The same low bits read as a two's complement number."""
    value = unsigned(value, width)
    return value - (1 << width) if value >> (width - 1) else value


def truncated_quotient(a, b):
    """trunc(a / b); Python's own // rounds down instead."""
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def swap_bytes(value, width):
    return int.from_bytes(unsigned(value, width).to_bytes(width // 8, "little"), "big")


def divide(dst, src, width):
    return dst // src if src else 0


def divide_signed(dst, src, width):
    return truncated_quotient(signed(dst, width), signed(src, width)) if src else 0


def modulo(dst, src, width):
    return dst % src if src else dst


def modulo_signed(dst, src, width):
    if not src:
        return dst
    a, n = signed(dst, width), signed(src, width)
    return a - n * truncated_quotient(a, n)


def shift_count(src, width):
    return src & {32: 0x1F, 64: 0x3F}[width]


# Code of the RFC -> f(dst, src, width). Operands are unsigned, `width` bits wide; the caller reduces results.
BINARY = {
    "ADD": lambda dst, src, width: dst + src,
    "SUB": lambda dst, src, width: dst - src,
    "MUL": lambda dst, src, width: dst * src,
    "DIV": divide,
    "SDIV": divide_signed,
    "OR": lambda dst, src, width: dst | src,
    "AND": lambda dst, src, width: dst & src,
    "LSH": lambda dst, src, width: dst << shift_count(src, width),
    "RSH": lambda dst, src, width: dst >> shift_count(src, width),
    "MOD": modulo,
    "SMOD": modulo_signed,
    "XOR": lambda dst, src, width: dst ^ src,
    "MOV": lambda dst, src, width: src,
    "ARSH": lambda dst, src, width: signed(dst, width) >> shift_count(src, width),
}

# Code of the RFC -> f(dst, src, width), whether the jump is taken. Operands as above.
CONDITIONS = {
    "JEQ": lambda dst, src, width: dst == src,
    "JNE": lambda dst, src, width: dst != src,
    "JSET": lambda dst, src, width: dst & src != 0,
    "JGT": lambda dst, src, width: dst > src,
    "JGE": lambda dst, src, width: dst >= src,
    "JLT": lambda dst, src, width: dst < src,
    "JLE": lambda dst, src, width: dst <= src,
    "JSGT": lambda dst, src, width: signed(dst, width) > signed(src, width),
    "JSGE": lambda dst, src, width: signed(dst, width) >= signed(src, width),
    "JSLT": lambda dst, src, width: signed(dst, width) < signed(src, width),
    "JSLE": lambda dst, src, width: signed(dst, width) <= signed(src, width),
}

BYTE_SWAPS = ("LE", "BE", "BSWAP")


@dataclass(frozen=True)
class Instruction:
    """One instruction: `code` is a key of BINARY, NEG, MOVSX or one of BYTE_SWAPS.

    `width` is that of the operands; a byte swap's is the width swapped. Of `src` and `imm` at most one is
    set. `from_width` is MOVSX's: 8, 16 or 32.
    """

    code: str
    width: int
    dst: int
    src: int | None = None
    imm: int | None = None
    from_width: int | None = None


@dataclass(frozen=True)
class Jump:
    """A conditional jump: `code` is a key of CONDITIONS, `distance` counts slots behind the jump."""

    code: str
    width: int
    dst: int
    distance: int
    src: int | None = None
    imm: int | None = None


@dataclass(frozen=True)
class Wide:
    """A 64-bit immediate instruction with the number in imm and next_imm: dst = imm64 (section 5.4)."""

    dst: int
    imm: int


@dataclass(frozen=True)
class Load:
    """dst = *(size *)(base + offset), of `width` bits (5.1), sign extended if `is_signed` (5.2)."""

    width: int
    dst: int
    base: int
    offset: int
    is_signed: bool = False


@dataclass(frozen=True)
class Store:
    """*(size *)(base + offset) = src or imm (5.1). Of `src` and `imm` one is set."""

    width: int
    base: int
    offset: int
    src: int | None = None
    imm: int | None = None


@dataclass(frozen=True)
class Atomic:
    """`code` is a key of OPERATIONS, XCHG or CMPXCHG (5.3)."""

    code: str
    width: int
    base: int
    offset: int
    src: int
    fetch: bool = False


# The simple operations of section 5.3 -> the new word, which the caller reduces.
OPERATIONS = {
    "ADD": lambda old, src: old + src,
    "OR": lambda old, src: old | src,
    "AND": lambda old, src: old & src,
    "XOR": lambda old, src: old ^ src,
}


class AccessProblem(Exception):
    """An access to a byte that is not there."""


class Memory:
    """Bytes at consecutive addresses, in the byte order of the machine."""

    def __init__(self, first, data, byte_order):
        self.first, self.data, self.byte_order = first, bytearray(data), byte_order

    def place(self, address, width):
        start = unsigned(address, 64) - self.first
        if start < 0 or start + width // 8 > len(self.data):
            raise AccessProblem(f"{width // 8} bytes at {unsigned(address, 64):#x}")
        return slice(start, start + width // 8)

    def load(self, address, width):
        return int.from_bytes(self.data[self.place(address, width)], self.byte_order)

    def store(self, address, width, value):
        self.data[self.place(address, width)] = unsigned(value, width).to_bytes(width // 8, self.byte_order)


# What follows makes an instruction a function of the registers, a list of unsigned 64-bit numbers, and the
# memory, both of which it changes in place. A conditional jump returns whether it is taken.


def operand_of(instruction):
    """The second operand, as a function of the registers, in the width of the first."""
    src, mask = instruction.src, (1 << instruction.width) - 1
    if src is None:
        # The immediate is a signed number: reducing it to 64 bits is its sign extension.
        constant = unsigned(instruction.imm, instruction.width)
        return lambda registers: constant
    return lambda registers: registers[src] & mask


def jump_step(jump):
    condition, second, width, dst = CONDITIONS[jump.code], operand_of(jump), jump.width, jump.dst
    return lambda registers, memory: condition(unsigned(registers[dst], width), second(registers), width)


def binary_step(instruction):
    compute, second = BINARY[instruction.code], operand_of(instruction)
    dst, width, mask = instruction.dst, instruction.width, (1 << instruction.width) - 1

    def step(registers, memory):
        registers[dst] = compute(registers[dst] & mask, second(registers), width) & mask

    return step


def one_operand_step(instruction, byte_order):
    """NEG, MOVSX and the byte swaps."""
    code, width, dst, src = instruction.code, instruction.width, instruction.dst, instruction.src

    def step(registers, memory):
        value = unsigned(registers[dst], width)
        if code == "NEG":
            result = -value
        elif code == "MOVSX":
            result = signed(registers[src], instruction.from_width)
        elif (code, byte_order) in (("LE", "little"), ("BE", "big")):
            result = value
        else:
            result = swap_bytes(value, width)
        registers[dst] = unsigned(result, width)

    return step


def wide_step(instruction):
    dst, value = instruction.dst, unsigned(instruction.imm, 64)

    def step(registers, memory):
        registers[dst] = value

    return step


def load_step(load):
    dst, base, offset, width = load.dst, load.base, load.offset, load.width

    def step(registers, memory):
        value = memory.load(registers[base] + offset, width)
        registers[dst] = unsigned(signed(value, width), 64) if load.is_signed else value

    return step


def store_step(store):
    base, offset, width, second = store.base, store.offset, store.width, operand_of(store)

    def step(registers, memory):
        memory.store(registers[base] + offset, width, second(registers))

    return step


def atomic_step(atomic):
    base, offset, width, src = atomic.base, atomic.offset, atomic.width, atomic.src

    def step(registers, memory):
        address, value = registers[base] + offset, unsigned(registers[src], width)
        old = memory.load(address, width)
        if atomic.code == "CMPXCHG":
            if old == unsigned(registers[0], width):
                memory.store(address, width, value)
            registers[0] = old
            return
        memory.store(address, width, value if atomic.code == "XCHG" else OPERATIONS[atomic.code](old, value))
        if atomic.fetch:
            registers[src] = old

    return step


def step_of(instruction, byte_order):
    """The instruction on a `little` or `big`-endian machine, as a function."""
    makers = {Jump: jump_step, Wide: wide_step, Load: load_step, Store: store_step, Atomic: atomic_step}
    if type(instruction) in makers:
        return makers[type(instruction)](instruction)
    if instruction.code in BINARY:
        return binary_step(instruction)
    return one_operand_step(instruction, byte_order)


def program_of(instructions, byte_order):
    """A function f(registers, memory) that runs instructions, which only jump forward, to their end."""
    if len(instructions) == 1:
        return step_of(instructions[0], byte_order)
    slots = []  # (step, distance to the next instruction, distance of a jump)
    for instruction in instructions:
        size = 2 if isinstance(instruction, Wide) else 1
        slots.append((step_of(instruction, byte_order), size, getattr(instruction, "distance", 0)))
        slots += [None] * (size - 1)

    def run_all(registers, memory):
        position = 0
        while position < len(slots):
            step, size, distance = slots[position]
            position += size + (distance if step(registers, memory) else 0)

    return run_all


def run(instructions, registers, byte_order, memory=None):
    """Runs instructions once."""
    program_of(instructions, byte_order)(registers, memory)
