"""Encoding vectors: targets that are no instruction of the program, and programs that run off their end."""

from encoding_forms import (
    BARE, FUNCTION, LAST, EncodingFile, condition_rows, form_of, program, slot
)  # fmt: skip

SILENT = {"policy": "silent"}
RANGE = "RFC9669-4.3-TARGET-RANGE"
FARTHEST = [("farthest-behind", 0x7FFFFFFF), ("farthest-before", -0x80000000)]


def targets(file, table):
    outside = ["r0 = 0", "X", "exit"]
    for mnemonic, field in (("ja", "offset"), ("ja32", "imm")):
        distances = [("before-program", -3), ("end", 1), ("behind-end", 2), ("far-behind", 32767),
                     ("far-before", -32768)]  # fmt: skip
        form = form_of(table[mnemonic])
        form.frame = outside
        for place, distance in distances + (FARTHEST if field == "imm" else []):
            file.field(form, field, RANGE, distance, "The target is not in the program.", suffix=place,
                       **SILENT)  # fmt: skip
    equal, less = form_of(table["jeq64_imm"]), form_of(table["jslt32_reg"])
    for form in (equal, less):
        form.legal.pop("offset")
    for place, distance in (("before-program", -5), ("end", 2), ("behind-end", 3), ("far-before", -32768)):
        file.field(equal, "offset", RANGE, distance, "The target is not in the program.", suffix=place,
                   **SILENT)  # fmt: skip
        file.field(less, "offset", RANGE, distance,
                   "The target is not in the program, although the condition does not hold.", suffix=place,
                   **SILENT)  # fmt: skip
    for place, distance in [("before-program", -2), ("end", 4), ("behind-end", 5), *FARTHEST]:
        file.field(form_of(table["call_local"]), "imm", RANGE, distance,
                   "The function is not in the program.", suffix=place, **SILENT)
    for row in condition_rows(table):
        if row.mnemonic not in ("jeq64_imm", "jslt32_reg"):
            form = form_of(row)
            form.legal.pop("offset")
            for place, distance in (("before-program", -5), ("behind-end", 3)):
                file.field(form, "offset", RANGE, distance, "The target is not in the program.",
                           suffix=place, **SILENT)  # fmt: skip


def into_wide(file, table):
    wide_slots = [slot(table["lddw"].opcode, dst=4, imm=5), slot(0, imm=1)]
    jumps = [table["ja"], table["ja32"], table["jeq64_imm"]]
    jumps += [row for row in condition_rows(table) if row not in jumps]
    for position, row in enumerate(jumps):
        form = form_of(row)
        if position >= 3:
            form = form.ending_in("offset")
        field = "offset" if row.uses("offset") else "imm"
        head = ['"r0 = 0"', '"r3 = 5"', *(['"r4 = 3"'] if row.uses("src") else []), '"if r1 == 0 goto +1"']
        file.refuse(f"{row.name}-into-wide", ["RFC9669-4.3-INTO-WIDE", "RFC9669-4.3-PC-UNITS"],
                    head + [form.slot(**{field: 1})] + wide_slots + ["exit"],
                    head + [form.slot(**{field: 0})] + wide_slots + ["exit"],
                    "The target is the second half of a wide instruction, which is undefined.", **SILENT)
    call = form_of(table["call_local"])
    frame, function = ["X", "r0 = 0", "exit"], wide_slots + ['"r0 = 1"', "exit"]
    file.refuse("call-local-into-wide", ["RFC9669-4.3-INTO-WIDE"],
                program(frame, call.slot(imm=3)) + function, program(frame, call.slot(imm=2)) + function,
                "The function begins in the second half of a wide instruction.", tests=["call_local"],
                **SILENT)  # fmt: skip


def ends(file, table):
    wide_slots = [slot(table["lddw"].opcode, dst=4, imm=5), slot(0, imm=1)]
    call, jump = form_of(table["call_local"]), form_of(table["ja"])
    for name, last in (("mov", ['"r0 = 1"']), ("store", ['"*(u64 *)(r10 - 8) = 0"']),
                       ("condition", ['"if r1 == 0 goto -2"']), ("wide", wide_slots)):  # fmt: skip
        file.refuse(f"runs-off-end-{name}", ["RFC9669-4.3-RUN-OFF-END"], ['"r0 = 0"'] + last,
                    program(LAST, "exit"), "Execution passes the last instruction.", **SILENT)
    file.refuse("runs-off-end-call", ["RFC9669-4.3-RUN-OFF-END"],
                ['"if r1 == 0 goto +2"', '"r0 = 0"', "exit", call.slot(imm=-3)],
                ['"if r1 == 0 goto +2"', '"r0 = 0"', "exit", '"goto -3"'],
                "The function returns to behind the last instruction.", tests=["call_local"], **SILENT)
    file.refuse("endless-loop", ["RFC9669-4.3-NON-TERMINATION"], [jump.slot(offset=-1), "exit"],
                [jump.slot(), '"r0 = 0"', "exit"], "A jump to itself never ends.", tests=["ja"], **SILENT)
    file.refuse("endless-recursion", ["RFC9669-4.3.2-LOCAL-RECURSION", "RFC9669-4.3-NON-TERMINATION"],
                [call.slot(imm=-1), '"r0 = 0"', "exit"], program(FUNCTION, call.slot()),
                "A function that calls itself at once never returns.", tests=["call_local"], **SILENT)
    for name, mnemonic, imm, clause in (
        ("call-helper-unknown", "call_helper", 0x7FFFFFF0, "RFC9669-4.3.1-UNKNOWN-HELPER"),
        ("call-helper-minus-1", "call_helper", -1, "RFC9669-4.3.1-UNKNOWN-HELPER"),
        ("call-btf-unknown", "call_btf", 0x7FFFFFF0, "RFC9669-4.3.1-BTF-ID"),
    ):  # fmt: skip
        file.refuse(name, [clause], program(BARE, form_of(table[mnemonic]).slot(imm=imm)),
                    program(BARE, '"r0 = r0"'), "No platform has a helper of this number.",
                    tests=[mnemonic], policy="platform")  # fmt: skip
    file.refuse("empty", ["RFC9669-4.3-RUN-OFF-END"], [], None,
                "A program without instructions has no EXIT.", **SILENT)
    for length, image in ((1, "95"), (4, "95 00 00 00"), (15, "b7 00 00 00 00 00 00 00 95 00 00 00 00 00 00"),
                          (2, "b7 00"), (7, "b7 00 00 00 00 00 00"), (9, "95 00 00 00 00 00 00 00 b7"),
                          (20, "b7 00 00 00 00 00 00 00 95 00 00 00 00 00 00 00 95 00 00 00")):  # fmt: skip
        file.refuse(f"length-{length}", ["RFC9669-3-TWO-FORMS"], None, None,
                    "Instructions are 8 or 16 bytes, so no program has this length.", image=image, **SILENT)


def control_flow(table):
    file = EncodingFile("control-flow",
                        "Targets that are no instruction of the program, and ends without EXIT.",
                        "encoding_flow.py", section="4.3")
    targets(file, table)
    into_wide(file, table)
    ends(file, table)
    return file


FILES = (control_flow, )
