#!/usr/bin/env python3
"""Tests the plugin dpdk: dpdk_test.py PLUGIN."""

import os
import struct
import sys
import unittest

from plugin_client import PluginCase, insn, load, one_shot, rows_of, run

PLUGIN = sys.argv.pop(1)
EXIT, MOV, MOV_X, ADD, LDX, STX, CALL = 0x95, 0xB7, 0xBF, 0x0F, 0x79, 0x7B, 0x85
JEQ, LDXB, LDABSW, FETCH_ADD, MOVSX = 0x15, 0x71, 0x20, 0xDB, 0xBF


class Jit(PluginCase):
    engine = "jit"
    options = ()

    def setUp(self):
        self.start_plugin([PLUGIN, *self.options])

    def tearDown(self):
        self.end()

    def test_hello(self):
        self.assertEqual(self.hello["name"], "dpdk")
        self.assertRegex(self.hello["version"], r"^\d+\.\d+\.\d+")
        self.assertEqual(self.hello["engine"], self.engine)
        self.assertEqual(self.hello["contexts"], ["memory", "packet"])
        self.assertEqual(self.hello["environment"]["machine"], os.uname().machine)
        self.assertEqual(self.hello["environment"]["options"], f"--engine {self.engine}")
        self.assertEqual(self.hello["threads"], len(os.sched_getaffinity(0)))

    def test_a_lowered_program_on_several_rows(self):
        body, _ = self.add_on_several_rows()
        self.assertEqual(body["engine"], self.engine)

    def test_machine_code_is_shown_where_it_ran(self):
        _, body = self.load(insn(MOV, 0) + insn(EXIT))
        self.assertEqual("machine_code_bytes" in body, self.engine == "jit")

    def test_all_of_r0(self):
        self.load(insn(MOV, 0, imm=-2) + insn(EXIT))
        self.assertEqual(rows_of(*self.plugin.ask(run(bytes(8))))[0][1], 2**64 - 2)

    def test_the_block_may_be_as_large_as_hello_says(self):
        size = self.hello["max_block"]
        for offset, wanted in ((size - 8, "loaded"), (size - 7, "rejected")):
            program = insn(MOV, 2, imm=offset) + insn(ADD, 1, 2) + insn(LDX, 0, 1) + insn(EXIT)
            self.assertEqual(self.load(program)[0], wanted)
            if wanted == "loaded":
                answer = self.plugin.ask(run(bytes(size - 8) + b"\7" * 8))
                self.assertEqual(rows_of(*answer)[0][1], 0x0707070707070707)

    def test_reasons_of_the_validator(self):
        self.assertIn("invalid opcode", self.why(insn(0xFF) + insn(EXIT)))
        self.assertIn("invalid dst-reg", self.why(insn(MOV, 10) + insn(EXIT)))
        self.assertIn("invalid off", self.why(insn(MOVSX, 0, 1, 8) + insn(EXIT)))
        self.assertIn("invalid imm", self.why(insn(FETCH_ADD, 1, 2, 0, 1) + insn(EXIT)))
        self.assertIn("undefined return value", self.why(insn(EXIT)))
        loop = insn(MOV, 0) + insn(JEQ, 0, 0, -2) + insn(EXIT)
        self.assertIn("loop", self.why(loop))

    def test_an_image_that_is_no_whole_number_of_slots(self):
        self.assertIn("counts instructions", self.why(b"\x95\0\0"))

    def test_helpers(self):
        helpers = self.hello["helpers"]
        program = b"".join(insn(MOV, n, imm=n) for n in range(1, 6))
        self.load(program + insn(CALL, imm=helpers["mix"]) + insn(EXIT))
        self.assertEqual(rows_of(*self.plugin.ask(run(bytes(8))))[0][1], 1 + 6 + 15 + 28 + 55)
        copy = insn(MOV_X, 3, 1) + insn(0x07, 3, imm=8) + insn(MOV, 2, imm=8)
        self.load(copy + insn(CALL, imm=helpers["copy"]) + insn(EXIT))
        ((status, r0, after),) = rows_of(*self.plugin.ask(run(bytes(8) + b"abcdefgh")))
        self.assertEqual((status, r0, after), (0, 0, b"abcdefgh" * 2))
        self.load(insn(CALL, imm=helpers["unstated"]) + insn(EXIT))
        self.assertEqual(rows_of(*self.plugin.ask(run(bytes(8))))[0][0], 0)
        self.assertIn("function index", self.why(insn(CALL, imm=3) + insn(EXIT)))

    def test_packets(self):
        self.load(insn(MOV_X, 6, 1) + insn(LDABSW) + insn(EXIT), "packet")
        for packet, wanted in ((b"\x12\x34\x56\x78", 0x12345678), (b"\x12", 0), (b"", 0)):
            rows = rows_of(*self.plugin.ask(run(packet)))
            self.assertEqual(rows, [(0, wanted, packet)])

    def test_a_packet_that_no_segment_holds_is_a_fault(self):
        self.load(insn(MOV_X, 6, 1) + insn(LDABSW) + insn(EXIT), "packet")
        answer, _ = self.plugin.ask(run(bytes(65_536)))
        self.assertIn("segment", answer["ran"]["faults"][0]["why"])

    def test_packet_loads_need_a_packet(self):
        self.assertIn("ctx register", self.why(insn(MOV_X, 6, 1) + insn(LDABSW) + insn(EXIT)))

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "there is one CPU only")
    def test_threads(self):
        program = insn(MOV, 3, imm=1) + insn(0xDB, 1, 3) + insn(MOV, 0, imm=3) + insn(EXIT)
        self.assertEqual(self.load(program)[0], "loaded")
        answer = self.plugin.ask(run(bytes(16), threads=2, times=1000))
        ((status, r0, after),) = rows_of(*answer)
        self.assertEqual((status, r0, after), (0, 3, struct.pack("<2Q", 2000, 0)))

    def test_many_programs(self):
        programs = [load(insn(MOV, 0, imm=n) + insn(EXIT)) + run(bytes(8)) for n in range(500)]
        self.plugin.send(b"".join(programs))
        for n in range(500):
            self.assertIn("loaded", self.plugin.answer()[0])
            self.assertEqual(rows_of(*self.plugin.answer())[0][1], n)


class Interpreter(Jit):
    engine = "interpreter"
    options = ("--engine", "interpreter")


class CommandLine(unittest.TestCase):
    def test_unknown_engine(self):
        result = one_shot([PLUGIN], insn(EXIT), None, ["--engine", "fast"])
        self.assertEqual(result.returncode, 1)
        self.assertIn("neither interpreter nor jit", result.stderr)

    def test_r1_is_the_memory_and_r2_its_length(self):
        program = insn(LDXB, 0, 1) + insn(ADD, 0, 2) + insn(EXIT)
        for engine in ("interpreter", "jit"):
            result = one_shot([PLUGIN], program, b"\x20\0\0", ["--engine", engine])
            self.assertEqual((result.stdout, result.returncode), ("23\n", 0), result.stderr)

    def test_a_refusal(self):
        result = one_shot([PLUGIN], insn(EXIT))
        self.assertEqual((result.stdout, result.returncode), ("", 1))
        self.assertIn("undefined return value", result.stderr)


if __name__ == "__main__":
    unittest.main()
