"""Reads LLVM's assembly text of arithmetic, byte swaps and conditional jumps forward, and nothing else."""

import re

from model import Instruction, Jump

CODES = {
    "+=": "ADD", "-=": "SUB", "*=": "MUL", "/=": "DIV", "s/=": "SDIV", "|=": "OR", "&=": "AND", "<<=": "LSH",
    ">>=": "RSH", "%=": "MOD", "s%=": "SMOD", "^=": "XOR", "=": "MOV", "s>>=": "ARSH",
}  # fmt: skip

CONDITIONS = {
    "==": "JEQ", "!=": "JNE", "&": "JSET", ">": "JGT", ">=": "JGE", "<": "JLT", "<=": "JLE", "s>": "JSGT",
    "s>=": "JSGE", "s<": "JSLT", "s<=": "JSLE",
}  # fmt: skip

REGISTER = r"([rw])(\d+)"
NEG = re.compile(rf"{REGISTER} = -{REGISTER}")
MOVSX = re.compile(rf"{REGISTER} = \(s(8|16|32)\){REGISTER}")
BYTE_SWAP = re.compile(rf"r(\d+) = (le|be|bswap)(16|32|64) r(\d+)")
BINARY = re.compile(rf"{REGISTER} (\S+) (?:{REGISTER}|(-?\d+|0x[0-9a-f]+))")
JUMP = re.compile(rf"if {REGISTER} (\S+) (?:{REGISTER}|(-?\d+|0x[0-9a-f]+)) goto \+(\d+)")

WIDTHS = {"r": 64, "w": 32}


class SyntaxProblem(Exception):
    """The text is not an instruction of sections 4.1, 4.2 and 4.3."""


def require(condition, text):
    if not condition:
        raise SyntaxProblem(text)


def register(number, text):
    require(int(number) <= 10, text)
    return int(number)


def destination(number, text):
    require(int(number) <= 9, text)  # R10 is read-only
    return int(number)


def immediate_of(text, whole):
    value = int(text, 0)
    require(-(2**31) <= value < 2**31, whole)
    return value


def parse_jump(match, text):
    kind, number, operator, source_kind, source, immediate, distance = match.groups()
    require(operator in CONDITIONS, text)
    code, dst = CONDITIONS[operator], register(number, text)
    if source is None:
        return Jump(code, WIDTHS[kind], dst, int(distance), imm=immediate_of(immediate, text))
    require(kind == source_kind, text)
    return Jump(code, WIDTHS[kind], dst, int(distance), src=register(source, text))


def parse_instruction(text):
    if match := JUMP.fullmatch(text):
        return parse_jump(match, text)
    if match := NEG.fullmatch(text):
        kind, number, other_kind, other = match.groups()
        require((kind, number) == (other_kind, other), text)
        return Instruction("NEG", WIDTHS[kind], destination(number, text))
    if match := MOVSX.fullmatch(text):
        kind, number, from_width, source_kind, source = match.groups()
        require(kind == source_kind and int(from_width) < WIDTHS[kind], text)
        dst, src = destination(number, text), register(source, text)
        return Instruction("MOVSX", WIDTHS[kind], dst, src, from_width=int(from_width))
    if match := BYTE_SWAP.fullmatch(text):
        number, code, width, other = match.groups()
        require(number == other, text)
        return Instruction(code.upper(), int(width), destination(number, text))
    match = BINARY.fullmatch(text)
    require(match and match[3] in CODES, text)
    kind, number, operator, source_kind, source, immediate = match.groups()
    code, width, dst = CODES[operator], WIDTHS[kind], destination(number, text)
    if source is not None:
        require(kind == source_kind, text)
        return Instruction(code, width, dst, src=register(source, text))
    return Instruction(code, width, dst, imm=immediate_of(immediate, text))


def parse(text):
    """Instructions of a text, one a line or separated by semicolons."""
    parts = (part.strip() for part in re.split(r"[;\n]", text))
    return [parse_instruction(part) for part in parts if part]
