#!/usr/bin/env python3
"""Tests the plugin linux_lab with a fake emulator: linux_lab_test.py LINUX_LAB SOURCE BPF_ASSAY REFERENCE_VM."""

import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from plugin_client import HELLO, Plugin, insn, load

LAB, SOURCE, BPF_ASSAY, REFERENCE_VM = map(os.path.abspath, sys.argv[1:5])
del sys.argv[1:5]
FAKE = pathlib.Path(__file__).with_name("fake_emulator.py")
RETURN = insn(0xB7, 0) + insn(0x95)


class Lab(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="bpf assay ")
        self.addCleanup(self.folder.cleanup)
        # The emulator is found by a name without spaces, whatever the folders are called.
        self.bin = tempfile.TemporaryDirectory(prefix="bpf-assay-lab-test-", dir="/tmp")
        self.addCleanup(self.bin.cleanup)
        self.emulator = pathlib.Path(self.bin.name, "emulator")
        self.emulator.write_text(
            f"#!/bin/sh\nexec '{sys.executable}' -B '{FAKE}' \"$@\"\n")
        self.emulator.chmod(0o755)
        vm = pathlib.Path(self.bin.name, "vm")
        vm.symlink_to(REFERENCE_VM)
        self.vm = vm

    def guest(self, mode, machine=None):
        folder = pathlib.Path(self.folder.name, mode)
        folder.mkdir(exist_ok=True)
        folder.joinpath("machine").write_text(
            machine or f"emulator {self.emulator} {mode} {self.vm}\nconsole ttyS0\nvirtio pci\n")
        return [LAB, mode, "--guests", self.folder.name]

    def ask(self, mode):
        plugin = Plugin(self.guest(mode), stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, plugin)
        answer, _ = plugin.ask(HELLO)
        return plugin, answer

    def end(self, plugin):
        plugin.process.stdin.close()
        plugin.process.wait(10)
        plugin.process.stdout.close()

    def run_vectors(self, mode, *options):
        command = " ".join(f"'{word}'" for word in self.guest(mode))
        out = pathlib.Path(self.folder.name, "results.json")
        ended = subprocess.run(
            [BPF_ASSAY, "run", "--plugin", command, "--jobs", "1", "--output", out, *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        return ended, json.loads(out.read_text()) if out.exists() else None

    def what_runs(self):
        """The emulator, and what it started: their words name the folder."""
        found = subprocess.run(["pgrep", "-af", self.bin.name], stdout=subprocess.PIPE, text=True)
        return found.stdout

    def wait_for_emulator(self):
        for _ in range(400):
            if "fake_emulator.py" in self.what_runs():
                return
            time.sleep(0.05)
        self.fail("the emulator does not run")

    def assert_nothing_runs(self):
        for _ in range(100):
            if not self.what_runs():
                return
            time.sleep(0.05)
        self.fail("the emulator still runs: " + self.what_runs())

    def test_passes_the_protocol_on(self):
        plugin, answer = self.ask("works")
        hello = answer["hello"]
        self.assertEqual(hello["name"], "reference_vm")
        self.assertEqual(hello["environment"]["emulator"], "QEMU emulator version 0.1")
        self.assertIn("works", hello["environment"]["emulated_machine"])
        self.assertGreater(hello["boot_seconds"], 0)
        self.assertIn("loaded", plugin.ask(load(RETURN))[0])
        plugin.process.stdin.close()
        self.assertEqual(plugin.process.wait(10), 0)
        plugin.process.stdout.close()
        self.assert_nothing_runs()

    def test_files_wait_until_the_terminal_is_set_up(self):
        command = self.guest("user-mode",
                             f"emulator {self.emulator} user-mode {self.vm}\n")
        plugin = Plugin(command, stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, plugin)
        self.assertIn("hello", plugin.ask(HELLO)[0])
        self.assertIn("loaded", plugin.ask(load(RETURN))[0])
        plugin.process.stdin.close()
        self.assertEqual(plugin.process.wait(10), 0)
        self.assert_nothing_runs()

    def test_console_noise_does_not_reach_the_protocol(self):
        ended, results = self.run_vectors("noisy", "--section", "4.2")
        self.assertEqual(ended.returncode, 0, ended.stdout)
        self.assertEqual(results["runtimes"][0]["status"], "ran")

    def test_panic_is_a_crash_with_the_console(self):
        ended, results = self.run_vectors("panics", "add64-imm/min", "add64-imm/minus-one")
        self.assertEqual(ended.returncode, 1, ended.stdout)
        self.assertIn("the guest's kernel broke down: Unable to handle kernel paging request",
                      ended.stdout)
        self.assertIn("___bpf_prog_run from", ended.stdout)
        crashed = [vector for vector in results["runtimes"][0]["vectors"]
                   if vector["outcome"] == "crash"]
        self.assertTrue(crashed, ended.stdout)
        for vector in crashed:
            lines = vector["failures"][0]["stderr"]
            self.assertIn("[    2.000003] Kernel panic - not syncing: Fatal exception", lines)
        self.assert_nothing_runs()

    def test_an_oops_without_an_end_is_a_crash(self):
        ended, _ = self.run_vectors("lingers", "add64-imm/min", "--timeout", "60")
        self.assertEqual(ended.returncode, 1, ended.stdout)
        self.assertIn("the guest's kernel broke down: Unable to handle kernel paging request",
                      ended.stdout)
        self.assertIn("1 crash", ended.stdout)

    def test_a_guest_that_does_not_come_back(self):
        ended, results = self.run_vectors("boots-once", "add64-imm/min")
        self.assertEqual(ended.returncode, 2, ended.stdout)
        (runtime,) = results["runtimes"]
        self.assertEqual(runtime["status"], "given up")
        self.assertIn("it is not available any more: the guest is of no use: the channel to the "
                      "host: No such device", ended.stdout)
        self.assertIn("before, it broke down: ", ended.stdout)
        self.assertIn("Unable to handle kernel paging request", ended.stdout)

    def test_signal_of_the_plugin_is_a_crash(self):
        ended, _ = self.run_vectors("segfaults", "add64-imm/min")
        self.assertEqual(ended.returncode, 1, ended.stdout)
        self.assertIn("the plugin in the guest ended by signal 11 (Segmentation fault)",
                      ended.stdout)

    def test_hang_is_a_timeout(self):
        ended, results = self.run_vectors("hangs", "add64-imm/min", "--timeout", "2")
        self.assertEqual(ended.returncode, 1, ended.stdout)
        self.assertEqual(results["runtimes"][0]["vectors"][0]["outcome"], "timeout")
        self.assert_nothing_runs()

    def unavailable(self, mode, *parts, machine=None):
        plugin = Plugin(self.guest(mode, machine), stderr=subprocess.DEVNULL)
        answer, _ = plugin.ask(HELLO)
        self.assertEqual(list(answer), ["unavailable"])
        self.assertEqual(answer["unavailable"]["cause"], "setup")
        for part in parts:
            self.assertIn(part, answer["unavailable"]["why"])
        self.end(plugin)
        self.assert_nothing_runs()

    def test_what_does_not_boot_is_unavailable(self):
        self.unavailable("never-boots", "could not load kernel", "exit status 1")
        self.unavailable("panics-early", "kernel broke down: Unable to handle kernel paging")
        self.unavailable("no-channel", "the channel to the host: No such device")
        self.unavailable("a", "cannot start /nowhere", machine="emulator /nowhere\nvirtio pci\n")
        self.unavailable("b", "machine:2: 'colour' is none of",
                         machine="emulator x\ncolour red\n")
        self.unavailable("c", "names no emulator", machine="virtio pci\n")

    def test_guest_that_is_not_ready(self):
        plugin = Plugin([LAB, "linux-9-arm64", "--guests", self.folder.name])
        why = plugin.ask(HELLO)[0]["unavailable"]["why"]
        self.assertIn("scripts/lab fetch linux-9-arm64, then scripts/lab build linux-9-arm64", why)
        self.end(plugin)

    def test_the_emulator_ends_with_the_plugin(self):
        for end in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            plugin, _ = self.ask("works")
            self.assertIn("fake_emulator.py", self.what_runs())
            plugin.process.send_signal(end)
            plugin.process.wait(10)
            self.assert_nothing_runs()

    def test_the_emulator_ends_with_all_that_is_called_linux_lab(self):
        for end in (signal.SIGTERM, signal.SIGKILL):
            plugin, _ = self.ask("works")
            self.assertIn("fake_emulator.py", self.what_runs())
            (warden,) = subprocess.run(["pgrep", "-P", str(plugin.process.pid)],
                                       stdout=subprocess.PIPE, text=True).stdout.split()
            os.kill(int(warden), end)
            plugin.process.send_signal(end)
            plugin.process.wait(10)
            self.assert_nothing_runs()

    def test_the_emulator_ends_with_an_interrupted_run(self):
        command = " ".join(f"'{word}'" for word in self.guest("hangs"))
        run = subprocess.Popen([BPF_ASSAY, "run", "--plugin", command, "add64-imm/min"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_for_emulator()
        run.send_signal(signal.SIGINT)
        run.wait(20)
        self.assert_nothing_runs()

    def test_asks_the_kernel_for_what_was_asked_for(self):
        folder = pathlib.Path(self.folder.name, "echo")
        folder.mkdir()
        folder.joinpath("machine").write_text(
            "emulator /bin/echo -m 1G\nconsole hvc0\nwords vmalloc=9M nosmt\nvirtio ccw\n")
        plugin = Plugin([LAB, "echo", "--guests", self.folder.name, "--engine", "interpreter",
                         "--harden", "--rnd-hi32", "--type", "socket_filter"])
        why = plugin.ask(HELLO)[0]["unavailable"]["why"]
        for word in ("console=hvc0", "assay.jit=0", "assay.harden=2", "virtio-serial-ccw",
                     "assay.options=--engine,interpreter,--type,socket_filter,--blinded,--rnd-hi32 ",
                     " vmalloc=9M nosmt ", "-m 512M -m 1G ", "-no-reboot"):
            self.assertIn(word, why)
        # QEMU's Malta takes 256 bytes, and cuts the rest off.
        self.assertLess(len(why.split("-append ")[1].split(" -chardev")[0]), 256)
        self.end(plugin)

    # ---- scripts/lab run, on a guest that the fake emulator plays

    def lab_run(self, mode, *options, status):
        run = self.start_lab_run(mode, *options)
        said, _ = run.communicate(timeout=120)
        self.assertEqual(run.returncode, status, said)
        return said

    def start_lab_run(self, mode, *options):
        folder = pathlib.Path(self.guest(mode)[-1], mode)
        guests = pathlib.Path(self.folder.name, "guests")
        guest = guests / "linux-uml"
        if guest.exists():
            shutil.rmtree(guest)
        shutil.copytree(folder, guest)
        for name in ("kernel", "initrd"):
            guest.joinpath(name).write_text(name)
        self.results = pathlib.Path(self.folder.name, "results")
        return subprocess.Popen(
            [pathlib.Path(SOURCE, "scripts/lab"), "run", "linux-uml", "--engines", "interpreter",
             "--output", self.results, *options],
            env={**os.environ, "BPF_ASSAY_LAB": str(guests),
                 "BPF_ASSAY_BUILD": str(pathlib.Path(BPF_ASSAY).parent.parent)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def test_a_finished_run_is_not_repeated(self):
        said = self.lab_run("works", "--", "add64-imm/*", status=0)
        self.assertIn("linux-uml-interpreter", said)
        self.assertNotIn("finished before", said)
        self.assertIn("finished before", self.lab_run("works", "--", "add64-imm/*", status=0))
        self.assertNotIn("finished before", self.lab_run("works", "--", "add32-imm/*", status=0))
        self.assertNotIn("finished before",
                         self.lab_run("works", "--fresh", "--", "add32-imm/*", status=0))

    def test_what_a_result_depends_on_is_looked_at(self):
        divergences = pathlib.Path(self.folder.name, "divergences.yaml")
        options = ["--", "--divergences", divergences, "add64-imm/min"]
        divergences.write_text("divergences: []\n")
        self.lab_run("works", *options, status=0)
        divergences.write_text("divergences: [] # another\n")
        self.assertNotIn("finished before", self.lab_run("works", *options, status=0))

    def test_what_was_interrupted_is_run_again(self):
        """Also with a divergence by then: the status is 1, as that of a whole run."""
        run = self.start_lab_run("segfaults")
        out = str(self.results / "linux-uml-interpreter.json")
        self.wait_for_emulator()
        time.sleep(4)
        self.assertEqual(subprocess.run(["pkill", "-INT", "-f", "^[^ ]*bpf-assay run .*" + out]).returncode, 0)
        said, _ = run.communicate(timeout=60)
        (runtime,) = json.loads(pathlib.Path(out).read_text())["runtimes"]
        self.assertEqual(runtime["status"], "interrupted", said)
        self.assertEqual(list(self.results.glob("*.finished")), [], said)

    def test_no_old_result_stands_for_a_guest_that_does_not_boot(self):
        self.lab_run("works", "--", "add64-imm/min", status=0)
        self.lab_run("never-boots", "--", "add64-imm/min", status=2)
        self.lab_run("works", "--", "add64-imm/min", status=0)

    def test_one_run_at_a_time(self):
        self.lab_run("works", "--", "add64-imm/min", status=0)
        with open(self.results / ".lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertIn("another run is at work in", self.lab_run("works", status=2))


class Table(unittest.TestCase):
    """plugins/linux_lab/guests.txt against what else names guests."""

    def setUp(self):
        lines = [line.split() for line in
                 pathlib.Path(SOURCE, "plugins/linux_lab/guests.txt").read_text().splitlines()
                 if line and not line.startswith("#")]
        self.machines = {line[1]: line for line in lines if line[0] == "machine"}
        self.guests = {f"{line[1]}-{machine}": machine
                       for line in lines if line[0] == "kernel" for machine in line[3:]}

    def test_runtimes_are_declared(self):
        import yaml
        declared = yaml.safe_load(pathlib.Path(SOURCE, "plugins/runtimes.yaml").read_text())
        lab = {runtime["name"]: runtime for runtime in declared["runtimes"]
               if runtime["command"].startswith("linux_lab ")}
        self.assertEqual(set(lab), set(self.guests))
        for name, machine in self.guests.items():
            self.assertEqual(lab[name]["command"], "linux_lab " + name)
            engines = self.machines[machine][4].split(",")
            self.assertLessEqual(set(engines), set(lab[name]["engines"]))
            self.assertEqual("jit" in engines, "jit" in lab[name]["engines"])

    def test_packages_are_named(self):
        roles = [line.split()[0] for line in
                 pathlib.Path(SOURCE, "scripts/packages.txt").read_text().splitlines()
                 if line and not line.startswith("#")]
        for machine in self.machines:
            self.assertIn("lab-" + machine, roles)

    def lab(self, *arguments):
        return subprocess.run([pathlib.Path(SOURCE, "scripts/lab"), *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def test_list_names_all(self):
        ended = self.lab("list")
        self.assertEqual(ended.returncode, 0, ended.stdout)
        self.assertEqual([line.split()[0] for line in ended.stdout.splitlines()[1:]],
                         list(self.guests))

    def test_mistakes(self):
        for arguments, text in ((["run", "linux-9-*"], "there is no guest 'linux-9-*'"),
                                (["run", "linux-uml", "linux-9"], "there is no guest 'linux-9'"),
                                (["boot"], "there is no command 'boot'"),
                                (["run", "--profile", "all"], "--profile is smoke, default or full"),
                                (["run", "--colour"], "run has no option --colour"),
                                (["run", "--jobs"], "--jobs needs a value"),
                                (["add", "x"], "Usage:"),
                                (["add", "linux-uml", "uml", "x"], "is the name of a guest of"),
                                (["add", "mine", "arm64", "/nowhere"], "there is no file /nowhere")):
            ended = self.lab(*arguments)
            self.assertEqual(ended.returncode, 2, ended.stdout)
            self.assertIn(text, ended.stdout)


if __name__ == "__main__":
    unittest.main()
