"""Checks every explicit vector of sections 4.1, 4.2 and 5.1 to 5.4 against the model, on machines of both byte
orders. Vectors with labels (loops) are left out: the model only runs forward."""

import re
import sys
from pathlib import Path

import yaml

from assembly import SyntaxProblem, parse
from digest import BYTE_ORDERS, sentinel
from model import AccessProblem, Memory, run, unsigned

VECTORS = Path(__file__).resolve().parent.parent
SECTIONS = ("4.1-arithmetic", "4.2-byte-swap", "5.1-load-store", "5.2-sign-extending-load", "5.3-atomic",
            "5.4-wide-immediate")  # fmt: skip
LABEL = re.compile(r"(^|;)\s*\w+:", re.MULTILINE)

R10 = 10
# Any values do for the address of the vector's memory and for R10; expected states hold whatever they are.
BLOCK, STACK_TOP = 0x00007F3A5C0010C0, 0x00007FFD81B3E200
GUARD, STACK_SIZE = 16, 512


class Regions:
    """The memory of a vector, between its guards, and its stack."""

    def __init__(self, memory_size, byte_order):
        memory = bytes((0x5A + 37 * i) % 256 for i in range(-GUARD, memory_size + GUARD))
        stack = bytes((0xC3 + 29 * i) % 256 for i in range(-STACK_SIZE, 0))
        self.memory = Memory(BLOCK - GUARD, memory, byte_order)
        self.stack = Memory(STACK_TOP - STACK_SIZE, stack, byte_order)

    def of(self, address):
        return self.stack if unsigned(address, 64) >= self.stack.first else self.memory

    def load(self, address, width):
        return self.of(address).load(address, width)

    def store(self, address, width, value):
        self.of(address).store(address, width, value)

    def fill(self, cells, base):
        """Stores what `memory` or `stack` of a vector states."""
        for name, stated in cells.items():
            kind, place = name.split("@")
            address = base + int(place)
            if kind != "bytes":
                self.store(address, int(kind[1:]), stated)
                continue
            for distance, byte in enumerate(bytes.fromhex(str(stated))):
                self.store(address + distance, 8, byte)

    def take(self, state):
        self.fill(state.get("memory", {}), BLOCK)
        self.fill(state.get("stack", {}), STACK_TOP)


def value(stated):
    """A stated register value as a 64-bit number."""
    if not isinstance(stated, dict):
        return unsigned(stated, 64)
    ((kind, distance),) = stated.items()
    return unsigned({"block": BLOCK, "stack": STACK_TOP}[kind] + distance, 64)


def set_registers(registers, state):
    for name, stated in state.items():
        if name not in ("memory", "stack"):
            registers[int(name[1:])] = value(stated)


def changed(name, first, expected, seen):
    """Yields a line for each byte that differs."""
    for place, (stated, computed) in enumerate(zip(expected, seen)):
        if stated != computed:
            yield f"byte {place - first} of the {name} is {computed:#x}, not {stated:#x}"


def differences(vector, byte_order):
    """Yields a line for each register and byte in which the model and the vector disagree."""
    registers = [sentinel(register) for register in range(10)] + [STACK_TOP]
    before = vector.get("before", {})
    after = vector["after"] if "after" in vector else vector[f"after_{byte_order}"]
    memory, memory_expected = (Regions(vector.get("memory_size", 64), byte_order) for _ in range(2))
    memory.take(before)
    set_registers(registers, before)
    expected = registers.copy()
    memory_expected.take(before)
    memory_expected.take(after)
    set_registers(expected, after)
    try:
        run(parse(vector["asm"]), registers, byte_order, memory)
    except AccessProblem as problem:
        yield f"an access outside: {problem}"
    for number, (stated, computed) in enumerate(zip(expected, registers)):
        if stated != computed:
            yield f"r{number} is {computed:#x} on a {byte_order}-endian machine, not {stated:#x}"
    yield from changed("memory", GUARD, memory_expected.memory.data, memory.memory.data)
    yield from changed("stack", STACK_SIZE, memory_expected.stack.data, memory.stack.data)


def explicit_vectors():
    """Yields (file, vector)."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for section in SECTIONS:
        for path in sorted((VECTORS / section).glob("*.yaml")):
            for vector in yaml.load(path.read_text(), loader)["vectors"]:
                if "asm" in vector and "rows" not in vector and not LABEL.search(vector["asm"]):
                    yield path, vector


def main():
    checked, wrong = 0, 0
    for path, vector in explicit_vectors():
        checked += 1
        try:
            problems = [line for byte_order in BYTE_ORDERS for line in differences(vector, byte_order)]
        except SyntaxProblem as problem:
            problems = [f"not an instruction that the model knows: {problem}"]
        for line in problems:
            print(f"{path.relative_to(VECTORS.parent)}: {vector['id']}: {line}", file=sys.stderr)
        wrong += bool(problems)
    print(f"{checked} explicit vectors checked, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
