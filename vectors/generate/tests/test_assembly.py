"""What the small parser takes and, above all, what it refuses: a text it misread would check nothing."""

import unittest

from assembly import SyntaxProblem, parse
from model import Instruction, Jump


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
        ):
            with self.subTest(text):
                self.assertRaises(SyntaxProblem, parse, text)


if __name__ == "__main__":
    unittest.main()
