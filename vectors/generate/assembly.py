"""Reads LLVM's assembly text of what the model knows (arithmetic, byte swaps, conditional jumps forward,
loads, stores, atomic operations, 64-bit immediates, those of x-acqrel), and nothing else."""

import re

from model import Atomic, Instruction, Jump, Load, Store, Wide

CODES = {
    "+=": "ADD", "-=": "SUB", "*=": "MUL", "/=": "DIV", "s/=": "SDIV", "|=": "OR", "&=": "AND", "<<=": "LSH",
    ">>=": "RSH", "%=": "MOD", "s%=": "SMOD", "^=": "XOR", "=": "MOV", "s>>=": "ARSH",
}  # fmt: skip

CONDITIONS = {
    "==": "JEQ", "!=": "JNE", "&": "JSET", ">": "JGT", ">=": "JGE", "<": "JLT", "<=": "JLE", "s>": "JSGT",
    "s>=": "JSGE", "s<": "JSLT", "s<=": "JSLE",
}  # fmt: skip

OPERATIONS = {"+=": "ADD", "|=": "OR", "&=": "AND", "^=": "XOR"}
SIGNS = {"+": 1, "-": -1}
WIDTHS = {"r": 64, "w": 32}

NUMBER = r"(-?(?:0x[0-9a-f]+|\d+))"
REGISTER = r"([rw])(\d+)"
ADDRESS = r"r(\d+) ([+-]) (\d+)"
NEG = re.compile(rf"{REGISTER} = -{REGISTER}")
MOVSX = re.compile(rf"{REGISTER} = \(s(8|16|32)\){REGISTER}")
BYTE_SWAP = re.compile(r"r(\d+) = (le|be|bswap)(16|32|64) r(\d+)")
BINARY = re.compile(rf"{REGISTER} (\S+) (?:{REGISTER}|{NUMBER})")
JUMP = re.compile(rf"if {REGISTER} (\S+) (?:{REGISTER}|{NUMBER}) goto \+(\d+)")
WIDE = re.compile(rf"r(\d+) = {NUMBER} ll")
LOAD = re.compile(rf"{REGISTER} = \*\(([us])(8|16|32|64) \*\)\({ADDRESS}\)")
STORE = re.compile(rf"\*\(u(8|16|32|64) \*\)\({ADDRESS}\) = (?:{REGISTER}|{NUMBER})")
LOCK = re.compile(rf"lock \*\(u(32|64) \*\)\({ADDRESS}\) (\S+) {REGISTER}")
FETCH = re.compile(rf"{REGISTER} = atomic_fetch_(add|or|and|xor)\(\(u(32|64) \*\)\({ADDRESS}\), {REGISTER}\)")
XCHG = re.compile(rf"{REGISTER} = xchg(32_32|_64)\({ADDRESS}, {REGISTER}\)")
ACQUIRE = re.compile(rf"{REGISTER} = load_acquire\(\(u(8|16|32|64) \*\)\({ADDRESS}\)\)")
RELEASE = re.compile(rf"store_release\(\(u(8|16|32|64) \*\)\({ADDRESS}\), {REGISTER}\)")
CMPXCHG = re.compile(rf"([rw])0 = cmpxchg(32_32|_64)\({ADDRESS}, ([rw])0, {REGISTER}\)")


class SyntaxProblem(Exception):
    """The text is not an instruction of sections 4.1 to 4.3 or 5.1 to 5.4."""


def require(condition, text):
    if not condition:
        raise SyntaxProblem(text)


def register(number, text):
    require(int(number) <= 10, text)
    return int(number)


def destination(number, text):
    require(int(number) <= 9, text)  # R10 is read-only
    return int(number)


def number_of(text, whole, bits):
    """A number that fits into `bits` bits as a signed one; of 64 bits, also as an unsigned one."""
    value = int(text, 0)
    require(-(2 ** (bits - 1)) <= value < 2 ** (bits if bits == 64 else bits - 1), whole)
    return value


def immediate_of(text, whole):
    return number_of(text, whole, 32)


def address_of(number, sign, distance, text):
    """(base, offset)"""
    return register(number, text), number_of(f"{SIGNS[sign] * int(distance)}", text, 16)


def parse_jump(match, text):
    kind, number, operator, source_kind, source, immediate, distance = match.groups()
    require(operator in CONDITIONS, text)
    code, dst = CONDITIONS[operator], register(number, text)
    if source is None:
        return Jump(code, WIDTHS[kind], dst, int(distance), imm=immediate_of(immediate, text))
    require(kind == source_kind, text)
    return Jump(code, WIDTHS[kind], dst, int(distance), src=register(source, text))


def parse_neg(match, text):
    kind, number, other_kind, other = match.groups()
    require((kind, number) == (other_kind, other), text)
    return Instruction("NEG", WIDTHS[kind], destination(number, text))


def parse_movsx(match, text):
    kind, number, from_width, source_kind, source = match.groups()
    require(kind == source_kind and int(from_width) < WIDTHS[kind], text)
    dst, src = destination(number, text), register(source, text)
    return Instruction("MOVSX", WIDTHS[kind], dst, src, from_width=int(from_width))


def parse_byte_swap(match, text):
    number, code, width, other = match.groups()
    require(number == other, text)
    return Instruction(code.upper(), int(width), destination(number, text))


def parse_wide(match, text):
    return Wide(destination(match[1], text), number_of(match[2], text, 64))


def parse_load(match, text):
    kind, number, sign, width, *address = match.groups()
    width = int(width)
    # A load into w3 zero-extends into r3, as every load of up to 32 bits does that is not signed.
    require(width < 64 if sign == "s" else width <= WIDTHS[kind], text)
    require(sign == "u" or kind == "r", text)
    return Load(width, destination(number, text), *address_of(*address, text), is_signed=sign == "s")


def parse_store(match, text):
    width, number, sign, distance, kind, source, immediate = match.groups()
    address = address_of(number, sign, distance, text)
    if source is None:
        return Store(int(width), *address, imm=immediate_of(immediate, text))
    require(int(width) <= WIDTHS[kind], text)
    return Store(int(width), *address, src=register(source, text))


def parse_acquire(match, text):
    """x-acqrel. To the thread itself it is a load."""
    kind, number, width, *address = match.groups()
    require((int(width) == 64) == (kind == "r"), text)
    return Load(int(width), destination(number, text), *address_of(*address, text), is_signed=False)


def parse_release(match, text):
    """x-acqrel. To the thread itself it is a store."""
    width, number, sign, distance, kind, source = match.groups()
    require((int(width) == 64) == (kind == "r"), text)
    return Store(int(width), *address_of(number, sign, distance, text), src=register(source, text))


def parse_lock(match, text):
    width, number, sign, distance, operator, kind, source = match.groups()
    # LLVM takes r3 for the low half of R3 here, as it does in stores.
    require(operator in OPERATIONS and int(width) <= WIDTHS[kind], text)
    address = address_of(number, sign, distance, text)
    return Atomic(OPERATIONS[operator], int(width), *address, register(source, text))


def parse_fetch(match, text):
    kind, number, code, width, base, sign, distance, source_kind, source = match.groups()
    require((kind, number) == (source_kind, source) and int(width) == WIDTHS[kind], text)
    address = address_of(base, sign, distance, text)
    return Atomic(code.upper(), int(width), *address, destination(source, text), fetch=True)


def parse_xchg(match, text):
    kind, number, widths, base, sign, distance, source_kind, source = match.groups()
    width = int(widths[-2:])
    require((kind, number) == (source_kind, source) and width == WIDTHS[kind], text)
    address = address_of(base, sign, distance, text)
    return Atomic("XCHG", width, *address, destination(source, text), fetch=True)


def parse_cmpxchg(match, text):
    kind, widths, base, sign, distance, old_kind, source_kind, source = match.groups()
    width = int(widths[-2:])
    require(kind == old_kind == source_kind and width == WIDTHS[kind], text)
    address = address_of(base, sign, distance, text)
    return Atomic("CMPXCHG", width, *address, register(source, text), fetch=True)


def parse_binary(match, text):
    kind, number, operator, source_kind, source, immediate = match.groups()
    require(operator in CODES, text)
    code, width, dst = CODES[operator], WIDTHS[kind], destination(number, text)
    if source is not None:
        require(kind == source_kind, text)
        return Instruction(code, width, dst, src=register(source, text))
    return Instruction(code, width, dst, imm=immediate_of(immediate, text))


FORMS = (
    (JUMP, parse_jump), (NEG, parse_neg), (MOVSX, parse_movsx), (BYTE_SWAP, parse_byte_swap),
    (WIDE, parse_wide), (LOAD, parse_load), (STORE, parse_store), (LOCK, parse_lock), (FETCH, parse_fetch),
    (XCHG, parse_xchg), (CMPXCHG, parse_cmpxchg), (ACQUIRE, parse_acquire), (RELEASE, parse_release), (BINARY, parse_binary),
)  # fmt: skip


def parse_instruction(text):
    for pattern, make in FORMS:
        if match := pattern.fullmatch(text):
            return make(match, text)
    raise SyntaxProblem(text)


def parse(text):
    """Instructions of a text, one a line or separated by semicolons."""
    parts = (part.strip() for part in re.split(r"[;\n]", text))
    return [parse_instruction(part) for part in parts if part]
