"""`bpf-assay export --elf`: what LLVM's tools, and the kernel by bpftool, make of the objects."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from cli_case import Cli


def tool(name):
    """LLVM's tools have the version in their name, or not."""
    for version in [*(f"-{number}" for number in range(22, 17, -1)), ""]:
        if path := shutil.which(name + version):
            return path
    return None


class Export(Cli):
    def export(self, *arguments, **options):
        folder = self.folder / "objects"
        result = self.run_program("export", "--elf", "-o", folder, *arguments, **options)
        manifest = folder / "manifest.json"
        return result, folder, json.loads(manifest.read_text()) if manifest.exists() else None

    def test_rows_and_places(self):
        _, folder, manifest = self.export("add64-imm/*", "--kind", "explicit")
        (item,) = manifest["objects"]
        rows = (folder / item["rows_file"]).read_bytes()
        self.assertGreater(len(item["programs"]), 3)
        end = 0
        for program in item["programs"]:
            self.assertEqual(program["rows_at"], end)
            size = program["block_size"]
            end += 2 * size * len(program["rows"])
            self.assertLessEqual(manifest["map"]["block_at"] + size, item["value_size"])
            before = rows[program["rows_at"]:][:size]
            after = rows[program["rows_at"] + size:][:size]
            inputs = program["places"]["registers_before"]
            self.assertEqual(before[inputs:inputs + 80], after[inputs:inputs + 80])
            outputs = program["places"]["registers_after"]
            self.assertNotEqual(before[outputs:outputs + 80], after[outputs:outputs + 80])
            self.assertEqual(program["r0"], "0x0")
        self.assertEqual(end, len(rows))

    def test_symbols_and_disassembly(self):
        readelf, objdump = tool("llvm-readelf"), tool("llvm-objdump")
        if not readelf or not objdump:
            self.skipTest("llvm-readelf or llvm-objdump is not here")
        _, folder, manifest = self.export("call-local/*", "add64-imm/*", "--kind", "explicit",
                                          "--kind", "program", "--program-section", "xdp")
        for item in manifest["objects"]:
            path = folder / item["file"]
            symbols = subprocess.run([readelf, "-s", path], capture_output=True, text=True,
                                     check=True).stdout
            self.assertRegex(symbols, r"OBJECT +GLOBAL .* block\n")
            text = subprocess.run([objdump, "--mcpu=v4", "-d", "-r", path], capture_output=True, text=True,
                                  check=True).stdout
            self.assertIn("Disassembly of section xdp:", text)
            self.assertFalse("<unknown>" in text)
            self.assertEqual(len(re.findall("R_BPF_64_64\tblock", text)), len(item["programs"]))
            for program in item["programs"]:
                self.assertRegex(symbols, rf"FUNC +GLOBAL .* {program['function']}\n")

    def test_one_object_holds_as_many_as_it_may(self):
        _, _, manifest = self.export("add64-imm/*", "--programs-per-object", "2", "--kind",
                                     "explicit")
        counts = [len(item["programs"]) for item in manifest["objects"]]
        self.assertGreater(len(counts), 1)
        self.assertEqual(set(counts[:-1]), {2})

    def test_what_no_object_can_hold_is_named(self):
        result, _, manifest = self.export("*", "--kind", "packet", status=2)
        self.assertIn("none of the selected vectors can be in an object", result.stderr)
        self.assertTrue(manifest["left_out"])
        self.assertIn("packet", manifest["left_out"][0]["why"])

    def test_mistakes(self):
        result = self.run_program("export", "-o", self.folder / "x", "add64-imm/*", status=2)
        self.assertIn("--elf", result.stderr)
        result, _, _ = self.export("no-such-vector/*", status=2)
        self.assertIn("no vector matches", result.stderr)
        (self.folder / "file").write_text("")
        result = self.run_program("export", "--elf", "-o", self.folder / "file", "add64-imm/*",
                                  status=2)
        self.assertIn("is no folder", result.stderr)

    def test_the_kernel_loads_them(self):
        bpftool = shutil.which("bpftool") or shutil.which("bpftool", path="/usr/sbin")
        if not bpftool or os.geteuid() != 0:
            self.skipTest("needs bpftool and root")
        _, folder, manifest = self.export("add64-*/*", "call-local/*", "--kind", "sweep")
        mounted = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(mounted.rmdir)
        if subprocess.run(["mount", "-t", "bpf", "none", mounted], capture_output=True).returncode:
            self.skipTest("no bpf file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", mounted])
        (item,) = manifest["objects"]
        loaded = subprocess.run([bpftool, "prog", "loadall", folder / item["file"], mounted / "v"],
                                capture_output=True, text=True)
        self.assertEqual(loaded.returncode, 0, loaded.stderr)
        self.assertEqual({path.name for path in (mounted / "v").iterdir()},
                         {program["function"] for program in item["programs"]})
        self.addCleanup(subprocess.run, ["rm", "-r", mounted / "v"])


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    for test, why in result.skipped:
        print(f"  not run: {test.id()}: {why}")
    sys.exit(1 if not result.wasSuccessful() else 77 if result.skipped else 0)
