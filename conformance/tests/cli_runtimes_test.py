#!/usr/bin/env python3
"""bpf-assay run --runtime: what a file of runtimes declares, and what is not available.

    cli_runtimes_test.py SOURCE_FOLDER BPF_ASSAY
"""

import json
import unittest

from cli_case import Cli, fake, program_of


class Runtimes(Cli):
    def declare(self, text):
        self.file = self.folder / "my runtimes.yaml"
        self.file.write_text("runtimes:\n" + text)

    def run_on(self, runtimes, *options, status=0):
        output = self.folder / "results.json"
        text = self.run_program("run", "--vectors", self.vectors, "--runtimes", self.file, "--runtime",
                                runtimes, "--output", output, *options, status=status).stdout
        return text, json.loads(output.read_text())["runtimes"]

    def command(self, arguments):
        return "'" + fake(arguments).replace("'", "''") + "'"

    def test_engines_environment_and_timeout(self):
        self.declare(f"- name: shell\n  command: sh -c 'test \"$COLOUR\" = blue && exec \"$@\"' --\n"
                     f"  options: {self.command('')}\n"
                     "  engines: {good: good, bad: wrong, slow: slow --seconds 30}\n"
                     "  environment: {COLOUR: blue}\n  timeout: 1\n  install: none\n")
        _, (good, bad) = self.run_on("shell:good,shell:bad", status=1)
        self.assertEqual((good["name"], bad["name"]), ("shell:good", "shell:bad"))
        self.assertEqual({vector["outcome"] for vector in good["vectors"]}, {"pass"})
        self.assertEqual({vector["outcome"] for vector in bad["vectors"]}, {"wrong"})
        _, (slow,) = self.run_on("shell:slow", "v/number-1", status=1)
        self.assertEqual(slow["vectors"][0]["outcome"], "timeout")
        self.assertIn("1.0 s", slow["vectors"][0]["why"])

    def test_what_is_not_there(self):
        self.declare("- {name: none, command: /no/such/plugin, install: apt-get install none}\n"
                     "- {name: shot, command: no-such-plugin, one-shot: {}, install: build it}\n"
                     f"- {{name: fake, command: {self.command('good')}, install: python3}}\n")
        text, (none, shot, runs) = self.run_on("all")
        self.assertIn("shot\n  not available: cannot start 'no-such-plugin'", text)
        self.assertEqual(shot["status"], "unavailable")
        self.assertIn("none\n  not available: cannot start '/no/such/plugin'", text)
        self.assertIn("apt-get install none", text)
        self.assertEqual((none["status"], none["title"]), ("unavailable", "none"))
        self.assertEqual(runs["status"], "ran")
        self.run_on("none,shot", status=2)  # where nothing is available, nothing ran
        self.run_on("none", "--unavailable-status", "77", status=77)

    def test_a_plugin_that_is_gone_later_loses_no_results(self):
        script = self.folder / "gone.sh"
        script.write_text(f"#!/bin/sh\nrm -f '{script}'\nexec {fake('dies' + program_of(3))}\n")
        script.chmod(0o755)
        self.declare(f"- {{name: gone, command: \"'{script}'\", install: none}}\n"
                     f"- {{name: fake, command: {self.command('good')}, install: none}}\n")
        _, (gone, runs) = self.run_on("all", "--jobs", "1", status=2)
        self.assertEqual(gone["status"], "given up")
        self.assertIn("cannot start", gone["why"])
        self.assertEqual({vector["outcome"] for vector in runs["vectors"]}, {"pass"})

    def test_known_divergences_come_with_the_runtime(self):
        (self.folder / "known.yaml").write_text(
            "divergences:\n- {runtime: fake, vectors: [v/number-5], outcome: wrong, reason: R., "
            "date: 2026-01-31}\n")
        self.declare(f"- name: fake\n  command: {self.command('')}\n"
                     f"  engines: {{bad: 'wrong{program_of(5)}', mended: good}}\n"
                     "  divergences: known.yaml\n  install: none\n")
        text, (runtime,) = self.run_on("fake:bad")
        self.assertIn("1 vector: expected-failure", text)
        self.assertEqual(runtime["groups"][1]["verdict"], "not held")
        text, _ = self.run_on("fake:mended", status=1)
        self.assertIn("unexpected-pass v/number-5", text)

    def test_a_one_shot_plugin_that_runs_nothing_is_not_available(self):
        text = self.run_program("run", "--vectors", self.vectors, "--one-shot", "/bin/false",
                                status=2).stdout
        self.assertIn("not available: it does not run 'r0 = 1; exit': exit status 1", text)

    def test_nothing_is_run_instead_of_what_was_asked_for(self):
        self.declare("  []\n")
        self.run_program("run", "--runtimes", self.file, "--runtime", "all", status=2)
        self.run_program("run", "--runtimes", self.file, status=2)

    def test_what_is_on_request_is_not_in_all(self):
        self.declare(f"- {{name: a, command: {self.command('good')}, install: x}}\n"
                     f"- {{name: b, command: {self.command('good')}, on-request: true, install: x}}\n")
        self.assertEqual([runtime["name"] for runtime in self.run_on("all")[1]], ["a"])
        self.assertEqual([runtime["name"] for runtime in self.run_on("b")[1]], ["b"])

    def test_mistakes(self):
        self.declare("- {name: fake, command: 'x', instal: y}\n")
        error = self.run_program("run", "--runtimes", self.file, "--runtime", "fake", status=2).stderr
        self.assertRegex(error, r"my runtimes.yaml:2:\d+: unknown key 'instal'")
        error = self.run_program("run", "--runtime", "ubfp", status=2).stderr
        self.assertRegex(error, "there is no runtime 'ubfp'; expected all, reference_vm, ")


if __name__ == "__main__":
    unittest.main()
