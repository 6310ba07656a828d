#!/usr/bin/env python3
"""Tests the plugins reference_vm, minimal_plugin.py and fake_plugin.py.

plugins_test.py REFERENCE_VM [unittest options]
"""

import json
import os
import struct
import subprocess
import sys
import unittest

from plugin_client import HELLO, Plugin, insn, load, lowered, one_shot, rows_of, run

REFERENCE_VM = sys.argv.pop(1)
HERE = os.path.dirname(os.path.abspath(__file__))
MINIMAL = [sys.executable, os.path.join(HERE, "minimal_plugin.py")]
FAKE = [sys.executable, os.path.join(HERE, "fake_plugin.py")]
EXIT, MOV, ADD, LDX = 0x95, 0xB7, 0x0F, 0x79
BOTH = [1, 2**63, 3, 2**64 - 1, 5, 6, 7, 8, 9, 10]


def block(registers=BOTH, order="<"):
    return struct.pack(order + "10Q", *registers) + bytes(176)


def registers_after(block, order="<"):
    return list(struct.unpack_from(order + "10Q", block, 80))


class ReferenceVm(unittest.TestCase):
    def start(self, *options):
        plugin = Plugin([REFERENCE_VM, *options])
        self.addCleanup(plugin.close)
        return plugin, plugin.ask(HELLO)[0]["hello"]

    def test_both_byte_orders(self):
        for name, order in (("little", "<"), ("big", ">")):
            plugin, hello = self.start("--byte-order", name)
            self.assertEqual(hello["byte_order"], name)
            plugin.ask(load(lowered(insn(ADD, 3, 4, order=order), order)))
            answer = plugin.ask(run(block(order=order)))
            ((status, r0, after),) = rows_of(*answer, order)
            self.assertEqual((status, r0), (0, 0))
            self.assertEqual(registers_after(after, order), [*BOTH[:3], 4, *BOTH[4:]])
            plugin.ask(load(insn(MOV, 0, imm=-2, order=order) + insn(EXIT, order=order)))
            rows = rows_of(*plugin.ask(run(bytes(8))), order)
            self.assertEqual(rows, [(0, 2**64 - 2, bytes(8))])

    def test_helpers(self):
        plugin, hello = self.start()
        self.assertEqual(hello["threads"], 1)
        setup = b"".join(insn(MOV, n, imm=n) for n in range(1, 6))
        plugin.ask(load(setup + insn(0x85, imm=hello["helpers"]["mix"]) + insn(EXIT)))
        self.assertEqual(rows_of(*plugin.ask(run(bytes(8))))[0][1], 1 + 6 + 15 + 28 + 55)
        plugin.ask(load(setup + insn(0x85, imm=1) + insn(EXIT)))
        self.assertEqual(rows_of(*plugin.ask(run(bytes(8))))[0][0], 1)

    def test_profiles(self):
        unused_field = insn(MOV, 0, 0, 0, 1) + insn(EXIT, imm=1)
        self.assertIn("loaded", self.start("--profile", "base")[0].ask(load(unused_field))[0])
        self.assertIn("rejected", self.start()[0].ask(load(unused_field))[0])

    def test_faults_have_a_text(self):
        plugin, _ = self.start("--instruction-limit", "100")
        plugin.ask(load(insn(LDX, 0, 2) + insn(EXIT)))
        answer, payload = plugin.ask(run(bytes(8), bytes(8)))
        self.assertEqual([row[0] for row in rows_of(answer, payload)], [1, 1])
        self.assertIn("slot 0: access", answer["ran"]["faults"][1]["why"])
        plugin.ask(load(insn(0x05, offset=-1) + insn(EXIT)))
        answer, _ = plugin.ask(run(bytes(8)))
        self.assertIn("limit of 100", answer["ran"]["faults"][0]["why"])

    def test_packets(self):
        plugin, _ = self.start()
        plugin.ask(load(insn(0xBF, 6, 1) + insn(0x20) + insn(EXIT), "packet"))
        rows = rows_of(*plugin.ask(run(b"\x12\x34\x56\x78")))
        self.assertEqual(rows, [(0, 0x12345678, b"\x12\x34\x56\x78")])
        self.assertEqual(rows_of(*plugin.ask(run(b"")))[0], (0, 0, b""))

    def test_one_shot(self):
        program = insn(LDX, 0, 1) + insn(ADD, 0, 2) + insn(EXIT)
        memory = b"\x01\x02\0\0\0\0\0\x80\0"
        result = one_shot([REFERENCE_VM], program, memory, ["--profile", "base"])
        self.assertEqual((result.stdout, result.returncode), ("800000000000020a\n", 0))
        result = one_shot([REFERENCE_VM], insn(0xFF), None)
        self.assertEqual((result.stdout, result.returncode), ("", 1))
        self.assertIn("unassigned opcode", result.stderr)

    def test_bad_options(self):
        for option in ("--byte-order", "--profile", "--instruction-limit"):
            options = [option, "1x"]
            result = one_shot([REFERENCE_VM], insn(EXIT), None, options)
            self.assertEqual(result.returncode, 1)
            self.assertIn(option, result.stderr)


class Minimal(unittest.TestCase):
    def test_it_agrees_with_the_reference_vm(self):
        programs = [
            lowered(insn(ADD, 3, 4)),
            lowered(insn(0x07, 7, imm=-5) + insn(0xBF, 2, 7)),
            lowered(insn(0x18, 6, imm=-1) + insn(0, imm=0x7FFFFFFF)),
            insn(LDX, 0, 1, 8) + insn(EXIT),
            insn(LDX, 0, 1, -1) + insn(EXIT),
            insn(MOV, 10) + insn(EXIT),
            insn(MOV, 0, 1) + insn(EXIT),
            insn(ADD, 11, 1) + insn(EXIT),
            insn(0x18, 6) + insn(EXIT),
            insn(MOV, 0),
            b"",
            b"\x95\0\0",
        ]
        plugins = [Plugin(MINIMAL), Plugin([REFERENCE_VM])]
        for plugin in plugins:
            self.assertIn("hello", plugin.ask(HELLO)[0])
        for program in programs:
            ours, theirs = (self.outcome(plugin, program) for plugin in plugins)
            self.assertEqual(ours, theirs)
        for plugin in plugins:
            self.assertEqual(plugin.close(), (b"", 0))

    def outcome(self, plugin, program):
        verdict = next(iter(plugin.ask(load(program))[0]))
        answer, payload = plugin.ask(run(block(), block(range(10))))
        if verdict != "loaded":
            self.assertEqual(answer, {"not_loaded": {}})
            return verdict
        return [(status, r0, after[:160]) for status, r0, after in rows_of(answer, payload)]


class Fake(unittest.TestCase):
    identity = lowered(insn(0xBF, 3, 3))

    def start(self, *options, ready=True):
        plugin = Plugin([*FAKE, *options], stderr=subprocess.DEVNULL)
        self.addCleanup(plugin.kill)
        if ready:
            self.assertIn("hello", plugin.ask(HELLO)[0])
            self.assertIn("loaded", plugin.ask(load(self.identity))[0])
        return plugin

    def r4_after(self, plugin, *blocks):
        return [registers_after(row[2])[4] for row in rows_of(*plugin.ask(run(*blocks)))]

    def test_good(self):
        plugin = self.start("good")
        ((status, r0, after),) = rows_of(*plugin.ask(run(block())))
        self.assertEqual((status, r0, registers_after(after)), (0, 0, BOTH))
        self.assertIn("rejected", plugin.ask(load(b"\x95"))[0])
        self.assertIn("rejected", plugin.ask(load(insn(MOV)))[0])
        self.assertEqual(plugin.ask(run(block()))[0], {"not_loaded": {}})

    def test_wrong(self):
        second = self.start("wrong", "--row", "1")
        self.assertEqual(self.r4_after(second, *[block()] * 3), [5, 4, 5])
        other = block(range(10))
        self.assertEqual(self.r4_after(self.start("wrong", "--r4", "4"), block(), other), [5, 5])
        elsewhere = self.start("wrong", "--program", "deadbeef")
        self.assertEqual(self.r4_after(elsewhere, block()), [5])

    def test_lies(self):
        plugin = self.start("lies-length", "--by=-8")
        plugin.send(run(block()))
        self.assertEqual(json.loads(plugin.process.stdout.readline())["bytes"], 16 + 256 - 8)
        rows = self.start("short-rows").ask(run(block(), block()))[0]
        self.assertEqual(rows["ran"]["rows"], 1)

    def test_ends(self):
        for mode, status in (("dies", -11), ("exits", 0)):
            plugin = self.start(mode, "--row", "1")
            self.assertIn("ran", plugin.ask(run(block()))[0])
            with self.assertRaisesRegex(EOFError, f"status {status}$"):
                plugin.ask(run(block()))

    def test_silence_and_noise(self):
        for mode, first in (("half-line", b'{"loaded": {"eng'), ("not-json", b"segmentation fa")):
            plugin = self.start(mode, "--request", "2")
            plugin.send(run(block()))
            self.assertEqual(plugin.process.stdout.read(len(first)), first)
        plugin = self.start("floods-stdout", "--request", "2")
        plugin.send(run(block()))
        self.assertEqual(plugin.process.stdout.read(1 << 20), b"garbage " * (1 << 17))
        plugin = self.start("floods-stderr")
        self.assertIn("ran", plugin.ask(run(block()))[0])

    def test_hello(self):
        plugin = self.start("bad-hello", ready=False)
        self.assertEqual(plugin.ask(HELLO)[0]["hello"]["name"], 5)
        plugin = self.start("unavailable", ready=False)
        self.assertIn("unavailable", plugin.ask(HELLO)[0])

    def test_verdicts(self):
        plugin = self.start("accepts-everything")
        self.assertIn("loaded", plugin.ask(load(b"\xff"))[0])
        plugin = self.start("unable", ready=False)
        plugin.ask(HELLO)
        verdicts = [next(iter(plugin.ask(load(self.identity))[0])) for _ in range(3)]
        self.assertEqual(verdicts, ["unable", "loaded", "loaded"])


if __name__ == "__main__":
    unittest.main()
