#!/usr/bin/env python3
"""Tests the plugin linux_kernel on this machine's kernel: linux_kernel_test.py PLUGIN.

Exit status 77 (skipped, with the reason) where bpf(2) is not permitted.
"""

import os
import pathlib
import shutil
import struct
import subprocess
import sys
import unittest

from plugin_client import HELLO, Plugin, PluginCase, insn, load, lowered, one_shot, rows_of, run

PLUGIN = sys.argv.pop(1)
ORDER = "<" if sys.byteorder == "little" else ">"
EXIT, MOV, ADD, JEQ, LDX, STX = 0x95, 0xB7, 0x0F, 0x15, 0x79, 0x7B
MOV_X, ADD_K, JNE, CALL = 0xBF, 0x07, 0x55, 0x85


def i(*fields, **named):
    return insn(*fields, **named, order=ORDER)


class Kernel(PluginCase):
    options = ()

    def setUp(self):
        self.start_plugin([PLUGIN, *self.options])

    def tearDown(self):
        self.end()

    def test_hello(self):
        self.assertEqual(self.hello["name"], "linux")
        self.assertEqual(self.hello["version"], os.uname().release)
        self.assertEqual(self.hello["r0_bits"], 32)
        self.assertEqual(self.hello["environment"]["machine"], os.uname().machine)

    def test_claims_what_linux_has_since_its_version(self):
        version = tuple(int(part) for part in os.uname().release.split(".")[:2])
        self.assertEqual("ldxsb" in self.hello.get("excluded", []), version < (6, 6))

    def test_engine_that_is_wanted(self):
        other = {"jit": "interpreter", "interpreter": "jit"}[self.hello["engine"]]
        for engine, available in ((self.hello["engine"], True), (other, False)):
            plugin = Plugin([PLUGIN, *self.options, "--engine", engine])
            answer, _ = plugin.ask(HELLO)
            self.assertEqual("hello" in answer, available)
            if not available:
                self.assertIn("/proc/sys/net/core/bpf_jit_enable", answer["unavailable"]["why"])
            plugin.close()

    def test_base_far_in_front_of_the_block(self):
        program = i(MOV_X, 2, 1) + i(ADD_K, 2, imm=-32000) + i(LDX, 0, 2, 32008)
        program += i(STX, 1, 0, 0) + i(MOV, 0) + i(EXIT)
        self.assertEqual(self.load(program)[0], "loaded")
        ((status, r0, after),) = rows_of(*self.plugin.ask(run(bytes(8) + b"12345678")), ORDER)
        self.assertEqual((status, r0, after), (0, 0, b"1234567812345678"))

    def test_extensions_are_those_that_load(self):
        acquire = i(MOV, 0) + i(STX, 10, 0, -8) + i(0xC3, 0, 10, -8, 0x100) + i(EXIT)
        may_goto = i(MOV, 0) + i(0xE5) + i(EXIT)
        for name, program in (("x-acqrel", acquire), ("x-maygoto", may_goto)):
            loads = self.load(program)[0] == "loaded"
            self.assertEqual(name in self.hello["extensions"], loads)

    def test_helpers(self):
        self.assertEqual(self.hello["helpers"].get("unstated"), 5)
        program = i(MOV_X, 6, 1) + i(CALL, imm=5) + i(STX, 6, 0, 16) + i(MOV_X, 1, 6)
        program += i(MOV_X, 3, 6) + i(ADD_K, 1, imm=8) + i(MOV, 2, imm=8)
        program += i(CALL, imm=self.hello["helpers"]["copy"]) + i(EXIT)
        self.assertEqual(self.load(program)[0], "loaded")
        ((status, r0, after),) = rows_of(*self.plugin.ask(run(b"abcdefgh" + bytes(16))), ORDER)
        self.assertEqual((status, r0, after[:16]), (0, 0, b"abcdefgh" * 2))
        self.assertNotEqual(after[16:], bytes(8))

    def count_on_threads(self, program, times=20):
        self.assertEqual(self.load(program)[0], "loaded")
        answer = self.plugin.ask(run(bytes(16), threads=2, times=times))
        ((status, r0, after),) = rows_of(*answer, ORDER)
        self.assertEqual((status, r0, after[8:]), (0, 3, bytes(8)))
        return struct.unpack_from(ORDER + "Q", after)[0]

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "there is one CPU only")
    def test_threads(self):
        self.assertEqual(self.hello["threads"], len(os.sched_getaffinity(0)))
        loop = i(ADD_K, 2, imm=-1) + i(JNE, 2, 0, -6) + i(MOV, 0, imm=3) + i(EXIT)
        nop = i(MOV_X, 4, 3)
        begin = i(MOV, 2, imm=1000) + i(MOV, 3, imm=1)
        atomic = begin + i(0xDB, 1, 3) + nop * 3 + loop
        torn = begin + i(LDX, 4, 1) + i(ADD, 4, 3) + i(STX, 1, 4) + nop + loop
        self.assertEqual(self.count_on_threads(atomic), 40_000)
        self.assertTrue(any(self.count_on_threads(torn) < 40_000 for _ in range(100)))

    def test_a_lowered_program_on_several_rows(self):
        for after in self.add_on_several_rows(ORDER)[1]:
            addresses = struct.unpack_from(ORDER + "2Q", after, 160)
            self.assertTrue(all(addresses))

    def test_the_largest_block(self):
        size = self.hello["max_block"]
        program = i(MOV, 2, imm=size - 8) + i(ADD, 1, 2) + i(LDX, 0, 1) + i(STX, 1, 1) + i(EXIT)
        self.assertEqual(self.load(program)[0], "loaded")
        ((status, r0, after),) = rows_of(*self.plugin.ask(run(bytes(size - 8) + b"\7" * 8)), ORDER)
        self.assertEqual((status, r0, len(after)), (0, 0x07070707, size))
        self.assertNotEqual(after[-8:], b"\7" * 8)

    def test_r0_has_32_bits(self):
        self.load(i(MOV, 0, imm=-2) + i(EXIT))
        self.assertEqual(rows_of(*self.plugin.ask(run(bytes(8))), ORDER)[0][1], 0xFFFFFFFE)

    def test_nothing_is_left_of_the_block_before(self):
        self.load(i(LDX, 0, 1, 8) + i(EXIT))
        rows_of(*self.plugin.ask(run(b"\xff" * 64)), ORDER)
        self.assertEqual(rows_of(*self.plugin.ask(run(bytes(8))), ORDER)[0][1], 0)

    def test_the_translated_program_is_the_submitted_one(self):
        program = lowered(i(ADD, 3, 4), ORDER)
        answer, image = self.plugin.ask(load(program))
        self.assertEqual(answer["loaded"]["translated"], len(program) // 8)
        self.assertEqual(image, program)
        engine = answer["loaded"]["engine"]
        self.assertEqual(engine, self.hello["engine"])
        self.assertEqual("machine_code_bytes" in answer["loaded"], engine == "jit")

    def test_decided_branches_are_seen_in_the_translated_program(self):
        branch = i(MOV, 0) + i(0x15, 0, 0, 1, 0) + i(MOV, 0, imm=1) + i(EXIT)
        answer, image = self.plugin.ask(load(branch))
        self.assertEqual(answer["loaded"]["translated"], len(image) // 8)
        self.assertLess(len(image), len(branch))

    def test_reasons_of_the_verifier(self):
        self.assertIn("frame pointer is read only", self.why(i(MOV, 10) + i(EXIT)))
        self.assertIn("unknown opcode ff", self.why(i(0xFF) + i(EXIT)))
        self.assertIn("unreachable", self.why(i(MOV, 0) + i(EXIT) + i(EXIT)))
        self.assertIn("infinite loop", self.why(i(MOV, 0) + i(JEQ, 0, 0, -1) + i(EXIT)))
        self.assertIn("!read_ok", self.why(i(EXIT)))

    def test_jumps_to_before_the_program_are_judged_as_such(self):
        for distance in (-2, -3, -100):
            program = i(MOV, 0) + i(0x55, 0, 0, distance - 1) + i(EXIT)
            self.assertIn("jump out of range", self.why(program))

    def test_images_that_bpf_cannot_express(self):
        for image in (b"", b"\x95", i(MOV, 0) + i(EXIT) + b"\0\0\0"):
            self.assertIn("counts instructions", self.why(image))

    def test_too_many_instructions_are_unsupported(self):
        self.assertEqual(self.load(i(MOV, 0) * 1_000_000 + i(EXIT))[0], "unsupported")
        self.assertEqual(self.load(i(MOV, 0) * 999_999 + i(EXIT))[0], "unsupported")

    def test_packets(self):
        verdict, _ = self.load(i(0xBF, 6, 1) + i(0x20) + i(EXIT), "packet")
        self.assertEqual(verdict, "loaded")
        for packet, wanted in ((b"\x12\x34\x56\x78", 0x12345678), (b"\x12", 0), (b"", 0)):
            rows = rows_of(*self.plugin.ask(run(packet)), ORDER)
            self.assertEqual(rows, [(0, wanted, packet)])

    def test_a_run_that_fails_is_a_fault(self):
        self.load(i(MOV, 0) + i(EXIT), "packet")
        answer, _ = self.plugin.ask(run(bytes(100_000)))
        self.assertIn("BPF_PROG_TEST_RUN", answer["ran"]["faults"][0]["why"])

    def test_many_programs(self):
        programs = [load(i(MOV, 0, imm=n) + i(EXIT)) + run(bytes(8)) for n in range(500)]
        self.plugin.send(b"".join(programs))
        for n in range(500):
            self.assertIn("loaded", self.plugin.answer()[0])
            self.assertEqual(rows_of(*self.plugin.answer(), ORDER)[0][1], n)


class SocketFilter(Kernel):
    options = ("--type", "socket_filter")


class Options(unittest.TestCase):
    def test_strict_alignment(self):
        unaligned = load(i(LDX, 0, 1, 1) + i(EXIT))
        for options, wanted in (((), "loaded"), (("--strict-alignment",), "rejected")):
            plugin = Plugin([PLUGIN, *options])
            plugin.ask(HELLO)
            if wanted == "rejected" or os.uname().machine in ("x86_64", "aarch64"):
                self.assertIn(wanted, plugin.ask(unaligned)[0])
            plugin.close()

    def test_rnd_hi32_adds_instructions(self):
        plugin = Plugin([PLUGIN, "--rnd-hi32"])
        self.assertEqual(plugin.ask(HELLO)[0]["hello"]["environment"]["options"], "rnd-hi32")
        program = i(0xBC, 0, 1) + i(EXIT)  # w0 = w1
        answer, _ = plugin.ask(load(i(MOV, 1) + program))
        self.assertIn("loaded", answer)
        plugin.close()

    def test_constants_that_are_not_blinded(self):
        try:
            harden = pathlib.Path("/proc/sys/net/core/bpf_jit_harden").read_text().strip()
        except OSError as error:
            self.skipTest(str(error))
        plugin = Plugin([PLUGIN, "--blinded"])
        answer, _ = plugin.ask(HELLO)
        if harden == "2":
            self.assertIn("blinded", answer["hello"]["environment"]["options"])
        else:
            self.assertIn("set /proc/sys/net/core/bpf_jit_harden to 2",
                          answer["unavailable"]["why"])
        plugin.close()

    def test_unknown_type(self):
        result = one_shot([PLUGIN], i(EXIT), None, ["--type", "xdp"])
        self.assertEqual(result.returncode, 1)
        self.assertIn("neither syscall nor socket_filter", result.stderr)


class OneShot(unittest.TestCase):
    def check(self, program, memory, wanted):
        result = one_shot([PLUGIN], program, memory)
        self.assertEqual((result.stdout, result.returncode), (wanted, 0), result.stderr)

    def test_all_of_r0(self):
        self.check(i(MOV, 0, imm=-2) + i(EXIT), None, "fffffffffffffffe\n")

    def test_r1_is_the_memory_and_r2_its_length(self):
        program = i(LDX, 0, 1) + i(ADD, 0, 2) + i(EXIT)
        self.check(program, struct.pack(ORDER + "QH", 0x1122334455667788, 0), "1122334455667792\n")

    def test_a_refusal(self):
        result = one_shot([PLUGIN], i(EXIT))
        self.assertEqual((result.stdout, result.returncode), ("", 1))
        self.assertIn("R0 !read_ok", result.stderr)


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "needs root and setpriv")
class Permissions(unittest.TestCase):
    def hello(self, *restrictions):
        command = ["setpriv", *restrictions, PLUGIN]
        return subprocess.run(command, input=HELLO, capture_output=True, timeout=60).stdout

    def test_root_without_capabilities(self):
        answer = self.hello("--bounding-set", "-all", "--inh-caps", "-all")
        self.assertIn(b'"cause": "permission"', answer)
        self.assertIn(b"not even to root", answer)

    def test_cap_bpf_without_cap_perfmon(self):
        answer = self.hello("--bounding-set", "-all,+bpf", "--inh-caps", "-all,+bpf")
        self.assertIn(b'"cause": "permission"', answer)
        self.assertIn(b"CAP_BPF without CAP_PERFMON", answer)


if __name__ == "__main__":
    probe = Plugin([PLUGIN])
    greeting, _ = probe.ask(HELLO)
    probe.close()
    if "unavailable" in greeting:
        print(f"skipped: {greeting['unavailable']['why']}")
        sys.exit(77)
    unittest.main()
