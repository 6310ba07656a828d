"""The expansion of sweeps as docs/vector-format.md states it, and the state of the files."""

import hashlib
import unittest

import check_explicit
from digest import digest, expand_registers, expand_values, programs, rows, sentinel

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
        found = [(dst, instructions[0].imm) for dst, _, instructions in programs(sweep, LISTS)]
        self.assertEqual(found, [(3, 7), (3, 5), (3, 6), (0, 7), (0, 5), (0, 6)])

    def test_order_of_rows(self):
        sweep = {"rows": {"dst": [1, -1], "src": "pair"}}
        found = [(row[3], row[4]) for row in rows(sweep, 3, 4, LISTS)]
        self.assertEqual(found, [(1, 5), (1, 6), (2**64 - 1, 5), (2**64 - 1, 6)])

    def test_one_register_for_both_takes_the_rows_of_dst(self):
        sweep = {"rows": {"dst": [1, -1], "src": "pair"}}
        self.assertEqual([row[3] for row in rows(sweep, 3, 3, LISTS)], [1, 2**64 - 1])


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
        self.assertEqual(digest(sweep, LISTS, "little"), (hashlib.sha256(by_hand).hexdigest(), 4))


class ExplicitVectors(unittest.TestCase):
    def test_agree_with_the_model(self):
        found = 0
        for _, vector in check_explicit.explicit_vectors():
            found += 1
            for byte_order in ("little", "big"):
                self.assertEqual(list(check_explicit.differences(vector, byte_order)), [], vector["id"])
        self.assertGreater(found, 500)

    def test_a_wrong_register_is_reported(self):
        vector = {"asm": "r3 += 1", "before": {"r3": 1}, "after": {"r3": 3}}
        self.assertEqual(list(check_explicit.differences(vector, "little")),
                         ["r3 is 0x2 on a little-endian machine, not 0x3"])  # fmt: skip

    def test_a_changed_bystander_is_reported(self):
        vector = {"asm": "r3 += 1; r4 = 0", "before": {"r3": 1}, "after": {"r3": 2}}
        self.assertEqual(len(list(check_explicit.differences(vector, "little"))), 1)


if __name__ == "__main__":
    unittest.main()
