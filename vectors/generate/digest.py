"""Expands a sweep into programs and rows and computes its digest, as docs/vector-format.md says."""

import hashlib
import re
import struct

from assembly import parse
from model import run, unsigned

BYTE_ORDERS = ("little", "big")
MAX_ROWS = 1024


def sentinel(register):
    """What a register that a vector does not name holds before."""
    return unsigned(0x9E3779B97F4A7C15 * (register + 1), 64)


def expand_registers(stated):
    """r0-r9, or a list of registers and such ranges, as numbers."""
    numbers = []
    for part in [stated] if isinstance(stated, str) else stated:
        first, last = re.fullmatch(r"r(\d)(?:-r(\d))?", part).groups()
        numbers.extend(range(int(first), int(last or first) + 1))
    return numbers


def expand_values(stated, lists):
    """A name of a list, or a list of integers and names, as integers."""
    values = []
    for part in [stated] if isinstance(stated, str) else stated:
        values.extend(lists[part] if isinstance(part, str) else [part])
    return values


def programs(sweep, lists):
    """Yields (dst, src, instructions) in order; src is None where the text has no source register."""
    for dst in expand_registers(sweep["registers"]["dst"]):
        for src in expand_registers(sweep["registers"]["src"]) if "src" in sweep["registers"] else [None]:
            for imm in expand_values(sweep["imm"], lists) if "imm" in sweep else [None]:
                registers = {"dst": f"r{dst}", "dst32": f"w{dst}", "src": f"r{src}", "src32": f"w{src}"}
                yield dst, src, parse(sweep["asm"].format(**registers, imm=imm))


def rows(sweep, dst, src, lists):
    """Yields the ten registers before, row by row."""
    dst_values = expand_values(sweep["rows"]["dst"], lists)
    src_values = [None] if src in (None, dst) else expand_values(sweep["rows"]["src"], lists)
    for dst_value in dst_values:
        for src_value in src_values:
            registers = [sentinel(register) for register in range(10)]
            registers[dst] = unsigned(dst_value, 64)
            if src_value is not None:
                registers[src] = unsigned(src_value, 64)
            yield registers


def digest(sweep, lists, byte_order):
    """(SHA-256 over the ten registers after every row, number of rows)."""
    sha, total = hashlib.sha256(), 0
    for dst, src, instructions in programs(sweep, lists):
        count = 0
        for registers in rows(sweep, dst, src, lists):
            run(instructions, registers, byte_order)
            sha.update(struct.pack("<10Q", *registers))
            count += 1
        assert count <= MAX_ROWS, f"{sweep['id']}: {count} rows in one program"
        total += count
    return sha.hexdigest(), total
