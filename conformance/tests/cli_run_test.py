#!/usr/bin/env python3
"""bpf-assay run: selection, exit status, results, interrupts.

    cli_run_test.py SOURCE_FOLDER BPF_ASSAY
"""

import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import time
import unittest

from cli_case import FAKE, PROGRAM, ROOT, VECTORS, Cli, fake, program_of
from missing_modules import require

(jsonschema,) = require("jsonschema")

SCHEMA = json.loads((ROOT / "conformance/results.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def children_of(pid):
    """Their folders in /proc."""
    folders = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                folders.append(stat.parent)
        except OSError:  # it has ended meanwhile
            pass
    return folders


WITH_NEEDS = """section: "4.3"
vectors:
  - {id: w/helper, clauses: [ABI-ARGS], because: B., asm: "call {mix}", after: {}}
  - {id: w/threads, clauses: [ABI-ARGS], because: B., program: exit, threads: 2, times: 1, after: {r0: 0}}
"""


class CheckedRuns(Cli):
    def run_vectors(self, *plugins, options=(), status=0, name="results.json"):
        """The results of a run of VECTORS, checked against the schema."""
        output = self.folder / name
        arguments = [word for plugin in plugins for word in ("--plugin", plugin)]
        self.run_program("run", "--vectors", self.vectors, *arguments, "--output", output,
                         *options, status=status)
        return self.checked(output)

    def checked(self, output):
        results = json.loads(output.read_text())
        errors = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
                  for error in VALIDATOR.iter_errors(results)]
        self.assertEqual(errors, [])
        return results

    def outcomes(self, runtime):
        return {vector["id"]: vector["outcome"] for vector in runtime["vectors"]}


class Run(CheckedRuns):
    def test_all_as_expected(self):
        results = self.run_vectors(fake("good"))
        self.assertEqual(results["exit_status"], 0)
        self.assertEqual(results["vectors"]["count"], 30)
        runtime = results["runtimes"][0]
        self.assertEqual(set(self.outcomes(runtime).values()), {"pass"})
        self.assertEqual(runtime["status"], "ran")
        self.assertEqual(runtime["hello"]["environment"], {"purpose": "tests"})

    def test_what_a_runtime_does_not_offer_is_listed_and_no_pass(self):
        (self.vectors / "w.yaml").write_text(WITH_NEEDS)
        output = self.folder / "results.json"
        arguments = ("run", "--vectors", self.vectors, "--plugin", fake("good"), "--output", output)
        text = self.run_program(*arguments, "--verbose").stdout
        needs = {"w/helper": "helper mix", "w/threads": "2 threads"}
        for name, need in needs.items():
            listed = f"1 vector: not run, the runtime does not offer {need}\n      {name}\n"
            self.assertIn(listed, text)
        results = self.checked(output)
        runtime = results["runtimes"][0]
        self.assertEqual({item["id"]: item["needs"] for item in runtime["not_offered"]}, needs)
        self.assertEqual(len(self.outcomes(runtime)), 30)
        self.run_program(*arguments, "w/*", status=2)  # then nothing has run
        self.assertEqual(self.checked(output)["exit_status"], 2)

    def test_divergences(self):
        results = self.run_vectors(
            fake("wrong" + program_of(3)),
            fake("dies" + program_of(4)),
            fake("hangs" + program_of(5)),
            fake("fault" + program_of(6)),
            fake("rejects" + program_of(7)),
            options=["--timeout", "2.5"],
            status=1)
        expected = ["wrong", "crash", "timeout", "fault", "rejected"]
        for number, (runtime, outcome) in enumerate(zip(results["runtimes"], expected), 3):
            outcomes = self.outcomes(runtime)
            self.assertEqual(outcomes.pop(f"v/number-{number}"), outcome)
            self.assertEqual(set(outcomes.values()), {"pass"})
        wrong = next(vector for vector in results["runtimes"][0]["vectors"]
                     if vector["outcome"] == "wrong")
        failure = wrong["failures"][0]
        self.assertEqual([d["place"] for d in failure["differences"]], ["r4"])
        self.assertEqual(failure["row"], 0)
        self.assertIn("r9 += 3", failure["disassembly"])
        self.assertEqual(wrong["clauses"], ["RFC9669-4.1-ADD"])

    def test_the_schema_is_strict(self):
        good = self.run_vectors(fake("wrong" + program_of(3)), status=1)
        vector = good["runtimes"][0]["vectors"][2]
        for part in (good, good["runs"][0], good["runs"][0]["environment"], good["runtimes"][0],
                     good["runtimes"][0]["groups"][0], vector, vector["rows"],
                     vector["failures"][0], vector["failures"][0]["differences"][0]):
            part["extra"] = 1
            self.assertFalse(VALIDATOR.is_valid(good))
            del part["extra"]
            for key in set(part) - {"program_text", "why", "row", "registers_before", "differences",
                                    "failing", "policy", "group"}:
                value = part.pop(key)
                self.assertFalse(VALIDATOR.is_valid(good), key)
                part[key] = value
        self.assertTrue(VALIDATOR.is_valid(good))

    def test_a_divergence_is_shown(self):
        result = self.run_program("run", "--vectors", self.vectors, "--plugin",
                                  fake("wrong" + program_of(3)), status=1)
        self.assertIn("wrong v/number-3", result.stdout)
        self.assertIn("RFC9669-4.1-ADD", result.stdout)
        self.assertRegex(result.stdout, r"r4 +expected 0x\w+ +seen 0x\w+")
        self.assertIn("not held", result.stdout)

    def test_divergences_are_grouped_by_what_they_are_about(self):
        first, second = VECTORS.split("  - id: v/number-21", 1)
        more = ("  - id: v/number-21" + second).replace("r9 +=", "r9 -=")
        (self.vectors / "v.yaml").write_text(first + more)
        arguments = ["run", "--vectors", self.vectors, "--plugin", fake("rejects")]
        text = self.run_program(*arguments, status=1).stdout
        self.assertRegex(text, r"\n  add64_imm: 20 rejected\n  rejected v/number-1\n")
        self.assertRegex(text, r"\n  sub64_imm: 10 rejected\n  rejected v/number-21\n")
        self.assertNotIn("v/number-4\n", text)
        self.assertIn("the 6 simplest are shown", text)
        text = self.run_program(*arguments, "--verbose", status=1).stdout
        self.assertIn("v/number-4\n", text)
        self.assertNotIn("are shown", text)

    def hello_of(self, **keys):
        hello = {"protocol": 1, "name": "n", "version": "1", "engine": "jit",
                 "byte_order": "little", **keys}
        return " --hello " + shlex.quote(json.dumps({"hello": hello}))

    def text_of_run(self, plugin):
        return self.run_program("run", "--vectors", self.vectors, "--plugin", plugin).stdout

    def test_what_the_plugin_only_claims_is_said(self):
        text = self.text_of_run(fake("interprets --request 99999" + self.hello_of(r0_bits=32)))
        self.assertIn("  no machine code was shown for any of 30 loaded programs", text)
        self.assertIn("  of R0 at EXIT 32 bits are compared", text)
        text = self.text_of_run(fake("good"))
        self.assertNotIn("machine code", text)
        self.assertNotIn("compared", text)

    def test_the_words_of_a_plugin_do_not_reach_the_terminal_raw(self):
        text = self.text_of_run(fake("interprets --request 99999"
                                     + self.hello_of(name="\x1b[2J\x07n")))
        self.assertNotIn("\x1b", text)
        self.assertNotIn("\x07", text)

    def test_known_divergences(self):
        known = self.folder / "known.yaml"
        known.write_text("divergences:\n- {runtime: fake, vectors: [v/number-3, v/number-4], "
                         "outcome: wrong, reason: bug 7, date: 2026-01-31}\n")
        options = ["--divergences", known]
        results = self.run_vectors(fake("wrong" + program_of(3)), options=options, status=1)
        outcomes = self.outcomes(results["runtimes"][0])
        self.assertEqual(outcomes.pop("v/number-3"), "expected-failure")
        self.assertEqual(outcomes.pop("v/number-4"), "unexpected-pass")
        self.assertEqual(set(outcomes.values()), {"pass"})
        known.write_text(known.read_text().replace(", v/number-4", ""))
        self.run_vectors(fake("wrong" + program_of(3)), options=options)

    def test_a_runtime_without_verdict(self):
        results = self.run_vectors(fake("bad-hello"), status=2)
        self.assertEqual(results["exit_status"], 2)
        self.assertEqual(results["runtimes"][0]["status"], "given up")
        self.assertEqual(set(self.outcomes(results["runtimes"][0]).values()), {"not run"})
        text = self.run_program("run", "--vectors", self.vectors, "--plugin", fake("bad-hello"),
                                status=2).stdout
        self.assertRegex(text, r"\n  30 vectors: not run: it did not start 10 times in a row")

    def test_unavailable(self):
        results = self.run_vectors(fake("unavailable"), status=2)
        self.assertEqual(results["runtimes"][0]["status"], "unavailable")
        self.assertEqual(results["runtimes"][0]["why"], "a fake one")
        result = self.run_program("run", "--vectors", self.vectors, "--plugin",
                                  fake("unavailable"), "--unavailable-status", "77", status=77)
        self.assertIn("\n  not available: a fake one", result.stdout)  # scripts/test looks for this
        self.run_vectors(fake("unavailable"), fake("good"), options=["--unavailable-status", "77"])

    def test_jobs_change_nothing_but_times(self):
        plugins = [fake("wrong" + program_of(3)), fake("dies" + program_of(20)), fake("good")]
        one, four = (self.run_vectors(*plugins, options=["--jobs", jobs], status=1)
                     for jobs in ("1", "4"))
        for results in (one, four):
            del results["runs"]
            for runtime in results["runtimes"]:
                del runtime["seconds"]
        self.assertEqual(one, four)

    def test_paths_with_spaces(self):
        plugin = self.folder / "my plugin.py"
        plugin.write_text(f"#!{sys.executable}\n" + FAKE.read_text())
        plugin.chmod(0o700)
        self.assertIn(" ", str(self.folder))
        results = self.run_vectors(f"'{plugin}' good", name="my results.json")
        self.assertEqual(results["runtimes"][0]["command"], f"'{plugin}' good")
        self.assertEqual([path.name for path in self.folder.glob("my results*")],
                         ["my results.json"])

    def test_what_was_selected_stands_in_the_results_however_it_was_written(self):
        for words in (["v/*", "--group", "base64", "-g", "base32", "--kind=explicit"],
                      ["-gbase64", "--group=base32", "-k", "explicit", "--strict", "--", "v/*"]):
            with self.subTest(words=words):
                (run,) = self.run_vectors(fake("good"), options=words)["runs"]
                self.assertEqual(run["selection"], {
                    "ids": ["v/*"], "--group": ["base64", "base32"], "--kind": ["explicit"],
                    "--vectors": [str(self.vectors)]})
                self.assertEqual(run["options"]["--plugin"], [fake("good")])
                self.assertEqual("--strict" in run["options"], "--strict" in words)

    def test_output_that_cannot_be_written(self):
        result = self.run_program("run", "--vectors", self.vectors, "--plugin", fake("good"),
                                  "--output", self.folder / "no/such/x.json", status=2)
        self.assertIn("x.json: cannot be written", result.stderr)
        self.assertEqual(result.stdout, "")  # said before the run, not after it

    def test_devices_are_written_and_not_replaced(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.run_program("run", "--vectors", self.vectors, "--plugin", fake("good"),
                         "v/number-1", "--output", pipe)
        self.assertTrue(os.read(reader, 1 << 20).startswith(b"{"))
        os.close(reader)
        self.assertTrue(pipe.is_fifo())
        with open("/dev/full", "w") as full:
            result = subprocess.run([PROGRAM, "run", "--vectors", self.vectors, "--plugin",
                                     fake("good")], stdout=full, stderr=subprocess.PIPE, timeout=60)
        self.assertIn(b"standard output cannot be written", result.stderr)
        self.assertEqual(result.returncode, 2)

    def test_no_colour_and_no_progress_in_a_pipe(self):
        result = self.run_program("run", "--vectors", self.vectors, "--plugin",
                                  fake("wrong" + program_of(3)), "--verbose", status=1)
        self.assertNotIn("\x1b", result.stdout + result.stderr)
        self.assertNotIn("\r", result.stderr)
        self.assertEqual(result.stderr, "")

    def on_terminal(self, **environment):
        """What a run prints on a terminal."""
        master, slave = os.openpty()
        arguments = [PROGRAM, "run", "--vectors", str(self.vectors), "--plugin", fake("good")]
        with subprocess.Popen(arguments, stdout=slave, stderr=slave,
                              env={**os.environ, **environment}) as process:
            os.close(slave)
            seen = b""
            try:
                while data := os.read(master, 4096):
                    seen += data
            except OSError:  # the end of a terminal
                pass
        os.close(master)
        self.assertEqual(process.returncode, 0)
        return seen

    def test_colour_on_a_terminal_unless_no_color(self):
        self.assertIn(b"\x1b[1mfake 1.0", self.on_terminal(NO_COLOR=""))
        self.assertNotRegex(self.on_terminal(NO_COLOR="1"), rb"\x1b\[[0-9]+m")


class Interrupt(CheckedRuns):
    def interrupt(self, number, plugin=fake("hangs" + program_of(20)), passed=19):
        output = self.folder / "results.json"
        arguments = ["run", "--vectors", self.vectors, "--output", output, "--jobs", "1",
                     "--plugin", plugin]
        with subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            time.sleep(1.5)
            self.assertIsNone(process.poll())
            plugins = children_of(process.pid)
            self.assertEqual(len(plugins), 1)
            start = time.monotonic()
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=20)
        self.assertLess(time.monotonic() - start, 5)
        self.assertEqual(process.returncode, 2, stdout + stderr)
        self.assertIn("interrupted", stderr)
        self.assertFalse(plugins[0].exists(), "the plugin is left behind")
        results = self.checked(output)
        self.assertEqual(results["runtimes"][0]["status"], "interrupted")
        outcomes = list(self.outcomes(results["runtimes"][0]).values())
        self.assertEqual(outcomes, ["pass"] * passed + ["not run"] * (30 - passed))

    def test_control_c(self):
        self.interrupt(signal.SIGINT)

    def test_before_the_first_answer(self):
        self.interrupt(signal.SIGINT, fake("slow-start --seconds 60"), passed=0)

    def test_terminate(self):
        self.interrupt(signal.SIGTERM)


class Selection(Cli):
    def select(self, *arguments, **options):
        return self.run_program("run", "--vectors", self.vectors, *arguments, **options)

    def test_list(self):
        listed = self.select("--list").stdout.split()
        self.assertEqual(listed, [f"v/number-{number}" for number in range(1, 31)])
        self.assertEqual(self.select("--list", "v/number-2").stdout, "v/number-2\n")
        self.assertEqual(len(self.select("--list", "v/*-1?").stdout.split()), 10)

    def test_filters(self):
        self.assertEqual(len(self.select("--list", "-g", "base64").stdout.split()), 30)
        self.assertEqual(len(self.select("--list", "-i", "add64_*", "-k", "explicit", "-s", "4.1",
                                         "--profile", "smoke").stdout.split()), 30)

    def test_nothing_selected_is_an_error(self):
        for filters in (["-g", "base32"], ["-k", "sweep"], ["-i", "exit"]):
            with self.subTest(filters):
                self.assertIn("no vector is selected", self.select(*filters, status=2).stderr)

    def test_what_does_not_exist_is_an_error_even_beside_what_does(self):
        for filters, message in [
            (["v/number-1", "v/nunber-2"], "there is no vector 'v/nunber-2'; the nearest is "
                                           "'v/number-2'"),
            (["v/number-1", "w/*"], "no vector matches 'w/*'"),
            (["-g", "base46"], "there is no conformance group 'base46'; expected base32"),
            (["-i", "add46_imm"], "there is no instruction 'add46_imm'; `bpf-assay isa` lists"),
            (["-s", "4.1", "-s", "4.7"], "there is no section '4.7'"),
            (["-k", "explicit", "-k", "explizit"], "explizit"),
            (["--profile", "fast"], "fast"),
            (["--jobs", "0"], "--jobs"),
            (["--timeout", "0"], "--timeout"),
            (["--no-such-option"], "--no-such-option"),
            (["--plugin", ""], "an empty plugin command"),
            (["--plugin", "'x"], "unbalanced ' in the command"),
            (["--plugin", "/no/such"], "cannot start '/no/such'"),
            (["--one-shot", "/no/such"], "cannot start '/no/such'"),
            (["--vectors", "/no/such"], "/no/such"),
        ]:
            with self.subTest(filters):
                self.assertIn(message, self.select(*filters, status=2).stderr)

    def test_a_mistake_in_a_vector_file(self):
        (self.vectors / "w.yaml").write_text(VECTORS.replace("v/", "w/").replace("asm", "azm", 1))
        result = self.select(status=2)
        self.assertIn(f"{self.vectors}/w.yaml:6:5: unknown key 'azm'", result.stderr)
        self.assertEqual(result.stdout, "")


if __name__ == "__main__":
    unittest.main()
