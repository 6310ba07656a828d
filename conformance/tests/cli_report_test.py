#!/usr/bin/env python3
"""bpf-assay report and bpf-assay compare: what they write, and that no text of a plugin becomes markup.

    cli_report_test.py SOURCE_FOLDER BPF_ASSAY
"""

import csv
import html.parser
import json
import shlex
import unittest
import xml.etree.ElementTree as ElementTree

from cli_case import Cli, fake, program_of

BASE32 = """section: "4.3"
vectors:
  - {id: w/ja, clauses: [RFC9669-4.3-JA], because: It goes nowhere., asm: goto +0, after: {}}
"""
HOSTILE = '</script><img src=x onerror=alert(1)>|`*_&"\u202e\u2028'


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


class Report(Cli):
    def results(self, name, *plugins, options=()):
        output = self.folder / name
        words = [word for plugin in plugins for word in ("--plugin", plugin)]
        self.run_program("run", "--vectors", self.vectors, *words, "--output", output, *options,
                         status=None)
        return output

    def report(self, files, *options, status=0):
        return self.run_program("report", "--vectors", self.vectors, *files, *options, status=status)

    def page(self, *plugins):
        page = self.folder / "report.html"
        self.report([self.results("results.json", *plugins)], "--output", page)
        text = page.read_text()
        elements = Elements(text)
        return text, elements, json.loads(elements.data)

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
        ElementTree.parse(self.folder / "j.xml")

    def test_junit(self):
        junit = self.folder / "junit.xml"
        self.report([self.results("r.json", fake("wrong" + program_of(3)), fake("good"),
                                  fake("unavailable"))], "--junit", junit)
        suites = ElementTree.parse(junit).getroot().findall("testsuite")
        self.assertEqual([(suite.get("tests"), suite.get("failures"), suite.get("errors"),
                           suite.get("skipped")) for suite in suites],
                         [("30", "1", "0", "0"), ("30", "0", "0", "0"), ("1", "0", "1", "0")])
        (failed,) = [case for case in suites[0] if case.find("failure") is not None]
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
            self.assertIn(f"base64: {base64}", badge.read_text())
            data = json.loads(Elements(page.read_text()).data)
            verdicts = [data["verdicts"][data["runtimes"][0][key][1]["verdict"]]
                        for key in ("groups", "claims")]
            self.assertEqual(verdicts, [base64, base64])
            self.assertEqual("| held |" in markdown.read_text(), base64 == "held")

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
        self.assertIn("- `v/number-3`: pass -> wrong", markdown.read_text())
        self.assertIn("fixed: 1\n", self.compare(wrong, good).stdout)
        self.assertRegex(self.compare(wrong, rejects).stdout,
                         r"changed: 1\n +v/number-3 +wrong -> rejected")

    def test_vectors_come_and_go(self):
        some = self.results("a.json", fake("good"), options=("v/number-1*",))
        others = self.results("b.json", fake("good"), options=("v/number-2*",))
        said = self.compare(some, others, status=1).stdout
        self.assertIn("new: 11\n", said)
        self.assertIn("gone: 11\n", said)

    def test_runtimes_come_and_go(self):
        one = self.results("a.json", fake("good"), fake("wrong" + program_of(3)))
        two = self.results("b.json", fake("good"), fake("rejects" + program_of(3)))
        said = self.compare(one, two, status=1).stdout
        self.assertIn("a new runtime", said)
        self.assertIn("gone: it has no results any more", said)

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
