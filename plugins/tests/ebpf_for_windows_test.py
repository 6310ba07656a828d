#!/usr/bin/env python3
"""Tests the plugin ebpf_for_windows under Wine, with a stand-in for ebpfapi.dll:
ebpf_for_windows_test.py WINE_SH PLUGIN_EXE STAND_IN_FOLDER BPF_ASSAY."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from plugin_client import HELLO, Plugin, PluginCase, insn, load, one_shot, rows_of, run

WINE, PLUGIN, FOLDER, BPF_ASSAY = map(os.path.abspath, sys.argv[1:5])
del sys.argv[1:5]
STAND_IN = os.path.join(FOLDER, "ebpfapi.dll")
COMMAND = [WINE, PLUGIN, "--dll", STAND_IN]
EXIT, MOV, ADD, LDX, CALL, JA, LDDW = 0x95, 0xB7, 0x0F, 0x79, 0x85, 0x05, 0x18
RETURN = insn(MOV, 0, imm=-2) + insn(EXIT)
LONG = insn(MOV, 0, imm=1) * 3000 + insn(EXIT)


def environment(fault=None):
    return {**os.environ, **({"STAND_IN_FAULT": fault} if fault else {})}


class Running(PluginCase):
    fault = None
    options = ()

    def setUp(self):
        self.start_plugin([*COMMAND, *self.options], env=environment(self.fault),
                          stderr=subprocess.PIPE)
        self.addCleanup(self.plugin.process.stderr.close)



class Works(Running):
    def tearDown(self):
        self.assertEqual(self.plugin.close(), (b"", 0))

    def test_hello_says_that_this_is_no_windows(self):
        self.assertEqual(self.hello["name"], "stand-in for ebpf_for_windows")
        facts = self.hello["environment"]
        self.assertRegex(facts["executed_by"], r"^stand-in for tests .*, on Wine \d")
        self.assertNotIn("windows", facts)
        self.assertIn("ebpfapi.dll", facts["ebpfapi"])
        self.assertEqual(facts["program_type"], "SAMPLE")
        self.assertEqual(self.hello["engine"], "interpreter")
        self.assertEqual((self.hello["r0_bits"], self.hello["threads"]), (32, 1))
        self.assertEqual(self.hello["contexts"], ["memory"])
        self.assertIs(self.hello["stores_pointers"], False)

    def test_a_lowered_program_on_several_rows(self):
        self.add_on_several_rows()

    def test_r0_has_32_bits(self):
        self.load(RETURN)
        self.assertEqual(rows_of(*self.plugin.ask(run(bytes(8))))[0][:2], (0, 2**32 - 2))

    def test_the_block_may_be_as_large_as_hello_says(self):
        size = self.hello["max_block"]
        self.load(insn(MOV, 2, imm=size - 8) + insn(ADD, 1, 2) + insn(LDX, 0, 1) + insn(EXIT))
        answer = self.plugin.ask(run(bytes(size - 8) + b"\7" * 8))
        self.assertEqual(rows_of(*answer)[0][:2], (0, 0x07070707))

    def test_nothing_is_left_of_a_larger_block(self):
        self.load(insn(LDX, 0, 1, 8) + insn(EXIT))
        self.plugin.ask(run(b"\7" * 64))
        self.assertEqual(rows_of(*self.plugin.ask(run(bytes(8))))[0][:2], (0, 0))

    def test_the_verifiers_sentence_is_the_reason(self):
        verdict, body = self.load(insn(MOV, 10) + insn(EXIT))
        self.assertEqual(verdict, "rejected")
        self.assertRegex(body["why"], r"^10: \w+")
        self.assertIn("1 errors", body["log"])
        self.assertEqual(self.plugin.ask(run(bytes(8)))[0], {"not_loaded": {}})

    def test_refusals_without_a_sentence(self):
        self.assertRegex(self.load(insn(CALL, imm=99) + insn(EXIT))[1]["why"], "EINVAL")
        self.assertRegex(self.load(insn(LDDW, 1, 1, imm=99) + insn(0) + RETURN)[1]["why"], "EBADF")

    def test_images_that_cannot_be_handed_over(self):
        for image in (b"", b"\x95\0\0"):
            verdict, body = self.load(image)
            self.assertEqual(verdict, "rejected")
            self.assertIn("counts instructions", body["why"])

    def test_a_jump_to_before_the_program(self):
        verdict, body = self.load(insn(JA, offset=-2) + RETURN)
        self.assertEqual(verdict, "rejected")
        self.assertNotIn("plugin's own", body["why"])

    def test_packets_are_not_offered(self):
        self.assertEqual(self.load(RETURN, "packet")[0], "unsupported")

    def test_the_helper_that_it_offers(self):
        self.load(insn(CALL, imm=self.hello["helpers"]["unstated"]) + insn(EXIT))
        self.assertEqual(rows_of(*self.plugin.ask(run(bytes(8))))[0][0], 0)

    def test_a_fault_is_reported(self):
        self.load(insn(MOV, 3) + insn(LDX, 0, 3) + insn(EXIT))
        answer, _ = self.plugin.ask(run(bytes(8)))
        self.assertIn("bpf_prog_test_run_opts: EOTHER", answer["ran"]["faults"][0]["why"])

    def test_many_programs(self):
        self.plugin.send(b"".join(
            load(insn(MOV, 0, imm=n) + insn(EXIT)) + run(bytes(8)) for n in range(200)))
        for n in range(200):
            self.assertIn("loaded", self.plugin.answer()[0])
            self.assertEqual(rows_of(*self.plugin.answer())[0][1], n)


class Bind(Works):
    options = ("--type", "bind")

    def test_hello_says_that_this_is_no_windows(self):
        self.assertEqual(self.hello["environment"]["program_type"], "BIND")


class Xdp(Bind):
    options = ("--type", "xdp")

    def test_hello_says_that_this_is_no_windows(self):
        self.assertEqual(self.hello["environment"]["program_type"], "XDP")


class Faults(Running):
    def setUp(self):
        pass

    def start(self, fault):
        self.fault = fault
        super().setUp()
        self.addCleanup(self.plugin.process.wait)
        self.addCleanup(self.plugin.process.stdout.close)
        self.addCleanup(self.plugin.process.stdin.close)

    def test_a_load_without_a_reason_is_a_refusal(self):
        self.start("load")
        verdict, body = self.load(insn(MOV, 0) + RETURN)
        self.assertEqual((verdict, body["why"][:22]), ("rejected", "bpf_prog_load: EOTHER,"))

    def test_one_of_a_long_program_is_not(self):
        self.start("load")
        self.assertEqual(self.load(LONG)[0], "unsupported")

    def test_lack_of_memory_is_no_verdict(self):
        self.start("load-memory")
        unable = {"why": "bpf_prog_load: ENOMEM: out of memory", "cause": "memory"}
        self.assertEqual(self.load(RETURN), ("unable", unable))
        self.assertEqual(self.load(RETURN)[0], "loaded")

    def test_if_a_trivial_program_is_refused_too_nothing_is(self):
        for fault, said in (("service-gone", "EOTHER"), ("type-gone", "EINVAL")):
            with self.subTest(fault):
                self.start(fault)
                self.assertEqual(self.load(RETURN)[0], "loaded")
                verdict, body = self.load(RETURN)
                self.assertEqual((verdict, body["cause"]), ("unable", "permission"))
                self.assertIn(f"bpf_prog_load: {said}: ", body["why"])
                self.assertIn(f"for a trivial program: {said}: ", body["why"])
                self.assertIn("eBPFSvc", body["why"])

    def test_a_map_that_does_not_work_gives_no_answer(self):
        for fault, said in (("lost-update-later", b"is not the one that it was given"),
                            ("empty-lookup-later", b"succeeds, and writes nothing")):
            with self.subTest(fault):
                self.start(fault)
                self.load(RETURN)
                self.assertEqual(rows_of(*self.plugin.ask(run(*[bytes(8)] * 3)))[2][0], 0)
                self.plugin.send(run(bytes(8)))
                with self.assertRaises(EOFError):
                    self.plugin.answer()
                self.assertEqual(self.plugin.process.wait(), 1)
                self.assertIn(said, self.plugin.process.stderr.read())

    def test_a_failing_test_run_is_a_fault(self):
        self.start("test-run")
        self.load(RETURN)
        answer, _ = self.plugin.ask(run(bytes(8), bytes(8)))
        self.assertEqual(answer["ran"]["faults"],
                         [{"row": 1, "why": "bpf_prog_test_run_opts: EINVAL: an invalid argument"}])


class Unavailable(unittest.TestCase):
    def why(self, fault=None, dll=STAND_IN):
        plugin = Plugin([WINE, PLUGIN, "--dll", dll], env=environment(fault))
        answer, _ = plugin.ask(HELLO)
        self.assertEqual(plugin.close(), (b"", 0))
        body = answer["unavailable"]
        return body["cause"], body["why"]

    def test_causes(self):
        for fault, cause, why in (
            ("map-denied", "permission", "administrators"),
            ("no-driver", "setup", "sc.exe start ebpfcore"),
            ("native-only", "setup", "'native only' build"),
            ("no-type", "setup", "the program type SAMPLE is not known here"),
            ("lost-update", "setup", "its map does not work: bpf_map_update_elem succeeds"),
            ("empty-lookup", "setup", "its map does not work: bpf_map_lookup_elem succeeds"),
        ):
            with self.subTest(fault):
                said = self.why(fault)
                self.assertEqual(said[0], cause)
                self.assertIn(why, said[1])

    def test_no_dll(self):
        cause, why = self.why(dll="no_such.dll")
        self.assertEqual(cause, "setup")
        self.assertIn("no_such.dll is not found", why)

    def test_no_dll_at_all(self):
        with tempfile.NamedTemporaryFile(suffix=".dll") as file:
            file.write(b"This is no DLL.\n" * 64)
            file.flush()
            self.assertRegex(self.why(dll=file.name)[1], "is no DLL for this|cannot be loaded")

    def test_an_old_dll(self):
        cause, why = self.why(dll=os.path.join(FOLDER, "ebpfapi_old.dll"))
        self.assertEqual(cause, "setup")
        self.assertIn("does not export bpf_prog_test_run_opts: it is older", why)


class Runner(unittest.TestCase):
    """What `bpf-assay run` makes of it."""

    def run_vectors(self, fault, *options, dll=STAND_IN):
        command = f"'{WINE}' '{PLUGIN}' --dll '{dll}'"
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder, "results.json")
            ended = subprocess.run(
                [BPF_ASSAY, "run", "-p", command, "-j", "1", "--timeout", "60", "-o", out,
                 *options],
                env=environment(fault), capture_output=True, text=True, timeout=600)
            results = json.loads(out.read_text()) if out.exists() else None
        return ended, results

    def outcomes(self, fault, *ids):
        ended, results = self.run_vectors(fault, *ids)
        self.assertIsNotNone(results, ended.stderr)
        counts = {}
        for group in results["runtimes"][0]["groups"]:
            for name, count in group["outcomes"].items():
                counts[name] = counts.get(name, 0) + count
        return ended.returncode, {name: count for name, count in counts.items() if count}

    def test_all_is_well(self):
        self.assertEqual(self.outcomes(None, "add64-reg/sweep-edges"), (0, {"pass": 1}))

    def test_a_crash(self):
        status, outcomes = self.outcomes("crash", "add64-reg/sweep-edges")
        self.assertEqual((status, list(outcomes)), (1, ["crash"]))

    def test_a_wrong_state(self):
        status, outcomes = self.outcomes("garbled", "add64-reg/sweep-edges")
        self.assertEqual((status, list(outcomes)), (1, ["wrong"]))

    def test_a_refusal(self):
        status, outcomes = self.outcomes("load", "add64-reg/sweep-edges")
        self.assertEqual((status, list(outcomes)), (1, ["rejected"]))

    def test_nobody_is_blamed_for_a_lost_provider(self):
        status, outcomes = self.outcomes("type-gone", "add64-reg/sweep-edges")
        self.assertEqual((status, list(outcomes)), (2, ["not run"]))

    def test_a_map_that_works_no_more_is_no_pass(self):
        # In each new process it works at first, so that the runner cannot but name the row; but
        # what it says of it is the plugin's end, and why.
        for fault, said in (("lost-update-later", "the value that comes back is not the one"),
                            ("empty-lookup-later", "succeeds, and writes nothing")):
            with self.subTest(fault):
                ended, results = self.run_vectors(fault, "add64-reg/sweep-edges")
                self.assertEqual(ended.returncode, 1)
                (vector,) = results["runtimes"][0]["vectors"]
                self.assertEqual(vector["outcome"], "crash")
                for failure in vector["failures"]:
                    self.assertEqual(failure["outcome"], "crash")
                    self.assertIn(said, json.dumps(failure))

    def test_a_map_that_never_works_runs_nothing(self):
        for fault in ("lost-update", "empty-lookup"):
            with self.subTest(fault):
                ended, _ = self.run_vectors(fault, "add64-reg/sweep-edges")
                self.assertEqual(ended.returncode, 2)
                self.assertIn("its map does not work", ended.stdout + ended.stderr)

    def test_nothing_runs_without_a_dll(self):
        ended, _ = self.run_vectors(None, "add64-reg/sweep-edges", dll="no_such.dll")
        self.assertEqual(ended.returncode, 2)
        self.assertIn("no_such.dll is not found", ended.stdout + ended.stderr)


class CommandLine(unittest.TestCase):
    def test_all_of_r0_and_the_length_of_the_memory(self):
        program = insn(MOV, 0, imm=-2) + insn(ADD, 0, 2) + insn(0x0F, 0, 2) + insn(EXIT)
        result = one_shot(COMMAND, program, b"\x20\0\0")
        self.assertEqual((result.stdout.strip(), result.returncode), ("4", 0), result.stderr)
        result = one_shot(COMMAND, RETURN)
        self.assertEqual((result.stdout.strip(), result.returncode), ("fffffffffffffffe", 0))

    def test_a_type_that_does_not_exist(self):
        result = one_shot([WINE, PLUGIN], RETURN, None, ["--type", "cgroup"])
        self.assertEqual(result.returncode, 1)
        self.assertIn("neither sample, bind nor xdp", result.stderr)

    def test_the_wrapper_says_what_is_missing(self):
        for arguments, said in (([], "name a Windows program"),
                                (["/no/such.exe"], "no such program")):
            ended = subprocess.run([WINE, *arguments], capture_output=True, text=True)
            self.assertEqual(ended.returncode, 2)
            self.assertIn(said, ended.stderr)


if __name__ == "__main__":
    unittest.main()
