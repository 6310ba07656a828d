#!/usr/bin/env python3
"""The command `reduce`, on a VM whose bugs are known.

    cli_reduce_test.py SOURCE_FOLDER BPF_ASSAY BUGGY_VM
"""

import json
import shlex
import sys
import time
import unittest

BUGGY = sys.argv.pop(3)

from cli_case import ROOT, Cli, fake  # noqa: E402: takes the arguments before


def buggy(*bugs):
    return shlex.join([BUGGY, *(word for bug in bugs for word in ("--bug", bug))])


SUITE = {path: path.read_text() for path in (ROOT / "vectors").glob("*/*.yaml")}


class Reduce(Cli):
    def only_file_of(self, name):
        """A folder with the suite's file that holds the vector: the whole suite takes a second."""
        folder = self.folder / "suite"
        folder.mkdir(exist_ok=True)
        (folder / "operands.yaml").write_text((ROOT / "vectors/operands.yaml").read_text())
        for path, text in SUITE.items():
            if f"id: {name}\n" in text:
                (folder / path.name).write_text(text)
        return folder

    def reduce(self, name, plugin, *arguments, status=0):
        if "--vectors" not in arguments:
            arguments = (*arguments, "--vectors", self.only_file_of(name))
        if "--against" not in arguments:  # all that are declared would take long
            arguments = (*arguments, "--against", "reference_vm")
        return self.run_program("reduce", name, "-p", plugin, *arguments, status=status).stdout

    def check_written(self, name, plugin, *arguments):
        """Reduces, and runs what was written; returns both files."""
        folder = self.folder / "found"
        text = self.reduce(name, plugin, "-o", folder, *arguments)
        slug = "buggy-vm-" + name.replace("/", "-")
        yaml, page = folder / (slug + ".yaml"), folder / (slug + ".md")
        self.assertIn(str(yaml), text)
        vectors = ("--vectors", folder, "--timeout", "3")
        self.run_program("run", *vectors, "-p", plugin, f"found/{slug}", status=1)
        self.run_program("run", *vectors, "-p", "reference_vm")
        self.run_program("run", *vectors, "-p", "reference_vm --byte-order big")
        self.check_schema(yaml)
        return yaml.read_text(), page.read_text()

    @staticmethod
    def check_schema(path):
        try:
            import jsonschema
            import yaml
        except ImportError:
            return
        schema = json.loads((ROOT / "vectors/schema.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(path.read_text()))

    def test_a_row_of_a_sweep(self):
        yaml, page = self.check_written("add32-reg/sweep-edges", buggy("upper-half"),
                                        "--against", "reference_vm", "--against",
                                        buggy("upper-half"))
        for part in ("id: found/buggy-vm-add32-reg-sweep-edges", "      w0 += w1\n",
                     "before: {r0: 0, r1: -1}", "after: {r0: 0xffffffff}", "RFC9669-4.1-ADD"):
            self.assertIn(part, yaml)
        for part in ("# buggy_vm: add32_reg (wrong)", "- Runtime: buggy_vm 1 (interpreter)",
                     "Runtime source:", "0c 10 00 00 00 00 00 00  w0 += w1",
                     "r0: expected 0x00000000ffffffff, seen 0xffffffffffffffff",
                     "(interpreter): right", "(interpreter): wrong: r0 is 0xffffffffffffffff",
                     "bpf-assay run --vectors", "RFC 9669 section 4.1", "*(u64 *)(r10 - 8) = r1",
                     yaml):
            self.assertIn(part, page)

    def test_a_long_program(self):
        yaml, _ = self.check_written("mixture/memory-3", buggy("upper-half"))
        self.assertIn("    asm: |\n      w0 += w0\n    memory_size: 8\n", yaml)

    def test_a_register_that_must_not_change(self):
        yaml, page = self.check_written("div64-reg/sweep-edges", buggy("div-clobbers-r3"))
        self.assertRegex(yaml, r"asm: \|\n      r0 /= r1\n")
        self.assertIn("- r3: expected 0x78dde6e5fd29f054, seen", page)

    def test_memory(self):
        yaml, page = self.check_written("stxb/own-bytes-only", buggy("stxb-two-bytes"))
        self.assertIn("before: {r0: {block: 0}, r1: 0}\n    after: {memory: {u8@0: 0}}", yaml)
        self.assertIn("- memory u8@1: expected", page)

    def test_a_jump(self):
        yaml, _ = self.check_written("jset64-reg/high-word-only", buggy("jset-low-half"))
        self.assertIn("      if r0 & r1 goto +1\n", yaml)

    def test_a_crash(self):
        yaml, page = self.check_written("mul64-reg/sweep-edges", buggy("mul-segv"))
        self.assertIn("r4: 0xffffffff", yaml)
        self.assertIn("SIGSEGV", page)

    def test_an_end_without_an_answer(self):
        _, page = self.check_written("neg64/zero", buggy("neg-exits"))
        self.assertIn("exit status 0", page)

    def test_a_damaged_heap(self):
        self.check_written("and32-imm/sweep-operands", buggy("heap"))

    def test_damage_that_shows_later(self):
        # The written vector may need a second load to show it: then the status says so.
        result = self.run_program("reduce", "and32-imm/sweep-operands", "-p", buggy("heap-late"),
                                  "-o", self.folder / "found", "--vectors",
                                  self.only_file_of("and32-imm/sweep-operands"), status=None)
        self.assertIn(result.returncode, (0, 2), result.stderr)
        self.assertIn("w0 &= 0", result.stdout)

    def test_an_endless_loop_within_the_budget(self):
        begin = time.monotonic()
        yaml, _ = self.check_written("xor64-imm/max", buggy("xor-hangs"), "--budget", "20",
                                     "--timeout", "2")
        self.assertLess(time.monotonic() - begin, 60)
        self.assertIn("^= 2147483647", yaml)

    def test_the_budget_is_kept(self):
        text = self.reduce("xor64-imm/max", buggy("xor-hangs"), "--budget", "0", "--timeout", "1")
        self.assertIn("The time was used up", text)

    def test_a_fault(self):
        yaml, page = self.check_written("div64-reg/sweep-edges", buggy("zero-divisor-fault"))
        self.assertIn("before: {r0: 0, r1: 0}", yaml)
        self.assertIn("RFC9669-4.1-DIV-BYZERO", yaml)
        self.assertIn("(fault)", page)

    def test_a_refusal(self):
        yaml, page = self.check_written("arsh32-imm/sweep-all-counts", buggy("refuses-arsh"))
        self.assertIn("      w0 s>>= 31\n", yaml)
        self.assertIn("an instruction that this VM is made to refuse", page)

    def test_a_table_of_encodings(self):
        yaml, page = self.check_written("encoding/mov32-imm-offset-single-bits",
                                        buggy("mov-offset"))
        self.assertIn("    slots:\n      - {opcode: 0xb4, dst: 3, offset: 1, imm: 3}\n"
                      '      - "exit"\n    control:\n      - "w3 = 3"\n      - "exit"\n', yaml)
        self.assertIn("is loaded with an encoding that has to be refused", page)

    def test_exactly_one_row(self):
        text = self.reduce("mul64-reg/sweep-edges", buggy("mul-segv"), "--program", "0", "--row",
                           "0", status=1)
        self.assertIn("program 0, row 0 does not fail", text)

    def test_without_a_folder_the_vector_is_printed(self):
        text = self.reduce("neg64/zero", buggy("neg-exits"))
        self.assertIn("vectors:\n  - id: found/buggy-vm-neg64-zero\n", text)

    def test_twice_is_the_same(self):
        once, again = (self.reduce("add32-reg/sweep-edges", buggy("upper-half"))
                       .split("\nprogram\n")[1] for _ in range(2))
        self.assertEqual(once, again)

    def test_nothing_fails(self):
        text = self.reduce("add32-reg/sweep-edges", "reference_vm", status=1)
        self.assertIn("nothing to reduce on reference_vm", text)
        self.assertRegex(text, r": pass\n  \d+ programs and \d+ rows were run, profile default")

    def use_a_move(self):
        # The fake plugin executes nothing: this is true all the same.
        (self.vectors / "v.yaml").write_text("""section: "4.1"
vectors:
  - id: v/move
    clauses: [RFC9669-4.1-MOV]
    asm: r9 = r9
    after: {}
    because: Nothing moves.
""")

    def test_not_reproducible(self):
        self.use_a_move()
        text = self.reduce("v/move", fake("wrong --row 0"), "--vectors", self.vectors, status=1)
        self.assertIn("not reproducible. It was wrong (r4 is", text)

    def test_a_plugin_in_another_language(self):
        self.use_a_move()
        text = self.reduce("v/move", fake("wrong"), "--vectors", self.vectors)
        self.assertIn("  r0 = r0\n", text)
        self.assertIn("r4: expected 0x1715609f7c746c69, seen 0x1715609f7c746c68", text)

    def test_a_vector_that_is_false(self):
        result = self.run_program("reduce", "v/number-1", "-p", "reference_vm", "--vectors",
                                  self.vectors, status=2)
        self.assertIn("Not reduced: the reference VM comes to another state", result.stdout)
        self.assertIn("the vector does not hold by itself: reference_vm", result.stderr)

    def test_what_cannot_be_used(self):
        for arguments in (["nothing/such", "-p", "reference_vm"],
                          ["add32-reg/sweep-edges"],
                          ["add32-reg/sweep-edges", "-p", "/nothing/such"],
                          ["add32-reg/sweep-edges", "-p", "reference_vm", "--program", "9999"],
                          ["neg64/zero", "-p", "reference_vm", "--row", "1"],
                          ["neg64/zero", "-p", fake("unavailable")],
                          ["atomicity/add64", "-p", "reference_vm"]):
            with self.subTest(arguments):
                result = self.run_program("reduce", *arguments, status=2)
                self.assertTrue(result.stderr)


if __name__ == "__main__":
    unittest.main()
