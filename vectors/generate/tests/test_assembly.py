"""What the small parser takes and, above all, what it refuses: a text it misread would check nothing."""

import unittest

from assembly import SyntaxProblem, parse
from model import Atomic, Instruction, Jump, Load, Store, Wide


class Parse(unittest.TestCase):
    def test_forms(self):
        self.assertEqual(
            parse("r3 += r4; w0 s>>= -1; r9 = -r9; w1 = (s16)w2; r7 = be32 r7; r5 = 0x10"),
            [
                Instruction("ADD", 64, 3, src=4),
                Instruction("ARSH", 32, 0, imm=-1),
                Instruction("NEG", 64, 9),
                Instruction("MOVSX", 32, 1, src=2, from_width=16),
                Instruction("BE", 32, 7),
                Instruction("MOV", 64, 5, imm=16),
            ],
        )

    def test_jumps(self):
        self.assertEqual(
            parse("if r3 s>= r4 goto +2; if w1 & -2 goto +0"),
            [Jump("JSGE", 64, 3, 2, src=4), Jump("JSET", 32, 1, 0, imm=-2)],
        )

    def test_loads_and_stores(self):
        self.assertEqual(
            parse("r3 = *(u64 *)(r4 + 8); w3 = *(u8 *)(r3 - 32768); r0 = *(s16 *)(r9 + 0);"
                  "*(u16 *)(r1 + 32767) = w2; *(u64 *)(r1 + 0) = r2; *(u64 *)(r1 - 1) = -2147483648"),
            [
                Load(64, 3, 4, 8),
                Load(8, 3, 3, -32768),
                Load(16, 0, 9, 0, is_signed=True),
                Store(16, 1, 32767, src=2),
                Store(64, 1, 0, src=2),
                Store(64, 1, -1, imm=-(2**31)),
            ],
        )

    def test_atomics(self):
        self.assertEqual(
            parse("lock *(u32 *)(r1 + 4) |= w2; r2 = atomic_fetch_xor((u64 *)(r1 - 8), r2);"
                  "w5 = xchg32_32(r6 + 0, w5); r0 = cmpxchg_64(r1 + 0, r0, r2)"),
            [
                Atomic("OR", 32, 1, 4, 2),
                Atomic("XOR", 64, 1, -8, 2, fetch=True),
                Atomic("XCHG", 32, 6, 0, 5, fetch=True),
                Atomic("CMPXCHG", 64, 1, 0, 2, fetch=True),
            ],
        )

    def test_64_bit_immediates(self):
        self.assertEqual(
            parse("r3 = 0x8000000000000000 ll; r4 = -1 ll; r5 = 18446744073709551615 ll"),
            [Wide(3, 2**63), Wide(4, -1), Wide(5, 2**64 - 1)],
        )

    def test_frame_pointer_is_a_source_only(self):
        self.assertEqual(parse("r3 = r10"), [Instruction("MOV", 64, 3, src=10)])
        self.assertRaises(SyntaxProblem, parse, "r10 = r3")

    def test_refusals(self):
        for text in (
            "r3 += w4",  # halves mixed
            "w3 = (s32)w4",  # not an instruction
            "r3 = -r4",  # NEG has one register
            "r3 = be32 r4",
            "w3 = be32 w3",
            "r3 += 2147483648",  # does not fit into imm
            "r3 += r11",
            "r3 >>>= r4",
            "goto +1",
            "if r3 == w4 goto +1",  # halves mixed
            "if r3 = r4 goto +1",
            "if r3 == r4 goto -1",  # the model runs forward only
            "r3 = 18446744073709551616 ll",
            "w3 = 5 ll",
            "r3 = *(s64 *)(r4 + 0)",  # not an instruction
            "w3 = *(u64 *)(r4 + 0)",
            "w3 = *(s8 *)(r4 + 0)",
            "r3 = *(u8 *)(r4 + 32768)",  # does not fit into offset
            "r10 = *(u8 *)(r4 + 0)",
            "*(u64 *)(r3 + 0) = w4",
            "*(s8 *)(r3 + 0) = w4",
            "lock *(u64 *)(r3 + 0) += w4",
            "lock *(u8 *)(r3 + 0) += w4",
            "lock *(u64 *)(r3 + 0) -= r4",
            "r4 = atomic_fetch_add((u64 *)(r3 + 0), r5)",  # src gets the word, and no other register
            "r4 = atomic_fetch_add((u32 *)(r3 + 0), r4)",
            "r4 = xchg32_32(r3 + 0, r4)",
            "r4 = xchg_64(r3 + 0, r5)",
            "r1 = cmpxchg_64(r3 + 0, r1, r2)",  # R0 is compared, and no other register
            "r0 = cmpxchg_64(r3 + 0, r0, w2)",
        ):
            with self.subTest(text):
                self.assertRaises(SyntaxProblem, parse, text)


if __name__ == "__main__":
    unittest.main()
