"""The model against values worked out by hand from RFC 9669, above all where Python's own // and % differ."""

import unittest

from assembly import parse_instruction
from model import execute, signed, swap_bytes, truncated_quotient, unsigned


def run(text, dst=0, src=0, byte_order="little"):
    """The value of R3 after one instruction, with R3 and R4 before. Fails if another register has changed."""
    registers = [0x1000 + number for number in range(11)]
    registers[3], registers[4] = unsigned(dst, 64), unsigned(src, 64)
    before = registers.copy()
    execute(parse_instruction(text), registers, byte_order)
    before[3] = registers[3]
    assert registers == before, f"{text} changed a bystander"
    return registers[3]


class Numbers(unittest.TestCase):
    def test_signed_reads_the_top_bit_of_the_width(self):
        self.assertEqual(signed(0x80, 8), -128)
        self.assertEqual(signed(0x7F, 8), 127)
        self.assertEqual(signed(0x180, 8), -128)
        self.assertEqual(signed(2**63, 64), -(2**63))

    def test_quotients_are_truncated(self):
        results = [truncated_quotient(a, b) for a, b in ((13, 3), (-13, 3), (13, -3), (-13, -3))]
        self.assertEqual(results, [4, -4, -4, 4])

    def test_swap_takes_the_low_bytes(self):
        self.assertEqual(swap_bytes(0x1122334455667788, 16), 0x8877)
        self.assertEqual(swap_bytes(0x1122334455667788, 64), 0x8877665544332211)


class Arithmetic(unittest.TestCase):
    def test_32_bit_results_are_zero_extended(self):
        self.assertEqual(run("w3 += w4", 0xDEADBEEF7FFFFFFF, 0xCAFEBABE00000001), 0x80000000)
        self.assertEqual(run("w3 -= w4", -1, 0), 0xFFFFFFFF)
        self.assertEqual(run("w3 = -1"), 0xFFFFFFFF)
        self.assertEqual(run("w3 = -w3", 1), 0xFFFFFFFF)

    def test_overflow_wraps(self):
        self.assertEqual(run("r3 += r4", -1, 1), 0)
        self.assertEqual(run("r3 *= r4", 2**32, 2**32), 0)
        self.assertEqual(run("r3 = -r3", 2**63), 2**63)

    def test_immediates_are_sign_extended_to_64_bits(self):
        self.assertEqual(run("r3 += -1", 2**32), 0xFFFFFFFF)
        self.assertEqual(run("r3 -= -2147483648", 0), 2**31)
        self.assertEqual(run("r3 &= -16", -1), 2**64 - 16)
        self.assertEqual(run("r3 /= -1", 2**32), 0)
        self.assertEqual(run("r3 %= -1", 2**32), 2**32)

    def test_unsigned_immediates_of_32_bit_division(self):
        self.assertEqual(run("w3 /= -1", 0xFFFFFFFE), 0)
        self.assertEqual(run("w3 %= -1", 0xFFFFFFFE), 0xFFFFFFFE)

    def test_zero_divisors(self):
        dst = 0x1122334480000000
        for operator in ("/=", "s/="):
            self.assertEqual(run(f"w3 {operator} w4", dst, 2**32), 0)
            self.assertEqual(run(f"r3 {operator} r4", dst, 0), 0)
            self.assertEqual(run(f"w3 {operator} 0", dst), 0)
        for operator in ("%=", "s%="):
            self.assertEqual(run(f"w3 {operator} w4", dst, 2**32), 0x80000000)
            self.assertEqual(run(f"r3 {operator} r4", dst, 0), dst)

    def test_smallest_number_by_minus_one(self):
        self.assertEqual(run("r3 s/= r4", 2**63, -1), 2**63)
        self.assertEqual(run("r3 s%= r4", 2**63, -1), 0)
        self.assertEqual(run("w3 s/= w4", 0xDEADBEEF80000000, 0xFFFFFFFF), 0x80000000)
        self.assertEqual(run("w3 s%= w4", 0xDEADBEEF80000000, 0xFFFFFFFF), 0)

    def test_remainders_have_the_sign_of_the_dividend(self):
        results = [signed(run("r3 s%= r4", a, b), 64) for a, b in ((13, 3), (-13, 3), (13, -3), (-13, -3))]
        self.assertEqual(results, [1, -1, 1, -1])

    def test_shift_counts_are_masked(self):
        for count, masked in ((32, 0), (33, 1), (-1, 31), (0x123456789ABCDEE4, 4)):
            self.assertEqual(run("w3 <<= w4", 1, count), 1 << masked)
        for count, masked in ((32, 32), (64, 0), (65, 1), (-1, 63), (0x123456789ABCDE84, 4)):
            self.assertEqual(run("r3 <<= r4", 1, count), 1 << masked)

    def test_shifts_right(self):
        self.assertEqual(run("w3 >>= 4", 0x7FFFFFFF80000000), 0x08000000)
        self.assertEqual(run("w3 s>>= 4", 0x7FFFFFFF80000000), 0xF8000000)
        self.assertEqual(run("w3 s>>= 4", 0x8000000040000000), 0x04000000)
        self.assertEqual(run("r3 s>>= 4", 2**63), 0xF800000000000000)

    def test_moves_with_sign_extension(self):
        src = 0x1122334485668080
        self.assertEqual(run("w3 = (s8)w4", -1, src), 0xFFFFFF80)
        self.assertEqual(run("w3 = (s16)w4", -1, src), 0xFFFF8080)
        self.assertEqual(run("r3 = (s8)r4", 0, src), 0xFFFFFFFFFFFFFF80)
        self.assertEqual(run("r3 = (s16)r4", 0, src), 0xFFFFFFFFFFFF8080)
        self.assertEqual(run("r3 = (s32)r4", 0, src), 0xFFFFFFFF85668080)


class ByteSwaps(unittest.TestCase):
    VALUE = 0x1122334455667788
    KEPT = {16: 0x7788, 32: 0x55667788, 64: VALUE}
    REVERSED = {16: 0x8877, 32: 0x88776655, 64: 0x8877665544332211}

    def test_conversions_depend_on_the_byte_order(self):
        for width in (16, 32, 64):
            same, other = self.KEPT[width], self.REVERSED[width]
            for byte_order, le, be in (("little", same, other), ("big", other, same)):
                with self.subTest(width=width, byte_order=byte_order):
                    self.assertEqual(run(f"r3 = le{width} r3", self.VALUE, byte_order=byte_order), le)
                    self.assertEqual(run(f"r3 = be{width} r3", self.VALUE, byte_order=byte_order), be)

    def test_swaps_do_not(self):
        for width in (16, 32, 64):
            for byte_order in ("little", "big"):
                result = run(f"r3 = bswap{width} r3", self.VALUE, byte_order=byte_order)
                self.assertEqual(result, self.REVERSED[width])


if __name__ == "__main__":
    unittest.main()
