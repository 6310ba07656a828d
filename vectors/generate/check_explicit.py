"""Checks every explicit vector of sections 4.1 and 4.2 against the model, on machines of both byte orders."""

import sys
from pathlib import Path

import yaml

from assembly import SyntaxProblem, parse
from digest import BYTE_ORDERS, sentinel
from model import run, unsigned

VECTORS = Path(__file__).resolve().parent.parent
SECTIONS = ("4.1-arithmetic", "4.2-byte-swap")

R10 = 10
# Any values do for the address of the vector's memory and for R10; expected states hold whatever they are.
BLOCK, STACK_TOP = 0x00007F3A5C0010C0, 0x00007FFD81B3E200


def value(stated):
    """A stated register value as a 64-bit number."""
    if not isinstance(stated, dict):
        return unsigned(stated, 64)
    ((kind, distance),) = stated.items()
    return unsigned({"block": BLOCK, "stack": STACK_TOP}[kind] + distance, 64)


def registers_before(vector):
    registers = [sentinel(register) for register in range(10)] + [STACK_TOP]
    for name, stated in vector.get("before", {}).items():
        registers[int(name[1:])] = value(stated)
    return registers


def differences(vector, byte_order):
    """Yields a line for each register in which the model and the vector disagree."""
    registers = registers_before(vector)
    expected = registers.copy()
    for name, stated in (vector["after"] if "after" in vector else vector[f"after_{byte_order}"]).items():
        expected[int(name[1:])] = value(stated)
    run(parse(vector["asm"]), registers, byte_order)
    for number, (stated, computed) in enumerate(zip(expected, registers)):
        if stated != computed:
            yield f"r{number} is {computed:#x} on a {byte_order}-endian machine, not {stated:#x}"


def explicit_vectors():
    """Yields (file, vector)."""
    for section in SECTIONS:
        for path in sorted((VECTORS / section).glob("*.yaml")):
            for vector in yaml.safe_load(path.read_text())["vectors"]:
                if "asm" in vector and "rows" not in vector:
                    yield path, vector


def main():
    checked, wrong = 0, 0
    for path, vector in explicit_vectors():
        checked += 1
        try:
            problems = [line for byte_order in BYTE_ORDERS for line in differences(vector, byte_order)]
        except SyntaxProblem as problem:
            problems = [f"not an instruction of section 4.1 or 4.2: {problem}"]
        for line in problems:
            print(f"{path.relative_to(VECTORS.parent)}: {vector['id']}: {line}", file=sys.stderr)
        wrong += bool(problems)
    print(f"{checked} explicit vectors checked, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
