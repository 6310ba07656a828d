#!/usr/bin/env python3
"""bpf-assay gate: each rule with a case that opens the gate and one that shuts it.

    cli_gate_test.py SOURCE_FOLDER BPF_ASSAY
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree

from cli_case import PROGRAM, ROOT, VECTORS, Cli, fake, program_of

import jsonschema
import yaml

WRONG = fake("wrong" + program_of(3))


def only(*numbers):
    """A suite with these vectors."""
    head, *items = VECTORS.split("  - id: ")
    return head + "".join(f"  - id: {items[number - 1]}" for number in numbers)


class Gate(Cli):
    def setUp(self):
        super().setUp()
        self.baseline = self.folder / "baseline.json"
        self.schema = json.loads((ROOT / "gate/policy.schema.json").read_text())

    def run_vectors(self, *plugins, name="results.json", options=()):
        output = self.folder / name
        words = [word for plugin in plugins for word in ("--plugin", plugin)]
        self.run_program("run", "--vectors", self.vectors, *words, "--output", output, *options,
                         status=None)
        return output

    def make_baseline(self, *plugins, options=()):
        results = self.run_vectors(*plugins, name="baseline.json", options=options)
        self.assertEqual(results, self.baseline)

    def policy(self, valid=True, **content):
        path = self.folder / "gate.yaml"
        path.write_text(yaml.safe_dump(content))
        if valid:
            jsonschema.validate(content, self.schema)
        return "--policy", path

    def tolerance(self, **changes):
        return {"vectors": ["v/number-3"], "outcomes": ["wrong"], "reason": "issue 7",
                "until": "2027-01-31", **changes}  # fmt: skip

    def with_outcome(self, path, number, outcome, *, tolerated=False, why="because"):
        """The results, in which v/number-N passed, with another outcome of it."""
        results = json.loads(path.read_text())
        runtime = results["runtimes"][0]
        vector = runtime["vectors"][number - 1]
        self.assertEqual((vector["id"], vector["outcome"]), (f"v/number-{number}", "pass"))
        rows = vector["rows"]["passed"]
        vector.update(outcome=outcome, tolerated=tolerated, why=why, failures=[])
        vector["rows"]["passed"] = 0
        (group,) = (group for group in runtime["groups"] if group["vectors"])
        group["rows"]["passed"] -= rows
        group["tolerated"] += tolerated
        group["outcomes"]["pass"] -= 1
        group["outcomes"][outcome] = 1
        results["exit_status"] = 0 if tolerated else 1
        path.write_text(json.dumps(results))
        return path

    def gate(self, *plugins, status, options=(), run_options=(), rerun=0):
        results = self.run_vectors(*plugins, options=run_options)
        return self.gate_of(results, status=status, options=options, rerun=rerun).stdout

    def gate_of(self, results, *, status, options=(), rerun=0):
        return self.run_program("gate", "--vectors", self.vectors, "--baseline", self.baseline,
                                "--rerun", rerun, results, *options, status=status)

    # ---- The baseline

    def test_the_same_results_open_it(self):
        self.make_baseline(fake("good"))
        text = self.gate(fake("good"), status=0)
        self.assertIn("30 vectors: 30 pass, 0 tolerated, 0 diverge as before", text)
        self.assertTrue(text.endswith("The gate is open.\n"), text)

    def test_a_first_run_makes_the_baseline(self):
        text = self.gate(WRONG, status=0)
        self.assertIn("1 diverge, which the next run is held against", text)
        self.assertIn("a first baseline was written", text)
        written = json.loads(self.baseline.read_text())
        self.assertEqual(written["runtimes"][0]["vectors"][2]["failures"], [])
        self.assertIn("1 diverge as before", self.gate(WRONG, status=0))
        self.gate(fake("wrong" + program_of(4)), status=1)

    def test_a_first_run_is_held_against_the_policy(self):
        text = self.gate(WRONG, status=1, options=self.policy(must_hold=["base64"]))
        self.assertIn("base64 must hold, and 1 of its 30 vectors are not right: v/number-3", text)

    def test_a_baseline_may_be_required(self):
        results = self.run_vectors(fake("good"))
        result = self.gate_of(results, status=2, options=["--baseline-required"])
        self.assertIn("baseline.json: there is no such baseline", result.stderr)
        self.assertFalse(self.baseline.exists())

    def test_results_that_are_no_measure_make_no_baseline(self):
        text = self.gate(fake("unavailable"), status=1)
        self.assertIn("runtime broken", text)
        self.assertFalse(self.baseline.exists())

    def test_update_makes_these_results_the_baseline(self):
        self.make_baseline(fake("good"))
        self.assertIn("regressed", self.gate(WRONG, status=1, options=["--update"]))
        self.gate(WRONG, status=0)

    def test_a_baseline_that_is_no_results_is_refused(self):
        for text in ("{}", "not JSON", '{"format": "bpf-assay-results", "version": 3}'):
            self.baseline.write_text(text)
            result = self.gate_of(self.run_vectors(fake("good")), status=2)
            self.assertIn("baseline.json", result.stderr)
            self.assertEqual(self.baseline.read_text(), text)

    # ---- Each cause

    def test_a_regression_shuts_it(self):
        self.make_baseline(fake("good"))
        text = self.gate(WRONG, status=1)
        self.assertIn("regressed: v/number-3\n", text)
        self.assertIn("pass before, wrong now", text)
        self.assertIn("r4: expected", text)
        self.assertIn("RFC9669-4.1-ADD (section 4.1): ", text)
        command = next(line.strip() for line in text.splitlines() if "bpf-assay run" in line)
        words = shlex.split(command)
        self.assertEqual(words[0], "bpf-assay")
        again = self.run_program(*words[1:], status=1)
        self.assertIn("v/number-3", again.stdout)

    def test_what_diverges_as_before_does_not(self):
        self.make_baseline(WRONG)
        self.assertIn("1 diverge as before", self.gate(WRONG, status=0))

    def test_another_failure_of_the_same_vector_shuts_it(self):
        self.make_baseline(WRONG)
        text = self.gate(fake("fault" + program_of(3)), status=1)
        self.assertIn("fails otherwise: v/number-3", text)

    def test_fewer_right_rows_shut_it(self):
        self.make_baseline(WRONG)
        results = json.loads(self.baseline.read_text())
        results["runtimes"][0]["vectors"][2]["rows"]["passed"] += 1
        self.baseline.write_text(json.dumps(results))
        text = self.gate(WRONG, status=1)
        self.assertIn("regressed: v/number-3\n", text)
        self.assertIn("1 rows right before, 0 now", text)

    def test_a_new_vector_must_pass(self):
        (self.vectors / "v.yaml").write_text(only(1, 2))
        self.make_baseline(WRONG)
        (self.vectors / "v.yaml").write_text(only(1, 2, 3))
        self.assertIn("new failure: v/number-3", self.gate(WRONG, status=1))
        self.gate(fake("good"), status=0)

    def test_a_new_vector_may_fail_where_the_policy_says_so(self):
        (self.vectors / "v.yaml").write_text(only(1, 2))
        self.make_baseline(WRONG)
        (self.vectors / "v.yaml").write_text(only(1, 2, 3))
        self.gate(WRONG, status=0, options=self.policy(new_vectors="may fail"))
        self.gate(WRONG, status=1, options=self.policy(new_vectors="must pass"))

    def test_a_vector_that_is_gone_shuts_it(self):
        self.make_baseline(fake("good"))
        text = self.gate(fake("good"), status=1, run_options=["v/number-[2-9]*"])
        self.assertIn("other conditions", text)
        self.assertIn("vector gone: v/number-1\n", text)
        (self.vectors / "v.yaml").write_text(only(*range(2, 31)))
        text = self.gate(fake("good"), status=1)
        self.assertIn("vector gone: v/number-1\n", text)
        self.assertNotIn("other conditions", text)

    def test_a_runtime_that_is_gone_shuts_it(self):
        self.make_baseline(fake("good"), WRONG)
        self.assertIn("runtime gone", self.gate(fake("good"), status=1))

    def test_a_runtime_that_is_not_there_shuts_it(self):
        self.make_baseline(fake("good"))
        text = self.gate(fake("unavailable"), status=1)
        self.assertIn("runtime broken", text)
        self.assertIn("unavailable: ", text)

    def test_results_with_nothing_in_them_shut_it(self):
        self.make_baseline(fake("good"))
        results = json.loads(self.run_vectors(fake("good")).read_text())
        runtime = results["runtimes"][0]
        runtime["vectors"] = []
        for group in runtime["groups"]:
            group.update(vectors=0, outcomes={})
        path = self.folder / "empty.json"
        path.write_text(json.dumps(results))
        result = self.gate_of(path, status=None)
        self.assertNotEqual(result.returncode, 0)
        results["runtimes"] = []
        path.write_text(json.dumps(results))
        result = self.gate_of(path, status=None)
        self.assertNotEqual(result.returncode, 0)

    def test_another_profile_shuts_it(self):
        self.make_baseline(fake("good"))
        text = self.gate(fake("good"), status=1, run_options=["--profile", "smoke"])
        self.assertIn("other conditions", text)
        self.assertIn("another profile: default before, smoke now", text)

    def test_another_engine_shuts_it(self):
        def of_engine(name):
            hello = {"hello": {"protocol": 1, "name": "fake", "version": "1.0", "engine": name,
                               "byte_order": "little", "contexts": ["memory"], "groups": ["base64"],
                               "environment": {}}}  # fmt: skip
            return fake("bad-hello --hello " + shlex.quote(json.dumps(hello)))

        self.make_baseline(of_engine("jit"))
        self.gate(of_engine("jit"), status=0)
        self.assertIn("other conditions", self.gate(of_engine("interpreter"), status=1))

    def test_no_verdict_shuts_it(self):
        self.make_baseline(fake("good"))
        text = self.gate(fake("unable --times 1000" + program_of(3)), status=1)
        self.assertIn("no verdict: v/number-3", text)

    def test_no_verdict_shuts_it_whatever_the_baseline_says(self):
        unable = fake("unable --times 1000" + program_of(3))
        text = self.gate(unable, status=1)
        self.assertIn("no verdict: v/number-3", text)
        self.assertIn("not written, as these results are no measure for others: 1 vector has no verdict", text)
        self.assertFalse(self.baseline.exists())
        self.make_baseline(unable)
        kept = self.baseline.read_text()
        for options in ([], ["--update"]):
            self.assertIn("no verdict: v/number-3", self.gate(unable, status=1, options=options))
            self.assertEqual(self.baseline.read_text(), kept)

    def test_what_is_not_supported_any_more_is_lost(self):
        self.make_baseline(fake("good"))
        results = self.with_outcome(self.run_vectors(fake("good")), 3, "unsupported", tolerated=True)
        text = self.gate_of(results, status=1).stdout
        self.assertIn("lost: v/number-3\n", text)
        self.assertIn("pass before, unsupported now: because", text)
        self.gate_of(results, status=0, options=self.policy(tolerated=["unsupported"]))
        policy = self.policy(tolerated=["unsupported"], must_hold=["base64"])
        self.gate_of(results, status=0, options=policy)
        self.gate_of(results, status=1, options=self.policy(must_hold=["base64"]))

    def test_the_same_selection_may_be_written_in_another_way(self):
        self.make_baseline(fake("good"), options=["--group", "base64", "v/*", "-k", "explicit"])
        for options in (["--kind=explicit", "-g", "base64", "--", "v/*"],
                        ["-kexplicit", "v/*", "--group=base64", "--profile", "default"],
                        ["v/*", "--extensions=all", "--kind", "explicit", "-gbase64"]):  # fmt: skip
            self.gate(fake("good"), status=0, run_options=options)
        text = self.gate(fake("good"), status=1, run_options=["v/*", "--group", "base64"])
        self.assertIn("another selection: --group base64 --kind explicit v/* before, "
                      "--group base64 v/* now\n", text)  # fmt: skip

    def test_the_same_vectors_may_lie_elsewhere(self):
        self.make_baseline(fake("good"))
        elsewhere = self.folder / "elsewhere"
        self.vectors.rename(elsewhere)
        self.vectors = elsewhere
        self.gate(fake("good"), status=0)

    def test_a_list_of_known_divergences_is_no_other_selection(self):
        known = self.folder / "known.yaml"
        known.write_text("divergences:\n  - {runtime: fake, vectors: [v/number-3], outcome: wrong,\n"
                         "     reason: an issue, date: 2026-11-30}\n")  # fmt: skip
        self.make_baseline(WRONG)
        self.gate(WRONG, status=0, run_options=["--divergences", known])

    # ---- The policy

    def test_today_is_a_day(self):
        self.make_baseline(fake("good"))
        results = self.run_vectors(fake("good"))
        for day in ("0", "12/31/2029", "2026-1-01", " 2026-1-1", "2026-02-30", "2026--1-01", ""):
            result = self.gate_of(results, status=2, options=["--today", day])
            self.assertIn(f"--today: '{day}' is not a day YYYY-MM-DD", result.stderr)

    def test_a_tolerance_of_no_runtime_is_named(self):
        self.make_baseline(fake("good"))
        policy = self.policy(tolerances=[self.tolerance(runtime="nope", vectors=["v/number-4"])])
        text = self.gate(fake("good"), status=0, options=[*policy, "--today", "2026-12-01"])
        self.assertRegex(text, r"note: .*gate\.yaml:\d+:\d+: no runtime of the results matches 'nope'")

    def test_a_second_document_is_refused(self):
        self.make_baseline(fake("good"))
        path = self.folder / "gate.yaml"
        path.write_text("--- {}\n--- {must_hold: [base64]}\n")
        result = self.gate_of(self.run_vectors(fake("good")), status=2, options=["--policy", path])
        self.assertIn("gate.yaml:2:5: a second document", result.stderr)

    def test_a_tolerance_opens_it_until_its_day(self):
        self.make_baseline(fake("good"))
        policy = self.policy(tolerances=[self.tolerance()])
        for day, status in (("2026-12-01", 0), ("2027-01-31", 0), ("2027-02-01", 1)):
            text = self.gate(WRONG, status=status, options=[*policy, "--today", day])
        self.assertIn("expired: ", text)
        self.assertIn("tolerated until 2027-01-31 (issue 7): v/number-3", text)
        self.assertIn("gate.yaml:2:", text)
        self.assertIn("regressed: v/number-3", text)

    def test_an_expired_tolerance_shuts_it_though_all_passes(self):
        self.make_baseline(fake("good"))
        policy = self.policy(tolerances=[self.tolerance()])
        self.assertIn("expired", self.gate(fake("good"), status=1, options=[*policy, "--today", "2027-02-01"]))

    def test_a_tolerance_is_of_its_runtime_vector_and_outcome(self):
        self.make_baseline(fake("good"))
        for changes in ({"vectors": ["v/number-4"], "sometimes": True}, {"outcomes": ["fault"]},
                        {"runtime": "other*"}):  # fmt: skip
            policy = self.policy(tolerances=[self.tolerance(**changes)])
            self.assertIn("regressed", self.gate(WRONG, status=1, options=[*policy, "--today", "2026-12-01"]))
        policy = self.policy(tolerances=[self.tolerance(runtime="fake*")])
        self.gate(WRONG, status=0, options=[*policy, "--today", "2026-12-01"])

    def test_a_pass_that_is_tolerated_shuts_it(self):
        self.make_baseline(WRONG)
        policy = [*self.policy(tolerances=[self.tolerance()]), "--today", "2026-12-01"]
        self.gate(WRONG, status=0, options=policy)
        text = self.gate(fake("good"), status=1, options=policy)
        self.assertIn("unexpected pass", text)
        self.assertIn("tolerated as wrong, and passes: v/number-3", text)

    def test_a_pass_is_no_news_where_it_happens_sometimes(self):
        self.make_baseline(WRONG)
        policy = self.policy(tolerances=[self.tolerance(sometimes=True)])
        self.gate(fake("good"), status=0, options=[*policy, "--today", "2026-12-01"])

    def test_a_pass_on_the_list_of_known_divergences_shuts_it(self):
        known = self.folder / "known.yaml"
        known.write_text("divergences:\n  - {runtime: fake, vectors: [v/number-3], outcome: wrong,\n"
                         "     reason: an issue, date: 2026-11-30}\n")  # fmt: skip
        options = ["--divergences", known]
        self.make_baseline(WRONG, options=options)
        self.gate(WRONG, status=0, run_options=options)
        text = self.gate(fake("good"), status=1, run_options=options)
        self.assertIn("unexpected pass: v/number-3", text)

    def test_an_outcome_may_be_tolerated_everywhere(self):
        self.make_baseline(fake("good"))
        self.gate(WRONG, status=0, options=self.policy(tolerated=["wrong"]))
        self.gate(WRONG, status=1, options=self.policy(tolerated=["fault"]))

    def test_a_group_must_hold(self):
        self.make_baseline(WRONG)
        self.gate(WRONG, status=0, options=self.policy(must_hold=[]))
        for group in ("base64", "claimed"):
            text = self.gate(WRONG, status=1, options=self.policy(must_hold=[group]))
            self.assertIn("group not held", text)
        self.gate(fake("good"), status=0, options=self.policy(must_hold=["base64"]))

    def test_a_group_of_which_a_part_was_run_is_not_held(self):
        self.make_baseline(fake("good"), options=["v/number-1"])
        text = self.gate(fake("good"), status=1, run_options=["v/number-1"],
                         options=self.policy(must_hold=["base64"]))  # fmt: skip
        self.assertIn("29 of its 30 vectors were not run", text)

    def test_a_tolerated_divergence_leaves_a_group_held(self):
        self.make_baseline(WRONG)
        policy = self.policy(must_hold=["base64"], tolerances=[self.tolerance()])
        self.gate(WRONG, status=0, options=[*policy, "--today", "2026-12-01"])

    def test_mistakes_in_the_policy_are_told_with_their_place(self):
        self.make_baseline(fake("good"))
        results = self.run_vectors(fake("good"))
        for content, message in (
            ({"must_hold": ["base65"]}, "'base65' is no conformance group"),
            ({"musthold": []}, "musthold"),
            ({"new_vectors": "maybe"}, "'maybe' is no choice"),
            ({"tolerated": ["pass"]}, "'pass' is no outcome that can be tolerated"),
            ({"tolerated": ["not run"]}, "'not run' is no outcome that can be tolerated"),
            ({"tolerances": [self.tolerance(until="2027-02-30")]}, "'2027-02-30' is not a day"),
            ({"tolerances": [self.tolerance(until="soon")]}, "'soon' is not a day"),
            ({"tolerances": [self.tolerance(vectors=["v/nummer-*"])]}, "no vector matches 'v/nummer-*'"),
            ({"tolerances": [self.tolerance(vectors=[])]}, "at least one vector"),
            ({"tolerances": [self.tolerance(outcomes=[])]}, "at least one outcome"),
            ({"tolerances": [{"vectors": ["v/*"]}]}, "outcomes"),
            ({"tolerances": [self.tolerance(reason="")]}, "a tolerance needs a reason"),
        ):
            result = self.gate_of(results, status=2, options=self.policy(valid=False, **content))
            self.assertRegex(result.stderr, r"gate\.yaml:\d+:\d+: ")
            self.assertIn(message, result.stderr)

    # ---- Flaky

    def flaky(self):
        """Wrong on number 3 at its first start, right ever after."""
        script = self.folder / "flaky.py"
        script.write_text(
            "import os, shlex, subprocess, sys\n"
            f"flag = {str(self.folder / 'flag')!r}\n"
            "first = not os.path.exists(flag)\n"
            "open(flag, 'w').close()\n"
            f"words = shlex.split({WRONG!r} if first else {fake('good')!r})\n"
            "os.execvp(words[0], words)\n"
        )
        return shlex.join([sys.executable, str(script)])

    def test_what_fails_now_and_then_is_flaky_and_no_pass(self):
        self.make_baseline(fake("good"))
        plugin = self.flaky()
        text = self.gate(plugin, status=1, rerun=2, options=["-p", plugin], run_options=["-j1"])
        self.assertIn("regressed, flaky: v/number-3", text)
        self.assertIn("flaky: wrong first, then pass, pass", text)
        self.assertIn("1 finding, 1 of them flaky", text)

    def test_what_fails_each_time_is_not_flaky(self):
        self.make_baseline(fake("good"))
        text = self.gate(WRONG, status=1, rerun=2, options=["-p", WRONG])
        self.assertIn("regressed: v/number-3", text)
        self.assertIn("the same when it was run again (2 times)", text)

    def test_a_run_without_verdict_is_not_flaky(self):
        self.make_baseline(fake("good"))
        unable = fake("unable --times 1000" + program_of(3))
        results = self.run_vectors(WRONG)
        data = json.loads(results.read_text())
        data["runtimes"][0]["command"] = unable
        results.write_text(json.dumps(data))
        text = self.gate_of(results, status=1, rerun=2, options=["-p", unable]).stdout
        self.assertIn("regressed: v/number-3", text)
        self.assertNotIn("flaky", text)
        self.assertRegex(text, "note: .*run again, vectors 2 times came to no verdict: ")

    def test_an_unexpected_pass_that_passes_again_is_not_flaky(self):
        known = self.folder / "known.yaml"
        known.write_text("divergences:\n  - {runtime: fake, vectors: [v/number-3], outcome: wrong,\n"
                         "     reason: an issue, date: 2026-11-30}\n")  # fmt: skip
        self.make_baseline(WRONG)
        plugin = fake("good")
        for options in ([], ["--divergences", known]):
            text = self.gate(plugin, status=1, rerun=1, run_options=["--divergences", known],
                             options=["-p", plugin, *options])  # fmt: skip
            self.assertIn("unexpected pass: v/number-3", text)
            self.assertIn("the same when it was run again (1 times)", text)

    def test_a_mistake_in_what_is_run_again_leaves_the_verdict(self):
        self.make_baseline(fake("good"))
        results = self.run_vectors(WRONG)
        data = json.loads(results.read_text())
        data["runtimes"][0]["command"] = "/no/such"
        results.write_text(json.dumps(data))
        path = self.folder / "gate.xml"
        for plugin in ("/no/such", ""):
            path.unlink(missing_ok=True)
            result = self.gate_of(results, status=1, rerun=1, options=["-p", plugin, "--junit", path])
            self.assertIn("its failures could not be run again: ", result.stdout)
            self.assertIn("regressed: v/number-3", result.stdout)
            self.assertIn("regressed", path.read_text())

    def test_it_has_no_use_for_the_name_of_a_runtime(self):
        self.make_baseline(fake("good"))
        self.gate_of(self.run_vectors(fake("good")), status=2, options=["-r", "reference_vm"])

    def test_a_command_that_only_the_results_name_is_not_run(self):
        self.make_baseline(fake("good"))
        results = self.run_vectors(WRONG)
        data = json.loads(results.read_text())
        mark = self.folder / "started"
        data["runtimes"][0]["command"] = f"touch {shlex.quote(str(mark))}"
        results.write_text(json.dumps(data))
        text = self.gate_of(results, status=1, rerun=2).stdout
        self.assertIn("its failures were not run again", text)
        self.assertFalse(mark.exists())

    def test_a_declared_runtime_is_run_again(self):
        declared = self.folder / "runtimes.yaml"
        declared.write_text(yaml.safe_dump({"runtimes": [{"name": "mine", "command": WRONG, "install": "it is here"}]}))
        words = ["--runtime", "mine", "--runtimes", declared]
        results = self.folder / "results.json"
        self.run_program("run", "--vectors", self.vectors, *words, "-o", results, status=1)
        self.make_baseline(fake("good"))
        text = self.gate_of(results, status=1, rerun=1, options=["--runtimes", declared]).stdout
        self.assertIn("the same when it was run again (1 times)", text)

    # ---- Forms

    def test_junit_has_a_case_for_each_finding(self):
        self.make_baseline(fake("good"))
        path = self.folder / "gate.xml"
        self.gate(WRONG, status=1, options=["--junit", path])
        suite = ElementTree.parse(path).getroot().find("testsuite")
        cases = suite.findall("testcase")
        self.assertEqual(suite.get("tests"), str(len(cases)))
        self.assertEqual(suite.get("failures"), "2")
        self.assertEqual([case.get("classname") for case in cases], ["gate", "gate.regressed"])
        self.assertIn("bpf-assay run", cases[1].find("failure").text)
        self.gate(fake("good"), status=0, options=["--junit", path])
        suite = ElementTree.parse(path).getroot().find("testsuite")
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("1", "0"))

    def test_markdown_names_the_findings(self):
        self.make_baseline(fake("good"))
        path = self.folder / "gate.md"
        self.gate(WRONG, status=1, options=["--markdown", path])
        text = path.read_text()
        self.assertIn("## The gate is shut", text)
        self.assertIn("| regressed | v/number-3 |", text.replace("&#45;", "-"))
        self.assertIn("    bpf-assay run", text)
        self.gate(fake("good"), status=0, options=["--markdown", path])
        self.assertIn("## The gate is open", path.read_text())

    def commands_in(self, text):
        """What GitHub takes for commands, of either kind."""
        commands, until = [], None
        for line in map(str.strip, text.splitlines()):
            if until is None and (stop := re.fullmatch("::stop-commands::([0-9a-f]{32})", line)):
                until = f"::{stop[1]}::"
            elif until is None and (line.startswith("::") or "##[" in line):
                commands.append(line)
            elif line == until:
                until = None
        self.assertIsNone(until)
        return commands

    def test_annotations_are_one_line_each(self):
        self.make_baseline(fake("good"))
        text = self.gate(WRONG, status=1, options=["--github"])
        lines = self.commands_in(text)
        self.assertEqual(len(lines), 1)
        self.assertTrue(lines[0].startswith("::error title=regressed%3A v/number-3::"), lines[0])
        self.assertIn("%0A", lines[0])

    def test_a_missing_baseline_is_a_warning_on_github(self):
        self.assertIn("::warning ", self.gate(fake("good"), status=0, options=["--github"]))

    def test_a_plugin_cannot_write_annotations(self):
        hello = {"hello": {"protocol": 1, "name": "x\n::error::owned\x1b[31m", "version": "1",
                           "engine": "jit", "byte_order": "little", "contexts": ["memory"],
                           "groups": ["base64"], "environment": {}}}  # fmt: skip
        plugin = fake("bad-hello --hello " + shlex.quote(json.dumps(hello)))
        self.make_baseline(fake("good"))
        text = self.gate(plugin, status=1, options=["--github"])
        self.assertNotIn("\x1b", text)
        self.assertFalse([line for line in text.splitlines() if line.startswith("::error::owned")])

    def test_a_plugin_cannot_stop_annotations(self):
        hello = {"hello": {"protocol": 1, "name": "::stop-commands::x", "version": "1",
                           "engine": "jit", "byte_order": "little", "contexts": ["memory"],
                           "groups": ["base64"], "environment": {}}}  # fmt: skip
        plugin = fake("bad-hello --hello " + shlex.quote(json.dumps(hello)))
        self.make_baseline(plugin)
        results = self.with_outcome(self.run_vectors(plugin), 3, "wrong", why="a ##[stop-commands]tok")
        text = self.gate_of(results, status=1, options=["--github"]).stdout
        self.assertIn("    ::stop-commands::x 1 (jit)\n", text)
        self.assertIn("##[stop-commands]tok", text)
        (annotation,) = self.commands_in(text)
        self.assertTrue(annotation.startswith("::error title=regressed%3A v/number-3::"), annotation)

    def test_a_file_that_cannot_be_written_is_told_first(self):
        self.make_baseline(fake("good"))
        results = self.run_vectors(fake("good"))
        result = self.gate_of(results, status=2, options=["--junit", self.folder / "no" / "x.xml"])
        self.assertIn("x.xml", result.stderr)


    def test_a_baseline_that_cannot_be_one_is_named(self):
        results = self.run_vectors(fake("good"))
        self.baseline.mkdir()
        self.assertIn("baseline.json: is a folder", self.gate_of(results, status=2).stderr)
        self.baseline.rmdir()
        self.baseline.hardlink_to(results)
        result = self.gate_of(results, status=2)
        self.assertIn("baseline.json: the baseline is the file of results itself", result.stderr)
        for path in (self.folder / "no" / "baseline.json", "", f"{self.folder}/"):
            self.baseline = path
            result = self.gate_of(results, status=2)
            self.assertEqual(result.stdout, "")
            self.assertRegex(result.stderr, f"{re.escape(str(path))}: (cannot be written|is a folder)")

    def test_a_verdict_that_cannot_be_printed_opens_nothing(self):
        self.make_baseline(fake("good"))
        results = self.run_vectors(fake("good"))
        with open("/dev/full", "w") as full:
            result = subprocess.run(
                [PROGRAM, "gate", "--vectors", self.vectors, "--baseline", self.baseline, results],
                stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)  # fmt: skip
        self.assertEqual(result.returncode, 2)
        self.assertIn("standard output cannot be written", result.stderr)

    # ---- ci/gate.sh

    def script(self, plugin, *words, status, **environment):
        """It is installed, beside the program."""
        folder = self.folder / "share/bpf-assay/ci"
        if not folder.exists():
            folder.mkdir(parents=True)
            (self.folder / "bin").mkdir()
            (self.folder / "bin/bpf-assay").symlink_to(PROGRAM)
            shutil.copy(ROOT / "ci/gate.sh", folder)
        result = subprocess.run(
            ["bash", folder / "gate.sh", "--plugin", plugin, "--output", "out",
             "--profile", "smoke", *words, "--", "add64-imm/*"],
            cwd=self.folder, capture_output=True, text=True, timeout=120,
            env={"PATH": os.environ["PATH"], **environment})  # fmt: skip
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def test_a_first_run_of_the_script(self):
        new = self.folder / "out/new-baseline.json"
        policy = self.policy(must_hold=["packet"])
        text = self.script("reference_vm", status=2)
        self.assertIn("there is no baseline, so nothing was compared", text)
        self.assertTrue(new.exists())
        text = self.script("reference_vm", *policy, status=1)
        self.assertIn("there is no baseline, so nothing was compared", text)
        self.assertTrue(new.exists())
        text = self.script(fake("unable --times 100000"), status=1)
        self.assertNotIn("keep", text)
        self.assertFalse(new.exists())

    def test_the_script_lets_no_plugin_command_a_workflow(self):
        hello = {"hello": {"protocol": 1, "name": "::stop-commands::x", "version": "1",
                           "engine": "jit", "byte_order": "little", "contexts": ["memory"],
                           "groups": ["base64"], "environment": {}}}  # fmt: skip
        plugin = fake("bad-hello --hello " + shlex.quote(json.dumps(hello)))
        text = self.script(plugin, status=2, GITHUB_ACTIONS="true")
        self.assertIn("::stop-commands::x 1 (jit)", text)
        self.assertEqual([line for line in self.commands_in(text) if "::warning " not in line], [])


if __name__ == "__main__":
    unittest.main()
