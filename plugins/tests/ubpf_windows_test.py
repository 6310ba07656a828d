#!/usr/bin/env python3
"""Tests the plugin ubpf_windows under Wine, both of its engines: ubpf_windows_test.py PLUGIN."""

import struct
import subprocess
import sys
import unittest

from plugin_client import PluginCase, insn, one_shot, rows_of, run

PLUGIN = sys.argv.pop(1)
EXIT, CALL, MOV, MOV_X, ADD, ADD_K, LDDW = 0x95, 0x85, 0xB7, 0xBF, 0x0F, 0x07, 0x18
LDX, STX, ST = 0x79, 0x7B, 0x7A


class Jit(PluginCase):
    engine = "jit"

    def setUp(self):
        self.start_plugin([PLUGIN, "--engine", self.engine], stderr=subprocess.PIPE)
        self.addCleanup(self.plugin.process.stderr.close)

    def test_hello_says_that_this_is_no_windows(self):
        self.assertEqual(self.hello["name"], "ubpf_windows")
        self.assertEqual(self.hello["engine"], self.engine)
        self.assertEqual(self.hello["r0_bits"], 32)
        facts = self.hello["environment"]
        self.assertRegex(facts["executed_by"], r"^Wine \d.*, no Windows kernel$")
        self.assertIn("bounds checks off", facts["options"])
        self.end()

    def test_a_lowered_program_on_several_rows(self):
        self.add_on_several_rows()
        self.end()

    def test_r0_has_32_bits(self):
        program = insn(LDDW, 0, imm=7) + insn(0, imm=1) + insn(EXIT)
        self.assertEqual(self.run_one(program, bytes(8))[:2], (0, 7))
        self.end()

    def test_helpers_get_all_five_arguments(self):
        program = b"".join(insn(MOV, n, imm=n) for n in range(1, 6))
        program = insn(MOV_X, 6, 1) + program + insn(CALL, imm=self.hello["helpers"]["mix"])
        program += insn(STX, 6, 0) + insn(EXIT)
        mixed = 1 + 3 * 2 + 5 * 3 + 7 * 4 + 11 * 5
        self.assertEqual(self.run_one(program, bytes(8)), (0, mixed, struct.pack("<Q", mixed)))
        self.end()

    def test_no_bounds_are_checked(self):
        program = insn(MOV_X, 2, 10) + insn(ST, 10, 0, -8, 5) + insn(LDX, 0, 2, -8) + insn(EXIT)
        self.assertEqual(self.run_one(program, bytes(8))[:2], (0, 5))
        outside = insn(LDX, 0, 1, 2048) + insn(EXIT)
        self.assertEqual(self.load(outside)[0], "loaded")
        # 4,096 bytes are the row; uBPF is told of 1,024.
        block = bytes(2048) + struct.pack("<Q", 9) + bytes(2040)
        self.assertEqual(rows_of(*self.plugin.ask(run(block)))[0][:2], (0, 9))
        self.end()

    def test_machine_code_has_the_room_of_the_service(self):
        program = insn(MOV) + insn(ADD_K, 0, imm=1) * 20_000 + insn(EXIT)
        verdict, body = self.load(program)
        if self.engine == "jit":
            self.assertEqual(verdict, "unsupported")
            self.assertIn("too small", body["why"])
        else:
            self.assertEqual(verdict, "loaded")
        small = self.load(insn(MOV) + insn(EXIT))[1].get("machine_code_bytes", 0)
        self.assertEqual(small > 0, self.engine == "jit")
        self.end()

    def test_refusals_are_those_of_ubpf(self):
        verdict, body = self.load(insn(0xFF) + insn(EXIT))
        self.assertEqual(verdict, "rejected")
        self.assertIn("unknown opcode 0xff", body["why"])
        self.end()

    def test_a_bad_access_ends_the_plugin_at_once(self):
        self.assertEqual(self.load(insn(MOV, 2) + insn(LDX, 0, 2) + insn(EXIT))[0], "loaded")
        self.plugin.send(run(bytes(8)))
        _, error = self.plugin.process.communicate(timeout=60)
        self.assertIn(b"exception 0xc0000005", error)
        self.assertNotEqual(self.plugin.process.returncode, 0)


class Interpreter(Jit):
    engine = "interpreter"


class Options(unittest.TestCase):
    def test_unknown_engine(self):
        result = one_shot([PLUGIN], insn(EXIT), None, ["--engine", "native"])
        self.assertEqual(result.returncode, 1)
        self.assertIn("neither jit nor interpreter", result.stderr)


if __name__ == "__main__":
    unittest.main()
