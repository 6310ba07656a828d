#!/usr/bin/env python3
"""The command coverage.

    cli_coverage_test.py SOURCE_FOLDER BPF_ASSAY
"""

import json
import unittest

from cli_case import Cli


class Coverage(Cli):
    """The vectors of cli_case add 1 to 30 to R9, and name one clause."""

    def coverage(self, *arguments, status=1):
        return self.run_program("coverage", "--vectors", self.vectors, *arguments, status=status)

    def test_hits_and_gaps(self):
        text = self.coverage("--instruction", "add64_imm").stdout
        gaps = [line.strip() for line in text.split("Bins that no vector hits:\n")[1].splitlines()]
        self.assertIn("add64_imm: dst=r8", gaps)
        self.assertIn("add64_imm: imm=-1", gaps)
        self.assertNotIn("add64_imm: dst=r9", gaps)
        self.assertNotIn("add64_imm: imm=1", gaps)
        self.assertTrue(all(gap.startswith("add64_imm: ") for gap in gaps), gaps)
        self.assertIn("1 named by vectors", text)
        self.assertIn("RFC9669-4.1-SUB: ", text.split("Clauses without a vector:")[1])

    def test_every_gap_is_printed(self):
        text = self.coverage().stdout
        total = text.split("\nall ")[1].splitlines()[0].split()[-1]
        hit, bins = map(int, total.split("/"))
        self.assertEqual(len(text.split("Bins that no vector hits:\n")[1].splitlines()), bins - hit)

    def test_json(self):
        path = self.folder / "coverage.json"
        self.coverage("--json", path)
        report = json.loads(path.read_text())
        self.assertEqual((report["format"], report["version"]), ("bpf-assay-coverage", 1))
        self.assertFalse(report["complete"])
        by_name = {entry["instruction"]: entry for entry in report["instructions"]}
        # The table, the opcodes that are not in it, and the instructions of extensions that run.
        isa = json.loads(self.run_program("isa", "--extensions", "--json").stdout)
        running = {extension["name"] for extension in isa["extensions"] if extension["runs"]}
        self.assertIn("x-maygoto", running)
        self.assertEqual(len(by_name), 170 + 1 + sum(row["group"] in running
                                                     for row in isa["instructions"]))
        self.assertEqual(by_name["may_goto"]["group"], "x-maygoto")
        registers = by_name["add64_imm"]["bins"]["registers"]
        self.assertEqual(registers, {"hit": 1, "total": 10, "exempt": 0})
        self.assertIn("add64_imm: dst=r8", by_name["add64_imm"]["gaps"])
        self.assertIn("call_btf: executed=yes", report["exempt"])

    def test_verbose_gives_the_reasons(self):
        text = self.coverage("--verbose").stdout
        for part in ("\nadd64_imm ", "Untestable clauses:\n", "Exempt bins:\n", "A rule for the registry"):
            self.assertIn(part, text)

    def test_bad_input(self):
        self.assertIn("no instruction is selected", self.coverage("--instruction", "nop", status=2).stderr)
        (self.vectors / "v.yaml").write_text("section: 4\n")
        self.assertIn("v.yaml:1:1: key 'vectors' is missing", self.coverage(status=2).stderr)
        self.coverage("--exemptions", self.folder / "none.yaml", status=2)

    def test_exemptions(self):
        exempt = self.folder / "exempt.yaml"
        exempt.write_text("exempt:\n- bins: ['add64_imm: dst=r9']\n  reason: R.\n")
        text = self.coverage("--exemptions", exempt).stdout
        self.assertIn("Exempt bins that a vector hits; drop the exemption:\n  add64_imm: dst=r9\n", text)
        exempt.write_text("exempt:\n- bins: ['add64_imm: dst=r99']\n  reason: R.\n")
        error = self.coverage("--exemptions", exempt, status=2).stderr
        self.assertIn("exempt.yaml:2:10: there is no bin 'add64_imm: dst=r99'", error)


if __name__ == "__main__":
    unittest.main()
