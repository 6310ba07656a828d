#!/usr/bin/env python3
"""The commands beside run: show, explain, asm, disasm, isa.

    cli_commands_test.py SOURCE_FOLDER BPF_ASSAY
"""

import json
import unittest

from cli_case import Cli


class OtherCommands(Cli):
    def test_help_has_an_example(self):
        overview = self.run_program("--help").stdout
        commands = [line.split()[0] for line in overview.split("Subcommands:")[1].splitlines()
                    if line.startswith("  ") and not line.startswith("   ")]
        for known in ("run", "show", "explain", "asm", "disasm", "isa", "plugin"):
            self.assertIn(known, commands)
        for command in [*commands, "plugin check", "plugin new"]:
            with self.subTest(command):
                text = self.run_program(*command.split(), "--help").stdout
                self.assertRegex(text, f"Examples?:\n  bpf-assay {command}")

    def test_no_command(self):
        self.run_program(status=2)
        self.run_program("rnu", status=2)
        self.assertRegex(self.run_program("--version").stdout, r"^bpf-assay \d+\.\d+\.\d+\n$")

    def test_show(self):
        text = self.run_program("show", "v/number-7", "--vectors", self.vectors).stdout
        for part in ("v/number-7", "explicit vector of RFC 9669 section 4.1", "v.yaml:33:9",
                     "RFC9669-4.1-ADD: ", "(nothing named)", ">   13: r9 += 7", "exit"):
            self.assertIn(part, text)

    def test_show_of_every_kind(self):
        listed = {}
        for kind in ("explicit", "sweep", "program", "packet", "encoding"):
            listed[kind] = self.run_program("run", "--list", "-k", kind).stdout.split()[0]
        for kind, name in listed.items():
            for options in ([], ["--big-endian"]):
                with self.subTest(name, options=options):
                    text = self.run_program("show", name, *options).stdout
                    self.assertIn(f"{kind} vector of RFC 9669", text)
                    self.assertTrue(self.run_program("explain", name, *options).stdout)

    def test_show_marks_what_makes_an_encoding_illegal(self):
        (self.vectors / "v.yaml").write_text("""section: "3.1"
vectors:
  - id: v/table
    clauses: [RFC9669-4.1-ADD]
    because: B
    values: [11, 12]
    slots: ["r3 = 0", {opcode: 0x07, dst: value, imm: 3}, exit]
    control: ["r3 = 0", {opcode: 0x07, dst: 3, imm: 3}, exit]
    expect: refused
""")
        show = ["show", "v/table", "--vectors", self.vectors]
        text = self.run_program(*show, "--program", "1").stdout
        self.assertRegex(text, r"\n>    1: opcode 0x07 dst 12 .* register number above 10 \(RFC 9669")
        self.assertRegex(text, r"\n     1: opcode 0x07 dst 3 .* r3 \+= 3\n")
        self.assertIn("program 2; the vector has 2",
                      self.run_program(*show, "--program", "2", status=2).stderr)

    def test_explain(self):
        text = self.run_program("explain", "v/number-7", "--vectors", self.vectors).stdout
        self.assertIn("r9 += 7", text)
        self.assertIn("dst = dst + (u64)(s64)imm", text)
        self.assertRegex(text, r"r9: 0x\w{16} -> 0x\w{16}")
        self.assertIn("The program ends by EXIT", text)

    def test_errors_of_show_and_explain(self):
        for command in ("show", "explain"):
            result = self.run_program(command, "v/nummer-7", "--vectors", self.vectors, status=2)
            self.assertIn("there is no vector 'v/nummer-7'; the nearest is 'v/number-7'",
                          result.stderr)
            self.run_program(command, status=2)
            sweep = self.run_program("run", "--list", "-k", "sweep").stdout.split()[0]
            self.assertRegex(self.run_program(command, sweep, "--program", "99999", status=2).stderr,
                             r"program 99999; the sweep has \d+")
        self.assertRegex(self.run_program("explain", sweep, "--row", "99999", status=2).stderr,
                         r"row 99999; the program has \d+")

    def test_asm_and_disasm(self):
        little = "b7 00 00 00 07 00 00 00\n95 00 00 00 00 00 00 00\n"
        big = "b7 00 00 00 00 00 00 07\n95 00 00 00 00 00 00 00\n"
        self.assertEqual(self.run_program("asm", "r0 = 7; exit").stdout, little)
        self.assertEqual(self.run_program("asm", text="r0 = 7\nexit\n").stdout, little)
        self.assertEqual(self.run_program("asm", "--big-endian", "r0 = 7; exit").stdout, big)
        listing = "   0: r0 = 7\n   1: exit\n"
        self.assertEqual(self.run_program("disasm", little).stdout, listing)
        self.assertEqual(self.run_program("disasm", text=little.replace(" ", "")).stdout, listing)
        self.assertEqual(self.run_program("disasm", "--big-endian", big).stdout, listing)
        file = self.folder / "a b.s"
        file.write_text("r0 = 7\nexit\n")
        self.assertEqual(self.run_program("asm", "--file", file).stdout, little)

    def test_errors_of_asm_and_disasm(self):
        file = self.folder / "a.s"
        file.write_text("r0 = 7\n  goto nowhere\n")
        self.assertIn(f"{file}:2:8: label 'nowhere' is not defined",
                      self.run_program("asm", "-f", file, status=2).stderr)
        self.assertIn("<text>:1:9: ", self.run_program("asm", "r0 = 1; bogus", status=2).stderr)
        self.assertIn("<stdin>:1:1: ", self.run_program("asm", text="bogus", status=2).stderr)
        self.assertIn("no.s: cannot be read",
                      self.run_program("asm", "-f", self.folder / "no.s", status=2).stderr)
        self.assertIn("expected pairs of hex digits",
                      self.run_program("disasm", "xy", status=2).stderr)
        self.assertIn("3 bytes; instructions are 8 bytes each",
                      self.run_program("disasm", "00 01 02", status=2).stderr)

    def test_isa(self):
        table = self.run_program("isa").stdout.splitlines()
        self.assertEqual(len(table), 1 + 170)
        isa = json.loads(self.run_program("isa", "--json").stdout)
        self.assertEqual(len(isa["instructions"]), 170)
        self.assertEqual(isa["version"], 1)
        self.assertEqual(sorted(line.split()[0] for line in table[1:]),
                         sorted(row["mnemonic"] for row in isa["instructions"]))


if __name__ == "__main__":
    unittest.main()
