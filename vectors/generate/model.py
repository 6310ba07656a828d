"""Arithmetic (4.1), byte swaps (4.2) and conditional jumps (4.3) of RFC 9669, on unbounded integers.

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
    """A conditional jump: `code` is a key of CONDITIONS, `distance` counts instructions behind the jump."""

    code: str
    width: int
    dst: int
    distance: int
    src: int | None = None
    imm: int | None = None


def operand(instruction, registers):
    """The second operand in the width of the first."""
    # The immediate is a signed number: reducing it to 64 bits is its sign extension.
    value = instruction.imm if instruction.src is None else registers[instruction.src]
    return unsigned(value, instruction.width)


def is_taken(jump, registers):
    dst = unsigned(registers[jump.dst], jump.width)
    return CONDITIONS[jump.code](dst, operand(jump, registers), jump.width)


def execute(instruction, registers, byte_order):
    """Runs one instruction on a list of 64-bit registers, in place, on a `little` or `big`-endian machine."""
    width = instruction.width
    dst = unsigned(registers[instruction.dst], width)
    if instruction.code in BYTE_SWAPS:
        identity = {"LE": byte_order == "little", "BE": byte_order == "big", "BSWAP": False}[instruction.code]
        result = dst if identity else swap_bytes(dst, width)
    elif instruction.code == "NEG":
        result = -dst
    elif instruction.code == "MOVSX":
        result = signed(registers[instruction.src], instruction.from_width)
    else:
        result = BINARY[instruction.code](dst, operand(instruction, registers), width)
    registers[instruction.dst] = unsigned(result, width)


def run(instructions, registers, byte_order):
    """Runs instructions that only jump forward, to their end."""
    position = 0
    while position < len(instructions):
        instruction = instructions[position]
        position += 1
        if not isinstance(instruction, Jump):
            execute(instruction, registers, byte_order)
        elif is_taken(instruction, registers):
            position += instruction.distance
