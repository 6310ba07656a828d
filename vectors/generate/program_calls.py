"""Local functions: arguments, kept registers and frames, at every depth and in every place of a program."""

from digest import sentinel
from model import unsigned
from vector_file import VectorFile

SOURCE = "program_calls.py"
SCRATCH = {f"r{number}": "undefined" for number in range(1, 6)}  # what a call leaves there
LARGE = 0x1122334455667788


def explicit(file, name, clauses, asm, because, *, before=None, after=None, tests=("call_local", ),
             policy=None):
    """`asm` with its functions behind `goto end`. R1 to R5 are undefined afterwards, if not stated."""
    file.add({
        "id": name, "clauses": clauses, "tests": list(tests), "policy": policy,
        "asm": asm.strip() + "\nend:", "before": before, "after": {**(after or {}), **{
            register: value for register, value in SCRATCH.items() if register not in (after or {})}},
        "because": because,
    })  # fmt: skip


def arguments(file):
    for number in range(1, 6):
        explicit(file, f"call/argument-{number}", ["ABI-ARGS", "ABI-R0-RETURN", "ABI-REG-WIDTH"],
                 f"call f\ngoto end\nf:\nr0 = r{number}\nexit",
                 f"R{number} is the argument that the function returns, all 64 bits of it.",
                 after={"r0": f"{sentinel(number):#x}"})
    order = (3, 1, 5, 2, 4)
    value = 0
    for number in order:
        value = unsigned(value * 7 + sentinel(number), 64)
    explicit(file, "call/all-arguments", ["ABI-ARGS", "ABI-R0-RETURN"],
             "call f\ngoto end\nf:\nr0 = 0\n"
             + "\n".join(f"r0 *= 7\nr0 += r{number}" for number in order) + "\nexit",
             "Five arguments, each with a weight of its own.", after={"r0": f"{value:#x}"})
    explicit(file, "call/result-32-bit", ["ABI-R0-RETURN", "RFC9669-4.1-ALU-ZERO-UPPER"],
             "call f\nr6 = r0\ngoto end\nf:\nw0 = w1\nexit", "The function returns 32 bits, zero extended.",
             before={"r1": "0xfedcba9880000001"}, after={"r0": "0x80000001", "r6": "0x80000001"})


def kept_registers(file):
    for number in range(6, 10):
        explicit(file, f"call/keeps-r{number}", ["ABI-CALLEE-SAVED", "RFC9669-4.3.2-LOCAL-REGISTERS"],
                 f"call f\ngoto end\nf:\nr0 = r1\nr{number} = r0\nr{number} *= 3\nr0 += r{number}\nexit",
                 f"R{number} is the only one of R6 to R9 that the function changes, and it is as it was.",
                 before={"r1": 5}, after={"r0": 20})
    explicit(file, "call/function-changes-all", ["ABI-CALLEE-SAVED", "RFC9669-4.3.2-LOCAL-REGISTERS"],
             "call f\ngoto end\nf:\n" + "\n".join(f"r{number} = r1\nr{number} += {number}" for number in
                                                  (0, 2, 3, 4, 5, 6, 7, 8, 9)) + "\nr1 = 1\nexit",
             "The function writes every register that it can.", before={"r1": f"{LARGE:#x}"},
             after={"r0": f"{LARGE:#x}"})
    explicit(file, "call/keeps-addresses", ["ABI-CALLEE-SAVED", "ABI-FRAMES"],
             "call f\nr3 = r10\n*(u64 *)(r6 + 0) = 5\n*(u64 *)(r7 - 8) = 6\ngoto end\n"
             "f:\nr0 = r1\nr6 = 0\nr7 = r10\nr7 += -16\nr8 = 1\n*(u64 *)(r7 + 0) = r8\nexit",
             "Addresses in R6 and R7, and R10, mean the same place as before.",
             before={"r1": 1, "r6": "{block: 8}", "r7": "{stack: -8}", "stack": {"u64@-16": 3}},
             after={"r0": 1, "r3": "{stack: 0}", "memory": {"u64@8": 5}, "stack": {"u64@-16": 6}})
    explicit(file, "call/kept-over-many", ["ABI-CALLEE-SAVED", "RFC9669-4.3.2-LOCAL-EXIT"],
             "\n".join(f"r1 = r{6 + n % 4}\ncall f\nr{6 + n % 4} += r0" for n in range(8)) + "\ngoto end\n"
             "f:\nr0 = r1\nr0 += 1\nr6 = 1\nr7 = 2\nr8 = 3\nr9 = 4\nexit",
             "Each call doubles one of R6 to R9 and adds 1, twice.",
             before={"r6": 1, "r7": 10, "r8": 100, "r9": "0x1000000000"},
             after={"r0": "0x2000000002", "r6": 7, "r7": 43, "r8": 403, "r9": "0x4000000003"})


def places(file):
    """Where calls and functions stand."""
    local_exit, target = "RFC9669-4.3.2-LOCAL-EXIT", "RFC9669-4.3.2-LOCAL-TARGET"
    explicit(file, "call/first-in-function", [local_exit, "RFC9669-4.3.2-LOCAL-NEST"],
             "call f\ngoto end\nf:\ncall g\nr0 += 1\nexit\ng:\nr0 = r1\nr0 *= 2\nexit",
             "The function begins with a call.", before={"r1": 21}, after={"r0": 43})
    explicit(file, "call/tail-position", [local_exit, "RFC9669-4.3.2-LOCAL-NEST", "ABI-CALLEE-SAVED"],
             "call f\nr0 += 1\ngoto end\nf:\nr1 += 1\nr6 = r1\ncall g\nexit\ng:\nr6 = 0\nr0 = r1\nr0 *= 2\n"
             "exit",
             "The function ends with a call, whose result it hands on.", before={"r1": 21}, after={"r0": 45})
    explicit(file, "call/tail-chain", [local_exit, "RFC9669-4.3.2-LOCAL-NEST", "RFC9669-4.3.2-LOCAL-NEGATIVE"],
             "call a\ngoto end\nc:\nr0 = r1\nr0 += 1\nexit\na:\nr1 *= 10\ncall b\nexit\nb:\nr1 += 5\n"
             "call c\nexit",
             "Two functions end with a call each, one of them backward.", before={"r1": 4}, after={"r0": 46})
    for chosen, result in ((0, 15), (1, 7)):
        explicit(file, f"call/either-side-of-branch-{chosen}", [target, local_exit, "RFC9669-4.3-JEQ"],
                 "if r6 == 0 goto other\ncall f\ngoto behind\nother:\ncall g\nbehind:\nr0 += 1\ngoto end\n"
                 "f:\nr0 = r1\nr0 += 2\nexit\ng:\nr0 = r1\nr0 += 10\nexit",
                 "One of two calls is made, and both come back to code that they share.",
                 before={"r1": 4, "r6": chosen}, after={"r0": result})
    explicit(file, "call/loop-of-calls", [local_exit, "RFC9669-4.3-BACKWARD", "ABI-CALLEE-SAVED"],
             "r7 = 0\nr8 = 0\nagain:\nr1 = r7\ncall f\nr8 += r0\nr7 += 1\nif r7 == 5 goto end\n"
             "if r7 != r6 goto again\ngoto end\nf:\nr0 = r1\nr0 *= r1\nr6 = 9\nr7 = 9\nr8 = 9\nexit",
             "Squares of 0 to 3; the counter, its bound and the sum are kept by every call.",
             before={"r6": 4}, after={"r0": 9, "r7": 4, "r8": 14})
    explicit(file, "call/loop-in-function", [local_exit, "RFC9669-4.3-BACKWARD"],
             "call f\nr6 = r0\nr1 = 3\ncall f\nr0 += r6\ngoto end\n"
             "f:\nr0 = 1\nr2 = 0\nagain:\nif r2 == 6 goto out\nif r2 == r1 goto out\nr0 *= 3\nr2 += 1\n"
             "goto again\nout:\nexit",
             "3 to the power of the argument, by a loop that two calls run.",
             before={"r1": 4}, after={"r0": 108, "r6": 81})
    explicit(file, "call/function-begins-wide", [target, "RFC9669-4.3-PC-UNITS", "RFC9669-5.4-LDDW"],
             "call f\nr6 = 0x1111111122222222 ll\nr0 += r6\ngoto end\ng:\nr0 = 0x0102030405060708 ll\n"
             "r0 += r1\nexit\n"
             "f:\nr0 = 0x7000000000000001 ll\nr1 = r0\ncall g\nexit",
             "Both functions begin with a wide instruction, and a wide one follows the call.",
             after={"r0": f"{0x0102030405060708 + 0x7000000000000001 + 0x1111111122222222:#x}",
                    "r6": "0x1111111122222222"})
    explicit(file, "call/exits-on-three-ways", [local_exit, "RFC9669-4.3-JSLT", "RFC9669-4.3-JSGT"],
             "r1 = r6\ncall sign\nr6 = r0\nr1 = r7\ncall sign\nr7 = r0\nr1 = r8\ncall sign\nr8 = r0\ngoto end\n"
             "sign:\nif r1 s< 0 goto less\nif r1 s> 0 goto more\nr0 = 0\nexit\nmore:\nr0 = 1\nexit\nless:\n"
             "r0 = -1\nexit",
             "Each call leaves the function by another EXIT.",
             before={"r6": "0x8000000000000000", "r7": 0, "r8": "0x7fffffffffffffff"},
             after={"r0": 1, "r6": -1, "r7": 0, "r8": 1})
    explicit(file, "call/through-two-frames", ["ABI-FRAMES", "ABI-STACK", "RFC9669-4.3.2-LOCAL-NEST"],
             "r1 = r10\nr1 += -16\ncall f\ngoto end\nf:\nr2 = r10\nr2 += -8\n*(u64 *)(r10 - 8) = 40\ncall g\n"
             "r0 = *(u64 *)(r10 - 8)\nexit\n"
             "g:\nr3 = *(u64 *)(r1 + 0)\nr4 = *(u64 *)(r2 + 0)\n*(u64 *)(r10 - 8) = 9\nr4 += r3\n"
             "*(u64 *)(r2 + 0) = r4\n"
             "*(u64 *)(r1 + 0) = r4\nr0 = 0\nexit",
             "The inner function adds a word of one frame to a word of another, beside its own.",
             before={"stack": {"u64@-16": LARGE}},
             after={"r0": LARGE + 40, "stack": {"u64@-16": LARGE + 40}}, tests=("call_local", "stxdw"))


def recursion(file):
    for rounds in (0, 1, 3, 6):
        explicit(file, f"call/recursion-{rounds}", ["RFC9669-4.3.2-LOCAL-RECURSION", "ABI-CALLEE-SAVED",
                                                    "ABI-FRAMES"],
                 "call sum\ngoto end\nsum:\nr0 = 0\nif r1 == 0 goto done\nr6 = r1\n*(u64 *)(r10 - 8) = r1\n"
                 "r1 += -1\n"
                 "call sum\nr0 *= 10\nr0 += r6\nr2 = *(u64 *)(r10 - 8)\nr0 *= 10\nr0 += r2\ndone:\nexit",
                 f"{rounds} calls of a function by itself, with a digit from R6 and one from the frame of "
                 f"each.",
                 before={"r1": rounds},
                 after={"r0": int("".join(f"{n}{n}" for n in range(1, rounds + 1)) or "0")}, policy="verifier")
    for value in (4, 5):
        explicit(file, f"call/mutual-recursion-{value}", ["RFC9669-4.3.2-LOCAL-RECURSION",
                                                          "RFC9669-4.3.2-LOCAL-NEGATIVE"],
                 "call even\ngoto end\neven:\nr0 = 1\nif r1 == 0 goto yes\nr1 += -1\ncall odd\nyes:\nexit\n"
                 "odd:\nr0 = 0\nif r1 == 0 goto no\nr1 += -1\ncall even\nno:\nexit",
                 "Two functions call each other until the number is 0.",
                 before={"r1": value}, after={"r0": 1 - value % 2}, policy="verifier")


def deep(file):
    """2 to 8 frames, each with words at both ends of its share of the stack."""
    for frames in range(2, 9):
        share = 512 // frames // 32 * 32
        functions = "\n".join(f"function {number}, {number + 1}" for number in range(1, frames - 1))
        program = f"""\
.macro function number, next
f\\number:
r6 = r1
r6 ^= \\number
r9 = r1
*(u64 *)(r10 - 8) = r6
*(u64 *)(r10 - {share}) = r9
r1 *= 3
r1 += \\number
call f\\next
r2 = *(u64 *)(r10 - 8)
r3 = *(u64 *)(r10 - {share})
r0 *= 5
r0 += r6
r0 *= 5
r0 += r9
r2 -= r6
r3 -= r9
r0 ^= r2
r0 ^= r3
exit
.endm
r6 = r1
r7 = *(u64 *)(r6 + 0)
*(u64 *)(r10 - 8) = r7
*(u64 *)(r10 - {share}) = r7
r1 = r7
call f1
r1 = *(u64 *)(r10 - 8)
r2 = *(u64 *)(r10 - {share})
*(u64 *)(r6 + 8) = r0
*(u64 *)(r6 + 16) = r1
*(u64 *)(r6 + 24) = r2
*(u64 *)(r6 + 32) = r7
r0 = 0
exit
{functions}
f{frames - 1}:
*(u64 *)(r10 - 8) = -1
*(u64 *)(r10 - {share}) = -1
r6 = 0
r7 = 0
r8 = 0
r9 = 0
r0 = r1
exit""".replace("\n\n", "\n")

        def result(r1, number, last=frames - 1):
            if number == last:
                return r1
            r0 = result(unsigned(r1 * 3 + number, 64), number + 1)
            return unsigned((r0 * 5 + (r1 ^ number)) * 5 + r1, 64)

        value = 0xF123456789ABCDEF
        file.add({
            "id": f"frames/depth-{frames}",
            "clauses": ["ABI-FRAMES", "ABI-CALLEE-SAVED", "RFC9669-4.3.2-LOCAL-DEPTH",
                        "RFC9669-4.3.2-LOCAL-NEST"],
            "tests": ["call_local"], "program": program, "before": {"memory": {"u64@0": f"{value:#x}"}},
            "after": {"r0": 0, "memory": {"u64@8": f"{result(value, 1):#x}",
                                          **{f"u64@{at}": f"{value:#x}" for at in (16, 24, 32)}}},
            "because": f"{frames} frames of {share} bytes; R6, R9 and both ends of each are kept.",
        })  # fmt: skip


def pairs(file):
    """A caller and a function that fill their frames, which together are the 512 bytes of stack."""
    for caller, callee in ((32, 480), (480, 32), (256, 256), (288, 224), (224, 288), (128, 384), (384, 128),
                           (64, 320)):
        file.add({
            "id": f"frames/{caller}-and-{callee}-bytes",
            "clauses": ["ABI-FRAMES", "ABI-STACK"],
            "tests": ["call_local"],
            "program": f"""\
.altmacro
.macro fill at
r1 += r2
*(u64 *)(r10 - \\at) = r1
.endm
.macro sum at
r1 = *(u64 *)(r10 - \\at)
r0 *= 3
r0 += r1
.endm
.macro each what, size
.set at, 8
.rept \\size/8
\\what %at
.set at, at+8
.endr
.endm
r6 = r1
r1 = *(u64 *)(r6 + 0)
r2 = *(u64 *)(r6 + 8)
each fill, {caller}
call f
*(u64 *)(r6 + 16) = r0
r0 = 0
each sum, {caller}
*(u64 *)(r6 + 24) = r0
r0 = 0
exit
f:
r1 = -5
r2 = -3
each fill, {callee}
r0 = 0
each sum, {callee}
exit""",
            "before": {"memory": {"u64@0": LARGE, "u64@8": 0x0101010101010101}},
            "after": {"r0": 0, "memory": {"u64@16": f"{weighted(-5, -3, callee):#x}",
                                          "u64@24": f"{weighted(LARGE, 0x0101010101010101, caller):#x}"}},
            "because": f"{caller} bytes of the caller and {callee} of the function lie apart, and each "
                       f"finds what it stored.",
        })  # fmt: skip


def weighted(first, step, size):
    total = 0
    for number in range(1, size // 8 + 1):
        total = total * 3 + first + number * step
    return unsigned(total, 64)


def many(file):
    count = 120
    value, r0 = 7, 0
    for number in range(count):
        r0 = unsigned(r0 * 3 + (value ^ number), 64)
    file.add({
        "id": "call/many-functions",
        "clauses": ["RFC9669-4.3.2-LOCAL-TARGET", "RFC9669-4.3.2-LOCAL-EXIT", "ABI-CALLEE-SAVED"],
        "tests": ["call_local"],
        "program": f"""\
.altmacro
.macro one number
r1 = r7
call f\\number
r8 *= 3
r8 += r0
.endm
.macro function number
f\\number:
r0 = r1
r0 ^= \\number
r8 = \\number
exit
.endm
.macro all what
.set number, 0
.rept {count}
\\what %number
.set number, number+1
.endr
.endm
r6 = r1
r7 = *(u64 *)(r6 + 0)
r8 = 0
all one
*(u64 *)(r6 + 8) = r8
r0 = 0
exit
all function""",
        "before": {"memory": {"u64@0": value}}, "after": {"r0": 0, "memory": {"u64@8": f"{r0:#x}"}},
        "because": f"Each of {count} functions is called once and gives its own result.",
    })  # fmt: skip


def calls(table):
    del table
    file = VectorFile("abi/functions.yaml", "abi", "Local functions: arguments, kept registers, frames, "
                                                   "places.", SOURCE)
    for add in (arguments, kept_registers, places, recursion, deep, pairs, many):
        add(file)
    return file


FILES = (calls, )
