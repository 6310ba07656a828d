"""The runner's side of docs/plugin-protocol.md, for the tests."""

import json
import struct
import subprocess

HELLO = b'{"hello": {"protocol": 1}}\n'


def insn(opcode, dst=0, src=0, offset=0, imm=0, order="<"):
    registers = dst | src << 4 if order == "<" else dst << 4 | src
    return struct.pack(order + "BBhi", opcode, registers, offset, imm)


def message(payload=None, **request):
    if payload is None:
        return json.dumps(request).encode() + b"\n"
    return json.dumps({**request, "bytes": len(payload)}).encode() + b"\n" + payload


def load(program, context="memory"):
    return message(program, load={"insns": len(program) // 8, "context": context})


def run(*blocks, **keys):
    size = len(blocks[0]) if blocks else 0
    return message(b"".join(blocks), run={"rows": len(blocks), "size": size, **keys})


def lowered(body, order="<"):
    """A program as docs/vector-format.md lowers a vector: R0..R9 from 0..79, then to 80..159."""
    stxdw, ldxdw, mov = 0x7B, 0x79, 0xB7
    program = insn(stxdw, 10, 1, -8, order=order)
    program += insn(stxdw, 1, 1, 160, order=order) + insn(stxdw, 1, 10, 168, order=order)
    for register in (0, 2, 3, 4, 5, 6, 7, 8, 9, 1):
        program += insn(ldxdw, register, 1, 8 * register, order=order)
    program += body
    program += insn(stxdw, 10, 1, -16, order=order) + insn(ldxdw, 1, 10, -8, order=order)
    for register in (0, 2, 3, 4, 5, 6, 7, 8, 9):
        program += insn(stxdw, 1, register, 80 + 8 * register, order=order)
    program += insn(ldxdw, 2, 10, -16, order=order) + insn(stxdw, 1, 2, 88, order=order)
    return program + insn(mov, order=order) + insn(0x95, order=order)


class Plugin:
    """A plugin that runs. `answer` returns the message and its payload."""

    def __init__(self, command, **streams):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **streams
        )

    def send(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise EOFError(f"the plugin ended with status {self.process.wait()}")
        answer = json.loads(line)
        size = answer.get("bytes", 0)
        payload = self.process.stdout.read(size)
        if len(payload) != size:
            raise EOFError(f"{len(payload)} bytes instead of {size}")
        return answer, payload

    def ask(self, data):
        self.send(data)
        return self.answer()

    def close(self):
        """Ends the input; the rest of the output and the exit status."""
        self.process.stdin.close()
        rest = self.process.stdout.read()
        self.process.stdout.close()
        return rest, self.process.wait()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def rows_of(answer, payload, order="<"):
    """The answer to `run`, per row: status, R0, block."""
    count = answer["ran"]["rows"]
    size = len(payload) // count
    rows = (payload[at : at + size] for at in range(0, len(payload), size))
    return [(*struct.unpack_from(order + "I4xQ", row), row[16:]) for row in rows]


def one_shot(command, program, memory=None, options=()):
    """As the other suites start a plugin: the hex has two spaces behind every byte."""
    arguments = [] if memory is None else [hex_of(memory)]
    return subprocess.run(
        [*command, *arguments, *options],
        input=hex_of(program) + "\n",
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
    )


def hex_of(data):
    return "".join(f"{byte:02x}  " for byte in data)
