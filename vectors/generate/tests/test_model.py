"""The model against values worked out by hand from RFC 9669, above all where Python's own // and % differ."""

import unittest

from assembly import parse
from model import AccessProblem, Memory, run as run_model, signed, swap_bytes, truncated_quotient, unsigned


def run(text, dst=0, src=0, byte_order="little"):
    """The value of R3 after one instruction, with R3 and R4 before. Fails if another register has changed."""
    registers = [0x1000 + number for number in range(11)]
    registers[3], registers[4] = unsigned(dst, 64), unsigned(src, 64)
    before = registers.copy()
    run_model(parse(text), registers, byte_order)
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


class WideImmediates(unittest.TestCase):
    def test_imm_is_the_low_half_and_is_not_sign_extended(self):
        self.assertEqual(run("r3 = 0x1234567880000000 ll"), 0x1234567880000000)
        self.assertEqual(run("r3 = 0xffffffff ll"), 0xFFFFFFFF)
        self.assertEqual(run("r3 = -2 ll"), 2**64 - 2)

    def test_jumps_count_both_slots(self):
        self.assertEqual(run("if r4 == 0 goto +2; r3 = 5 ll; r3 += 1", 1, 0), 2)
        self.assertEqual(run("if r4 == 0 goto +2; r3 = 5 ll; r3 += 1", 1, 1), 6)


class MemoryCase(unittest.TestCase):
    """R1 is the address of byte 8 of 16 bytes 00 11 22 .. ff."""

    BYTES = bytes(0x11 * i for i in range(16))

    def setUp(self):
        self.registers = [0x1000 + number for number in range(11)]
        self.registers[1] = 2**36 + 8

    def run_on(self, byte_order, text, **values):
        """The bytes after; registers are left in self.registers."""
        for name, value in values.items():
            self.registers[int(name[1:])] = unsigned(value, 64)
        self.before = self.registers.copy()
        memory = Memory(2**36, self.BYTES, byte_order)
        run_model(parse(text), self.registers, byte_order, memory)
        return bytes(memory.data)

    def check(self, text, after, byte_order="little", **values):
        """Only these registers have changed; returns the bytes of the memory that have, by place."""
        data = self.run_on(byte_order, text, **values)
        self.before[:] = [after.get(f"r{n}", value) for n, value in enumerate(self.before)]
        self.assertEqual([hex(r) for r in self.registers], [hex(r) for r in self.before])
        return {i: data[i] for i in range(16) if data[i] != self.BYTES[i]}


class LoadsAndStores(MemoryCase):
    def test_loads_zero_extend(self):
        for kind, little, big in (("u8", 0x88, 0x88), ("u16", 0x9988, 0x8899),
                                  ("u32", 0xBBAA9988, 0x8899AABB),
                                  ("u64", 0xFFEEDDCCBBAA9988, 0x8899AABBCCDDEEFF)):  # fmt: skip
            self.assertEqual(self.check(f"r3 = *({kind} *)(r1 + 0)", {"r3": little}), {})
            self.assertEqual(self.check(f"r3 = *({kind} *)(r1 + 0)", {"r3": big}, "big"), {})

    def test_signed_loads_extend_the_sign_to_64_bits(self):
        self.check("r3 = *(s8 *)(r1 + 0)", {"r3": 0xFFFFFFFFFFFFFF88})
        self.check("r3 = *(s8 *)(r1 - 1)", {"r3": 0x77})
        self.check("r3 = *(s16 *)(r1 + 0)", {"r3": 0xFFFFFFFFFFFF9988})
        self.check("r3 = *(s16 *)(r1 - 1)", {"r3": 0x7788}, "big")
        self.check("r3 = *(s32 *)(r1 + 0)", {"r3": 0xFFFFFFFFBBAA9988})

    def test_a_load_may_replace_its_base(self):
        self.check("r1 = *(u8 *)(r1 - 8)", {"r1": 0})

    def test_offsets_are_signed(self):
        self.check("r3 = *(u8 *)(r4 - 32768)", {"r3": 0xFF}, r4=2**36 + 15 + 32768)
        self.check("r3 = *(u8 *)(r4 + 32767)", {"r3": 0x11}, r4=2**36 + 1 - 32767)

    def test_stores_write_the_low_bits(self):
        value = 0x0102030405060708
        self.assertEqual(self.check("*(u8 *)(r1 + 1) = w3", {}, r3=value), {9: 8})
        self.assertEqual(self.check("*(u16 *)(r1 + 0) = w3", {}, r3=value), {8: 8, 9: 7})
        self.assertEqual(self.check("*(u16 *)(r1 + 0) = w3", {}, "big", r3=value), {8: 7, 9: 8})
        self.assertEqual(self.check("*(u32 *)(r1 + 0) = w3", {}, r3=value), {8: 8, 9: 7, 10: 6, 11: 5})
        self.assertEqual(self.check("*(u64 *)(r1 + 0) = r3", {}, "big", r3=value),
                         {8 + i: 1 + i for i in range(8)})

    def test_immediates_are_cut_or_sign_extended(self):
        self.assertEqual(self.check("*(u16 *)(r1 + 0) = 0x12345678", {}), {8: 0x78, 9: 0x56})
        self.assertEqual(self.check("*(u64 *)(r1 + 0) = -2", {}), {8: 0xFE, **{9 + i: 0xFF for i in range(6)}})

    def test_no_access_leaves_the_memory(self):
        for offset in (-9, 8):
            self.assertRaises(AccessProblem, self.run_on, "little", f"r3 = *(u8 *)(r1 {offset:+d})".replace(
                "-", "- ").replace("+", "+ "))  # fmt: skip
        self.assertRaises(AccessProblem, self.run_on, "little", "r3 = *(u16 *)(r1 + 7)")


class Atomics(MemoryCase):
    def test_operations_leave_src_alone(self):
        # The word is 0xbbaa9988.
        for operator, word in (("+=", "bbaa9987"), ("|=", "ffffffff"), ("&=", "bbaa9988"),
                               ("^=", "44556677")):  # fmt: skip
            data = self.run_on("little", f"lock *(u32 *)(r1 + 0) {operator} w3", r3=0x5_FFFFFFFF)
            self.assertEqual(data[8:12][::-1].hex(), word)
            self.assertEqual(data[:8] + data[12:], self.BYTES[:8] + self.BYTES[12:])
            self.assertEqual(self.registers, self.before)

    def test_fetch_gives_the_zero_extended_word_before(self):
        self.assertEqual(self.check("w3 = atomic_fetch_add((u32 *)(r1 + 0), w3)", {"r3": 0xBBAA9988},
                                    r3=-(2**33) + 1), {8: 0x89})  # fmt: skip
        self.assertEqual(self.check("r3 = atomic_fetch_and((u64 *)(r1 + 0), r3)", {"r3": 0xFFEEDDCCBBAA9988},
                                    r3=-256), {8: 0})  # fmt: skip

    def test_exchange(self):
        self.assertEqual(self.check("w3 = xchg32_32(r1 + 0, w3)", {"r3": 0xBBAA9988}, r3=0xAAAA_BBAA9907),
                         {8: 7})  # fmt: skip
        self.assertEqual(self.check("r3 = xchg_64(r1 + 0, r3)", {"r3": 0xFFEEDDCCBBAA9988},
                                    r3=0x7FEEDDCCBBAA9988), {15: 0x7F})  # fmt: skip

    def test_compare_and_exchange_compares_the_low_half_at_32_bits(self):
        text = "w0 = cmpxchg32_32(r1 + 0, w0, w3)"
        self.assertEqual(self.check(text, {"r0": 0xBBAA9988}, r0=0xDEADBEEF_BBAA9988, r3=0xBBAA9907), {8: 7})
        self.assertEqual(self.check(text, {"r0": 0xBBAA9988}, r0=0xBBAA9989, r3=0xBBAA9907), {})

    def test_compare_and_exchange_of_64_bits(self):
        text = "r0 = cmpxchg_64(r1 + 0, r0, r3)"
        old = 0xFFEEDDCCBBAA9988
        self.assertEqual(self.check(text, {"r0": old}, r0=old, r3=old - 1), {8: 0x87})
        self.assertEqual(self.check(text, {"r0": old}, r0=old - 2**63, r3=0), {})
        self.assertEqual(self.check("r0 = cmpxchg_64(r1 + 0, r0, r0)", {"r0": old}, r0=old), {})


if __name__ == "__main__":
    unittest.main()
