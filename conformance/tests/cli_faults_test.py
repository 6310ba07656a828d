#!/usr/bin/env python3
"""Real crashes, hangs and damage of a runtime: only the vector that did it is lost, and the row and
the signal are named.

    cli_faults_test.py SOURCE_FOLDER BPF_ASSAY BUGGY_VM
"""

import json
import shlex
import sys
import unittest

from cli_case import Cli

BUGGY_VM = sys.argv.pop(1)

# What buggy_vm is told to do on one instruction, among others that do not meet it.
VECTORS = """section: "4.1"
vectors:
  - {id: v/first, clauses: [RFC9669-4.1-ADD], because: B., asm: r1 += 1, before: {r1: 1}, after: {r1: 2}}
  - {id: v/mul, clauses: [RFC9669-4.1-MUL], because: B., asm: r4 *= 1, before: {r4: 0xffffffff}, after: {}}
  - {id: v/xor, clauses: [RFC9669-4.1-XOR], because: B., asm: r1 ^= 0x7fffffff, before: {r1: 0}, after: {r1: 0x7fffffff}}
  - {id: v/and, clauses: [RFC9669-4.1-AND], because: B., asm: r1 &= 1, before: {r1: 3}, after: {r1: 1}}
  - {id: v/neg, clauses: [RFC9669-4.1-NEG], because: B., asm: r1 = -r1, before: {r1: 0}, after: {}}
""" + "".join(
    f"  - {{id: v/behind-{number}, clauses: [RFC9669-4.1-ADD], because: B., asm: r1 += {number}, "
    f"before: {{r1: 0}}, after: {{r1: {number}}}}}\n"
    for number in range(1, 21)
)


class Faults(Cli):
    def setUp(self):
        super().setUp()
        (self.vectors / "v.yaml").write_text(VECTORS)

    def run_with(self, bug, *options):
        """All outcomes but passes, the results and the text of a run on one process."""
        output = self.folder / "results.json"
        text = self.run_program("run", "--vectors", self.vectors, "--jobs", 1, "--output", output,
                                "--plugin", f"{shlex.quote(BUGGY_VM)} --bug {bug}", *options,
                                status=1).stdout
        runtime = json.loads(output.read_text())["runtimes"][0]
        failing = {vector["id"]: vector for vector in runtime["vectors"]
                   if vector["outcome"] != "pass"}
        return failing, runtime, text

    def lost(self, bug, vector, outcome, words, *options):
        failing, runtime, text = self.run_with(bug, *options)
        self.assertEqual({id: found["outcome"] for id, found in failing.items()}, {vector: outcome})
        self.assertIn(words, failing[vector]["why"])
        self.assertEqual(failing[vector]["failures"][0]["row"], 0)
        self.assertEqual(runtime["status"], "ran")
        self.assertNotIn("unexplained", runtime)
        self.assertIn(f"{outcome} {vector}", text)

    def test_sigsegv(self):
        self.lost("mul-segv", "v/mul", "crash", "SIGSEGV")

    def test_endless_loop(self):
        self.lost("xor-hangs", "v/xor", "timeout", "no answer within 0.5 s", "--timeout", 0.5)

    def test_quiet_exit(self):
        self.lost("neg-exits", "v/neg", "crash", "exit status 0")

    def test_heap_damage_that_shows_at_once(self):
        self.lost("heap", "v/and", "crash", "SIGABRT")

    def test_heap_damage_that_shows_later(self):
        failing, runtime, _ = self.run_with("heap-late")
        self.assertEqual(runtime["status"], "ran")
        # The vector that did it, or none; never one behind it, where it shows.
        self.assertLessEqual(set(failing), {"v/and"})
        if failing:
            self.assertIn("SIGABRT", failing["v/and"]["why"])
        else:
            self.assertIn("SIGABRT", runtime["unexplained"][0])

    def test_sweeps_name_the_row_and_go_on(self):
        output = self.folder / "results.json"
        self.run_program("run", "--plugin", f"{shlex.quote(BUGGY_VM)} --bug mul-segv", "--output", output,
                         "mul64-reg/sweep-edges", status=1)
        (vector,) = json.loads(output.read_text())["runtimes"][0]["vectors"]
        self.assertEqual(vector["outcome"], "crash")
        self.assertGreater(vector["rows"]["passed"], 100)  # those in front, and between
        for failure in vector["failures"]:
            self.assertEqual(failure["registers_before"][4], "0x00000000ffffffff")
            self.assertIn("SIGSEGV", failure["why"])


if __name__ == "__main__":
    unittest.main()
