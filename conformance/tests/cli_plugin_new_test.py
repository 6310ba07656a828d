#!/usr/bin/env python3
"""bpf-assay plugin new: what it writes is a plugin, in each language.

    cli_plugin_new_test.py SOURCE_FOLDER BPF_ASSAY [c|python|rust]

Without a language: what all of them share.
"""

import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

LANGUAGE = sys.argv.pop(3) if len(sys.argv) > 3 else None

from cli_case import PROGRAM, ROOT, Cli

sys.path.append(str(ROOT / "plugins/tests"))
from plugin_client import HELLO, Plugin, insn, load, one_shot, rows_of, run

SDK = ROOT / "plugins/sdk"
MINIMAL = [sys.executable, "-B", str(ROOT / "plugins/tests/minimal_plugin.py")]
NEEDS = {"c": ("cmake", "cc"), "python": (), "rust": ("cargo",)}
RUST_IS_MISSING = LANGUAGE == "rust" and not (SDK / "examples/rust").exists()
BUILDS = {
    "c": ["cmake -S {0} -B {0}/build -DCMAKE_C_FLAGS=-Wall\\ -Wextra\\ -Werror",
          "cmake --build {0}/build"],
    "python": [],
    "rust": ["cargo build --release --quiet --offline --manifest-path {0}/Cargo.toml ||"
             " cargo build --release --quiet --manifest-path {0}/Cargo.toml"],
}
PROGRAMS = {"c": "build/plugin", "python": "plugin.py", "rust": "target/release/my-vm"}
OPCODES = [0x07, 0x0F, 0xB7, 0xBF, 0x18, 0x79, 0x7B, 0x95]


def random_program(source):
    """Mostly one that the minimal runtime takes, with a few mistakes."""
    image = b""
    for _ in range(source.randrange(1, 12)):
        opcode = source.choice(OPCODES + [source.randrange(256)] * (source.random() < 0.1))
        odd = source.random() < 0.03
        dst, src = (source.randrange(16 if odd else 10) for _ in range(2))
        memory = opcode in (0x79, 0x7B)
        offset = source.choice([0, 8, 16, -8, 24, 2**15 - 1]) if memory or odd else 0
        base = source.choice([1, 10]) if memory else src
        dst, src = (base, src) if opcode == 0x7B else (dst, base)
        if opcode in (0x07, 0xB7, 0x18, 0x95) and not odd:
            src = 0
        imm = source.choice([0, 1, -1, 7, -(2**31), source.getrandbits(31)])
        if opcode not in (0x07, 0xB7, 0x18) and not odd:
            imm = 0
        image += insn(opcode, 0 if opcode == 0x95 else dst, src, offset, imm)
        if opcode == 0x18:
            image += insn(int(odd), imm=source.getrandbits(31))
    return image + insn(0x95) * (source.random() < 0.97) + b"\0" * (source.random() < 0.02)


class Language(Cli):
    """A plugin as it is written, built, and driven."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="bpf-assay-")
        cls.addClassCleanup(folder.cleanup)
        cls.place = folder.name
        cls.new = subprocess.run([PROGRAM, "plugin", "new", "my-vm", "-l", LANGUAGE], cwd=cls.place,
                                 capture_output=True, text=True)
        for command in BUILDS[LANGUAGE]:
            result = subprocess.run(command.format("my-vm"), cwd=cls.place, shell=True,
                                    capture_output=True, text=True)
            assert result.returncode == 0, result.stdout + result.stderr
        cls.plugin = pathlib.Path(cls.place, "my-vm", PROGRAMS[LANGUAGE])

    def test_it_says_what_to_do_next(self):
        self.assertEqual((self.new.returncode, self.new.stderr), (0, ""))
        self.assertIn(f"bpf-assay plugin check ./my-vm/{PROGRAMS[LANGUAGE]}\n", self.new.stdout)
        self.assertIn(f"bpf-assay run -p ./my-vm/{PROGRAMS[LANGUAGE]} 'add64-*'\n", self.new.stdout)

    def test_nothing_in_it_refers_elsewhere(self):
        for path in pathlib.Path(self.place, "my-vm").rglob("*"):
            inside = path.relative_to(self.place).parts
            if path.is_file() and not {"build", "target", "__pycache__"} & set(inside):
                text = path.read_text()
                self.assertNotIn("../..", text, path)
                self.assertNotIn("minimal-", text, path)

    def test_it_speaks_the_protocol(self):
        text = self.run_program("plugin", "check", self.plugin, "--timeout", "60").stdout
        self.assertIn("\nThe plugin speaks the protocol.\n", text)  # no remark, even

    def test_it_has_a_first_verdict(self):
        text = self.run_program("run", "-p", self.plugin, "add64-*", "--profile", "smoke").stdout
        self.assertIn("my-vm ", text)
        self.assertRegex(text, r"base64 +27 +\d+ +27 +\. +\. ")

    def test_it_does_what_the_minimal_plugin_does(self):
        source = random.Random(7)
        plugins = [Plugin([str(self.plugin)]), Plugin(MINIMAL)]
        outcomes = []
        for plugin in plugins:
            self.addCleanup(plugin.kill)
            plugin.ask(HELLO)
        for number in range(3000):
            program = random_program(source)
            block = source.randbytes(32)
            seen = [self.outcome(plugin, program, block) for plugin in plugins]
            self.assertEqual(seen[0], seen[1], f"{number}: {program.hex(' ', 8)}")
            outcomes.append(seen[0])
        loaded = [rows for rows in outcomes if isinstance(rows, list)]
        self.assertGreater(len(loaded), 600)
        self.assertGreater(sum(rows[0][0] for rows in loaded), 100)  # faults
        self.assertGreater(sum(not rows[0][0] for rows in loaded), 100)

    def outcome(self, plugin, program, block):
        verdict = next(iter(plugin.ask(load(program))[0]))
        answer, payload = plugin.ask(run(block, bytes(32)))
        return rows_of(answer, payload) if verdict == "loaded" else verdict

    def test_one_shot(self):
        program = insn(0x79, 0, 1) + insn(0x95)
        result = one_shot([self.plugin], program, bytes(range(1, 9)))
        self.assertEqual((result.stdout, result.returncode), ("807060504030201\n", 0))
        self.assertNotEqual(one_shot([self.plugin], program, b"").returncode, 0)
        self.assertNotEqual(one_shot([self.plugin], insn(0xFF), None).returncode, 0)


class New(Cli):
    def create(self, *arguments, status=0):
        return self.run_program("plugin", "new", *arguments, status=status, cwd=self.folder)

    def texts(self):
        return {path: path.read_text() for path in (self.folder / "vm").iterdir()}

    def test_nothing_is_overwritten(self):
        self.create("vm", "-l", "python")
        before = self.texts()
        self.assertIn("'vm' exists; nothing was written",
                      self.create("vm", "-l", "c", status=2).stderr)
        self.assertEqual(self.texts(), before)
        (self.folder / "a file").write_text("x")
        self.create("vm", "-l", "c", "--folder", "a file", status=2)
        (self.folder / "empty").mkdir()
        self.create("vm", "-l", "c", "--folder", "empty")

    def test_names(self):
        for name in ("My-vm", "1vm", "vm/..", "", "vm vm", "-vm"):
            self.create(name, "-l", "c", status=2)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["vectors"])
        self.create("vm", "-l", "fortran", status=2)
        self.create("vm", status=2)

    def test_folders_with_spaces(self):
        text = self.create("vm", "-l", "python", "--folder", "a b/c").stdout
        self.assertIn("""bpf-assay plugin check "'./a b/c/plugin.py'"\n""", text)
        self.run_program("plugin", "check", "'./a b/c/plugin.py'", "--only", "layout",
                         cwd=self.folder)
        self.assertIn('name="vm"', (self.folder / "a b/c/plugin.py").read_text())
        self.assertTrue(os.access(self.folder / "a b/c/plugin.py", os.X_OK))

    def test_from_an_installed_tree(self):
        program = self.folder / "prefix/bin/bpf-assay"
        share = self.folder / "prefix/share/bpf-assay"
        program.parent.mkdir(parents=True)
        (share / "vectors").mkdir(parents=True)
        shutil.copy(PROGRAM, program)
        shutil.copytree(SDK, share / "plugins/sdk")
        main = share / "plugins/sdk/examples/c/main.c"
        main.write_text("// installed\n" + main.read_text())
        subprocess.run([program, "plugin", "new", "vm", "-l", "c"], cwd=self.folder, check=True,
                       capture_output=True)
        self.assertTrue((self.folder / "vm/main.c").read_text().startswith("// installed\n"))
        main.unlink()
        result = subprocess.run([program, "plugin", "new", "w", "-l", "c"], cwd=self.folder,
                                capture_output=True, text=True)
        self.assertIn("main.c: cannot be read", result.stderr)
        self.assertFalse((self.folder / "w").exists())


class Page(Cli):
    """docs/add-a-plugin.md shows what happens."""

    def setUp(self):
        super().setUp()
        self.page = (ROOT / "docs/add-a-plugin.md").read_text()

    def test_the_plugin_on_the_page_is_the_one_that_is_written(self):
        (shown,) = re.findall(r"```python\n(#!.*?)```", self.page, re.S)
        self.run_program("plugin", "new", "my-vm", "-l", "python", cwd=self.folder)
        self.assertEqual(shown, (self.folder / "my-vm/plugin.py").read_text())

    def test_its_commands_print_what_it_shows(self):
        """From `plugin new` on. `...` is what was cut; numbers differ from machine to machine."""
        blocks = re.findall(r"```console\n(.*?)```", self.page, re.S)
        first = next(at for at, text in enumerate(blocks) if "plugin new" in text)
        commands = [part for text in blocks[first:] for part in re.split(r"(?m)^\$ ", text)[1:]]
        self.assertGreater(len(commands), 4)
        path = f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}"
        for part in commands:
            command, _, shown = part.partition("\n")
            result = subprocess.run(command, shell=True, cwd=self.folder, capture_output=True,
                                    text=True, env={**os.environ, "PATH": path}, timeout=200)
            printed = self.without_numbers(result.stdout + result.stderr)
            for line in self.without_numbers(shown):
                if line != "...":
                    self.assertIn(line, printed, command)

    @staticmethod
    def without_numbers(text):
        return [re.sub(r"[ \d.]+", " ", line) if line != "..." else line
                for line in text.splitlines()]


if LANGUAGE:
    del New, Page
else:
    del Language

if __name__ == "__main__":
    missing = [name for name in NEEDS.get(LANGUAGE, ()) if not shutil.which(name)]
    if missing or RUST_IS_MISSING:
        print("skipped:", f"no {missing[0]}" if missing else "there is no example in Rust")
        sys.exit(77)
    unittest.main()
