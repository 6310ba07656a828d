#!/usr/bin/env python3
"""vectors/schema.json against every vector file, and against files that it has to refuse; the same
of plugins/runtimes.schema.json.

    schema_test.py SOURCE_FOLDER
"""

import json
import pathlib
import re
import sys
import unittest

from missing_modules import require

yaml, jsonschema = require("yaml", "jsonschema")

ROOT = pathlib.Path(sys.argv.pop(1))
SCHEMA = json.loads((ROOT / "vectors/schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

HEAD = 'section: "4.1"\nvectors:\n  - {id: a/b, clauses: [C-1], because: B., '
DIGEST = "0123456789abcdef" * 4
SWEEP = "asm: x, registers: {dst: r0-r9}, rows: {dst: [few, 1]}, digest: "

GOOD = [
    "asm: r0 = 1, after: {r0: 1}",
    "asm: r0 = 1, policy: verifier, unless: x-what, tests: [mov64_imm], after: {}",
    "asm: r0 = 1, after_little: {}, after_big: {r1: undefined}",
    "asm: r0 = 1, memory_size: 65536, before: {r1: 0xffffffffffffffff, r2: {block: -3}},"
    ' after: {memory: {u8@0: -128, bytes@65535: "0a"}, stack: {u64@-512: 1}}',
    SWEEP + DIGEST,
    "imm: -1, " + SWEEP + "{little: %s, big: %s}" % (DIGEST, DIGEST),
    "program: exit, before: {memory: {u32@4: 0xffffffff}}, after: {r0: undefined}",
    'program: exit, packet: "00 ff", after: {r0: 1}',
    "program: exit, threads: 2, times: 1000000, after: {r0: 0}",
    "slots: [exit, {opcode: 255, dst: 15, imm: 0xffffffff}], control: [exit], expect: refused",
    'image: "95 00", expect: refused',
    'image: "", expect: refused',
]

BAD = [
    "asm: r0 = 1",
    "asm: r0 = 1, after: {r10: 1}",
    "asm: r0 = 1, after: {}, after_big: {}",
    "asm: r0 = 1, after_little: {}",
    "asm: r0 = 1, affter: {}, after: {}",
    "asm: r0 = 1, expect: refused, after: {}",
    "asm: r0 = 1, policy: none, after: {}",
    "asm: r0 = 1, unless: base32, after: {}",
    "asm: r0 = 1, memory_size: 12, after: {}",
    "asm: r0 = 1, memory_size: 65544, after: {}",
    "asm: r0 = 1, before: {r0: undefined}, after: {}",
    "asm: r0 = 1, after: {r0: 0x10000000000000000}",
    "asm: r0 = 1, after: {r0: 1.5}",
    "asm: r0 = 1, after: {r0: {block: 0, stack: 0}}",
    "asm: r0 = 1, after: {memory: {u8@0: 256}}",
    "asm: r0 = 1, after: {memory: {s8@0: 1}}",
    "asm: r0 = 1, after: {memory: {u8@-1: 1}}",
    'asm: r0 = 1, after: {memory: {bytes@0: "0"}}',
    "asm: r0 = 1, after: {stack: {u8@1: 1}}",
    SWEEP + "0123",
    SWEEP + "{little: %s}" % DIGEST,
    "memory_size: 8, " + SWEEP + DIGEST,
    SWEEP.replace("r0-r9", "r10") + DIGEST,
    "program: exit, after: {}",
    "program: exit, after: {r0: 1, r1: 1}",
    "program: exit, before: {r1: 1}, after: {r0: 1}",
    'program: exit, packet: "", after: {r0: 1}',
    'program: exit, packet: "00", after: {r0: 1, memory: {}}',
    "slots: [exit]",
    "slots: [exit], expect: loaded",
    'slots: [exit], image: "95", expect: refused',
    "slots: [{dst: 1}], expect: refused",
    "slots: [{opcode: 256}], expect: refused",
]


def errors_of(text):
    return [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(text))]


class Schema(unittest.TestCase):
    def test_is_a_schema(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_takes_every_vector_file(self):
        files = sorted((ROOT / "vectors").rglob("*.yaml"))
        others = {*(ROOT / "vectors/extensions").glob("*/extension.yaml"),
                  ROOT / "vectors/extensions/reserved.yaml"}  # fmt: skip
        files = [path for path in files if path.name != "operands.yaml" and path not in others]
        self.assertGreater(len(files), 30)
        for path in files:
            with self.subTest(path=str(path)):
                self.assertEqual(errors_of(path.read_text()), [])

    def test_takes_every_kind(self):
        for keys in GOOD:
            with self.subTest(keys):
                self.assertEqual(errors_of(HEAD + keys + "}\n"), [])

    def test_refuses_mistakes(self):
        for keys in BAD:
            with self.subTest(keys):
                self.assertNotEqual(errors_of(HEAD + keys + "}\n"), [])

    def test_refuses_mistakes_of_every_kind(self):
        good = HEAD + GOOD[0] + "}\n"
        for old, new in [("a/b", "A/b"), ("a/b", "ab"), ("id: a/b, ", ""), ("clauses: [C-1], ", ""),
                         ("[C-1]", "[]"), ("because: B., ", ""), ('"4.1"', "4.1"),
                         ("section", "sektion")]:
            with self.subTest(old=old, new=new):
                self.assertIn(old, good)
                self.assertNotEqual(errors_of(good.replace(old, new, 1)), [])

    def test_knows_the_policies(self):
        page = (ROOT / "docs/policy.md").read_text()
        table = page[page.index("| policy | tolerated besides"):].split("\n\n")[0]
        policies = re.findall(r"^\| `([a-z-]+)`", table, re.MULTILINE)
        self.assertCountEqual(SCHEMA["$defs"]["common"]["properties"]["policy"]["enum"], policies)


class Extensions(unittest.TestCase):
    def setUp(self):
        schema = json.loads((ROOT / "vectors/extension.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        self.validator = jsonschema.Draft202012Validator(schema)

    def errors_of(self, text):
        return [error.message for error in self.validator.iter_errors(yaml.safe_load(text))]

    def test_takes_every_extension(self):
        files = sorted((ROOT / "vectors/extensions").glob("*/extension.yaml"))
        self.assertGreater(len(files), 5)
        for path in files:
            with self.subTest(path=str(path)):
                self.assertEqual(self.errors_of(path.read_text()), [])

    def test_refuses_mistakes(self):
        good = (ROOT / "vectors/extensions/x-maygoto/extension.yaml").read_text()
        for old, new in [("x-maygoto", "maygoto"), ("shipped", "done"), ("runs: true", "runs: perhaps"),
                         ("runs: true", "runs: false"), ("title:", "titel:"), ("0xe5", "0x1e5"),
                         ("imm: unused", "imm: none"), ("llvm_cpu: v1", "llvm_cpu: v9"), ("{JCOND, K, JMP}", "JCOND"),
                         ("https://lore", "http://lore"), ("X-MAYGOTO-LOOP", "may goto")]:  # fmt: skip
            with self.subTest(old=old, new=new):
                self.assertIn(old, good)
                self.assertNotEqual(self.errors_of(good.replace(old, new, 1)), [])


RUNTIME = "runtimes:\n  - {name: a, command: b c, install: d, "

GOOD_RUNTIMES = [
    "options: e, engines: {f: g, h: ''}, environment: {I: j, K: 1}, timeout: 1, divergences: l",
    "one-shot: {}",
    "one-shot: {r0_bits: 32, memory: xdp, max_memory: 1, max_insns: 2, groups: [packet], excluded: [ja32], faults: [f]}",
]

BAD_RUNTIMES = [
    "optionen: e",
    "engines: [f]",
    "engines: {all: g}",
    "engines: {F: g}",
    "environment: {I=: j}",
    "timeout: 0",
    "timeout: 1.5",
    "one-shot: {r0_bits: 16}",
    "one-shot: {memory: r2}",
    "one-shot: {max_memory: 43001}",
    "one-shot: {groups: [base16]}",
    "one-shot: {bits: 32}",
]


class Runtimes(unittest.TestCase):
    def setUp(self):
        schema = json.loads((ROOT / "plugins/runtimes.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        self.validator = jsonschema.Draft202012Validator(schema)

    def errors_of(self, text):
        return [error.message for error in self.validator.iter_errors(yaml.safe_load(text))]

    def test_takes_the_file(self):
        self.assertEqual(self.errors_of((ROOT / "plugins/runtimes.yaml").read_text()), [])

    def test_takes_every_key(self):
        for keys in GOOD_RUNTIMES:
            with self.subTest(keys):
                self.assertEqual(self.errors_of(RUNTIME + keys + "}\n"), [])

    def test_refuses_mistakes(self):
        for keys in BAD_RUNTIMES:
            with self.subTest(keys):
                self.assertNotEqual(self.errors_of(RUNTIME + keys + "}\n"), [])
        for old, new in [("name: a", "name: all"), ("name: a, ", ""), ("command: b c, ", ""),
                         ("install: d", 'install: "d\\ne"'), ("install: d, ", "")]:
            with self.subTest(old=old, new=new):
                self.assertIn(old, RUNTIME)
                self.assertNotEqual(self.errors_of(RUNTIME.replace(old, new) + "timeout: 1}\n"), [])


if __name__ == "__main__":
    unittest.main()
