#!/usr/bin/env python3
"""bpf-assay plugin check: what is wrong with a plugin is found, and said.

    cli_plugin_test.py SOURCE_FOLDER BPF_ASSAY
"""

import json
import re
import shlex
import sys
import unittest

from cli_case import ROOT, Cli, fake

TESTS = ROOT / "plugins/tests"
PAGE = ROOT / "docs/plugin-protocol.md"

# mode of rule_breaker.py, title of the check that finds it, words of the complaint
BREACHES = [
    ("any-protocol", "refuses protocol 2", "must be  'error' and exit status 1"),
    ("strict", "ignores unknown keys", "keys that are not known are ignored"),
    ("any-message", "messages that do not exist", 'came     {"not_loaded": {}}'),
    ("trusting", "'bytes' is not rows x size", 'came     {"ran"'),
    ("trusting", "payload that ends too early", 'came     {"rejected"'),
    ("waits", "refuses what is not JSON", "no answer within 3.0 s"),
    ("goes-on", "refuses what is not JSON", "the plugin has not ended within 3.0 s"),
    ("ends-well", "refuses what is not JSON", "'error', and then exit status 0"),
    ("needs-rows", "a run of no rows", 'must be  {"ran": {"rows": 0}, "bytes": 0}'),
    ("needs-bytes", "blocks of 0 bytes", "the plugin ended (exit status 3)"),
    ("small-blocks", "'max_block' bytes", "such blocks are not taken"),
    ("few-rows", "4,096 rows", 'must be  {"ran": {"rows": 4096}, "bytes": 131072}'),
    ("keeps-block", "keeps no memory", "each row begins with its own block"),
    ("keeps-first", "replaces one program", "R0 = 2, of the program that was loaded last"),
    ("keeps-loaded", "no program after a refusal", "also when it fails"),
    ("no-why", "hands on a refusal", "a reason in 'why'"),
    ("accepts", "hands on a refusal", "the unassigned opcode 0xff"),
    ("short", "loads a long program", "hello says that max_insns is 1000000"),
    ("any-context", "other contexts", "this context does not exist"),
    ("no-packets", "other contexts", "hello's 'contexts' has packet"),
    ("low-r0", "all of R0", 'or "r0_bits": 32 in hello'),
    ("dirty-status", "loads and runs", "row 0 begins with 00 00 00 00 01 00 00 00"),
    ("fault-r0", "reports faults", "R0 = 0 after a fault"),
    ("all-faults", "list of faults", "a line of more than 64 KiB"),
    ("other-faults", "reports faults", "'faults' names row 1000000"),
    ("fault-loads", "goes on after a fault", 'came     {"not_loaded": {}}'),
    ("says-big", "loads and runs", "R0 in the answer is in the other byte order"),
    ("big-answers", "loads and runs", "must be  little-endian, as hello says"),
    ("big-images", "byte order", "immediates are read in the other byte order"),
    ("chats", "loads and runs", "does the runtime print on standard output?"),
    ("latin-1", "hands on a refusal", "it holds bytes that are no UTF-8"),
    ("holds-back", "answers 'hello'", "is each answer flushed?"),
    ("one-read", "400 requests", "'loaded' for pair 0"),
    # What its first read has depends on the machine: a letter, a digit, a line, or all that comes.
    ("one-read", "one byte at a time", "hello, load and run, one byte at a time"),
    ("sequential", "large answers", "the plugin ended (exit status 4)"),
    ("bad-end", "ends when its input does", "came     exit status 1"),
    ("says-goodbye", "ends when its input does", "8 bytes that nobody has asked for: goodbye"),
    ("stays", "ends when its input does", "has not ended within 3.0 s"),
]
SLOW = {"waits", "goes-on", "holds-back", "one-read", "stays"}  # these wait for the timeout
REMARKS = [
    ("keeps-r6", "no registers", "a row that reads R6 before it writes it"),
    ("silent-faults", "reports faults", "no 'faults' says why"),
    ("dies-at-length", "loads a long program", "a program of 4096 slots: no answer: the plugin end"),
    ("dies-at-fault", "reports faults", "the plugin ended (SIGSEGV); the runner copes"),
    ("jit", "loads and runs", "'loaded' has no 'machine_code_bytes'"),
    ("accepts", "images of any length", "vectors of such programs will be 'accepted'"),
    ("good", "one-shot", "is not spoken (exit status"),
]
# fake_plugin.py understands no program, so its good part is wrong, too, but later.
BREAKDOWNS = [
    ("bad-hello", "hello: 'name' must be a text"),
    ("dies", "SIGSEGV"),
    ("exits", "the plugin ended (exit status 0)"),
    ("hangs", "no answer within 1.5 s"),
    ("not-json", "not a JSON object: segmentation fault"),
    ("half-line", 'a line began: {"loaded": {"eng'),
    ("floods-stdout", "a line of more than 64 KiB: garbage"),
    ("lies-length", "but only 48 bytes of the 56 come"),
    ("lies-length --by=-8", '"bytes": 40}, then 40 bytes'),
    ("short-rows", 'came     {"ran": {"rows": 1'),
    ("fault", "row 0 has status 1 (fault): a \"fault\".of ... bytes"),
    ("rejects", "nothing is good enough"),
    ("unable", '"cause": "memory"'),
    ("good", "R0 = 0x0; the program is: r0 = 0x1010101; exit"),
]


def breaker(mode):
    return shlex.join([sys.executable, "-B", str(TESTS / "rule_breaker.py"), mode])


class PluginCheck(Cli):
    def check(self, command, *options, **more):
        return self.run_program("plugin", "check", command, *options, **more).stdout

    def hello_of(self, **keys):
        hello = {"protocol": 1, "name": "n", "version": "1", "engine": "jit",
                 "byte_order": "little", **keys}
        return fake("bad-hello --hello " + shlex.quote(json.dumps({"hello": hello})))

    def test_good(self):
        for plugin in ("reference_vm", "reference_vm --byte-order big", breaker("good"),
                       shlex.join([sys.executable, "-B", str(TESTS / "minimal_plugin.py")])):
            with self.subTest(plugin):
                text = self.check(plugin)
                self.assertIn("\nThe plugin speaks the protocol.", text)
                self.assertNotIn("WRONG", text)

    def test_breaches(self):
        for mode, title, words in BREACHES:
            with self.subTest(mode):
                seconds = "3" if mode in SLOW else "60"
                text = self.check(breaker(mode), "--only", title, "--timeout", seconds, status=1)
                wrong = rf"^WRONG +[^\n]*{re.escape(title)}.*?(?=^\S)"
                report = re.search(wrong, text, re.S | re.M)[0]
                self.assertIn(words, report)
                for line in ("sent     ", "came     ", "must be  ", "see      docs/plugin-"):
                    self.assertIn(line, report)
                self.assertRegex(text, r"\n\d of \d checks failed; docs/plugin-protocol.md")

    def test_remarks_are_no_mistakes(self):
        for mode, title, words in REMARKS:
            with self.subTest(mode):
                text = self.check(breaker(mode), "--only", title)
                self.assertRegex(text, rf"(?m)^remark  [^\n]*{title}[^\n]*\n +[^\n]*"
                                 + re.escape(words))
                self.assertIn("A remark is no mistake.", text)

    def test_breakdowns(self):
        for mode, words in BREAKDOWNS:
            with self.subTest(mode):
                text = self.check(fake(mode), "--timeout", "1.5", "--only", "layout", status=1)
                self.assertIn(words, text)

    def test_hello(self):
        for keys, words in [({"r0_bits": 48}, "'r0_bits' must be 32 or 64"),
                            ({"contexts": ["moon"]}, 'hello: \'contexts\' is ["moon"]'),
                            ({"environment": {"cpu": 7}}, "hello: 'environment' is"),
                            ({"version": ""}, "'name' or 'version' is empty"),
                            ({"excluded": ["ad64"]}, "excluded 'ad64' is no instruction")]:
            with self.subTest(keys):
                text = self.check(self.hello_of(**keys), status=1)
                self.assertIn(words, text)
                self.assertIn("The other checks are left out: they need this.", text)

    def test_what_is_not_offered_is_no_mistake(self):
        text = self.check(breaker("good"), "--only", "two threads")
        self.assertIn("-       runs two threads on one block: not offered", text)

    def test_it_gives_up_on_a_plugin_that_does_not_answer(self):
        text = self.check(breaker("waits"), "--only", "refuses", "--timeout", "2", status=1)
        self.assertEqual(text.count("WRONG"), 3)
        self.assertIn("The other checks are left out: 3 had no answer.", text)

    def test_messages_are_shown(self):
        text = self.check("reference_vm", "--verbose", "--only", "layout")
        self.assertIn('          -> {"hello": {"protocol": 1}}\n          <- {"hello": {', text)

    def test_sections_exist(self):
        headings = {re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
                    for line in PAGE.read_text().splitlines() if line.startswith("#")}
        named = set()
        for source in (ROOT / "conformance/plugin_checks").glob("*.cpp"):
            found = re.findall(r'Check\{\s*"[^"]*",\s*"([a-z0-9-]+)"', source.read_text())
            named |= set(found)
        self.assertGreater(len(named), 5)
        self.assertLessEqual(named, headings)

    def test_set_up(self):
        failure = self.run_program("plugin", "check", "/no/such", status=2)
        self.assertIn("cannot start '/no/such'", failure.stderr)
        failure = self.run_program("plugin", "check", fake("unavailable"), status=2)
        self.assertIn("not available: a fake one", failure.stderr)
        self.run_program("plugin", status=2)


if __name__ == "__main__":
    unittest.main()
