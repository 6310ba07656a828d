"""The plugin that executes what bpf2c writes. Argument: PLUGIN. What needs bpf2c is skipped without."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests"))
from plugin_client import HELLO, Plugin, insn, load, one_shot, run  # noqa: E402

PLUGIN = sys.argv.pop(1)
BPF2C = os.environ.get("BPF2C") or shutil.which("bpf2c")

MOV_IMM, EXIT, STXDW = 0xB7, 0x95, 0x7B


def storing(number):
    """The program that stores a number in its block, and returns it."""
    return insn(MOV_IMM, 0, imm=number) + insn(STXDW, 1, 0) + insn(EXIT)


class WithoutBpf2c(unittest.TestCase):
    def hello(self, **environment):
        result = subprocess.run([PLUGIN], input=HELLO, capture_output=True, timeout=60,
                                env={**os.environ, "BPF2C": "", "BPF2C_INCLUDE": "",
                                     **environment})
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.decode()

    def test_it_says_what_is_missing(self):
        with tempfile.TemporaryDirectory() as empty:
            answer = self.hello(BPF2C=empty + "/bpf2c")
        self.assertIn('"unavailable"', answer)
        self.assertIn("is no program", answer)

    def test_it_asks_for_the_header(self):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "bpf2c"
            program.write_text("#!/bin/sh\nexit 1\n")
            program.chmod(0o755)
            answer = self.hello(BPF2C=str(program), BPF2C_INCLUDE=folder)
        self.assertIn('"unavailable"', answer)
        self.assertIn("bpf2c.h", answer)


@unittest.skipUnless(BPF2C, "no bpf2c: set BPF2C")
class WithBpf2c(unittest.TestCase):
    def answers(self, *requests):
        plugin = Plugin(PLUGIN)
        self.addCleanup(plugin.kill)
        plugin.send(b"".join([HELLO, *requests]))
        return [plugin.answer() for _ in range(1 + len(requests))]

    def test_programs_are_not_mixed_up(self):
        """Many at once, in one module and in several that are loaded at the same time."""
        requests = []
        for number in range(150):
            requests += [load(storing(number)), run(bytes(8))]
        answers = self.answers(*requests)[1:]
        for number in range(150):
            self.assertIn("loaded", answers[2 * number][0])
            payload = answers[2 * number + 1][1]
            expected = number.to_bytes(8, "little")
            self.assertEqual(payload, bytes(8) + expected + expected)

    def test_a_refusal_does_not_touch_its_neighbours(self):
        wild = insn(MOV_IMM, 2, imm=5) + insn(STXDW, 2, 2) + insn(EXIT)
        answers = self.answers(load(storing(1)), load(wild), load(storing(2)), run(bytes(8)))[1:]
        self.assertIn("loaded", answers[0][0])
        self.assertIn("Verification failed", answers[1][0]["rejected"]["why"])
        self.assertIn("loaded", answers[2][0])
        self.assertEqual(answers[3][1][8:16], (2).to_bytes(8, "little"))

    def test_half_a_slot(self):
        answers = self.answers(load(b"\x95\0\0"))[1:]
        self.assertIn("no whole number of slots", answers[0][0]["unsupported"]["why"])

    def test_what_an_object_would_change_is_not_translated(self):
        into_the_lookup = insn(0x05, offset=-2) + insn(EXIT)
        answers = self.answers(load(into_the_lookup))[1:]
        self.assertIn("before the program", answers[0][0]["unsupported"]["why"])

    def test_one_shot_has_the_size_of_the_memory(self):
        sum_of_both = insn(0x79, 0, 1) + insn(0x0F, 0, 2) + insn(EXIT)
        result = one_shot([PLUGIN], sum_of_both, (1 << 40).to_bytes(8, "little"))
        self.assertEqual(int(result.stdout, 16), (1 << 40) + 8, result.stderr)


@unittest.skipUnless(BPF2C, "no bpf2c: set BPF2C")
class WithBrokenTools(unittest.TestCase):
    """What is no verdict of bpf2c is none of the runtime."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "temporary").mkdir()

    def plugin(self, name, script):
        """With a program that is as the real one until the file `broken` exists."""
        real = {"bpf2c": BPF2C, "cc": shutil.which("cc")}[name]
        program = self.folder / name
        program.write_text(f"#!/bin/sh\nif [ -e '{self.folder}/broken' ]; then {script}\nfi\n"
                           f'exec "{real}" "$@"\n')
        program.chmod(0o755)
        include = os.environ.get("BPF2C_INCLUDE") or pathlib.Path(BPF2C).parent / "include"
        option = {"bpf2c": "--bpf2c", "cc": "--compiler"}[name]
        plugin = Plugin([PLUGIN, option, program, "--include", include], start_new_session=True,
                        env={**os.environ, "TMPDIR": str(self.folder / "temporary")})
        self.addCleanup(plugin.kill)
        self.assertIn("hello", plugin.ask(HELLO)[0])
        (self.folder / "broken").touch()
        return plugin

    def unable(self, name, script):
        return self.plugin(name, script).ask(load(storing(1)))[0]["unable"]["why"]

    def test_bpf2c_crashes(self):
        self.assertIn("bpf2c died of", self.unable("bpf2c", "kill -SEGV $$"))

    def test_bpf2c_is_gone(self):
        self.assertIn("bpf2c cannot be started", self.unable("bpf2c", "exec /nowhere/bpf2c"))

    def test_bpf2c_says_nothing(self):
        self.assertIn("exit status 3", self.unable("bpf2c", "exit 3"))

    def test_the_compiler_refuses(self):
        self.assertIn("not compiled: what", self.unable("cc", "echo what; exit 1"))

    def test_the_compiler_is_killed(self):
        self.assertIn("died of Killed", self.unable("cc", "kill -KILL $$"))

    def test_nothing_is_left_when_it_is_killed(self):
        """Neither its folder nor the tool that it waits for."""
        plugin = self.plugin("bpf2c", "exec sleep 60")
        plugin.send(load(storing(1)))
        temporary = self.folder / "temporary"
        self.assertEqual(len(list(temporary.iterdir())), 1)
        self.assertTrue(wait_for(lambda: processes_in(temporary)))
        os.killpg(plugin.process.pid, signal.SIGKILL)
        self.assertTrue(wait_for(lambda: not list(temporary.iterdir())))
        self.assertTrue(wait_for(lambda: not processes_in(temporary)))


def processes_in(folder):
    """Those whose working folder is below this one."""
    found = []
    for link in pathlib.Path("/proc").glob("[0-9]*/cwd"):
        try:
            if os.readlink(link).startswith(str(folder)):
                found.append(link)
        except OSError:
            pass
    return found


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


if __name__ == "__main__":
    program = unittest.main(exit=False)
    skipped = program.result.skipped
    for test, why in skipped:
        print(f"  not run: {test.id()}: {why}")
    sys.exit(1 if not program.result.wasSuccessful() else 77 if skipped else 0)
