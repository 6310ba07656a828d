#!/usr/bin/env python3
"""A whole plugin of the Python standard library, written from docs/plugin-protocol.md alone.

Its runtime knows MOV64, ADD64, LDDW, LDXDW, STXDW and EXIT: enough for the lowered vectors of
64-bit additions and moves. It claims no conformance group, so that all else is unsupported.
"""

import json
import struct
import sys

BLOCK, STACK_END = 0x1000_0000, 0x2000_0200  # virtual addresses; the stack is 512 bytes
ADD_K, ADD_X, MOV_K, MOV_X, LDDW, LDXDW, STXDW, EXIT = 7, 15, 0xB7, 0xBF, 0x18, 0x79, 0x7B, 0x95
USES = {ADD_K: "dst imm", ADD_X: "dst src", MOV_K: "dst imm", MOV_X: "dst src", LDDW: "dst imm",
        LDXDW: "dst src offset", STXDW: "dst src offset", EXIT: ""}  # all other fields are zero
HELLO = {"protocol": 1, "name": "minimal", "version": "1", "engine": "interpreter",
         "byte_order": "little", "groups": []}


class Trouble(Exception):
    """A refusal of the program, or a fault of a run."""


def decode(image):  # to [opcode, dst, src, offset, imm]
    slots = list(struct.iter_unpack("<BBhi", image[: len(image) // 8 * 8]))
    if not slots or len(image) % 8 or slots[-1][0] != EXIT:
        raise Trouble("not a whole number of slots with EXIT as the last")
    program = []
    for pc, (opcode, registers, offset, imm) in enumerate(slots):
        if pc and slots[pc - 1][0] == LDDW:  # slot pc is its second half
            if opcode or registers or offset:
                raise Trouble(f"slot {pc}: not the second half of LDDW")
            program[-1][4] = program[-1][4] & 0xFFFFFFFF | imm << 32
            continue
        fields = {"dst": registers & 15, "src": registers >> 4, "offset": offset, "imm": imm}
        if opcode not in USES:
            raise Trouble(f"slot {pc}: opcode {opcode:#04x} is not known")
        for name, value in fields.items():
            most = {"dst": 10 if opcode == STXDW else 9, "src": 10}.get(name, value)  # R10: fixed
            if value and name not in USES[opcode] or value > most:
                raise Trouble(f"slot {pc}: {name} cannot be {value}")
        program.append([opcode, *fields.values()])
    return program


def execute(program, block):  # returns R0
    stack, registers = bytearray(512), [0, BLOCK, 0, 0, 0, 0, 0, 0, 0, 0, STACK_END]

    def find(address):
        for start, memory in ((BLOCK, block), (STACK_END - 512, stack)):
            if start <= address <= start + len(memory) - 8:
                return memory, address - start
        raise Trouble(f"there are no 8 bytes at {address:#x}")

    for opcode, dst, src, offset, imm in program:  # there are no jumps
        if opcode == EXIT:
            return registers[0]
        if opcode == STXDW:
            struct.pack_into("<Q", *find(registers[dst] + offset), registers[src])
        elif opcode == LDXDW:
            registers[dst] = struct.unpack_from("<Q", *find(registers[src] + offset))[0]
        else:
            operand = registers[src] if opcode in (ADD_X, MOV_X) else imm
            before = registers[dst] if opcode in (ADD_K, ADD_X) else 0
            registers[dst] = (before + operand) % 2**64


def run(program, rows, size, blocks):
    answer, faults = b"", []
    for row in range(rows):
        block = bytearray(blocks[row * size : row * size + size])
        try:
            status, r0 = 0, execute(program, block)
        except Trouble as trouble:
            status, r0 = 1, 0
            faults = (faults + [{"row": row, "why": str(trouble)}])[:100]  # a line has 64 KiB
        answer += struct.pack("<IIQ", status, 0, r0) + block
    return {"ran": {"rows": rows, "faults": faults}, "bytes": len(answer)}, answer


program = None
while line := sys.stdin.buffer.readline():
    request, payload = json.loads(line), b""
    data = sys.stdin.buffer.read(request.get("bytes", 0))
    if len(data) != request.get("bytes", 0) or request.get("hello", HELLO)["protocol"] != 1:
        sys.exit("the input ends within a request, or it is not of protocol 1")
    if "hello" in request:
        answer = {"hello": HELLO}
    elif "load" in request:
        program, answer = None, {"unsupported": {"why": "only the context memory is known"}}
        try:
            if request["load"]["context"] == "memory":
                program, answer = decode(data), {"loaded": {}}
        except Trouble as trouble:
            answer = {"rejected": {"why": str(trouble)}}
    else:
        rows, size = request["run"]["rows"], request["run"]["size"]
        if len(data) != rows * size:
            sys.exit("bytes is not rows times size")
        answer = {"not_loaded": {}}
        if program is not None:
            answer, payload = run(program, rows, size, data)
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + payload)
    sys.stdout.buffer.flush()
