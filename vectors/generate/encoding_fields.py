"""Encoding vectors: fields that are not used and not zero, registers that do not exist, and R10 written."""

from encoding_forms import (
    FRAME, REGISTERS, UNUSED, EncodingFile, access_rows, arithmetic_rows, condition_rows, form_of,
    program, slot, swap_rows
)  # fmt: skip
from isa import SIZE

SOURCE = "encoding_fields.py"
OFFSET_SELECTS = ("DIV", "SDIV", "MOD", "SMOD", "MOV", "MOVSX")  # the offset of these tells them apart


def unused_arithmetic(table):
    file = EncodingFile("unused-arithmetic",
                        "Fields that arithmetic and byte swaps do not use are not zero.", SOURCE)
    for row in arithmetic_rows(table):
        form = form_of(row)
        if row.form == "K":
            file.field(form, "src", "RFC9669-3.1-UNUSED-ALU-K-SRC", 4,
                       "The operand is imm, so src_reg is unused.")
        else:
            file.field(form, "imm", "RFC9669-3.1-UNUSED-ALU-X-IMM", 7,
                       "The operand is a register, so imm is unused.")
        if row.code not in OFFSET_SELECTS:
            file.field(form, "offset", ["RFC9669-3.1-UNUSED-ALU-OFFSET", "RFC9669-4.1-OFFSET-ONLY-THREE"], 1,
                       "Only DIV, MOD and MOV give offset a meaning.")
    for row in table.select(code="NEG"):
        for field, value in (("src", 4), ("offset", 1), ("imm", 1)):
            file.field(form_of(row), field, "RFC9669-3.1-UNUSED-NEG", value, "NEG has one operand, dst.")
    for row in swap_rows(table):
        for field, value in (("src", 4), ("offset", 1)):
            file.field(form_of(row), field, "RFC9669-3.1-UNUSED-END", value,
                       "A byte swap has dst and the width in imm, nothing else.")
    return file


def unused_jump(table):
    file = EncodingFile("unused-jump", "Fields that jumps, CALL and EXIT do not use are not zero.", SOURCE)
    for row in condition_rows(table):
        form = form_of(row)
        if row.form == "K":
            file.field(form.but(imm=3), "src", "RFC9669-3.1-UNUSED-JCC-K-SRC", 4,
                       "The comparison is with imm, so src_reg is unused.")
        else:
            file.field(form, "imm", "RFC9669-3.1-UNUSED-JCC-X-IMM", 3,
                       "The comparison is with a register, so imm is unused.")
    values = {"dst": 3, "src": 4, "offset": 1, "imm": 1}
    for mnemonic, clause, because in (
        ("ja", "JA", "JA has its offset and nothing else."),
        ("ja32", "JA32", "The 32-bit JA has its distance in imm and nothing else."),
        ("call_local", "CALL",
         "A local call has its kind in src_reg and its distance in imm, nothing else."),
        ("exit", "EXIT", "EXIT has no operands."),
    ):  # fmt: skip
        form = form_of(table[mnemonic])
        for field in form.row.unused():
            file.field(form, field, f"RFC9669-3.1-UNUSED-{clause}", values[field], because)
    return file


def unused_memory(table):
    file = EncodingFile("unused-memory", "Fields that loads and stores do not use are not zero.", SOURCE)
    for load in access_rows(table, "5.1", kind="LDX"):
        same_size = {"form": load.form}
        file.field(form_of(load), "imm", "RFC9669-3.1-UNUSED-LDX-IMM", 1, "A load has no use for imm.")
        for row in table.select(section="5.1", kind="STX", **same_size):
            file.field(form_of(row), "imm", "RFC9669-3.1-UNUSED-STX-IMM", 1,
                       "A register is stored, so imm is unused.")
        for row in table.select(section="5.1", kind="ST", **same_size):
            file.field(form_of(row), "src", "RFC9669-3.1-UNUSED-ST-SRC", 3,
                       "The immediate is stored, so src_reg is unused.")
        for row in table.select(section="5.2", **same_size):
            file.field(form_of(row), "imm", "RFC9669-3.1-UNUSED-LDX-IMM", 1, "A load has no use for imm.")
        for row in table.select(section="5.5", **same_size):
            for field, value in (("dst", 3), ("offset", 1), ("src", 7)):
                if field in row.unused():
                    file.field(form_of(row), field, ["RFC9669-5.5-ZERO-FIELDS", "RFC9669-3.1-UNUSED-PACKET"],
                               value, "The destination is R0, and the place is imm" +
                               (" plus src_reg." if row.code == "IND" else "."))  # fmt: skip
    return file


def wide(table):
    file = EncodingFile("wide",
                        "Wide instructions: subtypes, the second slot, halves without their other half.",
                        SOURCE)  # fmt: skip
    lddw = table["lddw"].opcode
    first, second = slot(lddw, dst=3, imm=5), slot(0, imm=1)
    legal = program(REGISTERS, first, second)
    file.refuse("lddw-offset", ["RFC9669-3.1-UNUSED-LDDW-OFFSET"],
                program(REGISTERS, slot(lddw, dst=3, offset=1, imm=5), second), legal,
                "A wide immediate has no use for offset.", tests=["lddw"], policy=UNUSED)
    for field, value in (("dst", 3), ("src", 4), ("offset", 1)):
        file.refuse(f"lddw-second-{field}", [f"RFC9669-3.2-SLOT2-{field.upper()}"],
                    program(REGISTERS, first, slot(0, imm=1, **{field: value})), legal,
                    "The second slot carries next_imm and zeros.", tests=["lddw"], policy=UNUSED)
    for name, mnemonic in (("add", "add64_imm"), ("mov", "mov64_imm"), ("exit", "exit"), ("lddw", "lddw")):
        file.refuse(f"lddw-second-opcode-{name}", ["RFC9669-3.2-SLOT2-OPCODE"],
                    program(REGISTERS, first, slot(table[mnemonic].opcode, imm=1)), legal,
                    "The second slot has opcode 0; it is no place for an instruction.", tests=["lddw"],
                    policy=UNUSED)  # fmt: skip
    subtypes = {row.fields["src"] for row in table.select(section="5.4")}
    for subtype in sorted(set(range(16)) - subtypes):
        file.refuse(f"lddw-subtype-{subtype}", ["RFC9669-5.4-SUBTYPE-UNASSIGNED", "RFC9669-5.4-SUBTYPE"],
                    program(REGISTERS, slot(lddw, dst=3, src=subtype, imm=5), second), legal,
                    "Subtypes end at 6.")
    broken_wide(file, table)
    return file


def broken_wide(file, table):
    lddw, half = table["lddw"].opcode, slot(table["lddw"].opcode, dst=0, imm=1)
    first, second = slot(lddw, dst=3, imm=5), slot(0, imm=1)
    legal = program(REGISTERS, first, second)
    truncated = ["RFC9669-3.2-WIDE-TRUNCATED"]
    exit_only = ['"r0 = 0"', "exit"]
    file.refuse("lddw-truncated", truncated, ['"r0 = 0"', half], exit_only,
                "The program ends in the middle of an instruction.", tests=["lddw"])
    file.refuse("lddw-truncated-alone", truncated, [half], exit_only,
                "The whole program is one half of an instruction.", tests=["lddw"])
    behind_exit = ["r0 = 0", "if r1 == 0 goto +1", "exit", "X"]
    file.refuse("lddw-truncated-behind-exit", truncated, program(behind_exit, half),
                program(behind_exit, "exit"),
                "Half of an instruction at the end, also where execution seldom comes.", tests=["lddw"])
    bare = ["r0 = 0", "r3 = 5", "X", "exit"]
    file.refuse("second-half-alone", ["RFC9669-3.2-LONE-SECOND-HALF"], program(bare, slot(0, imm=5)),
                program(bare, '"r0 = r0"'), "Opcode 0 only continues a wide instruction.")
    file.refuse("second-half-twice", ["RFC9669-3.2-LONE-SECOND-HALF"],
                program(REGISTERS, first, second, second), legal,
                "A wide instruction has two slots, not three.")
    for load in access_rows(table, "5.1", kind="LDX"):
        opcode = lddw & ~SIZE | load.opcode & SIZE
        if opcode != lddw:
            file.refuse(f"wide-immediate-of-size-{load.size}", ["RFC9669-5.4-IMM-DW-ONLY"],
                        program(REGISTERS, slot(opcode, dst=3, imm=5), second), legal,
                        "Mode IMM exists with size DW only.")


def every_form(table):
    """Forms with a register: arithmetic, swaps, conditional jumps, loads and stores, by size and width."""
    rows = arithmetic_rows(table) + table.select(code="NEG") + swap_rows(table) + condition_rows(table)
    for load in access_rows(table, "5.1", kind="LDX"):
        for kind in ("LDX", "STX", "ST"):
            rows += table.select(section="5.1", form=load.form, kind=kind)
        rows += table.select(section="5.2", form=load.form)
        rows += table.select(section="5.5", form=load.form, code="IND")
    rows += sorted(table.select(section="5.3"), key=lambda row: row.width)
    last = {"JMP": "offset", "JMP32": "offset", "STX": "src"}
    return [form_of(row) if row.section in ("5.3", "5.5") or row.kind not in last else
            form_of(row).ending_in(last[row.kind]) for row in rows]  # fmt: skip


# Instructions with several numbers each, and what their legal forms differ in from form_of.
REGISTER_CASES = {
    "add32_reg": {}, "add64_imm": {"imm": 1}, "mov64_reg": {}, "mov32_imm": {"imm": 1}, "lsh64_reg": {},
    "div64_reg": {}, "movsx64_8_reg": {}, "neg64": {}, "be16": {}, "bswap64": {}, "jeq64_imm": {"imm": 3},
    "jgt64_reg": {}, "jset32_imm": {"imm": 3}, "jslt32_reg": {}, "ldxb": {}, "ldxdw": {}, "ldxsw": {},
    "stw": {}, "stdw": {}, "stxh": {}, "stxdw": {}, "atomic_add64": {"imm": 0},
    "atomic_fetch_or32": {"imm": 65}, "ldindb": {},
}  # fmt: skip


def registers(table):
    file = EncodingFile("registers", "Registers end at R10.", SOURCE)

    stack_arguments = {("ldxdw", "src", 11), ("stxdw", "dst", 11), ("stdw", "dst", 11)}

    def add(form, field, number):
        is_extension = (form.row.mnemonic, field, number) in stack_arguments
        file.field(form, field, f"RFC9669-3.1-{field.upper()}-REG-RANGE", number, f"There is no R{number}.",
                   policy=None, unless="x-stackargs" if is_extension else None,
                   suffix=f"{field}-r{number}")  # fmt: skip

    numbers = [(11, 15), (12, 15), (11, 14), (11, 13)]
    done = set()
    for position, (mnemonic, changes) in enumerate(REGISTER_CASES.items()):
        form = form_of(table[mnemonic]).but(**changes)
        for field in ("dst", "src"):
            if form.row.uses(field):
                done.add((mnemonic, field))
                for number in numbers[position % len(numbers)]:
                    add(form, field, number)
    position = 0
    for form in every_form(table):
        for field in ("dst", "src"):
            if form.row.uses(field) and (form.row.mnemonic, field) not in done:
                add(form, field, 15 - position % 5)
                position += 1
    lddw = table["lddw"].opcode
    for number in (11, 15):
        file.refuse(f"lddw-dst-r{number}", ["RFC9669-3.1-DST-REG-RANGE"],
                    program(REGISTERS, slot(lddw, dst=number, imm=5), slot(0)),
                    program(REGISTERS, slot(lddw, dst=3, imm=5), slot(0)), f"There is no R{number}.",
                    tests=["lddw"])  # fmt: skip
    return file


# Those that come first in the file, and what their legal forms differ in.
FRAME_POINTER_CASES = {
    "mov64_imm": {"imm": 1}, "mov64_reg": {}, "mov32_reg": {}, "add64_imm": {"imm": -8}, "sub64_reg": {},
    "movsx64_32_reg": {}, "neg64": {}, "bswap64": {}, "ldxdw": {}, "ldxsb": {},
    "atomic_fetch_add64": {"imm": 1}, "xchg64": {"imm": 225}, "xchg32": {"imm": 225},
}  # fmt: skip


def frame_pointer(table):
    file = EncodingFile("frame-pointer",
                        "Instructions that would write R10, which is read-only by convention.", SOURCE,
                        section="abi")
    forms = [form_of(table[mnemonic]).but(**changes) for mnemonic, changes in FRAME_POINTER_CASES.items()]
    forms += [form for form in every_form(table)
              if form.written and form.row.mnemonic not in FRAME_POINTER_CASES]  # fmt: skip
    for form in forms:
        fetch = form.written == "src"
        file.field(form, form.written, ["ABI-R10-READONLY"] + (["RFC9669-5.3-FETCH-R10"] if fetch else []),
                   FRAME, "The old word would go into R10." if fetch else "The result would go into R10.",
                   policy="abi", suffix="writes-r10")  # fmt: skip
    lddw = table["lddw"].opcode
    file.refuse("lddw-writes-r10", ["ABI-R10-READONLY"],
                program(REGISTERS, slot(lddw, dst=FRAME, imm=5), slot(0)),
                program(REGISTERS, slot(lddw, dst=3, imm=5), slot(0)), "The number would go into R10.",
                tests=["lddw"], policy="abi")  # fmt: skip
    return file


FILES = (unused_arithmetic, unused_jump, unused_memory, wide, registers, frame_pointer)
