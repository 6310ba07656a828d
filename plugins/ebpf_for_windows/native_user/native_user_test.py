"""The plugin that executes what bpf2c writes. Argument: PLUGIN. What needs bpf2c is skipped without."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests"))
from plugin_client import HELLO, Plugin, insn, load, run  # noqa: E402

PLUGIN = sys.argv.pop(1)
BPF2C = os.environ.get("BPF2C") or shutil.which("bpf2c")

MOV_IMM, EXIT, STXDW = 0xB7, 0x95, 0x7B


def storing(number):
    """The program that stores a number in its block, and returns it."""
    return insn(MOV_IMM, 0, imm=number) + insn(STXDW, 1, 0) + insn(EXIT)


class WithoutBpf2c(unittest.TestCase):
    def hello(self, **environment):
        result = subprocess.run([PLUGIN], input=HELLO, capture_output=True, timeout=60,
                                env={**os.environ, "BPF2C": "", "BPF2C_INCLUDE": "",
                                     **environment})
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.decode()

    def test_it_says_what_is_missing(self):
        with tempfile.TemporaryDirectory() as empty:
            answer = self.hello(BPF2C=empty + "/bpf2c")
        self.assertIn('"unavailable"', answer)
        self.assertIn("is no program", answer)

    def test_it_asks_for_the_header(self):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "bpf2c"
            program.write_text("#!/bin/sh\nexit 1\n")
            program.chmod(0o755)
            answer = self.hello(BPF2C=str(program), BPF2C_INCLUDE=folder)
        self.assertIn('"unavailable"', answer)
        self.assertIn("bpf2c.h", answer)


@unittest.skipUnless(BPF2C, "no bpf2c: set BPF2C")
class WithBpf2c(unittest.TestCase):
    def answers(self, *requests):
        plugin = Plugin(PLUGIN)
        self.addCleanup(plugin.kill)
        plugin.send(b"".join([HELLO, *requests]))
        return [plugin.answer() for _ in range(1 + len(requests))]

    def test_programs_are_not_mixed_up(self):
        """Many at once, in one module and in several that are loaded at the same time."""
        requests = []
        for number in range(150):
            requests += [load(storing(number)), run(bytes(8))]
        answers = self.answers(*requests)[1:]
        for number in range(150):
            self.assertIn("loaded", answers[2 * number][0])
            payload = answers[2 * number + 1][1]
            expected = number.to_bytes(8, "little")
            self.assertEqual(payload, bytes(8) + expected + expected)

    def test_a_refusal_does_not_touch_its_neighbours(self):
        wild = insn(MOV_IMM, 2, imm=5) + insn(STXDW, 2, 2) + insn(EXIT)
        answers = self.answers(load(storing(1)), load(wild), load(storing(2)), run(bytes(8)))[1:]
        self.assertIn("loaded", answers[0][0])
        self.assertIn("Verification failed", answers[1][0]["rejected"]["why"])
        self.assertIn("loaded", answers[2][0])
        self.assertEqual(answers[3][1][8:16], (2).to_bytes(8, "little"))

    def test_half_a_slot(self):
        answers = self.answers(load(b"\x95\0\0"))[1:]
        self.assertIn("no whole number of slots", answers[0][0]["rejected"]["why"])


if __name__ == "__main__":
    program = unittest.main(exit=False)
    skipped = program.result.skipped
    for test, why in skipped:
        print(f"  not run: {test.id()}: {why}")
    sys.exit(1 if not program.result.wasSuccessful() else 77 if skipped else 0)
