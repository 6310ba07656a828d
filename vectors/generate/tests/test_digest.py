"""The expansion of sweeps as docs/vector-format.md states it, and the state of the files."""

import hashlib
import unittest

import check_explicit
from assembly import parse
from digest import (
    Program, SweepProblem, check_addresses, digest, expand_registers, expand_values, programs, rows, sentinel
)

LISTS = {"pair": [5, 6]}


class Expansion(unittest.TestCase):
    def test_registers(self):
        self.assertEqual(expand_registers("r0-r9"), list(range(10)))
        self.assertEqual(expand_registers(["r0-r2", "r6"]), [0, 1, 2, 6])

    def test_values(self):
        self.assertEqual(expand_values("pair", LISTS), [5, 6])
        self.assertEqual(expand_values([0, "pair", -1], LISTS), [0, 5, 6, -1])

    def test_sentinels(self):
        self.assertEqual(sentinel(0), 0x9E3779B97F4A7C15)
        self.assertEqual(sentinel(1), 0x3C6EF372FE94F82A)

    def test_order_of_programs(self):
        sweep = {"registers": {"dst": ["r3", "r0"]}, "imm": [7, "pair"], "asm": "{dst32} += {imm}"}
        found = [program.text for program in programs(sweep, LISTS)]
        self.assertEqual(found, [f"w{dst} += {imm}" for dst in (3, 0) for imm in (7, 5, 6)])

    def test_places_and_offsets_come_last(self):
        sweep = {"registers": {"dst": "r0-r1", "src": "r1"}, "distinct": True, "imm": [7, 8], "cell": "u8",
                 "at": [16, 17], "offset": [0, -1], "asm": "{dst} {src} {imm} {offset}"}  # fmt: skip
        found = [(program.text, program.at, program.offset) for program in programs(sweep, LISTS)]
        self.assertEqual(found[:4], [("r0 r1 7 + 0", 16, 0), ("r0 r1 7 - 1", 16, -1), ("r0 r1 7 + 0", 17, 0),
                                     ("r0 r1 7 - 1", 17, -1)])  # fmt: skip
        self.assertEqual((len(found), found[4][0]), (8, "r0 r1 8 + 0"))

    def test_order_of_rows(self):
        sweep = {"rows": {"dst": [1, -1], "src": "pair"}}
        found = [(row[3], row[4]) for row, _ in rows(sweep, Program("", 3, 4, None, 0), LISTS)]
        self.assertEqual(found, [(1, 5), (1, 6), (2**64 - 1, 5), (2**64 - 1, 6)])

    def test_one_register_for_both_takes_the_rows_of_dst(self):
        sweep = {"rows": {"dst": [1, -1], "src": "pair"}}
        found = [row[3] for row, _ in rows(sweep, Program("", 3, 3, None, 0), LISTS)]
        self.assertEqual(found, [1, 2**64 - 1])

    def test_r0_and_memory_come_last(self):
        sweep = {"base": "dst", "rows": {"dst": [1, 2], "src": [3, 4], "r0": [5, 6], "memory": [7, 8]}}
        found = [(row[0], row[3], row[4], cell)
                 for row, cell in rows(sweep, Program("", 3, 4, 16, -1), LISTS)]  # fmt: skip
        base = 0x1000000000 + 17
        self.assertEqual(found, [(r0, base, src, cell) for src in (3, 4) for r0 in (5, 6) for cell in (7, 8)])

    def test_a_register_that_has_a_value_keeps_it(self):
        sweep = {"base": "dst", "rows": {"src": [3, 4], "r0": [5, 6]}}
        self.assertEqual([row[0] for row, _ in rows(sweep, Program("", 1, 0, 0, 0), LISTS)], [3, 4])
        sweep = {"base": "src", "rows": {"dst": [3, 4]}}
        self.assertEqual([row[1] for row, _ in rows(sweep, Program("", 1, 1, 0, 0), LISTS)], [2**36])


class Addresses(unittest.TestCase):
    def test_accesses_through_them(self):
        for text in ("r3 = *(u8 *)(r1 + 0)", "r1 = *(u8 *)(r1 + 0); r1 += 1", "*(u8 *)(r1 + 0) = w2",
                     "r0 = cmpxchg_64(r1 + 0, r0, r0)", "r1 = 5 ll"):  # fmt: skip
            check_addresses(parse(text), 1)

    def test_refusals(self):
        for text in ("*(u64 *)(r1 + 0) = r1", "r1 += 1", "r2 += r1", "r2 = r1", "r1 = -r1",
                     "r1 = xchg_64(r1 + 0, r1)", "lock *(u64 *)(r1 + 0) += r1", "r3 = *(u8 *)(r2 + 0)",
                     "r1 = be16 r1", "if r1 == 0 goto +0"):  # fmt: skip
            with self.subTest(text):
                self.assertRaises(SweepProblem, check_addresses, parse(text), 1)
        self.assertRaises(SweepProblem, check_addresses, parse("r0 = cmpxchg_64(r0 + 0, r0, r1)"), 0)


class Digest(unittest.TestCase):
    def test_is_over_the_registers_after_every_row(self):
        sweep = {
            "id": "test/test",
            "asm": "{dst} += {src}",
            "registers": {"dst": "r1", "src": ["r1", "r2"]},
            "rows": {"dst": [1, 2], "src": [-1]},
        }
        by_hand = b""
        for changed in ({1: 2}, {1: 4}, {1: 0, 2: 2**64 - 1}, {1: 1, 2: 2**64 - 1}):
            for register in range(10):
                by_hand += changed.get(register, sentinel(register)).to_bytes(8, "little")
        self.assertEqual(digest(sweep, LISTS, "little"), (hashlib.sha256(by_hand).hexdigest(), 4, 2))

    def test_takes_in_the_cell(self):
        sweep = {
            "id": "test/test",
            "asm": "*(u16 *)({dst} {offset}) = {src32}",
            "registers": {"dst": "r1", "src": "r2"},
            "base": "dst",
            "cell": "u16",
            "at": 4,
            "offset": [0, -7],
            "rows": {"src": [0x12345], "memory": [-1]},
        }
        by_hand = b""
        for address in (0x1000000004, 0x100000000B):
            for register in range(10):
                value = {1: address, 2: 0x12345}.get(register, sentinel(register))
                by_hand += value.to_bytes(8, "little")
            by_hand += bytes([0x45, 0x23, 0, 0, 0, 0, 0, 0])
        for byte_order in ("little", "big"):
            self.assertEqual(digest(sweep, LISTS, byte_order), (hashlib.sha256(by_hand).hexdigest(), 2, 2))

    def test_the_cell_holds_sentinels_if_it_is_not_stated(self):
        sweep = {"id": "test/test", "asm": "{dst} = *(u8 *)({src} {offset})", "base": "src", "cell": "u8",
                 "at": 2, "registers": {"dst": "r0", "src": "r0"}, "rows": {}}  # fmt: skip
        numbers = [0x5A + 74, *(sentinel(register) for register in range(1, 10)), 0x5A + 74]
        by_hand = b"".join(number.to_bytes(8, "little") for number in numbers)
        self.assertEqual(digest(sweep, LISTS, "little"), (hashlib.sha256(by_hand).hexdigest(), 1, 1))

    def test_a_neighbour_of_the_cell_must_not_change(self):
        sweep = {"id": "test/test", "asm": "*(u16 *)({dst} {offset}) = 0", "base": "dst", "cell": "u8",
                 "registers": {"dst": "r0"}, "rows": {}}  # fmt: skip
        self.assertRaises(SweepProblem, digest, sweep, LISTS, "little")

    def test_too_many_rows(self):
        sweep = {"id": "test/test", "asm": "{dst} += 1", "registers": {"dst": "r0"},
                 "rows": {"dst": [0] * 1025}}  # fmt: skip
        self.assertRaises(SweepProblem, digest, sweep, LISTS, "little")


class ExplicitVectors(unittest.TestCase):
    def test_agree_with_the_model(self):
        found = 0
        for _, vector in check_explicit.explicit_vectors():
            found += 1
            for byte_order in ("little", "big"):
                self.assertEqual(list(check_explicit.differences(vector, byte_order)), [], vector["id"])
        self.assertGreater(found, 2000)

    def test_a_wrong_register_is_reported(self):
        vector = {"asm": "r3 += 1", "before": {"r3": 1}, "after": {"r3": 3}}
        self.assertEqual(list(check_explicit.differences(vector, "little")),
                         ["r3 is 0x2 on a little-endian machine, not 0x3"])  # fmt: skip

    def test_a_changed_bystander_is_reported(self):
        vector = {"asm": "r3 += 1; r4 = 0", "before": {"r3": 1}, "after": {"r3": 2}}
        self.assertEqual(len(list(check_explicit.differences(vector, "little"))), 1)

    def test_a_changed_byte_is_reported(self):
        vector = {"asm": "*(u16 *)(r3 + 0) = w4", "before": {"r3": {"block": 62}, "r4": 0x5A5A},
                  "after": {"memory": {"u8@62": 0x5A}}}  # fmt: skip
        self.assertEqual(list(check_explicit.differences(vector, "little")),
                         ["byte 63 of the memory is 0x5a, not 0x75"])  # fmt: skip
        vector["after"]["memory"] = {"bytes@62": "5a 5a"}
        self.assertEqual(list(check_explicit.differences(vector, "big")), [])
        vector["before"]["r3"] = {"stack": -8}
        self.assertEqual(len(list(check_explicit.differences(vector, "little"))), 4)

    def test_an_access_outside_is_reported(self):
        vector = {"asm": "r4 = *(u16 *)(r3 + 0)", "before": {"r3": {"stack": -1}}, "after": {"r4": 0}}
        self.assertIn("an access outside: 2 bytes at 0x7ffd81b3e1ff",
                      list(check_explicit.differences(vector, "little")))  # fmt: skip


if __name__ == "__main__":
    unittest.main()
