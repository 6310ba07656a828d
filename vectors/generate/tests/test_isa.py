"""The instruction table: what is said where there is none, and what extensions are to the RFC."""

import stat
import tempfile
import unittest
from pathlib import Path

from isa import Table, TableProblem, read_table


def row(mnemonic, opcode, section, **more):
    return {"mnemonic": mnemonic, "opcode": opcode, "dst_reg": "any", "src_reg": "any", "offset": "unused",
            "imm": 1, "wide": False, "rfc_name": "{ADD, X, ALU64}", "section": section, "syntax": "",
            **more}  # fmt: skip


class Rows(unittest.TestCase):
    TABLE = Table({"instructions": [row("add64_reg", 0x0F, "4.1"), row("min64_reg", 0xEF, "x-min")]})

    def test_fields(self):
        add = self.TABLE["add64_reg"]
        self.assertEqual((add.name, add.code, add.form, add.kind), ("add64-reg", "ADD", "X", "ALU64"))
        self.assertEqual(add.width, 64)
        self.assertTrue(add.uses("dst"))
        self.assertFalse(add.uses("imm"))
        self.assertEqual(add.unused(), ["offset"])

    def test_extensions_leave_their_opcodes_unassigned(self):
        self.assertEqual(self.TABLE.opcodes, {0x0F})
        self.assertEqual([row.opcode for row in self.TABLE.of_extension("x-min")], [0xEF])
        self.assertEqual(self.TABLE.of_extension("x-max"), [])
        self.assertEqual([row.mnemonic for row in self.TABLE.select(kind="ALU64")], ["add64_reg"])

    def test_a_missing_instruction(self):
        with self.assertRaisesRegex(TableProblem, "the instruction table has no max64_reg"):
            self.TABLE["max64_reg"]


class Binary(unittest.TestCase):
    def test_that_is_missing(self):
        with self.assertRaisesRegex(TableProblem, "/nowhere/bpf-assay is missing; build it: cmake"):
            read_table("/nowhere/bpf-assay")

    def test_that_prints_something_else(self):
        with tempfile.TemporaryDirectory() as folder:
            binary = Path(folder, "bpf-assay")
            for script in ("exit 3", "echo", "echo '{}'"):
                binary.write_text(f"#!/bin/sh\n{script}\n")
                binary.chmod(stat.S_IRWXU)
                with self.assertRaisesRegex(TableProblem, "does not print an instruction table"):
                    read_table(binary)


if __name__ == "__main__":
    unittest.main()
