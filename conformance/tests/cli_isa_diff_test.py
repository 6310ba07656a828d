#!/usr/bin/env python3
"""The commands isa and isa diff: proposals that are bad, each with what has to be said of it.

    cli_isa_diff_test.py SOURCE_FOLDER BPF_ASSAY BUGGY_VM
"""

import json
import re
import shutil
import subprocess
import sys
import unittest

BUGGY_VM = sys.argv.pop(3)

from cli_case import ROOT, Cli, fake  # noqa: E402

# A proposal: the smaller of two numbers. The name and the opcode are kept for tests
# (docs/propose-an-instruction.md).
TEST = {
    "mnemonic": "test64_reg", "opcode": 0xFF, "dst_reg": "any", "src_reg": "any", "offset": "unused",
    "imm": "unused", "wide": False, "group": "x-test", "rfc_name": "{MIN, X, ALU64}", "section": "x-test",
    "formula": "dst = dst < src ? dst : src", "syntax": "{dst} = min({dst}, {src})", "llvm_cpu": "-",
    "extension": "x-test",
}  # fmt: skip
X_TEST = {"name": "x-test", "title": "Minimum", "text": "T.", "status": "draft", "since": {}, "runs": True,
         "links": [], "clauses": [{"id": "X-TEST-VALUE", "text": "T."}]}  # fmt: skip

ADD = """section: "4.1"
vectors:
  - id: div64-reg/a
    clauses: [RFC9669-4.1-DIV]
    because: B.
    asm: r2 /= r4
    before: {r2: 100, r4: 7}
    after: {r2: %d}
  - id: encoding/opcode-ff
    clauses: [RFC9669-4.1-CODE-UNASSIGNED]
    because: B.
    slots: ["r3 = 5", "r4 = 3", {opcode: 0xff, dst: 3, src: 4}, "r0 = 0", exit]
    control: ["r3 = 5", "r4 = 3", "r3 = r3", "r0 = 0", exit]
    expect: refused%s
"""


class IsaDiff(Cli):
    def setUp(self):
        super().setUp()
        self.table = json.loads(self.run_program("isa", "--json", "--extensions").stdout)

    def write(self, name, table):
        path = self.folder / name
        path.write_text(json.dumps(table))
        return path

    def copy(self):
        return json.loads(json.dumps(self.table))

    def with_test(self, **changes):
        """The head of a proposal."""
        head = self.copy()
        head["instructions"].append({**TEST, **changes})
        head["extensions"].append(X_TEST)
        return head

    def without(self, *extensions):
        """The table before an extension was proposed."""
        base = self.copy()
        base["instructions"] = [row for row in base["instructions"] if row.get("extension") not in extensions]
        base["extensions"] = [each for each in base["extensions"] if each["name"] not in extensions]
        return base

    def diff(self, head, *arguments, base=None, status=1):
        base = self.write("base.json", self.table if base is None else base)
        result = self.run_program("isa", "diff", base, self.write("head.json", head), *arguments, status=status)
        return result.stdout if status != 2 else result.stderr

    def changed(self, mnemonic, **changes):
        head = self.copy()
        next(row for row in head["instructions"] if row["mnemonic"] == mnemonic).update(changes)
        return head

    def row(self, table, mnemonic):
        return next(row for row in table["instructions"] if row["mnemonic"] == mnemonic)

    def extension(self, table, name):
        return next(each for each in table["extensions"] if each["name"] == name)

    def folder_with(self, name, files):
        """A folder with these files."""
        for path, text in files.items():
            (self.folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name / path).write_text(text)
        return self.folder / name

    def vectors_with(self, quotient=14, unless=""):
        folder = self.folder / f"v{quotient}{unless}"
        folder.mkdir(exist_ok=True)
        (folder / "v.yaml").write_text(ADD % (quotient, f"\n    unless: {unless}" if unless else ""))
        return folder


class Tables(IsaDiff):
    def test_nothing_changed(self):
        text = self.diff(self.table, status=0)
        self.assertIn("0 added, 0 removed, 0 changed. Nothing is unexplained.", text)

    def test_a_good_proposal(self):
        text = self.diff(self.with_test(), status=0)
        self.assertIn("| added | `test64_reg` | opcode 0xff | x-test | `dst = dst < src ? dst : src` |", text)

    def test_collision_with_the_rfc(self):
        text = self.diff(self.with_test(opcode=0x0F))
        self.assertIn("- `collision: test64_reg with add64_reg`: `test64_reg` (opcode 0x0f) collides with "
                      "`add64_reg` of RFC 9669 (opcode 0x0f)", text)  # fmt: skip
        self.assertIn("**1 unexplained.**", text)

    def test_collision_with_one_variant_only(self):
        self.assertIn("collision: test64_reg with mov64_reg", self.diff(self.with_test(opcode=0xBF)))
        self.diff(self.with_test(opcode=0xBF, offset=3), status=0)

    def test_collision_in_a_field_that_the_rfc_ignores(self):
        text = self.diff(self.with_test(opcode=0x0F, offset=3))
        self.assertIn("collides with `add64_reg` of RFC 9669 (opcode 0x0f): `add64_reg` ignores offset, which has "
                      "to be zero there, and runtimes that do not check it will misread "
                      "`test64_reg`.", text)  # fmt: skip
        self.assertIn("there are encodings that are both", self.diff(self.with_test(opcode=0x0F, offset=0)))

    def test_what_is_reserved_may_hold_any_register(self):
        text = self.diff(self.with_test(opcode=0xF5, dst_reg=11, formula="R0 = src"))
        self.assertIn("- `reserved: test64_reg`: ", text)
        head = self.with_test(opcode=0xFE, formula="dst = src")
        head["reserved"].append({"opcode": 0xFE, "dst_reg": 11, "by": "O", "use": "U"})
        self.diff(head, status=0)  # `any` is a register of the RFC

    def test_what_is_taken_off_the_reserved_list(self):
        head = self.with_test(opcode=0xF5)
        head["reserved"] = [each for each in head["reserved"] if each["opcode"] != 0xF5]
        text = self.diff(head)
        self.assertIn("- `reserved: test64_reg`: ", text)
        self.assertIn("- `reserved-removed: opcode 0xf5`: opcode 0xf5 is no longer on the list of what Linux uses: "
                      "JMP | TAIL_CALL.", text)  # fmt: skip
        head = self.copy()
        head["reserved"] = []
        self.assertIn("- `reserved-removed: opcode 0xbf, offset -1`", self.diff(head))

    def test_collision_with_an_extension_and_what_is_reserved(self):
        text = self.diff(self.with_test(opcode=0xE5))
        self.assertIn("collision: test64_reg with may_goto", text)
        self.assertIn("`test64_reg` (opcode 0xe5) collides with what Linux uses: JMP | CALL_ARGS", text)
        text = self.diff(self.with_test(opcode=0xF5))
        self.assertIn("- `reserved: test64_reg`: ", text)
        self.assertNotIn("collision:", text)

    def test_an_old_collision_is_no_news(self):
        self.assertNotIn("reserved: may_goto", self.diff(self.table, status=0))
        self.assertIn("reserved: may_goto", self.diff(self.table, base=self.without("x-maygoto")))

    def test_another_meaning(self):
        text = self.diff(self.changed("div64_reg", formula="dst = src != 0 ? dst / src : dst"))
        self.assertIn("- `meaning: div64_reg`: `div64_reg` of RFC 9669 is defined otherwise (formula: ", text)

    def test_another_group(self):
        text = self.diff(self.changed("mul32_reg", group="base32"))
        self.assertIn("- `group: mul32_reg`: `mul32_reg` changes its group (group: `divmul32` -> `base32`): "
                      "section 7.3 of RFC 9669 freezes its groups.", text)  # fmt: skip

    def test_an_instruction_that_joins_a_frozen_group(self):
        text = self.diff(self.with_test(extension="", group="base64", section="4.1"))
        self.assertIn("- `frozen-group: test64_reg`: `test64_reg` is added to base64: section 7.3", text)
        head = self.copy()
        head["instructions"].append({**TEST, "extension": "x-acqrel", "group": "x-acqrel"})
        self.assertIn("`test64_reg` is added to x-acqrel, which is shipped: its rows are frozen.", self.diff(head))

    def test_a_row_that_goes_away(self):
        head = self.copy()
        head["instructions"] = [row for row in head["instructions"] if row["mnemonic"] != "neg64"]
        self.assertIn("- `removed: neg64`: `neg64` of RFC 9669 is removed", self.diff(head))
        text = self.diff(self.without("x-acqrel"))
        self.assertIn("- `removed: x-acqrel`: x-acqrel is shipped and goes away", text)
        self.assertIn("- `removed: load_acquire8`", text)

    def test_another_encoding(self):
        text = self.diff(self.changed("load_acquire8", imm=0x120))
        self.assertIn("- `encoding: load_acquire8`: `load_acquire8` of x-acqrel has another encoding (imm: "
                      "`0x100` -> `0x120`)", text)  # fmt: skip
        self.assertIn("collision: load_acquire8 with store_release8",
                      self.diff(self.changed("load_acquire8", imm=0x110)))  # fmt: skip

    def test_a_draft_may_change_and_go(self):
        text = self.diff(self.changed("ldxdw_stackarg", formula="dst = 0"), status=0)
        self.assertIn("- `ldxdw_stackarg` of the draft x-stackargs has changed.", text)
        self.diff(self.without("x-stackargs"), status=0)

    def test_a_draft_does_not_move_into_what_is_frozen(self):
        head = self.copy()
        row = self.row(head, "ldxdw_stackarg")
        del row["extension"]
        row.update(group="base64", section="5.1")
        text = self.diff(head)
        self.assertIn("- `frozen-group: ldxdw_stackarg`: `ldxdw_stackarg` is added to base64: section 7.3", text)
        self.assertIn("- `ldxdw_stackarg` of the draft x-stackargs is dropped, and there is one of RFC 9669 now.", text)
        row.update(extension="x-acqrel", group="x-acqrel", section="x-acqrel")
        self.assertIn("- `frozen-group: ldxdw_stackarg`: `ldxdw_stackarg` is added to x-acqrel, which is shipped",
                      self.diff(head))  # fmt: skip

    def test_what_is_shipped_does_not_move(self):
        head = self.with_test()
        self.row(head, "load_acquire8").update(extension="x-test", group="x-test", section="x-test")
        self.assertIn("- `removed: load_acquire8`: `load_acquire8` of x-acqrel is removed, and there is one of "
                      "x-test now", self.diff(head))  # fmt: skip

    def test_what_a_shipped_extension_says_of_itself(self):
        head = self.copy()
        extension = self.extension(head, "x-acqrel")
        extension.update(runs=False, why="W.")
        gone = extension["clauses"].pop()
        extension["clauses"][0]["text"] = "Otherwise."
        extension["clauses"][1]["untestable"] = "U."
        text = self.diff(head)
        self.assertIn("- `runs: x-acqrel`: x-acqrel ran on the reference VM, and does not any more.", text)
        self.assertIn(f"- `clause-removed: {gone['id']}`: ", text)
        self.assertRegex(text, r'- `clause-text: X-ACQREL-LOAD`: The clause X-ACQREL-LOAD said ".+", and says '
                               r'"Otherwise\."\.')  # fmt: skip
        self.assertIn("- `clause-text: X-ACQREL-LOAD-ZEXT`: The clause X-ACQREL-LOAD-ZEXT was tested, and is said "
                      "to be untestable.", text)  # fmt: skip
        head = self.copy()
        self.extension(head, "x-stackargs").update(clauses=[], runs=True)
        self.diff(head, status=0)

    def test_words_alone(self):
        self.assertIn("- `editorial: exit`: ", self.diff(self.changed("exit", syntax="return")))

    def test_a_shipped_extension_does_not_become_a_draft(self):
        head = self.copy()
        next(each for each in head["extensions"] if each["name"] == "x-acqrel")["status"] = "draft"
        self.assertIn("- `status: x-acqrel`: x-acqrel was shipped and is draft.", self.diff(head))


class Vectors(IsaDiff):
    def test_no_vectors_and_no_clause(self):
        text = self.diff(self.with_test(), "--head-vectors", ROOT / "vectors")
        self.assertIn("- `untested: test64_reg`: No vector tests `test64_reg`.", text)
        self.assertIn("- `clause: X-TEST-VALUE`: No vector names the clause X-TEST-VALUE of x-test.", text)

    def test_what_the_suite_has_is_tested(self):
        base = self.without("x-acqrel", "x-maygoto", "x-callx", "x-gotox", "x-addrspacecast", "x-stackargs")
        text = self.diff(self.table, "--head-vectors", ROOT / "vectors", base=base)
        self.assertNotIn("untested:", text)
        self.assertNotIn("clause:", text)

    def test_vectors_taken_from_an_extension(self):
        vectors = self.folder / "suite"
        shutil.copytree(ROOT / "vectors", vectors)
        for path in (vectors / "extensions/x-maygoto").iterdir():
            if path.name != "extension.yaml":
                path.unlink()
        text = self.diff(self.table, "--head-vectors", vectors, base=self.without("x-maygoto"))
        self.assertIn("- `untested: may_goto`", text)
        self.assertIn("- `clause: X-MAYGOTO-LOOP`", text)

    def test_a_rejecting_vector_that_turns(self):
        text = self.diff(self.with_test(), "--base-vectors", ROOT / "vectors")
        self.assertIn("- `turned: encoding/opcode-ff`: `encoding/opcode-ff` has to be refused, and is "
                      "`test64_reg` of x-test now; the vector does not say `unless: x-test`.", text)  # fmt: skip
        before, after = self.vectors_with(), self.vectors_with(unless="x-test")
        text = self.diff(self.with_test(), "--base-vectors", before, "--head-vectors", after)
        self.assertNotIn("turned:", text)
        self.assertIn("- 1 vector that has to be refused says `unless: x-test`, and stays so everywhere else.", text)

    def test_a_vector_that_goes_away(self):
        after = self.vectors_with()
        (after / "v.yaml").write_text((after / "v.yaml").read_text().split("  - id: encoding")[0])
        before = self.folder / "before"
        before.mkdir()
        (before / "v.yaml").write_text(ADD % (14, ""))
        text = self.diff(self.table, "--base-vectors", before, "--head-vectors", after)
        self.assertIn("- `vector-removed: encoding/opcode-ff`: The vector `encoding/opcode-ff` is gone", text)


    def test_a_policy_and_a_switch_are_part_of_the_statement(self):
        before, after = self.vectors_with(), self.vectors_with(quotient=15, unless="x-acqrel")
        text = (after / "v.yaml").read_text()
        (after / "v.yaml").write_text(text.replace("because: B.", "because: B.\n    policy: silent", 1))
        text = self.diff(self.table, "--base-vectors", before, "--head-vectors", after)
        self.assertIn("- `policy: div64-reg/a`: `div64-reg/a` had the policy none and has silent.", text)
        self.assertIn("- `unless: encoding/opcode-ff`: `encoding/opcode-ff` said `unless: ` and says `unless: "
                      "x-acqrel`: no extension has such an encoding.", text)  # fmt: skip
        (before / "v.yaml").write_text(ADD.split("  - id: encoding")[0] % 14)
        self.assertIn("- `unless: encoding/opcode-ff`: `encoding/opcode-ff` says `unless: x-acqrel`, which has no "
                      "such encoding.",
                      self.diff(self.table, "--base-vectors", before, "--head-vectors", after))  # fmt: skip

    def test_a_switch_of_what_has_the_encoding(self):
        both = [self.vectors_with(quotient=number, unless=unless) for number, unless in ((16, ""), (17, "x-test"))]
        ways = [("--base-vectors", both[way], "--head-vectors", both[1 - way]) for way in (0, 1)]
        text = self.diff(self.with_test(), *ways[0], base=self.with_test(), status=0)
        self.assertIn("- `encoding/opcode-ff` said `unless: ` and says `unless: x-test`, which had the encoding "
                      "before.", text)  # fmt: skip
        text = self.diff(self.with_test(), *ways[1], base=self.with_test())
        self.assertIn("- `unless: encoding/opcode-ff`: `encoding/opcode-ff` said `unless: x-test` and says `unless: "
                      "`: x-test still has such an encoding.", text)  # fmt: skip
        self.diff(self.table, *ways[1], base=self.with_test(), status=0)

    def test_the_suite_against_itself(self):
        text = self.diff(self.table, "--base-vectors", ROOT / "vectors", "--head-vectors", ROOT / "vectors", status=0)
        self.assertIn("Nothing is unexplained", text)

    def shipped(self):
        """A folder of before: x-maygoto, whose row had another syntax."""
        row = (ROOT / "vectors/extensions/x-maygoto/extension.yaml").read_text()
        return self.folder_with("stale/vectors", {
            "v.yaml": ADD % (14, ""),
            "extensions/x-maygoto/extension.yaml": row.replace("may_goto {target}", "maybe {target}"),
            "extensions/x-maygoto/a.yaml": 'section: x-maygoto\nvectors:\n- {id: may-goto/of-before, asm: maybe +0}\n',
        })  # fmt: skip

    def test_vectors_of_another_extension_are_not_skipped_in_silence(self):
        base = self.changed("may_goto", syntax="maybe {target}")
        text = self.diff(self.table, "--base-vectors", self.shipped(), "--head-vectors", ROOT / "vectors", base=base)
        self.assertRegex(text, "- `not-compared: x-maygoto`: The base's vectors of x-maygoto, which is frozen, are "
                               "not compared: .*this build has another 'may_goto'")  # fmt: skip
        self.assertIn("- `vector-removed: may-goto/of-before`: ", text)
        for table in (base, draft := self.copy()):
            self.extension(table, "x-maygoto")["status"] = "draft"
        text = self.diff(draft, "--base-vectors", self.shipped(), "--head-vectors", ROOT / "vectors", base=base)
        self.assertIn("- The base's vectors of the draft x-maygoto are not compared: ", text)
        self.assertNotIn("not-compared: x-maygoto", text)

    def test_what_the_base_says_in_another_format(self):
        broken = "- {id: add64-reg/new, clauses: [RFC9669-4.1-ADD], because: B., asm: r1 += r2, after: {}, new: 1}\n"
        base = self.folder_with("formats", {
            "v.yaml": ADD % (14, "") + broken.replace("- ", "  - "),
            "w.yaml": "section: '4.1'\nversion: 2\nvectors:\n" + broken.replace("/new", "/later"),
            "extensions/x-maygoto/extension.yaml": "extension: x-maygoto\n",
            "extensions/x-maygoto/a.yaml": 'section: x-maygoto\nvectors:\n- {id: may-goto/of-before, asm: maybe +0}\n',
        })  # fmt: skip
        text = self.diff(self.table, "--base-vectors", base, "--head-vectors", self.vectors_with(), "--head-vm",
                         f"'{BUGGY_VM}' --bug div-clobbers-r3")  # fmt: skip
        self.assertRegex(text, "- `unreadable: add64-reg/new`: .*unknown key 'new'")
        self.assertRegex(text, "- `unreadable: w.yaml`: .*unknown key 'version'")
        self.assertRegex(text, "- `unreadable: x-maygoto`: .*key 'title' is missing")
        for gone in ("add64-reg/new", "add64-reg/later", "may-goto/of-before"):
            self.assertIn(f"- `vector-removed: {gone}`", text)
        self.assertIn("- `meaning: div64_reg`", text)  # the others are compared

    def test_clauses_of_the_rfc(self):
        clauses = (ROOT / "docs/clauses.yaml").read_text()
        more = '\n- {id: RFC9669-GONE, section: "4.1", kind: value, strength: must, text: T.}\n'
        changed = clauses.replace('text: "A uN value', 'text: "No uN value')
        folders = [self.folder_with(name, {"vectors/v.yaml": ADD % (14, ""), "docs/clauses.yaml": text}) / "vectors"
                   for name, text in (("before", clauses.rstrip() + more), ("after", changed))]  # fmt: skip
        text = self.diff(self.table, "--base-vectors", f"{folders[0]}/", "--head-vectors", folders[1])
        self.assertIn("- `clause-removed: RFC9669-GONE`: The clause RFC9669-GONE is gone; ids are stable.", text)
        self.assertIn('- `clause-text: RFC9669-2.1-RANGE`: The clause RFC9669-2.1-RANGE said "A uN', text)
        self.assertIn("**2 unexplained.**", text)


class Meanings(IsaDiff):
    def test_the_same_vm(self):
        vectors = self.vectors_with()
        text = self.diff(self.table, "--base-vectors", vectors, "--head-vectors", vectors, "--base-vm",
                         "reference_vm", "--head-vm", "reference_vm --extensions all", status=0)  # fmt: skip
        self.assertIn("Nothing is unexplained", text)

    def test_a_vm_that_divides_otherwise(self):
        for more in ((), ("--base-vm", "reference_vm")):
            text = self.diff(self.table, "--base-vectors", self.vectors_with(), "--head-vm",
                             f"'{BUGGY_VM}' --bug div-clobbers-r3", *more)  # fmt: skip
            self.assertIn("- `meaning: div64_reg`: The base's `div64-reg/a` was pass on the base's VM, and is "
                          "wrong (r3 is ", text)  # fmt: skip

    def test_a_vector_that_the_base_does_not_hold(self):
        text = self.diff(self.table, "--head-vectors", self.vectors_with(15), "--base-vm", "reference_vm")
        self.assertIn("- `meaning: div64_reg`: The head's `div64-reg/a` is wrong (r2 is ", text)

    def test_a_sweep_of_another_vm(self):
        folder = self.folder / "sweep"
        folder.mkdir()
        digest = "0123456789abcdef" * 4
        (folder / "v.yaml").write_text(
            'section: "4.1"\nvectors:\n- {id: add64-reg/s, clauses: [RFC9669-4.1-ADD], asm: "{dst} += {src}",\n'
            f"   registers: {{dst: r0, src: r1}}, rows: {{dst: [1], src: [2]}}, digest: {digest}}}\n"
            "- {id: add64-reg/e, clauses: [RFC9669-4.1-ADD], because: B., asm: r1 += r2, after: {},\n"
            "   before: {r1: 1, r2: 0}}\n"
        )
        text = self.diff(self.table, "--base-vectors", folder, "--head-vm", "reference_vm")
        self.assertIn("- `meaning: add64_reg`: The base's `add64-reg/s` states other rows than the head's VM "
                      "computes.", text)  # fmt: skip

    def test_a_vm_that_accepts_what_must_be_refused(self):
        vectors = self.folder / "mov"
        vectors.mkdir()
        (vectors / "v.yaml").write_text(
            'section: "4.1"\nvectors:\n- {id: encoding/mov, clauses: [RFC9669-4.1-OFFSET-MOVSX-UNASSIGNED],\n'
            '   because: B., slots: ["r3 = 5", {opcode: 0xbf, dst: 3, src: 3, offset: 7}, "r0 = 0", exit],\n'
            "   expect: refused}\n"
        )
        text = self.diff(self.table, "--base-vectors", vectors, "--head-vm", f"'{BUGGY_VM}' --bug mov-offset")
        self.assertIn("- `turned: encoding/mov`: The base's `encoding/mov` has to be refused, and the head's "
                      "VM loads it.", text)  # fmt: skip


    def test_a_vm_that_does_not_offer_what_the_base_ran(self):
        folder = self.folder / "offered"
        shutil.copytree(ROOT / "vectors/extensions/x-maygoto", folder / "extensions/x-maygoto")
        vms = ("--base-vectors", folder, "--base-vm", "reference_vm --extensions all", "--head-vm", "reference_vm")
        text = self.diff(self.table, *vms)
        self.assertIn("- `meaning: may_goto`: The base's `may-goto/", text)
        self.assertIn("was pass on the base's VM, and does not run on the head's, which lacks extension x-maygoto.",
                      text)  # fmt: skip
        self.assertNotIn("meaning:", self.diff(self.without("x-maygoto"), *vms))

    def test_pairs_of_vms(self):
        buggy = f"'{BUGGY_VM}' --bug div-clobbers-r3"
        vms = ("--base-vm", "reference_vm", "--base-vm", f"'{BUGGY_VM}'", "--head-vm", "reference_vm")
        vectors = ("--base-vectors", self.vectors_with())
        self.diff(self.table, *vectors, *vms, "--head-vm", f"'{BUGGY_VM}'", status=0)
        text = self.diff(self.table, *vectors, *vms, "--head-vm", buggy)
        self.assertRegex(text, r"`div64-reg/a` was pass on the base's VM, and is wrong \(r3 is .*\) on the head's, "
                               r"`--bug div-clobbers-r3`\.")  # fmt: skip
        self.assertIn("come in pairs", self.diff(self.table, *vectors, *vms, status=2))

    def test_vms_need_vectors(self):
        vectors = self.vectors_with()
        for option, message in (("--base-vm", "give --head-vectors"), ("--head-vm", "give --base-vectors")):
            self.assertIn(message, self.diff(self.table, option, "reference_vm", status=2))
        self.assertIn("give --base-vectors", self.diff(self.table, "--head-vm", "reference_vm", "--head-vectors",
                                                       vectors, status=2))  # fmt: skip

    def test_a_vm_that_accepts_what_an_extension_has(self):
        text = """section: "4.3"
vectors:
- {id: encoding/e5, clauses: [RFC9669-4.3-CODE-UNASSIGNED], because: B., slots: ["r0 = 0", {opcode: 0xe5}, exit],
   expect: refused%s}
"""
        folders = []
        for number, unless in enumerate(("", ", unless: x-maygoto")):
            folders.append(self.folder / f"e5-{number}")
            folders[-1].mkdir()
            (folders[-1] / "v.yaml").write_text(text % unless)
        vm = ("--base-vectors", folders[0], "--head-vm", "reference_vm --extensions x-maygoto")
        self.assertIn("- `turned: encoding/e5`", self.diff(self.table, *vm))
        self.diff(self.table, *vm, "--head-vectors", folders[1], status=0)
        self.assertIn("- `turned: encoding/e5`", self.diff(self.table, *vm, "--head-vectors", folders[0]))
        # A VM that does not declare the extension has to refuse it still.
        text = self.diff(self.table, *vm[:2], "--head-vectors", folders[1], "--head-vm", fake("accepts-everything"))
        self.assertIn("The base's `encoding/e5` has to be refused, and the head's VM loads it.", text)


class Runtimes(IsaDiff):
    def probe(self, *arguments, base=(), status=1):
        return self.diff(self.table, "--head-vectors", ROOT / "vectors", *arguments, base=self.without(*base),
                         status=status)  # fmt: skip

    def test_who_has_it_and_who_refuses_it(self):
        text = self.probe("-p", "reference_vm", "-p", "reference_vm --extensions x-acqrel", base=("x-acqrel",),
                          status=0)  # fmt: skip
        rows = [line for line in text.splitlines() if line.startswith("| reference_vm ")]
        self.assertEqual(len(rows), 2)
        self.assertEqual(rows[0].count(" refuses |"), 8)
        self.assertEqual(rows[1].count(" has it, right |"), 8)

    def test_a_runtime_that_misreads_is_loud(self):
        text = self.probe("-p", f"'{BUGGY_VM}' --bug atomic-imm", base=("x-acqrel",))
        self.assertIn("> [!CAUTION]\n> **buggy_vm 1 (interpreter) runs `load_acquire64` as something else.**", text)
        self.assertIn("- `misread: load_acquire64 on buggy_vm 1 (interpreter)`: ", text)
        self.assertIn("**MISREADS**", text)
        self.assertNotIn("misread: load_acquire8 on", text)  # its opcode is nobody's

    def test_a_fault_is_not_a_wrong_value(self):
        text = self.probe("-p", fake("fault"), base=("x-acqrel",))
        self.assertIn("- `faults: load_acquire64 on fake 1.0 (interpreter)`: ", text)
        self.assertIn("a \"fault\" of ", text)  # in one line
        self.assertNotIn("MISREADS", text)
        self.assertNotIn("misread:", text)

    def test_a_fault_that_the_policy_tolerates(self):
        row = (ROOT / "vectors/extensions/x-acqrel/extension.yaml").read_text()
        vector = """section: x-acqrel
vectors:
- {id: a/b, clauses: [X-ACQREL-LOAD], because: B., asm: "r3 = load_acquire((u64 *)(r4 + 1))", after: {r3: 0},
   before: {r3: 1, r4: {block: 0}, memory: {u64@0: 0, u64@8: 0}}%s}
"""
        for policy, faults in ((", policy: unaligned", False), ("", True)):
            folder = self.folder_with(f"policy-{faults}", {
                "extensions/x-acqrel/extension.yaml": row, "extensions/x-acqrel/a.yaml": vector % policy
            })  # fmt: skip
            text = self.diff(self.table, "--head-vectors", folder, "-p", fake("fault"), base=self.without("x-acqrel"))
            self.assertEqual("- `faults: load_acquire64 on fake" in text, faults)

    def test_what_does_not_run_is_refused_or_accepted(self):
        text = self.probe("-p", "reference_vm", "-p", f"'{BUGGY_VM}' --bug mov-offset",
                          base=("x-addrspacecast", "x-callx"))  # fmt: skip
        self.assertIn("- `accepts: addr_space_cast_kernel on buggy_vm 1 (interpreter)`", text)
        self.assertNotIn("callx on", text)
        row = next(line for line in text.splitlines() if line.startswith("| reference_vm "))
        self.assertEqual(row.count(" refuses |"), 3)

    def test_a_probe_by_name(self):
        text = self.probe("-p", "reference_vm", "--probe", "x-maygoto", status=0)
        self.assertIn("| runtime | `may_goto` |", text)
        error = self.probe("-p", "reference_vm", "--probe", "nop", status=2)
        self.assertIn("head.json: has no instruction of an extension 'nop'", error)

    def test_runtimes_need_vectors(self):
        self.assertIn("give --head-vectors", self.diff(self.table, "-p", "reference_vm", status=2))


class Explanations(IsaDiff):
    def explained(self, text, status):
        path = self.folder / "changes.yaml"
        path.write_text(text)
        return self.diff(self.with_test(opcode=0xF5), "--explained", path, status=status)

    def test_an_intended_change(self):
        text = self.explained("explained:\n- {change: 'reserved: test64_*', because: Linux agrees.}\n", 0)
        self.assertIn("Nothing is unexplained.", text)
        self.assertIn("## Explained\n\n- `reserved: test64_reg`: ", text)
        self.assertIn("  *Linux agrees.*", text)

    def test_an_explanation_of_something_else(self):
        text = self.explained("explained:\n- {change: 'reserved: max64_reg', because: Linux agrees.}\n", 1)
        self.assertIn("## Unexplained", text)
        self.assertIn("- Nothing is `reserved: max64_reg`: the explanation may go.", text)

    def test_mistakes(self):
        for text, message in (
            ("explained:\n- {change: 'reserved: x'}\n", "changes.yaml:2:3: key 'because' is missing"),
            ("explained:\n- {change: reserved, because: B.}\n", "changes.yaml:2:12: a change is named as"),
            ("explained:\n- {change: '*: *', because: B.}\n", "changes.yaml:2:12: a pattern names one kind"),
            ("explained:\n- {change: '*d: test64_reg', because: B.}\n", "changes.yaml:2:12: a pattern names one"),
            ("explain: []\n", "changes.yaml:1:1: "),
        ):
            self.assertIn(message, self.explained(text, 2))


class BadInput(IsaDiff):
    def test_no_table(self):
        error = self.run_program("isa", "diff", "HEAD~1", "HEAD", status=2).stderr
        self.assertIn("HEAD~1: there is no such file", error)
        self.assertIn("scripts/isa-gate takes git revisions", error)

    def test_only_the_base_has_extensions(self):
        head = self.copy()
        for key in ("extensions", "reserved"):
            del head[key]
        head["instructions"] = [row for row in head["instructions"] if "extension" not in row]
        self.assertRegex(self.diff(head, status=2), "head.json: has no extensions, and .*base.json has; `bpf-assay isa")
        self.diff(self.table, base=head)  # it is older than they are

    def test_broken_tables(self):
        for change, message in (
            (lambda table: table.pop("format"), "it is no table as `bpf-assay isa --json` prints it"),
            (lambda table: table.update(version=2), "only version 1 of the format is known"),
            (lambda table: table["instructions"][0].pop("imm"), "a row has no 'imm'"),
            (lambda table: table["instructions"][0].update(opcode=256), "no number from 0 to 255"),
            (lambda table: table["instructions"].append(dict(TEST)), "is of x-test, which 'extensions' does not"),
            (lambda table: table["instructions"].append(table["instructions"][0]), "stands twice"),
            (lambda table: table["reserved"][0].update(opcode=700), "opcode of what is reserved for 'LDX | PROBE_MEM"),
            (lambda table: table["reserved"][0].update(imm="any"), "imm of what is reserved for"),
        ):
            head = self.copy()
            change(head)
            error = self.diff(head, status=2)
            self.assertIn("head.json: ", error)
            self.assertIn(message, error)
        (self.folder / "base.json").write_text("{")
        self.assertIn("base.json: ", self.run_program("isa", "diff", self.folder / "base.json",
                                                      self.folder / "head.json", status=2).stderr)  # fmt: skip


class Isa(Cli):
    def test_extensions_on_request(self):
        table = json.loads(self.run_program("isa", "--json").stdout)
        self.assertEqual((table["format"], table["version"], len(table["instructions"])), ("bpf-assay-isa", 1, 170))
        self.assertNotIn("extensions", table)
        table = json.loads(self.run_program("isa", "--json", "--extensions").stdout)
        files = (ROOT / "vectors/extensions").glob("*/extension.yaml")
        rows_of_extensions = sum(path.read_text().count("mnemonic: ") for path in files)
        self.assertEqual(len(table["instructions"]), 170 + rows_of_extensions)
        rows = {row["mnemonic"]: row for row in table["instructions"]}
        self.assertEqual(rows["load_acquire8"]["group"], "x-acqrel")
        self.assertNotIn("extension", rows["add64_reg"])
        text = self.run_program("isa", "--extensions").stdout
        self.assertIn("x-acqrel: Load-acquire and store-release\n  shipped, since linux 6.15, llvm 21; runs", text)

    def test_a_folder_of_vectors_that_would_count_for_nothing(self):
        for arguments in (("--json",), ()):
            error = self.run_program("isa", *arguments, "--vectors", self.vectors, status=2).stderr
            self.assertIn("--vectors requires --extensions", error)

    def test_another_folder_of_vectors_needs_no_build(self):
        folder = self.vectors / "extensions/x-test"
        folder.mkdir(parents=True)
        (folder / "extension.yaml").write_text(
            "extension: x-test\ntitle: T\ntext: T\nstatus: draft\nruns: true\nlinks: []\nclauses: []\n"
            "instructions:\n- {mnemonic: test64_reg, opcode: 0xff, dst_reg: any, src_reg: any, offset: unused,\n"
            '   imm: unused, rfc_name: "{MIN, X, ALU64}", formula: "dst = dst < src ? dst : src",\n'
            '   syntax: "{dst} = min({dst}, {src})", llvm_cpu: "-"}\n'
        )
        dump = self.run_program("isa", "--json", "--extensions", "--vectors", self.vectors).stdout
        self.assertEqual(json.loads(dump)["instructions"][-1]["mnemonic"], "test64_reg")
        error = self.run_program("run", "--vectors", self.vectors, status=2).stderr
        self.assertIn("extension.yaml:9:14: this build does not have 'test64_reg'; run scripts/generate, and "
                      "build", error)  # fmt: skip


class Gate(unittest.TestCase):
    def test_the_report_has_its_place(self):
        for option in ("--output", "--output=r.md", "-o", "-or.md"):
            result = subprocess.run(["bash", ROOT / "scripts/isa-gate", "HEAD", "--runtime", "x", option, "r.md"],
                                    capture_output=True, text=True, timeout=60)  # fmt: skip
            self.assertEqual((result.returncode, result.stdout), (2, ""))
            self.assertIn(f"isa-gate: {option}: the report is build/isa-gate/report.md", result.stderr)


class Run(Cli):
    """bpf-assay run, and extensions."""

    def run_extension(self, plugin, *arguments, status=0):
        return self.run_program("run", "-p", plugin, "-s", "x-maygoto", *arguments, status=status)

    def test_by_what_the_runtime_declares(self):
        text = self.run_extension("reference_vm --extensions x-maygoto").stdout
        self.assertRegex(text, r"\n  x-maygoto +([1-9]\d*) +\1 +\1 .* held\n")
        result = self.run_extension("reference_vm", status=2)
        self.assertRegex(result.stdout,
                         r"\d+ vectors: not run, the runtime does not offer extension x-maygoto")
        self.run_extension("reference_vm", "--unavailable-status", "77", status=77)

    def test_every_choice_of_the_runtime_is_right(self):
        for choice in ("never", "always", "alternate"):
            self.run_extension(f"reference_vm --extensions x-maygoto --choices {choice}")

    def test_selection(self):
        everything = self.run_program("run", "--list").stdout.splitlines()
        rfc = self.run_program("run", "--list", "--extensions", "none").stdout.splitlines()
        one = self.run_program("run", "--list", "--extensions", "x-maygoto").stdout.splitlines()
        self.assertEqual(set(one) - set(rfc), {name for name in everything if name.startswith("may-goto/")})
        self.assertGreater(len(everything), len(one))
        self.assertIn("there is no extension 'x-test'",
                      self.run_program("run", "--list", "--extensions", "x-test", status=2).stderr)  # fmt: skip
        self.assertIn("'all', 'none' or a list", self.run_program("run", "--extensions", "none,x-acqrel",
                                                                  status=2).stderr)  # fmt: skip

    def test_the_switch_of_the_vm(self):
        error = self.run_extension("reference_vm --extensions x-callx", status=2)
        self.assertIn("x-callx is decoded, but it cannot run on this VM", error.stdout + error.stderr)
        error = self.run_extension("reference_vm --extensions x-test", status=2)
        self.assertIn("there is no extension 'x-test'", error.stdout + error.stderr)

    def test_off_means_refused_and_on_switches_the_refusal_off(self):
        ids = ("encoding/atomic-acquire-b", "encoding/opcode-e5")
        self.run_program("run", *ids)
        text = self.run_program("run", "-p", "reference_vm --extensions x-acqrel", *ids).stdout
        self.assertIn("1 vector is off: the runtime declares the extension", text)


if __name__ == "__main__":
    unittest.main()
