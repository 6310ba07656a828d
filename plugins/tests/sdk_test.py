#!/usr/bin/env python3
"""Tests an SDK through its sdk_test_plugin: sdk_test.py PLUGIN [unittest options]."""

import json
import os
import struct
import subprocess
import sys
import threading
import unittest

from plugin_client import HELLO, Plugin, load, message, one_shot, rows_of, run

PLUGIN = sys.argv.pop(1)


def program(kind, slots=1):
    return kind.encode() + bytes(8 * slots - 1)


def talk(data, *options):
    """Everything at once: exit status, the answers as bytes, standard error."""
    process = subprocess.run([PLUGIN, *options], input=data, capture_output=True, timeout=60)
    return process.returncode, process.stdout, process.stderr


class Session(unittest.TestCase):
    def setUp(self):
        command = [PLUGIN, "--byte-order", "little"]  # whatever the machine's is
        self.plugin = Plugin(command, stderr=subprocess.DEVNULL)
        self.hello = self.plugin.ask(HELLO)[0]["hello"]

    def tearDown(self):
        rest, status = self.plugin.close()
        self.assertEqual((rest, status), (b"", 0))

    def test_hello_states_what_the_plugin_does_not(self):
        self.assertEqual(self.hello["name"], "test")
        self.assertEqual(self.hello["r0_bits"], 64)
        self.assertEqual(self.hello["contexts"], ["memory", "packet"])
        self.assertEqual(self.hello["groups"], ["base32", "base64"])
        self.assertEqual(self.hello["excluded"], ["div32_imm", "div32_reg"])
        self.assertIs(self.hello["stores_pointers"], True)
        self.assertNotIn("extensions", self.hello)
        self.assertEqual(self.hello["helpers"], {"mix": 5, "copy": 2**32 - 1})
        self.assertEqual(self.hello["threads"], 3)
        self.assertEqual(self.hello["environment"]["text"], 'a "b" \\ \n \x01 é \ufffd')

    def test_hello_may_be_repeated(self):
        self.assertEqual(self.plugin.ask(HELLO)[0]["hello"], self.hello)

    def test_rows_come_back_in_order(self):
        self.assertEqual(self.plugin.ask(load(program("x")))[0], {"loaded": {}})
        blocks = [bytes([i] * 24) for i in range(1, 4)]
        rows = rows_of(*self.plugin.ask(run(*blocks)))
        self.assertEqual(rows, [(0, 24 * i, bytes([255 - i] * 24)) for i in range(1, 4)])

    def test_blocks_are_aligned_whatever_their_size(self):
        self.plugin.ask(load(program("a")))
        for size in (8, 24, 13, 1, 4096):
            self.assertEqual(rows_of(*self.plugin.ask(run(*[bytes(size)] * 3)))[2][1], 0)

    def test_packets_come_back_as_they_were(self):
        self.plugin.ask(load(program("x"), "packet"))
        self.assertEqual(rows_of(*self.plugin.ask(run(b"abc"))), [(0, 294, b"abc")])
        answer, payload = self.plugin.ask(run(b"", b""))
        self.assertEqual((answer, payload), ({"ran": {"rows": 2}, "bytes": 32}, bytes(32)))

    def test_no_rows(self):
        self.plugin.ask(load(program("x")))
        answer = self.plugin.ask(message(b"", run={"rows": 0, "size": 64}))
        self.assertEqual(answer, ({"ran": {"rows": 0}, "bytes": 0}, b""))

    def test_threads_run_on_one_block(self):
        self.plugin.ask(load(program("x")))
        blocks = [struct.pack("=2Q", start, start + 60_000) for start in (0, 2**40)]
        rows = rows_of(*self.plugin.ask(run(*blocks, threads=3, times=20)))
        # 4 is returned by the run that ends last, 1 by all others.
        wanted = [(0, 5, struct.pack("=2Q", end, end)) for end in (60_000, 2**40 + 60_000)]
        self.assertEqual(rows, wanted)
        self.assertEqual(rows_of(*self.plugin.ask(run(b"a" * 8, threads=1)))[0][1], 8 * 0x61)

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "there is one CPU only")
    def test_threads_run_at_the_same_time(self):
        self.plugin.ask(load(program("n")))
        for _ in range(100):
            ((_, _, after),) = rows_of(*self.plugin.ask(run(bytes(16), threads=2, times=20)))
            if after != struct.pack("=2Q", 40_000, 0):
                return
        self.fail("an addition that is not atomic has never been lost")

    def test_a_fault_of_one_thread_is_the_row_s(self):
        self.plugin.ask(load(program("f")))
        block = struct.pack("=2Q", 0, 6000)
        answer, payload = self.plugin.ask(run(block, block, threads=2, times=3))
        self.assertEqual([row[:2] for row in rows_of(answer, payload)], [(1, 0)] * 2)
        faults = [{"row": row, "why": "at 6000"} for row in (0, 1)]
        self.assertEqual(answer["ran"]["faults"], faults)

    def test_faults_have_a_row_and_a_text(self):
        self.plugin.ask(load(program("f")))
        answer, payload = self.plugin.ask(run(bytes(8), b"\1" * 8, bytes(8), b"\2" * 8))
        faults = [{"row": row, "why": "fault \ufffd"} for row in (1, 3)]
        self.assertEqual(answer["ran"]["faults"], faults)
        self.assertEqual([row[:2] for row in rows_of(answer, payload)], [(0, 0), (1, 0)] * 2)

    def test_faults_stay_within_a_line(self):
        self.plugin.ask(load(program("f")))
        answer, payload = self.plugin.ask(run(*[b"\1" * 8] * 5000))
        self.assertLess(len(json.dumps(answer)), 65536)
        self.assertEqual({row[0] for row in rows_of(answer, payload)}, {1})

    def test_verdicts(self):
        why = "8 bytes: \U0001f600 \ufffd\ufffd\ufffd \ufffd\ufffd \t\""
        for kind, verdict, cause in (
            ("e", "rejected", None),
            ("u", "unsupported", None),
            ("m", "unable", "memory"),
            ("p", "unable", "permission"),
        ):
            body = self.plugin.ask(load(program(kind)))[0][verdict]
            self.assertEqual((body["why"], body.get("cause")), (why, cause))

    def test_failed_load_replaces_the_program(self):
        self.plugin.ask(load(program("x")))
        self.plugin.ask(load(program("e")))
        self.assertEqual(self.plugin.ask(run(bytes(8)))[0], {"not_loaded": {}})
        self.plugin.ask(load(program("x")))
        self.plugin.ask(load(program("x"), "moon"))
        self.assertEqual(self.plugin.ask(run(bytes(8)))[0], {"not_loaded": {}})

    def test_what_became_of_a_program(self):
        image = program("t", 3)
        answer, payload = self.plugin.ask(load(image))
        log = answer["loaded"].pop("log")
        self.assertEqual(log, "x" * 4096)
        self.assertEqual(
            answer["loaded"], {"engine": "jit", "machine_code_bytes": 77, "translated": 3}
        )
        self.assertEqual(payload, image)

    def test_images_of_any_length_reach_the_runtime(self):
        self.assertIn("0 bytes", self.plugin.ask(load(b""))[0]["rejected"]["why"])
        self.assertIn("11 bytes", self.plugin.ask(load(b"e1234567890"))[0]["rejected"]["why"])

    def test_limits(self):
        self.assertIn("8 that", self.plugin.ask(load(program("x", 9)))[0]["unsupported"]["why"])
        self.assertIn("unsupported", self.plugin.ask(load(program("x"), "moon"))[0])

    def test_unknown_keys_are_ignored(self):
        extra = {"new": [1, {"a": None, "b": [True, -1.5e3, "\\\""]}], "bytes": 5}
        request = {"load": {"insns": 1, "context": "memory", **extra}, "more": extra, "bytes": 8}
        self.plugin.send(json.dumps(request).encode() + b"\n" + program("x"))
        self.assertEqual(self.plugin.answer()[0], {"loaded": {}})

    def test_pipelined_requests_are_answered_in_order(self):
        requests = load(program("x")) + run(bytes(8)) + load(program("e")) + run(bytes(8))
        wanted = ["loaded", "ran", "rejected", "not_loaded"] * 2000
        writer = threading.Thread(target=self.plugin.send, args=(requests * 2000,))
        writer.start()
        got = [next(iter(self.plugin.answer()[0])) for _ in wanted]
        writer.join()
        self.assertEqual(got, wanted)


class WholeStreams(unittest.TestCase):
    def error(self, data, hello=HELLO):
        status, out, _ = talk(hello + data)
        self.assertEqual(status, 1)
        return json.loads(out.splitlines()[-1])["error"]["why"]

    def test_malformed_requests_end_the_plugin_with_an_error(self):
        cases = [
            (b'{"load": \n', "not JSON"),
            (b'{"load": {}} x\n', "after the object"),
            (b"{}\n", "neither"),
            (b'{"dance": {}}\n', "neither"),
            (b'{"load": {"insns": 1, "context": "memory"}, "run": {}}\n', "two requests"),
            (b'{"load": {"insns": -1, "context": "memory"}}\n', "whole number"),
            (b'{"load": {"insns": 1.5, "context": "memory"}}\n', "whole number"),
            (b'{"load": {"insns": 99999999999999999999}}\n', "whole number"),
            (b'{"load": {"context": "memory"}}\n', "insns is missing"),
            (b'{"run": {"rows": 1}}\n', "missing"),
            (b'{"run": {"rows": 1, "size": 8}}\n', "rows times size"),
            (b'{"run": {"rows": 1, "size": 70000}}\n', "max_block"),
            (b'{"run": {"rows": 4294967295, "size": 0}}\n', "64 MiB"),
            (b'{"run": {"rows": 18446744073709551615, "size": 16}}\n', "64 MiB"),
            (b'{"load": {"insns": 1}, "bytes": 1000000000000}\n', "64 MiB"),
            (b'{"load": {"insns": 1}, "bytes": 18446744073709551615}\n', "64 MiB"),
            (b'{"load": {"insns": 1, "context": "memory"}, "bytes": 8}\nabc', "within a request"),
            (b'{"load"', "within a line"),
            (b'{"a": "' + b"x" * 70000 + b'"}\n', "longer than 64 KiB"),
            (b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}\n", "not JSON"),
            (b'{"hello": {"protocol": 2}}\n', "protocol 1"),
            (b"\n", "object"),
            (b"\xff\xfe{}\n", "object"),
        ]
        for data, wanted in cases:
            with self.subTest(data[:60]):
                self.assertIn(wanted, self.error(data))

    def test_so_many_threads_are_not_offered(self):
        for keys, wanted in (
            ({"threads": 4, "times": 1}, "not offered"),
            ({"threads": 2**32 + 2, "times": 1}, "not offered"),
            ({"threads": 0, "times": 1}, "not offered"),
            ({"threads": 2, "times": 0}, "not offered"),
            ({"times": 2}, "more than one thread"),
            ({"threads": 2, "times": 1_000_001}, "more than 1000000"),
            ({"threads": -1}, "whole number"),
        ):
            with self.subTest(keys):
                self.assertIn(wanted, self.error(load(program("x")) + run(bytes(8), **keys)))
        packet = load(program("x"), "packet") + run(bytes(8), threads=2, times=1)
        self.assertIn("a packet is none", self.error(packet))

    def test_hello_comes_first(self):
        self.assertIn("first", self.error(load(program("x")), hello=b""))

    def test_a_line_may_have_64_kib(self):
        line = b'{"hello": {"protocol": 1}, "x": "%s"}\n'
        status, out, _ = talk(line % (b"x" * (65536 - len(line) + 2)))
        self.assertEqual(status, 0)
        self.assertIn(b'{"hello"', out)

    def test_chatter_goes_to_standard_error(self):
        status, out, err = talk(HELLO + load(program("x")))
        self.assertEqual((status, out.count(b"\n")), (0, 2))
        self.assertIn(b"chatter", err)

    def test_answers_before_a_crash_arrive(self):
        good, bad = (load(program(kind)) + run(b"a") for kind in ("x", "c"))
        status, out, _ = talk(HELLO + good + bad)
        self.assertLess(status, 0)
        self.assertEqual(out.count(b'{"loaded"'), 2)
        self.assertEqual(out.count(b'{"ran"'), 1)

    def test_unavailable(self):
        status, out, _ = talk(HELLO + load(program("x")) + run(b"a"), "--unavailable")
        answers = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(answers[0], {"unavailable": {"why": "not today", "cause": "permission"}})
        self.assertIn("unable", answers[1])
        self.assertEqual((answers[2], status), ({"not_loaded": {}}, 0))

    def test_big_endian_answers(self):
        plugin = Plugin([PLUGIN, "--byte-order", "big"], stderr=subprocess.DEVNULL)
        self.assertEqual(plugin.ask(HELLO)[0]["hello"]["byte_order"], "big")
        plugin.ask(load(program("f")))
        rows = rows_of(*plugin.ask(run(b"\0\1\2\3", b"\1\1\2\3")), order=">")
        self.assertEqual(rows, [(0, 6, b"\xff\xfe\xfd\xfc"), (1, 0, b"\xfe\xfe\xfd\xfc")])
        plugin.close()

    def test_empty_input(self):
        status, out, err = talk(b"")
        self.assertEqual((status, out), (1, b""))
        self.assertIn(b"nothing on standard input", err)


class OneShot(unittest.TestCase):
    def start(self, text):
        options = {"capture_output": True, "text": True, "errors": "replace", "timeout": 60}
        return subprocess.run([PLUGIN], input=text, **options)

    def check(self, result, out, err=""):
        complaint = result.stderr.replace("chatter of the runtime\n", "")
        self.assertEqual((result.returncode, result.stdout), (1 if err else 0, out))
        self.assertRegex(complaint, err or "^")

    def test_r0_as_hex(self):
        self.check(one_shot([PLUGIN], program("x")), "fedcba9800000000\n")
        self.check(one_shot([PLUGIN], program("x"), b"\1\2\3"), "fedcba9800000009\n")

    def test_hex_with_and_without_spaces(self):
        for text in ("78" + "00" * 7, "78 00 00\n", "\n78 0 0 0 0000 0 0 ", "78\t00"):
            self.check(self.start(text), "fedcba9800000000\n")

    def test_options_of_other_suites(self):
        options = ["", "--debug", "--byte-order", "big"]
        self.check(one_shot([PLUGIN], program("x"), b"\5", options), "fedcba9800000006\n")
        self.check(one_shot([PLUGIN], b"", b"\5", ["--program", "78"]), "fedcba9800000006\n")
        self.check(one_shot([PLUGIN], program("x"), None, ["--elf"]), "", "--elf")

    def test_failures(self):
        self.check(one_shot([PLUGIN], program("e")), "", "rejected: 8 bytes")
        self.check(one_shot([PLUGIN], program("m")), "", "unable: 8 bytes")
        self.check(one_shot([PLUGIN], program("f")), "", "fault: fault")
        self.check(one_shot([PLUGIN], program("x"), None, ["--unavailable"]), "", "not today")
        self.check(one_shot([PLUGIN], program("x"), None, ["--what"]), "", "unknown opt|unrecog")
        self.check(one_shot([PLUGIN], program("x"), None, ["--byte-order"]), "", "missing|expected")
        no_order = ["--byte-order", "x"]
        self.check(one_shot([PLUGIN], program("x"), None, no_order), "", "no byte order|choice")
        self.check(one_shot([PLUGIN], program("x"), None, ["01", "02"]), "", "unexpected|unrecog")
        self.check(one_shot([PLUGIN], program("x"), None, ["0102x"]), "", "memory is not")
        self.check(one_shot([PLUGIN], program("x"), None, ["010"]), "", "memory is not")
        self.check(self.start("exit"), "", "program is not")

    def test_memory_is_not_for_sessions(self):
        status, out, err = talk(HELLO, "0102")
        self.assertEqual((status, out), (1, b""))
        self.assertIn(b"memory comes with requests", err)


if __name__ == "__main__":
    unittest.main()
