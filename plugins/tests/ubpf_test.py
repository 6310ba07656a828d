#!/usr/bin/env python3
"""Tests the plugin ubpf, both of its engines: ubpf_test.py PLUGIN."""

import os
import struct
import sys
import unittest

from plugin_client import HELLO, Plugin, PluginCase, insn, load, one_shot, rows_of, run

PLUGIN = sys.argv.pop(1)
EXIT, CALL, MOV, MOV_X, ADD, ADD_K, JNE = 0x95, 0x85, 0xB7, 0xBF, 0x0F, 0x07, 0x55
LDX, STX, ST, ATOMIC = 0x79, 0x7B, 0x7A, 0xDB
MOST_INSNS = 65535


class Ubpf(PluginCase):
    engine = "jit"
    options = ()

    def setUp(self):
        self.start_plugin([PLUGIN, "--engine", self.engine, *self.options])

    def tearDown(self):
        self.end()

    def test_hello(self):
        self.assertEqual(self.hello["name"], "ubpf")
        self.assertTrue(self.hello["version"])
        self.assertEqual(self.hello["engine"], self.engine)
        self.assertEqual(self.hello["max_insns"], MOST_INSNS)
        self.assertEqual(self.hello["environment"]["machine"], os.uname().machine)
        self.assertRegex(self.hello["environment"]["library"], "sha256 [0-9a-f]{12}")
        self.assertNotIn("packet", self.hello["groups"])

    def test_machine_code(self):
        small = self.load(insn(MOV) + insn(EXIT))[1].get("machine_code_bytes", 0)
        large = self.load(insn(MOV) * 100 + insn(EXIT))[1].get("machine_code_bytes", 0)
        self.assertEqual(small > 0, self.engine == "jit")
        self.assertEqual(large > small, self.engine == "jit")

    def test_a_lowered_program_on_several_rows(self):
        self.add_on_several_rows()

    def test_helpers(self):
        helpers = self.hello["helpers"]
        program = b"".join(insn(MOV, n, imm=n) for n in range(1, 6))
        program = insn(MOV_X, 6, 1) + program + insn(CALL, imm=helpers["mix"])
        program += insn(STX, 6, 0, 16) + insn(MOV_X, 1, 6) + insn(MOV_X, 3, 6)
        program += insn(ADD_K, 1, imm=8) + insn(MOV, 2, imm=8)
        program += insn(CALL, imm=helpers["copy"]) + insn(EXIT)
        status, r0, after = self.run_one(program, b"abcdefgh" + bytes(16))
        mixed = struct.pack("<Q", 1 + 3 * 2 + 5 * 3 + 7 * 4 + 11 * 5)
        self.assertEqual((status, r0, after), (0, 0, b"abcdefgh" * 2 + mixed))
        self.run_one(insn(CALL, imm=helpers["unstated"]) + insn(EXIT), bytes(8))

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "there is one CPU only")
    def test_threads(self):
        self.assertEqual(self.hello["threads"], len(os.sched_getaffinity(0)))
        program = insn(MOV, 2, imm=1000) + insn(MOV, 3, imm=1) + insn(ATOMIC, 1, 3)
        program += insn(ADD_K, 2, imm=-1) + insn(JNE, 2, 0, -3) + insn(MOV, 0, imm=3) + insn(EXIT)
        self.assertEqual(self.load(program)[0], "loaded")
        answer = self.plugin.ask(run(bytes(8), threads=2, times=20))
        self.assertEqual(rows_of(*answer), [(0, 3, struct.pack("<Q", 40_000))])

    def test_a_function_has_512_bytes_and_its_caller_too(self):
        program = insn(ST, 10, 0, -512, 7) + insn(CALL, 0, 1, imm=2)
        program += insn(LDX, 0, 10, -512) + insn(EXIT)
        program += insn(ST, 10, 0, -8, 9) + insn(ST, 10, 0, -512, 9) + insn(MOV) + insn(EXIT)
        self.assertEqual(self.run_one(program, bytes(8))[:2], (0, 7))

    def test_refusals_are_those_of_ubpf(self):
        self.assertIn("unknown opcode 0xff", self.why(insn(0xFF) + insn(EXIT)))
        self.assertIn("multiple of 8", self.why(insn(EXIT) + b"\0"))
        self.assertIn("nonexistent function", self.why(insn(CALL, imm=1) + insn(EXIT)))

    def test_packets_are_unsupported(self):
        self.assertIn("packet", self.why(insn(EXIT), "unsupported", "packet"))

    def test_the_largest_program(self):
        program = insn(MOV) + insn(ADD_K, 0, imm=1) * (MOST_INSNS - 2) + insn(EXIT)
        self.assertEqual(self.run_one(program, bytes(8))[:2], (0, MOST_INSNS - 2))
        self.why(insn(MOV) + program, "unsupported")

    def test_many_programs(self):
        programs = [load(insn(MOV, 0, imm=n) + insn(EXIT)) + run(bytes(8)) for n in range(500)]
        self.plugin.send(b"".join(programs))
        for n in range(500):
            self.assertIn("loaded", self.plugin.answer()[0])
            self.assertEqual(rows_of(*self.plugin.answer())[0][1], n)


class ExternalStack(Ubpf):
    options = ("--stack", "external")


class Blinded(Ubpf):
    options = ("--constant-blinding",)


class Interpreter(Ubpf):
    engine = "interpreter"

    def test_a_fault_is_reported_and_nothing_is_left_of_it(self):
        self.assertEqual(self.load(insn(LDX, 0, 1, 8) + insn(EXIT))[0], "loaded")
        answer, payload = self.plugin.ask(run(bytes(8), bytes(8)))
        self.assertEqual([row[:2] for row in rows_of(answer, payload)], [(1, 0)] * 2)
        for fault in answer["ran"]["faults"]:
            self.assertIn("out of bounds memory load at PC 0", fault["why"])
            self.assertEqual(fault["why"].count("out of bounds"), 1)


class InterpreterWithExternalStack(Interpreter):
    options = ("--stack", "external")


class SafeInterpreter(Ubpf):
    engine = "interpreter"
    options = ("--profile", "safe")

    def test_only_a_pointer_is_followed(self):
        self.assertEqual(self.load(insn(LDX, 0, 2) + insn(EXIT))[0], "loaded")
        answer, _ = self.plugin.ask(run(bytes(8)))
        self.assertIn("requires a pointer", answer["ran"]["faults"][0]["why"])


class Options(unittest.TestCase):
    def hello(self, *options):
        plugin = Plugin([PLUGIN, *options])
        answer, _ = plugin.ask(HELLO)
        plugin.close()
        return answer

    def test_they_are_in_the_report(self):
        for options, wanted in (
            (("--constant-blinding",), "constant blinding on"),
            (("--engine", "interpreter", "--bounds-checks", "off"), "bounds checks off"),
            (("--stack", "external"), "stack external"),
        ):
            answer = self.hello(*options)
            self.assertIn(wanted, answer["hello"]["environment"]["options"])

    def test_options_without_effect_are_refused(self):
        for options in (
            ("--profile", "safe"),
            ("--undefined-behavior-checks",),
            ("--engine", "interpreter", "--constant-blinding"),
        ):
            self.assertIn("needs --engine", self.hello(*options)["unavailable"]["why"])

    def test_unknown_engine(self):
        result = one_shot([PLUGIN], insn(EXIT), None, ["--engine", "native"])
        self.assertEqual(result.returncode, 1)
        self.assertIn("neither jit nor interpreter", result.stderr)

    def test_one_shot(self):
        for engine in ("jit", "interpreter"):
            program = insn(LDX, 0, 1) + insn(ADD, 0, 2) + insn(EXIT)
            memory = struct.pack("<QH", 0x1122334455667788, 0)
            result = one_shot([PLUGIN], program, memory, ["--engine", engine])
            self.assertEqual((result.stdout, result.returncode), ("1122334455667792\n", 0))


if __name__ == "__main__":
    unittest.main()
