#!/usr/bin/env python3
"""Tests the plugin rbpf with each of its engines: rbpf_test.py PLUGIN.

What rbpf computes is for vectors to judge; here, only programs on which it is right.
"""

import os
import re
import struct
import subprocess
import sys
import unittest

from plugin_client import HELLO, Plugin, PluginCase, insn, load, one_shot, rows_of, run

PLUGIN = sys.argv.pop(1)
LOCK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rbpf", "Cargo.lock")
EXIT, MOV, MOV_X, ADD, ADD_K, LDX, STX, CALL = 0x95, 0xB7, 0xBF, 0x0F, 0x07, 0x79, 0x7B, 0x85


class Interpreter(PluginCase):
    engine, kind = "interpreter", "interpreter"

    def setUp(self):
        self.start_plugin([PLUGIN, "--engine", self.engine])

    def tearDown(self):
        self.end()

    def r0(self, program, block=bytes(8)):
        self.assertEqual(self.load(program)[0], "loaded")
        ((status, r0, _),) = rows_of(*self.plugin.ask(run(block)))
        self.assertEqual(status, 0)
        return r0

    def test_hello(self):
        with open(LOCK, encoding="utf-8") as lock:
            version = re.search(r'name = "rbpf"\nversion = "(.*)"', lock.read()).group(1)
        self.assertEqual((self.hello["name"], self.hello["version"]), ("rbpf", version))
        self.assertEqual(self.hello["engine"], self.kind)
        self.assertEqual(self.hello["environment"]["options"], f"--engine {self.engine}")
        self.assertEqual(self.hello["environment"]["machine"], os.uname().machine)
        self.assertEqual(self.hello["contexts"], ["memory"])

    def test_a_lowered_program_on_several_rows(self):
        self.add_on_several_rows()

    def test_all_of_r0(self):
        self.assertEqual(self.r0(insn(MOV, 0, imm=-2) + insn(EXIT)), 2**64 - 2)

    def test_helpers(self):
        helpers = self.hello["helpers"]
        arguments = b"".join(insn(MOV, n, imm=n) for n in range(1, 6))
        mix = insn(CALL, imm=helpers["mix"])
        self.assertEqual(self.r0(arguments + mix + insn(EXIT)), 1 + 6 + 15 + 28 + 55)
        self.assertIn("unstated", helpers)
        copy = insn(MOV_X, 6, 1) + insn(MOV_X, 3, 1) + insn(ADD_K, 1, imm=8)
        copy += insn(MOV, 2, imm=8) + insn(CALL, imm=helpers["copy"]) + insn(LDX, 0, 6, 8)
        self.assertEqual(self.r0(copy + insn(EXIT), struct.pack("<2Q", 2**63 + 1, 0)), 2**63 + 1)

    def test_refusals(self):
        for program, words in (
            (b"", "no program set"),
            (b"\x95", "multiple of 8"),
            (insn(MOV, 0), "does not end with"),
            (insn(0xFF) + insn(EXIT), "unknown eBPF opcode 0xff"),
            (insn(MOV, 10) + insn(EXIT), "cannot write into register r10"),
        ):
            verdict, body = self.load(program)
            self.assertEqual(verdict, "rejected")
            self.assertIn(words, body["why"])
            self.assertEqual(self.plugin.ask(run(bytes(8)))[0], {"not_loaded": {}})

    def test_packets_are_unsupported(self):
        self.assertIn("unsupported", self.plugin.ask(load(insn(EXIT), "packet"))[0])

    def test_nothing_is_left_of_the_program_before(self):
        for number in range(200):
            self.assertEqual(self.r0(insn(MOV, 0, imm=number) + insn(EXIT)), number)

    def test_one_shot(self):
        program = insn(LDX, 0, 1) + insn(ADD, 0, 2) + insn(EXIT)  # R2: the length
        memory = struct.pack("<QH", 0x1122334455667788, 0)
        result = one_shot([PLUGIN], program, memory, ["--engine", self.engine])
        self.assertEqual((result.stdout, result.returncode), ("1122334455667792\n", 0))


class InterpreterOnly(unittest.TestCase):
    def test_a_fault_has_a_reason(self):
        plugin = Plugin([PLUGIN, "--engine", "interpreter"])
        plugin.ask(HELLO)
        plugin.ask(load(insn(LDX, 0, 1, 1) + insn(EXIT)))
        answer, _ = plugin.ask(run(bytes(8)))
        self.assertIn("out of bounds memory load", answer["ran"]["faults"][0]["why"])
        plugin.close()

    def test_each_function_has_the_stack_that_it_uses(self):
        inner = insn(STX, 10, 0, -8) + insn(EXIT)
        program = insn(MOV, 0, imm=5) + insn(STX, 10, 0, -400) + insn(CALL, 0, 1, imm=2)
        program += insn(LDX, 0, 10, -400) + insn(EXIT) + inner
        result = one_shot([PLUGIN], program, None, ["--engine", "interpreter"])
        self.assertEqual((result.stdout, result.returncode), ("5\n", 0))


class Jit(Interpreter):
    engine, kind = "jit", "jit"


class Cranelift(Interpreter):
    engine, kind = "cranelift", "jit"


class Options(unittest.TestCase):
    def test_unknown_engine(self):
        result = one_shot([PLUGIN], insn(EXIT), None, ["--engine", "jet"])
        self.assertEqual(result.returncode, 1)
        self.assertIn("neither interpreter, jit nor cranelift", result.stderr)

    def test_a_panic_is_a_crash_and_its_message_the_last_word(self):
        program = insn(MOV, 0) * 1000 + insn(EXIT)  # more than a page of machine code
        command = [PLUGIN, "--engine", "jit"]
        data = HELLO + load(program)
        result = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)
        if result.returncode != 0:
            self.assertEqual(result.returncode, 101)
            self.assertIn(b"assertion failed", result.stderr.splitlines()[-1])


if __name__ == "__main__":
    probe = Plugin([PLUGIN])
    greeting, _ = probe.ask(HELLO)
    probe.close()
    if "unavailable" in greeting:  # no x86-64
        del Jit
    unittest.main()
