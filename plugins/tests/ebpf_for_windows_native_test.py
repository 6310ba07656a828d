#!/usr/bin/env python3
"""Tests the engine `native` of the plugin ebpf_for_windows under Wine, with a stand-in for ebpfapi.dll and
its drivers: ebpf_for_windows_native_test.py WINE_SH PLUGIN_EXE STAND_IN_FOLDER BPF_ASSAY."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from plugin_client import HELLO, Plugin, PluginCase, insn, load, lowered, one_shot, rows_of, run

WINE, PLUGIN, STAND_IN_FOLDER, BPF_ASSAY = map(os.path.abspath, sys.argv[1:5])
del sys.argv[1:5]
COMMAND = [WINE, PLUGIN, "--dll", os.path.join(STAND_IN_FOLDER, "ebpfapi.dll"), "--objects"]
EXIT, MOV, MOV_REG, ADD, LDDW, STW, CALL, JNE = 0x95, 0xB7, 0xBF, 0x07, 0x18, 0x62, 0x85, 0x55
BLOCK_AT, VALUE_SIZE = 64, 4096
LARGEST_VALUE = 65504


def returning(number):
    return insn(MOV, 0, imm=number) + insn(EXIT)


def prefix(block_at):
    """What an exported program has in front: a lookup of its block."""
    return b"".join((insn(LDDW, 1, 1), insn(0), insn(STW, 10, offset=-4), insn(MOV_REG, 2, 10),
                     insn(ADD, 2, imm=-4), insn(CALL, imm=1), insn(JNE, 0, offset=2),
                     insn(MOV, 0, imm=1), insn(EXIT), insn(MOV_REG, 1, 0),
                     insn(ADD, 1, imm=block_at)))


def write_driver(path, programs, value_size=VALUE_SIZE, block_at=BLOCK_AT):
    """A driver of the stand-in (tests/stand_in_drivers.cpp)."""
    lines = ["stand-in driver", f"map block {value_size}"]
    lines += [f"program {name} {(prefix(block_at) + slots).hex()}" for name, slots in programs]
    path.write_text("".join(line + "\n" for line in lines), newline="\n")


class Folder:
    """As `bpf-assay export --elf` and build-drivers.ps1 leave it."""

    def __init__(self, case):
        folder = tempfile.TemporaryDirectory()
        case.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.lines = ["bpf-assay-programs 1", "section sample_ext", f"block_at {BLOCK_AT}"]

    def add(self, name, *programs, value_size=VALUE_SIZE, driver=True):
        named = [(f"p{number}_{name.replace('-', '_')}", slots)
                 for number, slots in enumerate(programs)]
        self.lines.append(f"object {name}.o {value_size}")
        self.lines += [f"program {symbol} {slots.hex()}" for symbol, slots in named]
        if driver:
            write_driver(self.path / f"{name}.sys", named, value_size)
        return self

    def write(self):
        text = "".join(line + "\n" for line in self.lines)
        (self.path / "programs.txt").write_text(text, newline="\n")
        return self.path


def environment(fault):
    return {**os.environ, **({"STAND_IN_FAULT": fault} if fault else {})}


class Native(PluginCase):
    def start(self, folder, fault=None):
        self.start_plugin([*COMMAND, folder.write()], env=environment(fault),
                          stderr=subprocess.PIPE)
        self.addCleanup(self.plugin.process.stderr.close)
        self.assertIsNotNone(self.hello)

    def unable(self, program, said):
        verdict, body = self.load(program)
        self.assertEqual((verdict, body.get("cause")), ("unable", "permission"), body)
        self.assertIn(said, body["why"])

    def test_hello(self):
        self.start(Folder(self).add("v-0", returning(7)))
        self.assertEqual(self.hello["engine"], "native")
        self.assertEqual(self.hello["max_block"], LARGEST_VALUE - BLOCK_AT)
        self.assertIn("atomic64", self.hello["groups"])
        self.assertNotIn("unstated", self.hello.get("helpers", {}))
        facts = self.hello["environment"]
        self.assertEqual((facts["program_type"], facts["execution_type"]), ("SAMPLE", "native"))
        self.assertRegex(facts["executed_by"], r"^stand-in for tests .*, on Wine \d")

    def test_programs_of_several_drivers_in_any_order(self):
        self.start(Folder(self).add("v-0", returning(7), returning(8)).add("v-1", returning(9)))
        for number in (9, 8, 7, 9, 7):
            self.assertEqual(self.run_one(returning(number), bytes(8))[:2], (0, number))

    def test_state_in_the_block(self):
        self.start(Folder(self).add("v-0", returning(0), lowered(insn(0x0F, 3, 4))))
        self.add_on_several_rows()

    def test_one_program_in_two_objects_runs_where_its_block_fits(self):
        program = returning(7)
        self.start(Folder(self).add("v-0", program, value_size=BLOCK_AT + 8)
                   .add("v-1", program, value_size=BLOCK_AT + 80)
                   .add("v-2", program, value_size=BLOCK_AT + 16))
        self.assertEqual(self.run_one(program, bytes(80))[:2], (0, 7))

    def test_another_program_is_not_run(self):
        self.start(Folder(self).add("v-0", returning(7)))
        self.assertEqual(self.load(returning(8)),
                         ("unsupported", {"why": "not among the exported objects"}))
        self.assertEqual(self.plugin.ask(run(bytes(8)))[0], {"not_loaded": {}})
        self.assertEqual(self.load(b"")[0], "unsupported")

    def test_a_missing_driver(self):
        self.start(Folder(self).add("v-0", returning(7)).add("v-1", returning(8), driver=False))
        self.unable(returning(8), "v-1.sys is missing: run build-drivers.ps1")
        self.assertEqual(self.load(returning(7))[0], "loaded")

    def test_an_unsigned_driver(self):
        self.start(Folder(self).add("v-0", returning(7)).add("v-1", returning(8)),
                   "unsigned-later")
        self.unable(returning(8), "v-1.sys: bpf_object__load: EOTHER")

    def test_what_is_no_driver(self):
        folder = Folder(self).add("v-0", returning(7)).add("v-1", returning(8))
        (folder.path / "v-1.sys").write_text("MZ")
        self.start(folder)
        self.unable(returning(8), "v-1.sys: bpf_object__open: EINVAL")

    def test_a_driver_of_another_export(self):
        folder = Folder(self).add("v-0", returning(7)).add("v-1", returning(8)).add("v-2",
                                                                                   returning(9))
        write_driver(folder.path / "v-1.sys", [("another", returning(8))])
        write_driver(folder.path / "v-2.sys", [("p0_v_2", returning(9))], value_size=128)
        self.start(folder)
        self.unable(returning(8), "it has no program p0_v_1: the driver was made of another export")
        self.unable(returning(9), "values of 128 bytes instead of 4096: the driver was made of")

    def test_what_bpf2c_refuses(self):
        folder = Folder(self).add("v-0", returning(7)).add("v-1", returning(8), driver=False)
        folder.add("v-2", returning(9), returning(10), driver=False)
        for name in ("v-1", "v-2"):
            (folder.path / f"{name}.refused").write_text(
                "Verification failed for p0_v_1 with error Verification failed\n Report:\n\n"
                "12: Invalid type (r3.type == number)\n")
        self.start(folder)
        verdict, body = self.load(returning(8))
        self.assertEqual((verdict, body["why"]),
                         ("rejected", "bpf2c: 12: Invalid type (r3.type == number)"))
        self.assertIn("Verification failed for p0_v_1", body["log"])
        self.unable(returning(10), "refuses one of the 2 programs of v-2.o, this one or another")

    def test_a_value_larger_than_a_message(self):
        self.start(Folder(self).add("v-0", returning(7))
                   .add("v-1", returning(8), value_size=LARGEST_VALUE + 8))
        self.unable(returning(8), "a message to the driver has room for 65504")

    def test_a_map_that_does_not_work_gives_no_answer(self):
        self.start(Folder(self).add("v-0", returning(7)), "lost-update-later")
        self.load(returning(7))
        self.plugin.send(run(*[bytes(8)] * 4))
        with self.assertRaises(EOFError):
            self.plugin.answer()
        self.assertEqual(self.plugin.process.wait(), 1)
        self.assertIn(b"the map does not work any more", self.plugin.process.stderr.read())
        self.plugin.process.stdin.close()
        self.plugin.process.stdout.close()

    def tearDown(self):
        if self.plugin.process.returncode is None:
            self.end()


class Unavailable(unittest.TestCase):
    def why(self, folder, fault=None):
        plugin = Plugin([*COMMAND, folder], env=environment(fault))
        answer, _ = plugin.ask(HELLO)
        self.assertEqual(plugin.close(), (b"", 0))
        return answer["unavailable"]["why"]

    def test_drivers_that_cannot_be_used(self):
        one = Folder(self).add("v-0", returning(7)).write()
        for fault, said in (("unsigned", "v-0.sys: bpf_object__load: EOTHER"),
                            ("no-map", "it has no map `block`"),
                            ("lost-update", "bpf_map_update_elem succeeds"),
                            ("empty-lookup", "bpf_map_lookup_elem succeeds")):
            with self.subTest(fault):
                self.assertIn(said, self.why(one, fault))
        self.assertIn("v-0.sys is missing",
                      self.why(Folder(self).add("v-0", returning(7), driver=False).write()))
        large = Folder(self).add("v-0", returning(7), value_size=65536 + 4096).write()
        self.assertIn("values of 69632 bytes", self.why(large))

    def test_lists_that_cannot_be_read(self):
        folder = Folder(self).add("v-0", returning(7)).write()
        listed = folder / "programs.txt"
        text = listed.read_text()
        for old, new, said in (("programs 1", "programs 2", "programs.txt:1: this is no list"),
                               ("sample_ext", "socket", "--program-section sample_ext"),
                               ("block_at 64", "block_at x", "programs.txt:3: not understood"),
                               ("object ", "objects ", "programs.txt:4: not understood"),
                               (" b7", " g7", "programs.txt:5: not understood"),
                               ("block_at 64", "block_at 0", "has no room in its map")):
            with self.subTest(new):
                listed.write_text(text.replace(old, new, 1), newline="\n")
                self.assertIn(said, self.why(folder))
        listed.unlink()
        self.assertIn("programs.txt is missing", self.why(folder))

    def test_an_old_dll(self):
        old = os.path.join(STAND_IN_FOLDER, "ebpfapi_old.dll")
        plugin = Plugin([WINE, PLUGIN, "--dll", old, "--objects", "x"])
        why = plugin.ask(HELLO)[0]["unavailable"]["why"]
        self.assertEqual(plugin.close(), (b"", 0))
        self.assertIn("does not export bpf_object__open, bpf_object__load", why)

    def test_by_hand_nothing_can_be_run(self):
        result = one_shot([*COMMAND, Folder(self).add("v-0", returning(7)).write()], returning(7))
        self.assertEqual(result.returncode, 1)
        self.assertIn("not among the exported objects", result.stderr)


class Runner(unittest.TestCase):
    """From `bpf-assay export` to `bpf-assay run`, with the stand-in's drivers in between."""

    vectors = ("add64-*", "ldxw/*", "stxdw/*", "atomic-add64/*", "sdiv64-reg/*")

    def export(self):
        folder = Folder(self).path
        subprocess.run([BPF_ASSAY, "export", "--elf", "-o", folder, "--program-section",
                        "sample_ext", "--programs-per-object", "64", "--block-at", "32768",
                        *self.vectors],
                       check=True, capture_output=True)
        return folder

    def make_drivers(self, folder, tamper=lambda slots: slots):
        """A driver of each object."""
        programs, name = {}, None
        for line in (folder / "programs.txt").read_text().splitlines():
            words = line.split()
            if words[0] == "block_at":
                block_at = int(words[1])
            elif words[0] == "object":
                name = words[1].removesuffix(".o")
                programs[name] = (int(words[2]), [])
            elif words[0] == "program":
                programs[name][1].append((words[1], tamper(bytes.fromhex(words[2]))))
        for name, (value_size, listed) in programs.items():
            write_driver(folder / f"{name}.sys", listed, value_size, block_at)
        return len(programs)

    def run_vectors(self, folder, *selection):
        out = folder / "results.json"
        command = " ".join(f"'{word}'" for word in [*COMMAND, str(folder)])
        ended = subprocess.run([BPF_ASSAY, "run", "-p", command, "--profile", "smoke", "--timeout",
                                "60", "-o", out, *selection], capture_output=True, text=True,
                               timeout=600)
        self.assertTrue(out.exists(), ended.stderr)
        counts = {}
        for group in json.loads(out.read_text())["runtimes"][0]["groups"]:
            for outcome, count in group["outcomes"].items():
                if count:
                    counts[outcome] = counts.get(outcome, 0) + count
        return ended.returncode, counts

    def test_what_was_exported_passes(self):
        folder = self.export()
        self.assertGreater(self.make_drivers(folder), 1)
        status, outcomes = self.run_vectors(folder, *self.vectors)
        self.assertEqual((status, list(outcomes)), (0, ["pass"]))
        self.assertEqual(self.run_vectors(folder, "sub64-imm/zero"), (2, {"unsupported": 1}))

    def test_a_driver_that_computes_something_else_is_seen(self):
        folder = self.export()
        sub, add = 0x1F, 0x0F
        self.make_drivers(folder, lambda slots: b"".join(
            bytes([sub if slots[at] == add else slots[at]]) + slots[at + 1:at + 8]
            for at in range(0, len(slots), 8)))
        status, outcomes = self.run_vectors(folder, "add64-reg/*")
        self.assertEqual(status, 1)
        self.assertIn("wrong", outcomes)


if __name__ == "__main__":
    unittest.main()
