"""The runner's side of docs/plugin-protocol.md, for the tests."""

import json
import struct
import subprocess
import unittest

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


class PluginCase(unittest.TestCase):
    """Tests of `self.plugin`, which setUp starts by `start_plugin`, and which `end` ends."""

    def start_plugin(self, command, **streams):
        self.plugin = Plugin(command, **streams)
        self.hello = self.plugin.ask(HELLO)[0].get("hello")

    def end(self):
        self.assertEqual(self.plugin.close(), (b"", 0))

    def load(self, program, context="memory"):
        answer, _ = self.plugin.ask(load(program, context))
        ((verdict, body),) = ((key, answer[key]) for key in answer if key != "bytes")
        return verdict, body

    def why(self, program, wanted="rejected", context="memory"):
        """Why it is not loaded."""
        verdict, body = self.load(program, context)
        self.assertEqual(verdict, wanted)
        self.assertEqual(self.plugin.ask(run(bytes(8)))[0], {"not_loaded": {}})
        return body["why"]

    def run_one(self, program, block):
        self.assertEqual(self.load(program)[0], "loaded")
        return rows_of(*self.plugin.ask(run(block)))[0]

    def add_on_several_rows(self, order="<"):
        """r3 += r4, lowered; the answers to it, and the blocks of the rows after."""
        loaded = self.load(lowered(insn(0x0F, 3, 4, order=order), order))
        self.assertEqual(loaded[0], "loaded")
        registers = [[100 * row + n for n in range(10)] for row in range(1, 4)]
        blocks = [struct.pack(order + "10Q", *before) + bytes(176) for before in registers]
        rows = rows_of(*self.plugin.ask(run(*blocks)), order)
        for before, (status, r0, after) in zip(registers, rows, strict=True):
            wanted = list(before)
            wanted[3] += before[4]
            self.assertEqual((status, r0), (0, 0))
            self.assertEqual(list(struct.unpack_from(order + "10Q", after, 80)), wanted)
        return loaded[1], [after for _, _, after in rows]


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
