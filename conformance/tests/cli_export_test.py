"""`bpf-assay export --elf`: what it writes where, and what LLVM's tools and the kernel make of it."""

import json
import re
import resource
import shutil
import subprocess
import sys
import unittest

import kernel_objects
from cli_case import Cli

# Every part of a block: registers, memory from a base before the block, its guards, the stack.
EVERYWHERE = """section: "5.1"
vectors:
  - id: v/everywhere
    clauses: [RFC9669-5.1-STX]
    asm: |
      r3 += 5
      *(u32 *)(r4 + 32767) = r3
      *(u64 *)(r10 - 16) = r3
    before: {r3: 7, r4: {block: -32751}, memory: {u32@16: 1, u8@63: 0x99}, stack: {u64@-16: 0x1122}}
    after: {r3: 12, memory: {u32@16: 12}, stack: {u64@-16: 12}}
    because: A sum is stored.
"""
# A call to itself, to a function, to one that runs into the next, and past those. The digest is not
# that of the rows, which nobody asks for here.
PARTLY = f"""section: "4.3"
vectors:
  - id: v/partly
    clauses: [RFC9669-4.3-CALL-FORM]
    tests: [call_local]
    asm: |
      {{dst}} += 1
      .quad ({{imm}} << 32) + 0x1085
      goto end
      exit
      exit
      end:
    registers: {{dst: [r6, r7]}}
    imm: [-1, 1, 2, 3]
    rows: {{dst: [1, 2]}}
    digest: "{64 * '0'}"
"""


def tool(name):
    """LLVM's tools have the version in their name, or not."""
    for version in [*(f"-{number}" for number in range(22, 17, -1)), ""]:
        if path := shutil.which(name + version):
            return path
    return None

PACKET = """section: "5.5"
vectors:
  - id: p/packet
    clauses: [RFC9669-5.5-SEMANTICS]
    program: "r6 = r1; r0 = *(u8 *)skb[0]; exit"
    packet: "81"
    after: {r0: 0x81}
    because: A byte is zero extended.
"""


class Exporting(Cli):
    def export_few(self, *arguments, **options):
        """Of the vectors of the test: the whole suite takes seconds to load."""
        return self.export("--vectors", self.vectors, *arguments, **options)

    def export_only(self, *arguments, **options):
        folder = self.folder / "objects"
        return self.run_program("export", "--elf", "-o", folder, *arguments, **options), folder

    def export(self, *arguments, **options):
        result, folder = self.export_only(*arguments, **options)
        manifest = folder / "manifest.json"
        return result, folder, json.loads(manifest.read_text()) if manifest.exists() else None


class Export(Exporting):
    def test_rows_and_places(self):
        _, folder, manifest = self.export("add64-imm/*", "--kind", "explicit")
        (item,) = manifest["objects"]
        rows = (folder / item["rows_file"]).read_bytes()
        self.assertGreater(len(item["programs"]), 3)
        end = 0
        for program in item["programs"]:
            self.assertEqual(program["rows_at"], end)
            size = program["block_size"]
            end += 2 * size * len(program["rows"])
            self.assertLessEqual(manifest["map"]["block_at"] + size, item["value_size"])
            before = rows[program["rows_at"]:][:size]
            after = rows[program["rows_at"] + size:][:size]
            inputs = program["places"]["registers_before"]
            self.assertEqual(before[inputs:inputs + 80], after[inputs:inputs + 80])
            outputs = program["places"]["registers_after"]
            self.assertNotEqual(before[outputs:outputs + 80], after[outputs:outputs + 80])
            self.assertEqual(program["r0"], "0x0")
        self.assertEqual(end, len(rows))

    def test_symbols_and_disassembly(self):
        readelf, objdump = tool("llvm-readelf"), tool("llvm-objdump")
        if not readelf or not objdump:
            self.skipTest("llvm-readelf or llvm-objdump is not here")
        _, folder, manifest = self.export("call-local/*", "add64-imm/*", "--kind", "explicit",
                                          "--kind", "program", "--program-section", "xdp")
        for item in manifest["objects"]:
            path = folder / item["file"]
            symbols = subprocess.run([readelf, "-s", path], capture_output=True, text=True,
                                     check=True).stdout
            self.assertRegex(symbols, r"OBJECT +GLOBAL .* block\n")
            text = subprocess.run([objdump, "--mcpu=v4", "-d", "-r", path], capture_output=True, text=True,
                                  check=True).stdout
            self.assertIn("Disassembly of section xdp:", text)
            self.assertFalse("<unknown>" in text)
            self.assertEqual(len(re.findall("R_BPF_64_64\tblock", text)), len(item["programs"]))
            for program in item["programs"]:
                self.assertRegex(symbols, rf"FUNC +GLOBAL .* {program['function']}\n")

    def test_the_block_may_be_elsewhere(self):
        _, folder, manifest = self.export("add64-imm/zero", "--block-at", "32768")
        (item,) = manifest["objects"]
        self.assertEqual(manifest["map"]["block_at"], 32768)
        self.assertLess(item["value_size"], 65504)
        add_to_r1 = bytes([0x07, 1, 0, 0]) + (32768).to_bytes(4, "little")
        self.assertIn(add_to_r1, (folder / item["file"]).read_bytes())
        for mistake in ("12", "-8", "x"):
            result, _, _ = self.export("add64-imm/zero", "--block-at", mistake, status=2)
            self.assertIn("multiple of 8", result.stderr)

    def test_the_list_of_programs(self):
        _, folder, manifest = self.export("add64-imm/*", "--programs-per-object", "3")
        lines = [line.split() for line in (folder / "programs.txt").read_text().splitlines()]
        self.assertEqual(lines[:3], [["bpf-assay-programs", "1"], ["section", "socket"],
                                     ["block_at", str(manifest["map"]["block_at"])]])
        self.assertEqual([line[1:] for line in lines if line[0] == "object"],
                         [[item["file"], str(item["value_size"])] for item in manifest["objects"]])
        expected = [(item["file"], program["function"]) for item in manifest["objects"]
                    for program in item["programs"]]
        seen, item = [], None
        for keyword, name, rest in lines[3:]:
            if keyword == "object":
                item = name
                continue
            seen.append((item, name))
            self.assertIn(bytes.fromhex(rest), (folder / item).read_bytes())
        self.assertEqual(seen, expected)

    def test_a_symbol_is_of_one_program_only(self):
        _, folder, _ = self.export("mov64-imm/*")
        symbols = {}
        for line in (folder / "programs.txt").read_text().splitlines():
            if line.startswith("program "):
                _, name, program = line.split()
                symbols.setdefault(name.rsplit("_", 1)[1], set()).add(program)
        self.assertGreater(len(symbols), 3)
        self.assertTrue(all(len(programs) == 1 for programs in symbols.values()))

    def test_one_object_holds_as_many_as_it_may(self):
        _, _, manifest = self.export_few("--programs-per-object", "7")
        self.assertEqual([len(item["programs"]) for item in manifest["objects"]], [7, 7, 7, 7, 2])

    def test_what_no_object_can_hold_is_named(self):
        (self.vectors / "p.yaml").write_text(PACKET)
        result, _, manifest = self.export_few()
        self.assertEqual(manifest["left_out"],
                         [{"vector": "p/packet", "why": "a packet instead of the map"}])
        self.assertIn("30 programs with 30 rows in 1 objects; 1 vectors left out: ", result.stdout)

    def test_programs_that_are_left_out_of_a_sweep_are_counted(self):
        (self.vectors / "v.yaml").write_text(PARTLY)
        result, _, manifest = self.export_few("--profile", "full")
        held = [program["program"] for item in manifest["objects"] for program in item["programs"]]
        left_out = manifest["left_out"]
        self.assertTrue(held)
        for item in left_out:
            self.assertEqual((item["vector"], item["of"]), ("v/partly", 8))
        numbers = [number for item in left_out for number in item["programs"]]
        self.assertEqual(sorted(held + numbers), list(range(8)))
        self.assertEqual(len({item["why"] for item in left_out}), len(left_out))
        self.assertIn(f"; 0 vectors and {len(numbers)} programs of others left out: ", result.stdout)

    def contents(self):
        folder = self.folder / "objects"
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    def test_an_export_is_not_mixed_with_an_older_one(self):
        self.export_few("--programs-per-object", "2")
        before = self.contents()
        self.assertIn("vectors-0003.o", before)
        for files in ("all", "without its manifest"):
            result, folder, _ = self.export_few("v/number-1", status=2)
            self.assertRegex(result.stderr, r"objects holds an export \(\d+ files, .* --overwrite$")
            self.assertEqual(self.contents(), before, files)
            (folder / "manifest.json").unlink(missing_ok=True)
            before.pop("manifest.json", None)
        for name in ("vectors-x.o", "notes.rows", "vectors-0001.c"):
            (folder / name).write_text("the user's")
        for vector in ("v/number-1", "v/number-2"):
            _, _, manifest = self.export_few(vector, "--overwrite")
            named = {item[key] for item in manifest["objects"] for key in ("file", "rows_file")}
            self.assertEqual(named, {"vectors-0000.o", "vectors-0000.rows"})
            self.assertEqual(self.contents().keys(), named | {"manifest.json", "programs.txt", "vectors-x.o",
                                                              "notes.rows", "vectors-0001.c"})
            self.assertEqual([program["vector"] for program in manifest["objects"][0]["programs"]],
                             [vector])

    def test_a_manifest_of_something_else_stays(self):
        folder = self.folder / "objects"
        folder.mkdir()
        for text in ('{"name": "of a web page"}', "[]", "{"):
            (folder / "manifest.json").write_text(text)
            result, _ = self.export_only("--vectors", self.vectors, "--overwrite", status=2)
            self.assertIn("is of something else than an export", result.stderr)
            self.assertEqual(self.contents(), {"manifest.json": text.encode()})

    def test_a_list_of_something_else_stays(self):
        (self.folder / "objects").mkdir()
        (self.folder / "objects" / "programs.txt").write_text("what to watch\n")
        result, _ = self.export_only("--vectors", self.vectors, "--overwrite", status=2)
        self.assertIn("programs.txt is of something else than an export", result.stderr)
        self.assertEqual(self.contents(), {"programs.txt": b"what to watch\n"})

    def test_an_export_that_fails_leaves_the_older_one(self):
        (self.vectors / "p.yaml").write_text(PACKET)
        self.export_few("v/number-1")
        before = self.contents()

        def no_large_files():  # objects are smaller, the lists are not
            resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))

        everything = ("--vectors", self.vectors, "--overwrite", "--programs-per-object", "2")
        for arguments, said, options in (
                ((*everything, "p/packet"),
                 "none of the selected vectors can be in an object: a packet instead of the map (1)",
                 {}),
                ((*everything, "no-such-vector/*"), "no vector matches", {}),
                (everything, "programs.txt: cannot be written",
                 {"preexec_fn": no_large_files, "restore_signals": False})):  # SIGXFSZ stays ignored
            result, _ = self.export_only(*arguments, status=2, **options)
            self.assertIn(said, result.stderr)
            self.assertEqual(self.contents(), before)
        result, folder = self.export_only(*everything, status=None, preexec_fn=no_large_files)
        self.assertLess(result.returncode, 0)  # killed: what it had written lies aside
        (aside,) = {path.name for path in folder.iterdir()} - before.keys()
        self.assertTrue((folder / aside / "vectors-0014.o").exists())
        self.assertEqual({name: (folder / name).read_bytes() for name in before}, before)
        self.export_few("v/number-2", "--overwrite")
        self.assertEqual(self.contents().keys(), before.keys())
        self.assertNotEqual(self.contents(), before)

    def test_mistakes(self):
        result = self.run_program("export", "-o", self.folder / "x", "add64-imm/*", status=2)
        self.assertIn("--elf", result.stderr)
        result, _, _ = self.export_few("no-such-vector/*", status=2)
        self.assertIn("no vector matches", result.stderr)
        (self.folder / "file").write_text("")
        result = self.run_program("export", "--elf", "-o", self.folder / "file", "--vectors",
                                  self.vectors, status=2)
        self.assertIn("is no folder", result.stderr)


class InTheKernel(Exporting):
    """Executes what was exported."""

    def setUp(self):
        super().setUp()
        if why := kernel_objects.what_is_missing():
            self.skipTest(why)

    def run_rows(self, folder, manifest, visit=lambda *_: None, change=lambda item, rows: None):
        """Number of rows, and what differs, a line each."""
        count, differing = 0, []
        for item in manifest["objects"]:
            rows = bytearray((folder / item["rows_file"]).read_bytes())
            change(item, rows)
            ran, wrong = kernel_objects.run_object(folder, manifest, item, bytes(rows), visit)
            count += ran
            differing += wrong
        return count, differing

    def test_rows_come_out_as_they_must(self):
        ids = ("add64-*/*", "sdiv32-reg/*", "jslt64-reg/*", "ldxsh/*", "ldxdw/*", "stxb/*-of-stack",
               "stxdw/every-place-of-the-stack", "stxw/sweep*", "lddw/*",
               "atomic-fetch-add64/src-*", "atomic-add32/wrap", "xchg64/src-r0", "cmpxchg64/mismatch",
               "call-local/*", "call/eight-frames")
        _, folder, manifest = self.export(*ids)
        programs = [program for item in manifest["objects"] for program in item["programs"]]
        count, differing = self.run_rows(folder, manifest)
        self.assertEqual(differing, [])
        self.assertEqual(count, sum(len(program["rows"]) for program in programs))
        self.assertGreater(count, 1000)
        self.assertTrue(any("stack" in program["places"] for program in programs))
        self.assertTrue(any("registers_before" not in program["places"] for program in programs))
        self.assertGreater(len({program["block_size"] for program in programs}), 5)

    def test_places(self):
        (self.vectors / "v.yaml").write_text(EVERYWHERE)
        for section in ("socket", "syscall"):
            self.check_places(*self.export_few("--program-section", section, "--overwrite")[1:])

    def check_places(self, folder, manifest):
        ((program,),) = (item["programs"] for item in manifest["objects"])
        places = program["places"]
        rows = (folder / "vectors-0000.rows").read_bytes()
        before, states = rows[:program["block_size"]], []
        count, differing = self.run_rows(folder, manifest, lambda _, row, seen: states.append(seen))
        self.assertEqual((count, differing), (1, []))
        (after,) = states

        def number(block, at, size=8):
            return int.from_bytes(block[at:at + size], "little")
        self.assertEqual(number(before, places["registers_before"] + 3 * 8), 7)
        self.assertEqual(number(after, places["registers_after"] + 3 * 8), 12)
        memory, size = places["memory"], places["memory_size"]
        self.assertEqual(size, 64)
        self.assertEqual([number(block, memory + 16, 4) for block in (before, after)], [1, 12])
        self.assertEqual([block[memory + 63] for block in (before, after)], [0x99, 0x99])
        self.assertEqual([after[memory + at] for at in (-16, size + 15)],
                         [(0x5A + 37 * at) % 256 for at in (-16, size + 15)])
        slots = {slot["offset"]: slot for slot in places["stack"]}
        self.assertEqual(slots.keys(), {-24, -16, -8})
        self.assertEqual([number(before, slots[-16]["before"]), number(after, slots[-16]["after"])],
                         [0x1122, 12])
        for slot in (slots[-24], slots[-8]):  # its neighbours keep what was put there
            self.assertEqual(number(before, slot["before"]), number(after, slot["after"]))
            self.assertNotEqual(number(after, slot["after"]), 0)

    def test_the_comparison_sees_a_byte(self):
        (self.vectors / "v.yaml").write_text(EVERYWHERE)
        _, folder, manifest = self.export_few()
        ((program,),) = (item["programs"] for item in manifest["objects"])
        places, size = program["places"], program["block_size"]
        slot = next(slot for slot in places["stack"] if slot["offset"] == -16)
        line = "v/everywhere, program 0, row 0: 1 bytes from {} on"
        for at in (places["registers_after"], places["registers_after"] + 79, slot["after"] + 7,
                   places["memory"] - 16, places["memory"] + 16, places["memory"] + 64, size - 1):
            def change(_, rows, at=at):
                rows[size + at] ^= 0x40  # of the block after
            self.assertEqual(self.run_rows(folder, manifest, change=change),
                             (1, [line.format(at)]), at)

        def other_input(_, rows):
            rows[places["registers_before"] + 8] ^= 1  # R1 before, and so R1 after
        _, differing = self.run_rows(folder, manifest, change=other_input)
        self.assertEqual(differing, [line.format(places["registers_before"] + 8).replace(
            "1 bytes", "2 bytes")])
        program["r0"] = "0x3"
        self.assertEqual(self.run_rows(folder, manifest),
                         (1, ["v/everywhere, program 0, row 0: returned 0x0, not 0x3"]))

    def test_the_names_of_what_is_pinned(self):
        _, folder, manifest = self.export_few()
        (item,) = manifest["objects"]
        with kernel_objects.loaded(folder / item["file"]) as (programs, maps):
            self.assertEqual({path.name for path in programs.iterdir()},
                             {program["function"] for program in item["programs"]})
            self.assertEqual([path.name for path in maps.iterdir()], [manifest["map"]["name"]])


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    for test, why in result.skipped:
        print(f"  not run: {test.id()}: {why}")
    sys.exit(1 if not result.wasSuccessful() else 77 if result.skipped else 0)
