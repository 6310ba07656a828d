#!/usr/bin/env python3
"""bpf-assay report and bpf-assay compare: what they write, and that no text of a plugin becomes markup.

    cli_report_test.py SOURCE_FOLDER BPF_ASSAY
"""

import base64
import csv
import hashlib
import html.parser
import json
import re
import shlex
import struct
import unittest
import xml.etree.ElementTree as ElementTree
import zlib

from cli_case import Cli, fake, program_of

BASE32 = """section: "4.3"
vectors:
  - {id: w/ja, clauses: [RFC9669-4.3-JA], because: It goes nowhere., asm: goto +0, after: {}}
"""
# A sweep over a list of operands.yaml that changes nothing, as the fake plugin does.
SWEEP = """section: "4.1"
vectors:
  - id: w/sweep
    clauses: [RFC9669-4.1-OR]
    asm: "{{dst}} |= 0"
    registers: {{ dst: r3 }}
    rows: {{ dst: few }}
    digest: {digest}
"""
OPERANDS = "version: 1\nlists:\n  few: [1, 2, 5]\n"
HOSTILE = '</script><img src=x onerror=alert(1)>|`*_&"\u202e\u2028'


def sweep():
    """The vector with the digest of its rows: R3 is swept, the others hold their sentinels."""
    rows = b""
    for value in (1, 2, 5):
        registers = [0x9E3779B97F4A7C15 * (number + 1) % 2**64 for number in range(10)]
        registers[3] = value
        rows += struct.pack("<10Q", *registers)
    return SWEEP.format(digest=hashlib.sha256(rows).hexdigest())


def check_junit(test, root):
    """What the schemas of Jenkins (junit-10.xsd) and of Ant (JUnit.xsd) ask for, in our words."""
    test.assertEqual(root.tag, "testsuites")
    for number, suite in enumerate(root):
        test.assertEqual(suite.tag, "testsuite")
        test.assertLessEqual(set(suite.attrib),
                             {"name", "tests", "failures", "errors", "skipped", "time", "timestamp",
                              "hostname", "package", "id"})
        test.assertEqual(suite.get("id"), str(number))
        for required in ("name", "hostname", "package"):
            test.assertTrue(suite.get(required).strip(), required)
        test.assertRegex(suite.get("timestamp"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$")
        test.assertRegex(suite.get("time"), r"^\d+(\.\d+)?$")
        # Properties, then cases, then the two outputs.
        test.assertRegex(" ".join(child.tag for child in suite),
                         "^properties( testcase)* system-out system-err$")
        for child in suite.find("properties"):
            test.assertEqual((child.tag, set(child.attrib)), ("property", {"name", "value"}))
            test.assertTrue(child.get("name"))
        counts = {"failure": 0, "error": 0, "skipped": 0}
        for case in suite.findall("testcase"):
            test.assertEqual(set(case.attrib), {"name", "classname", "time"})
            test.assertRegex(case.get("time"), r"^\d+(\.\d+)?$")
            test.assertLessEqual(len(case), 1)
            for verdict in case:
                counts[verdict.tag] += 1  # a KeyError for any other element
                wanted = {"message"} if verdict.tag == "skipped" else {"message", "type"}
                test.assertEqual(set(verdict.attrib), wanted)
        test.assertEqual([suite.get(name) for name in ("tests", "failures", "errors", "skipped")],
                         [str(count) for count in (len(suite.findall("testcase")), counts["failure"],
                                                   counts["error"], counts["skipped"])])


def hostile():
    hello = {"hello": {"protocol": 1, "name": HOSTILE, "version": "1", "engine": "jit",
                       "byte_order": "little", "contexts": ["memory"],
                       "groups": ["base64"], "environment": {"machine": HOSTILE}}}
    return fake("bad-hello --hello " + shlex.quote(json.dumps(hello)))


class Elements(html.parser.HTMLParser):
    """The page as a browser takes it apart: its elements, and the text of the data."""

    def __init__(self, text):
        super().__init__()
        self.names, self.data, self.attributes = [], "", []
        self.in_data = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += [(tag, key, value) for key, value in attrs]
        self.in_data = ("id", "data") in attrs

    def handle_endtag(self, tag):
        self.in_data = False

    def handle_data(self, data):
        if self.in_data:
            self.data += data

    def unpacked(self):
        return json.loads(zlib.decompress(base64.b64decode(self.data.strip(), validate=True)))


class Report(Cli):
    def results(self, name, *plugins, options=()):
        output = self.folder / name
        words = [word for plugin in plugins for word in ("--plugin", plugin)]
        self.run_program("run", "--vectors", self.vectors, *words, "--output", output, *options,
                         status=None)
        return output

    def report(self, files, *options, status=0):
        return self.run_program("report", "--vectors", self.vectors, *files, *options, status=status)

    def data_of(self, files, *options):
        page = self.folder / "report.html"
        self.report(files, "--output", page, *options)
        return Elements(page.read_text()).unpacked()

    def page(self, *plugins):
        page = self.folder / "report.html"
        self.report([self.results("results.json", *plugins)], "--output", page)
        text = page.read_text()
        elements = Elements(text)
        return text, elements, elements.unpacked()

    def test_the_page_holds_the_results(self):
        _, _, data = self.page(fake("good"), fake("wrong" + program_of(3)), fake("unavailable"))
        good, wrong, unavailable = data["runtimes"]
        self.assertEqual(data["vectors"]["count"], 30)
        self.assertEqual([vector["id"] for vector in data["vector_list"]],
                         [f"v/number-{number}" for number in range(1, 31)])
        self.assertEqual(good["cells"], "a" * 30)
        self.assertEqual(wrong["cells"], "aac" + "a" * 27)
        self.assertEqual(unavailable["cells"], "." * 30)
        self.assertEqual(unavailable["status"], "unavailable")
        self.assertEqual(len({runtime["key"] for runtime in data["runtimes"]}), 3)
        first = wrong["failures"]["2"]["first"][0]
        self.assertEqual([entry["place"] for entry in first["differences"]], ["r4"])
        program = data["programs"][first["program_index"]]
        self.assertIn("r9 += 3", program["disassembly"])
        self.assertIn("0709000003000000", program["image"])
        self.assertEqual(data["outcomes"][2], "wrong")
        mnemonic = data["instructions"][data["vector_list"][2]["tests"][0]]["mnemonic"]
        self.assertEqual(mnemonic, "add64_imm")
        self.assertEqual(sum(group["outcomes"][2] for group in wrong["groups"]), 1)

    def test_one_file_that_needs_nothing_else(self):
        text, elements, _ = self.page(fake("good"))
        for tag, key, value in elements.attributes:
            if key in ("src", "href") and tag != "a":
                self.fail(f"<{tag} {key}={value}>")
        self.assertNotIn("assay:", text)

    def test_hostile_texts_stay_texts(self):
        _, elements, data = self.page(hostile())
        self.assertNotIn("img", elements.names)
        self.assertIn(HOSTILE, data["runtimes"][0]["title"])
        results = self.results("h.json", hostile())
        markdown, table, badges = (self.folder / name for name in ("m.md", "t.csv", "badges"))
        self.report([results], "--markdown", markdown, "--csv", table, "--badges", badges,
                    "--junit", self.folder / "j.xml")
        self.assertNotIn("<img", markdown.read_text())
        for line in markdown.read_text().split("\n"):
            if line.startswith("|"):
                self.assertEqual(line.count("|"), 11, line)
        rows = list(csv.reader(table.open(newline="")))
        self.assertEqual({len(row) for row in rows}, {4})
        self.assertIn(HOSTILE.splitlines()[0], rows[0][3])
        for badge in badges.iterdir():
            self.assertRegex(badge.name, r"^[-.A-Za-z0-9]+\.svg$")
            ElementTree.parse(badge)
        check_junit(self, ElementTree.parse(self.folder / "j.xml").getroot())

    def test_junit_of_every_verdict(self):
        (self.vectors / "w.yaml").write_text("""section: "4.3.1"
vectors:
  - {id: w/helper, clauses: [RFC9669-4.3.1-STATIC-ID], because: X., program: "call {mix}; exit", after: {r0: 0}}
""")
        junit = self.folder / "j.xml"
        results = [self.results(f"{mode}.json", fake(mode + program_of(3)))
                   for mode in ("rejects", "unable --times 99", "dies")]
        self.report(results, "--junit", junit)
        root = ElementTree.parse(junit).getroot()
        check_junit(self, root)
        tags = {verdict.tag for verdict in root.findall("testsuite/testcase/*")}
        self.assertEqual(tags, {"failure", "error", "skipped"})

    def test_junit(self):
        junit = self.folder / "junit.xml"
        self.report([self.results("r.json", fake("wrong" + program_of(3)), fake("good"),
                                  fake("unavailable"))], "--junit", junit)
        suites = ElementTree.parse(junit).getroot().findall("testsuite")
        self.assertEqual([(suite.get("tests"), suite.get("failures"), suite.get("errors"),
                           suite.get("skipped")) for suite in suites],
                         [("30", "1", "0", "0"), ("30", "0", "0", "0"), ("1", "0", "1", "0")])
        check_junit(self, ElementTree.parse(junit).getroot())
        (failed,) = [case for case in suites[0].findall("testcase") 
                     if case.find("failure") is not None]
        self.assertEqual(failed.get("name"), "v/number-3")
        self.assertEqual(failed.get("classname"), "rfc9669-4.1.explicit")
        self.assertIn("RFC9669-4.1-ADD", failed.find("failure").text)

    def test_markdown(self):
        markdown = self.folder / "summary.md"
        self.report([self.results("r.json", fake("wrong" + program_of(3)), fake("good"))],
                    "--markdown", markdown)
        text = markdown.read_text()
        self.assertIn("| `v/number-3` | wrong | ", text)
        self.assertEqual(text.count("### "), 1)  # nothing to say of the good one

    def test_csv(self):
        table = self.folder / "t.csv"
        self.report([self.results("r.json", fake("good"), fake("wrong" + program_of(3)))],
                    "--csv", table)
        rows = list(csv.reader(table.open(newline="")))
        self.assertEqual(rows[3], ["v/number-3", "4.1", "base64", "pass", "wrong"])
        self.assertEqual(len(rows), 31)

    def test_badges(self):
        folder = self.folder / "badges"
        self.report([self.results("r.json", fake("wrong" + program_of(3)))], "--badges", folder)
        texts = {badge.name.rsplit("-", 1)[1]: badge.read_text() for badge in folder.iterdir()}
        self.assertEqual(len(texts), 7)
        self.assertIn("base64: not held", texts["base64.svg"])
        self.assertIn("atomic32: not tested in full", texts["atomic32.svg"])

    def test_of_a_part_of_the_vectors_no_group_is_held(self):
        (self.vectors / "w.yaml").write_text(BASE32)
        for options, base64 in (((), "held"), (("v/number-1*", "w/*"), "not tested in full")):
            results = self.results("r.json", fake("good"), options=options)
            folder, page, markdown = (self.folder / name for name in ("badges", "p.html", "m.md"))
            self.report([results], "--badges", folder, "--markdown", markdown, "-o", page)
            (badge,) = folder.glob("*-base64.svg")
            self.assertIn("base64: " + {"held": "held"}.get(base64, "partly tested"),
                          badge.read_text())
            data = Elements(page.read_text()).unpacked()
            verdicts = [data["verdicts"][data["runtimes"][0][key][1]["verdict"]]
                        for key in ("groups", "claims")]
            self.assertEqual(verdicts, [base64, base64])
            self.assertEqual("| held |" in markdown.read_text(), base64 == "held")

    def test_what_was_tested_in_part_is_not_held(self):
        (self.vectors / "w.yaml").write_text(BASE32)
        for options, words in ((("--profile", "smoke"), "smoke profile"),
                               (("--shard", "1/2"), "shard 1 of 2"),
                               (("v/*",), "30 of 31 vectors")):
            results = self.results("r.json", fake("good"), options=options)
            runtime = json.loads(results.read_text())["runtimes"][0]
            self.assertEqual({group["verdict"] for group in runtime["groups"][:7]},
                             {"not tested in full"})
            self.assertEqual({claim["verdict"] for claim in runtime["claims"]},
                             {"not tested in full"})
            run = self.run_program("run", "--vectors", self.vectors, "-p", fake("good"), *options)
            self.assertIn(f"partly tested: {words}", run.stdout)
            if "--shard" in options:
                continue  # there is no report of one without the others
            folder, markdown, junit = (self.folder / name for name in ("badges", "m.md", "j.xml"))
            said = self.report([results], "--table", "--badges", folder, "--markdown", markdown,
                               "--junit", junit).stdout
            for text in (run.stdout, said):
                self.assertIn(f"partly tested: {words}", text)
                self.assertNotRegex(text, r"(?m)\bheld$")
                self.assertNotIn("holds", text)
            self.assertIn(words, markdown.read_text())
            self.assertNotIn("| held", markdown.read_text())
            (badge,) = folder.glob("*-base64.svg")
            self.assertIn("base64: partly tested", badge.read_text())
            self.assertIn("#57606a", badge.read_text())  # grey
            properties = ElementTree.parse(junit).findall("testsuite/properties/property")
            self.assertIn(("partly tested", words), [
                (entry.get("name"), entry.get("value")[:len(words)]) for entry in properties])
            self.assertIn(words, self.data_of([results])["runtimes"][0]["partly"][0])

    def test_badges_of_an_earlier_report_do_not_stay(self):
        folder = self.folder / "badges"
        folder.mkdir()
        (folder / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
        (folder / "notes.txt").write_text(" a badge of bpf-assay report ")
        hello = {"hello": {"protocol": 1, "name": "other", "version": "1", "engine": "jit",
                           "byte_order": "little", "contexts": ["memory"], "groups": ["base64"]}}
        other = fake("bad-hello --hello " + shlex.quote(json.dumps(hello)))
        self.report([self.results("r.json", fake("good"), other)], "--badges", folder)
        self.assertEqual(len(list(folder.glob("*.svg"))), 15)
        self.report([self.results("r.json", fake("good"))], "--badges", folder)
        self.assertEqual(len(list(folder.glob("*.svg"))), 8)
        self.assertFalse(list(folder.glob("other*")))
        self.assertEqual((folder / "notes.txt").read_text(), " a badge of bpf-assay report ")

    def test_the_yaml_of_a_vector_reproduces_it(self):
        (self.vectors / "w.yaml").write_text(sweep())
        (self.vectors / "operands.yaml").write_text(OPERANDS)
        plugin = fake("wrong --program 4703000000000000")  # r3 |= 0
        for number, (plugin, id_) in enumerate(((plugin, "w/sweep"),
                                                (fake("wrong" + program_of(3)), "v/number-3"))):
            data = self.data_of([self.results("r.json", plugin)])
            with_yaml = {vector["id"]: vector["yaml"] for vector in data["vector_list"]
                         if "yaml" in vector}
            self.assertEqual(list(with_yaml), [id_])
            folder = self.folder / f"found-{number}"
            folder.mkdir()
            (folder / "found.yaml").write_text(with_yaml[id_])
            output = self.folder / "again.json"
            self.run_program("run", "--vectors", folder, "-p", plugin, "-o", output, status=1)
            first, again = (
                next(vector for vector in json.loads(file.read_text())["runtimes"][0]["vectors"]
                     if vector["id"] == id_)
                for file in (self.folder / "r.json", output))
            self.assertEqual(first["outcome"], "wrong")
            self.assertEqual(again, first)

    def test_before(self):
        before = self.results("a.json", fake("wrong" + program_of(3)))
        after = self.results("b.json", fake("wrong" + program_of(4)))
        markdown = self.folder / "m.md"
        data = self.data_of([after], "--before", before, "--markdown", markdown)
        (comparison,) = data["comparisons"]
        wrong = data["outcomes"].index("wrong")
        (regressed,) = comparison["regressed"]
        self.assertEqual((regressed["id"], regressed["old"], regressed["new"]),
                         ("v/number-4", 0, wrong))
        self.assertEqual([entry["id"] for entry in comparison["fixed"]], ["v/number-3"])
        self.assertEqual((comparison["old_run"], comparison["new_run"]), (str(before), str(after)))
        self.assertIs(comparison["worse"], True)
        self.assertEqual(comparison["key"], data["runtimes"][0]["key"])
        self.assertIn("another name or command", comparison["notes"][0])
        self.assertEqual(data["comparison_notes"], [])
        self.assertIn("- v/number-4: pass -&#62; wrong", markdown.read_text())
        self.assertNotIn("comparisons", self.data_of([after]))
        self.assertIn("--before is shown by the page and in Markdown",
                      self.report([after], "--table", "--before", before, status=2).stderr)
        (self.folder / "x.json").write_text("{}")
        self.assertIn("x.json: is no results file",
                      self.report([after], "--markdown", markdown, "--before",
                                  self.folder / "x.json", status=2).stderr)

    def test_history(self):
        nights = self.folder / "nights"
        nights.mkdir()
        for day, (mode, options) in enumerate((("good", ()), ("good", ("--profile", "smoke")),
                                               ("good", ("v/number-1*",)), ("wrong", ())), 1):
            file = self.results("r.json", fake(mode), options=options)
            results = json.loads(file.read_text())
            results["runs"][0]["started"] = f"2026-11-{day:02}T08:00:00Z"
            results["runtimes"][0]["command"] = "my-vm"  # else each mode is a runtime of its own
            (nights / f"{9 - day}.json").write_text(json.dumps(results))
        latest = self.results("latest.json", fake("good"))
        trends = self.data_of([latest], "--history", nights)["history"]
        self.assertEqual([(trend["key"], [point["file"] for point in trend["points"]])
                          for trend in trends],
                         [("fake 1.0 (interpreter)", ["8.json", "6.json", "5.json"]),
                          ("fake 1.0 (interpreter), smoke profile", ["7.json"])])
        self.assertEqual([(point["vectors"], point.get("pass", 0), point.get("wrong", 0),
                           point.get("partial")) for point in trends[0]["points"]],
                         [(30, 30, 0, None), (11, 11, 0, "11 of 30 vectors"), (30, 0, 30, None)])
        (nights / "README").write_text("no results")
        self.assertIn("nights/README: is no results file",
                      self.report([latest], "-o", self.folder / "p.html", "--history", nights,
                                  status=2).stderr)
        self.assertIn("--history and --mutants are shown by the page",
                      self.report([latest], "--table", "--history", nights, status=2).stderr)

    def test_mutants(self):
        score = self.folder / "score.json"
        self.run_program("mutants", "--vectors", self.vectors, "--operator", "imm-off-by-one",
                         "--json", score, status=None)
        results = self.results("r.json", fake("good"))
        mutants = self.data_of([results], "--mutants", score)["coverage"]["mutants"]
        (operator,) = json.loads(score.read_text())["operators"]
        for key in ("generated", "killed", "equivalent", "survived"):
            self.assertEqual(mutants[key], operator[key])
        self.assertGreater(mutants["killed"], 0)
        self.assertEqual(len(mutants["survivors"]), operator["survived"])
        coverage = self.data_of([results])["coverage"]
        self.assertNotIn("mutants", coverage)
        names = [group["name"] for group in coverage["groups"]]
        self.assertIn("x-acqrel", names)
        self.assertNotIn("x-callx", names)  # it does not run
        self.assertEqual(names[-1], "unassigned")
        self.assertEqual(mutants["vectors_digest"], json.loads(results.read_text())["vectors"]["digest"])
        self.assertIn("r.json: is no score of `bpf-assay mutants --json`",
                      self.report([results], "-o", self.folder / "p.html", "--mutants", results,
                                  status=2).stderr)

    def test_table(self):
        ended = self.report([self.results("r.json", fake("good"))], "--table")
        self.assertIn("fake 1.0 (interpreter)", ended.stdout)

    def test_mistakes(self):
        results = self.results("r.json", fake("good"))
        self.assertIn("nothing to write", self.report([results], status=2).stderr)
        self.assertIn("cannot be written",
                      self.report([results], "-o", "/nowhere/page.html", status=2).stderr)
        self.assertIn("both hold", self.report([results, results], "--table", status=2).stderr)

    # ---- compare

    def compare(self, before, after, *options, status=0):
        return self.run_program("compare", before, after, *options, status=status)

    def test_no_change(self):
        before = self.results("a.json", fake("wrong" + program_of(3)))
        self.assertIn("no change", self.compare(before, before).stdout)

    def test_regressed_fixed_and_changed(self):
        good = self.results("a.json", fake("good"))
        wrong = self.results("b.json", fake("wrong" + program_of(3)))
        rejects = self.results("c.json", fake("rejects" + program_of(3)))
        markdown = self.folder / "m.md"
        said = self.compare(good, wrong, "--markdown", markdown, status=1).stdout
        self.assertIn("regressed: 1\n", said)
        self.assertRegex(said, r"v/number-3 +pass -> wrong")
        self.assertIn("- v/number-3: pass -&#62; wrong", markdown.read_text())
        self.assertIn("fixed: 1\n", self.compare(wrong, good).stdout)
        self.assertRegex(self.compare(wrong, rejects).stdout,
                         r"changed: 1\n +v/number-3 +wrong -> rejected")

    def test_vectors_come_and_go(self):
        some = self.results("a.json", fake("good"), options=("v/number-1*",))
        others = self.results("b.json", fake("good"), options=("v/number-2*",))
        said = self.compare(some, others, status=1).stdout
        self.assertIn("added: 11\n", said)
        self.assertIn("gone: 11\n", said)

    def test_runtimes_come_and_go(self):
        one = self.results("a.json", fake("good"), fake("wrong" + program_of(3)))
        two = self.results("b.json", fake("good"), fake("rejects" + program_of(3)))
        said = self.compare(one, two, status=1).stdout
        self.assertIn("a new runtime", said)
        self.assertIn("gone: it has no results any more; 30 vectors had a verdict", said)
        self.assertIn("added: 1, of which 1 diverge, which is worse", said)

    def test_what_has_no_verdict_any_more_is_lost(self):
        good = self.results("a.json", fake("good"))
        unable = self.results("b.json", fake("unable --times 99" + program_of(3)))
        said = self.compare(good, unable, status=1).stdout
        self.assertRegex(said, r"lost: 1\n +v/number-3 +pass -> not run")
        self.assertIn("worse: 1 lost", said)
        self.assertIn("nothing is worse", self.compare(unable, good).stdout)

    def test_a_runtime_that_is_not_available(self):
        good = self.results("a.json", fake("good"))
        unavailable = self.results("b.json", fake("unavailable"))
        said = self.compare(good, unavailable, status=1).stdout
        self.assertRegex(said, "worse: it is not available: .*; 30 vectors had a verdict")
        self.assertIn("it was not available", self.compare(unavailable, good).stdout)

    def test_what_is_hard_to_compare_is_said(self):
        good = self.results("a.json", fake("good"))
        smoke = self.results("b.json", fake("good"), options=("--profile", "smoke"))
        some = self.results("c.json", fake("good"), options=("v/number-1*",))
        markdown = self.folder / "m.md"
        said = self.compare(good, smoke, "--markdown", markdown).stdout
        self.assertIn("note: another profile: default before, smoke now", said)
        self.assertIn("another profile: default before, smoke now", markdown.read_text())
        said = self.compare(some, good).stdout
        self.assertRegex(said, r"note: another selection: .*v/number-1\* before, .* now")

    def test_no_text_of_a_plugin_moves_the_cursor(self):
        hello = {"hello": {"protocol": 1, "name": "\x1b[2J\x9b1m", "version": "1", "engine": "jit",
                           "byte_order": "little", "contexts": ["memory"], "groups": ["base64"]}}
        plugin = fake("bad-hello --hello " + shlex.quote(json.dumps(hello)))
        before = self.results("a.json", plugin)
        said = self.compare(before, before).stdout
        said += self.report([before], "--table").stdout
        said += self.run_program("merge", "--vectors", self.vectors, before, "-o",
                                 self.folder / "merged.json", status=None).stdout
        self.assertIn("[2J", said)
        self.assertFalse(re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", said), repr(said))

    def test_results_of_other_vectors_can_be_compared(self):
        before = self.results("a.json", fake("good"))
        file = self.vectors / "v.yaml"
        file.write_text(file.read_text() + "# another version\n")
        after = self.results("b.json", fake("good"))
        self.assertIn("different versions of the vectors", self.compare(before, after).stdout)

    def test_what_is_no_results(self):
        file = self.folder / "x.json"
        for text in ("", "[]", '{"format": "bpf-assay-results"}'):
            file.write_text(text)
            self.assertIn("x.json: is no results file", self.compare(file, file, status=2).stderr)


if __name__ == "__main__":
    unittest.main()
