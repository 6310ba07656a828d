#!/usr/bin/env python3
"""bpf-assay run --shard and bpf-assay merge.

    cli_merge_test.py SOURCE_FOLDER BPF_ASSAY
"""

import json
import shlex
import unittest

from cli_case import ROOT, Cli, fake, program_of
from missing_modules import require

(jsonschema,) = require("jsonschema")

VALIDATOR = jsonschema.Draft202012Validator(
    json.loads((ROOT / "conformance/results.schema.json").read_text()))


def without_times(results):
    for run in results["runs"]:
        run.pop("seconds")
        run.pop("started")
    for runtime in results["runtimes"]:
        runtime.pop("seconds")
    return results


class Merge(Cli):
    def run_on(self, name, *plugins, options=(), status=0):
        output = self.folder / name
        words = [word for plugin in plugins for word in ("--plugin", plugin)]
        self.run_program("run", "--vectors", self.vectors, *words, "--output", output, *options,
                         status=status)
        return output

    def merge(self, *files, status=0, vectors=None):
        output = self.folder / "merged.json"
        ended = self.run_program("merge", *files, "--vectors", vectors or self.vectors,
                                 "--output", output, status=status)
        if status == 2:
            return ended.stderr
        VALIDATOR.validate(json.loads(output.read_text()))
        return output

    def test_shards_are_the_whole_run(self):
        plugins = (fake("wrong" + program_of(3)), fake("good"), fake("rejects" + program_of(7)))
        whole = self.merge(self.run_on("whole.json", *plugins, status=1), status=1).read_bytes()
        for count in (1, 2, 4, 29):
            shards = [
                self.run_on(f"{number}.json", *plugins, status=None,
                            options=("--shard", f"{number}/{count}", "--jobs", str(number)))
                for number in range(1, count + 1)]
            merged = self.merge(*reversed(shards), status=1).read_bytes()
            self.assertEqual(without_times(json.loads(merged)), without_times(json.loads(whole)))
        self.assertEqual(json.loads(whole)["exit_status"], 1)

    def test_a_merge_of_one_file_keeps_all_of_it(self):
        file = self.run_on("one.json", fake("wrong" + program_of(3)), status=1)
        once = self.merge(file, status=1).read_text()
        first = json.loads(file.read_text())
        self.assertEqual(json.loads(once)["runtimes"], first["runtimes"])
        again = self.folder / "again.json"
        again.write_text(once)
        self.assertEqual(self.merge(again, status=1).read_text(), once)

    def test_runtimes_of_other_files_stand_side_by_side(self):
        files = [self.run_on("good.json", fake("good")),
                 self.run_on("wrong.json", fake("wrong" + program_of(3)), status=1)]
        merged = json.loads(self.merge(*files, status=1).read_text())
        self.assertEqual([runtime["run"] for runtime in merged["runtimes"]], [0, 1])
        self.assertEqual(len(merged["runs"]), 2)

    def test_what_does_not_fit_together(self):
        good = fake("good")
        one = self.run_on("1.json", good, options=("--shard", "1/2"))
        two = self.run_on("2.json", good, options=("--shard", "2/2"))
        third = self.run_on("3.json", good, options=("--shard", "2/3"))
        smoke = self.run_on("s.json", good, options=("--shard", "2/2", "--profile", "smoke"))
        whole = self.run_on("w.json", good)
        for files, text in (((one,), "shard 2/2 of"),
                            ((one, two, two), "stands in another file, too"),
                            ((one, third), "differ in number of shards: 2 and 3"),
                            ((one, smoke), "differ in --profile: default and smoke"),
                            ((whole, whole), "both hold")):
            self.assertIn(text, self.merge(*files, status=2))

    def test_options_that_decide_nothing_may_differ(self):
        good = fake("good")
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "v.yaml").write_text((self.vectors / "v.yaml").read_text())
        whole = without_times(json.loads(self.merge(self.run_on("whole.json", good)).read_text()))
        plain = [self.run_on(f"{number}.json", good, options=("--shard", f"{number}/2"))
                 for number in (1, 2)]
        other = self.folder / "other.json"
        for number, options in (
                (1, ("-v", "--unavailable-status", "77", "--list=false", "--strict=false", "-j1")),
                (2, ("--verbose", "--unavailable-status=77", "--profile", "default",
                     "--extensions", "all", "--r0-bits", "64"))):
            self.run_program("run", "--vectors", elsewhere, "-p", good, "-o", other, "--shard",
                             f"{number}/2", *options)
            merged = without_times(json.loads(self.merge(other, plain[2 - number]).read_text()))
            # What was written out of the selection in the first shard stands there still.
            (run,) = merged["runs"]
            if number == 1:
                self.assertEqual(run.pop("selection"), {"--vectors": [str(elsewhere)]})
                run["selection"] = whole["runs"][0]["selection"]
                self.assertIn("--strict=false", run["command"])
                run["command"] = whole["runs"][0]["command"]
                self.assertEqual(run["options"].pop("--strict"), ["false"])
            self.assertEqual(merged, whole)

    def test_options_that_decide_must_agree(self):
        good = fake("good")
        divergences = self.folder / "known.yaml"
        divergences.write_text("divergences: []\n")
        for one, two, text in (
                ((), ("--strict",), "--strict: none and given"),
                (("--timeout", "5"), ("--timeout", "6"), "--timeout: 5 and 6"),
                ((), ("--group", "base64"), "--group: none and base64"),
                (("v/*", "*", "-k", "explicit"), ("v/*", "-k", "explicit"), "ids: * v/* and v/*"),
                ((), ("--divergences", divergences), f"--divergences: none and {divergences}"),
                ((), ("-p", fake("rejects")), "--plugin: ")):
            files = [self.run_on(f"{number}.json", good, status=None,
                                 options=("--shard", f"{number}/2", *options))
                     for number, options in ((1, one), (2, two))]
            said = self.merge(*files, status=2)
            self.assertIn(f"1.json and {files[1]}: the shards of ", said)
            self.assertIn(f" differ in {text}", said)
        # In another order they choose the same.
        files = [self.run_on(f"{number}.json", good, options=("--shard", f"{number}/2", *options))
                 for number, options in ((1, ("v/*", "v/number-?")), (2, ("v/number-?", "v/*")))]
        self.merge(*files)

    def test_what_a_runtime_said_of_itself_must_agree(self):
        def plugin(environment):
            said = {"hello": {"protocol": 1, "name": "vm", "version": "1", "engine": "jit",
                              "byte_order": "little", "contexts": ["memory"],
                              "groups": ["base64"], "environment": environment}}
            script.write_text(f"exec {fake('bad-hello --hello ' + shlex.quote(json.dumps(said)))}\n")
            return shlex.join(["sh", str(script)])

        script = self.folder / "plugin.sh"
        one = self.run_on("1.json", plugin({"kernel": "6.1"}), status=None, options=("--shard", "1/2"))
        two = self.run_on("2.json", plugin({"kernel": "6.2"}), status=None,
                          options=("--shard", "2/2"))
        self.assertIn('differ in hello/environment/kernel: "6.1" and "6.2"',
                      self.merge(one, two, status=2))

    def test_mixed_vectors_are_refused(self):
        one = self.run_on("1.json", fake("good"))
        other = self.folder / "other"
        other.mkdir()
        (other / "v.yaml").write_text((self.vectors / "v.yaml").read_text() + "# changed\n")
        self.assertIn("is about other vectors (digest ", self.merge(one, status=2, vectors=other))

    def test_files_that_are_no_results(self):
        good = json.loads(self.run_on("1.json", fake("wrong" + program_of(3)), status=1).read_text())
        file = self.folder / "bad.json"

        def complaint(change):
            results = json.loads(json.dumps(good))
            change(results)
            file.write_text(json.dumps(results))
            return self.merge(file, status=2)

        def vector(results):
            return next(vector for vector in results["runtimes"][0]["vectors"]
                        if vector["outcome"] == "wrong")

        for change, text in (
                (lambda r: r.update(format="x"), "is no results file"),
                (lambda r: r.update(version=1), "has version 1 of the format"),
                (lambda r: r.pop("runs"), "key 'runs' not found"),
                (lambda r: r["runtimes"][0].update(run=7), "there is no run 7"),
                (lambda r: r["runtimes"][0].update(status="x"), "'x' is no status"),
                (lambda r: r["runtimes"][0]["hello"].pop("name"), "its hello: "),
                (lambda r: vector(r).update(outcome="x"), "v/number-3': 'x' is no outcome"),
                (lambda r: vector(r).update(id="v/none"), "there is no vector 'v/none'"),
                (lambda r: vector(r)["failures"][0].update(image="b7"), "an image of 2 hex digits"),
                (lambda r: vector(r)["failures"][0].update(image="zz" * 8), "that is not hex"),
                (lambda r: vector(r)["rows"].update(run="x"), "type must be number"),
                (lambda r: vector(r).update(id="v/number-4"), "vector 'v/number-4' stands twice"),
                (lambda r: r["runtimes"][0]["switched_off"].append("v/number-4"),
                 "vector 'v/number-4' stands twice"),
                (lambda r: vector(r).update(outcome="rejected"),
                 "the counts of group base64 are not those of its vectors"),
                (lambda r: r["runtimes"][0]["groups"][1]["rows"].update(passed=3),
                 "the counts of group base64 are not those of its vectors"),
                (lambda r: r["runtimes"][0]["vectors"].pop(),
                 "the counts of group base64 are not those of its vectors"),
                (lambda r: r["runtimes"][0]["groups"].pop(), "'groups' are 7, and not 8"),
                (lambda r: r.update(exit_status=0),
                 "the exit status of the file is 0, and its vectors come to 1")):
            said = complaint(change)
            self.assertIn("bad.json: ", said)
            self.assertIn(text, said)
        file.write_text("{")
        self.assertIn("bad.json: is no JSON", self.merge(file, status=2))

    def test_a_shard_without_its_runtime_is_no_whole_run(self):
        flag = self.folder / "here"
        script = self.folder / "plugin.sh"
        script.write_text(f"test -e {shlex.quote(str(flag))} && exec {fake('good')}\n"
                          f"exec {fake('unavailable')}\n")
        plugin = shlex.join(["sh", str(script)])
        flag.touch()
        one = self.run_on("1.json", plugin, options=("--shard", "1/2"))
        two = self.run_on("2.json", plugin, options=("--shard", "2/2"))
        flag.unlink()
        absent = self.run_on("absent.json", plugin, options=("--shard", "2/2"), status=2)
        output = self.folder / "merged.json"
        for files in ((one, absent), (absent, one)):
            said = self.run_program("merge", *files, "--vectors", self.vectors, "-o", output, status=2)
            self.assertIn("15 vectors, given up: shard 2/2 was not available: ", said.stdout)
            results = json.loads(output.read_text())
            VALIDATOR.validate(results)
            (runtime,) = results["runtimes"]
            self.assertEqual(runtime["status"], "given up")
            self.assertEqual(results["exit_status"], 2)
            self.assertEqual({group["verdict"] for group in runtime["groups"][:7]},
                             {"not tested in full"})
        self.assertIn("shard 2/2 of", self.merge(absent, absent, one, status=2))
        whole = json.loads(self.merge(one, two).read_text())
        self.assertEqual(whole["runtimes"][0]["status"], "ran")

    def test_shards_that_are_none(self):
        for text in ("0/2", "3/2", "1", "1/2/3", "a/b", "-1/2", "1/0"):
            ended = self.run_program("run", "--vectors", self.vectors, "--shard", text, status=2)
            self.assertIn("--shard is K/N, such as 1/4, and not", ended.stderr)


if __name__ == "__main__":
    unittest.main()
