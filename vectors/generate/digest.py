"""Expands a sweep into programs and rows and computes its digest, as docs/vector-format.md says."""

import hashlib
import itertools
import re
import struct
from dataclasses import dataclass

from assembly import parse
from model import Atomic, Instruction, Jump, Load, Memory, Store, Wide, program_of, unsigned

BYTE_ORDERS = ("little", "big")
MAX_ROWS = 1024
MEMORY_AT = 0x1000000000  # the address of byte 0
MEMORY_SIZE, GUARD = 64, 16


class SweepProblem(Exception):
    """A sweep that the format does not allow."""


def sentinel(register):
    """What a register that a vector does not name holds before."""
    return unsigned(0x9E3779B97F4A7C15 * (register + 1), 64)


# The memory and its guards before.
BYTES = bytes((0x5A + 37 * i) % 256 for i in range(-GUARD, MEMORY_SIZE + GUARD))


def expand_registers(stated):
    """r0-r9, or a list of registers and such ranges, as numbers."""
    numbers = []
    for part in [stated] if isinstance(stated, str) else stated:
        first, last = re.fullmatch(r"r(\d)(?:-r(\d))?", part).groups()
        numbers.extend(range(int(first), int(last or first) + 1))
    return numbers


def expand_values(stated, lists):
    """An integer, a name of a list, or a list of integers and names, as integers."""
    values = []
    for part in [stated] if isinstance(stated, str | int) else stated:
        values.extend(lists[part] if isinstance(part, str) else [part])
    return values


@dataclass(frozen=True)
class Program:
    """One program of a sweep. `src`, `at`: None if the sweep has none."""

    text: str
    dst: int
    src: int | None
    at: int | None
    offset: int


def programs(sweep, lists):
    """Yields the programs in order."""
    registers = sweep["registers"]
    for dst in expand_registers(registers["dst"]):
        for src in expand_registers(registers["src"]) if "src" in registers else [None]:
            if sweep.get("distinct") and src == dst:
                continue
            names = {"dst": f"r{dst}", "dst32": f"w{dst}", "src": f"r{src}", "src32": f"w{src}"}
            for imm in expand_values(sweep["imm"], lists) if "imm" in sweep else [None]:
                for at in expand_values(sweep.get("at", 0), lists) if "cell" in sweep else [None]:
                    for offset in expand_values(sweep.get("offset", 0), lists):
                        distance = f"{'-' if offset < 0 else '+'} {abs(offset)}"
                        text = sweep["asm"].format(**names, imm=imm, offset=distance)
                        yield Program(text, dst, src, at, offset)


def cell_width(sweep):
    return int(sweep["cell"][1:]) if "cell" in sweep else None


def rows(sweep, program, lists):
    """Yields (the ten registers before, the value of the cell or None for what is there), row by row."""
    places = {"dst": program.dst, "src": program.src, "r0": 0}
    start = [sentinel(register) for register in range(10)]
    named = set()
    if "base" in sweep:
        named.add(places[sweep["base"]])
        start[places[sweep["base"]]] = unsigned(MEMORY_AT + program.at - program.offset, 64)
    swept = []
    for name, register in places.items():
        if name in sweep["rows"] and register not in named:
            swept.append((register, [unsigned(v, 64) for v in expand_values(sweep["rows"][name], lists)]))
        if name in sweep["rows"] and register is not None:
            named.add(register)
    cells = expand_values(sweep["rows"]["memory"], lists) if "memory" in sweep["rows"] else [None]

    for values in itertools.product(*(values for _, values in swept), cells):
        registers = start.copy()
        for (register, _), value in zip(swept, values):
            registers[register] = value
        yield registers, values[-1]


def check_addresses(instructions, base):
    """Raises SweepProblem where an address would be stored or computed with. `base` holds the only one."""
    addresses = {base}
    for instruction in instructions:
        if isinstance(instruction, Jump):
            raise SweepProblem("a jump where there are addresses")
        accesses = isinstance(instruction, Load | Store | Atomic)
        if accesses and instruction.base not in addresses:
            raise SweepProblem("an access whose base is no address")
        read = {getattr(instruction, "src", None)}
        if isinstance(instruction, Atomic) and instruction.code == "CMPXCHG":
            read.add(0)
        if not isinstance(instruction, Load | Store | Atomic | Wide) and not is_move(instruction):
            read.add(instruction.dst)
        if read & addresses:
            raise SweepProblem("an address is stored or computed with")
        if not isinstance(instruction, Store | Atomic):
            addresses.discard(instruction.dst)


def is_move(instruction):
    return isinstance(instruction, Instruction) and instruction.code in ("MOV", "MOVSX")


def results(sweep, lists, byte_order):
    """Yields, program by program, the numbers of all rows after: ten registers and, if there is one, the
    cell."""
    width = cell_width(sweep)
    for program in programs(sweep, lists):
        instructions = parse(program.text)
        if width:
            check_addresses(instructions, program.dst if sweep["base"] == "dst" else program.src)
        step = program_of(instructions, byte_order)
        flat, memory = [], None
        for registers, value in rows(sweep, program, lists):
            if width:
                memory = Memory(MEMORY_AT - GUARD, BYTES, byte_order)
                cell = MEMORY_AT + program.at
                if value is not None:
                    memory.store(cell, width, value)
            step(registers, memory)
            flat += registers
            if width:
                flat.append(memory.load(cell, width))
                memory.data[memory.place(cell, width)] = BYTES[memory.place(cell, width)]
                if memory.data != BYTES:
                    raise SweepProblem(f"{sweep['id']}: {program.text} changes more than the cell")
        yield flat


def digest(sweep, lists, byte_order):
    """(SHA-256 over the rows of all programs, number of rows, number of programs)."""
    sha, total, count = hashlib.sha256(), 0, 0
    numbers = 11 if "cell" in sweep else 10
    for flat in results(sweep, lists, byte_order):
        sha.update(struct.pack(f"<{len(flat)}Q", *flat))
        in_program = len(flat) // numbers
        if in_program > MAX_ROWS:
            raise SweepProblem(f"{sweep['id']}: {in_program} rows in one program")
        total += in_program
        count += 1
    return sha.hexdigest(), total, count
