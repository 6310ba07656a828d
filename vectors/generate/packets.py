"""Legacy packet loads (section 5.5): values, places, sizes of packets, and registers of each load.

The RFC gives encodings only. The meaning is that of Linux: R0 = the bytes at a 32-bit index in network order;
out of range the program ends with R0 = 0.
"""

from vector_file import VectorFile, quoted

PACKET = bytes((7 * place + 3) % 256 for place in range(20))
CONTEXT = 6  # holds the packet, so it is no index


def load(row, index, register=2, garbage=0):
    """The program's lines; the index is imm, or all of it in the register."""
    if not row.uses("src"):
        return [row.syntax.format(imm=index)]
    lines = [f"r{register} = {garbage + index} ll"] if garbage else [f"w{register} = {index}"]
    return [*lines, row.syntax.format(src=f"r{register}", index="")]


def vector(row, which, packet, index, because, **more):
    bytes_read = row.width // 8
    inside = index + bytes_read <= len(packet)
    value = int.from_bytes(packet[index:index + bytes_read], "big") if inside else 0
    # An index of 2^31 or more is written as the negative number that has its bits.
    written = index if index < 2**31 else index - 2**32
    return {
        "id": f"{row.name}/{which}",
        "clauses": ["RFC9669-5.5-ENCODING", "RFC9669-5.5-SEMANTICS"],
        "tests": [row.mnemonic],
        "program": "\n".join(["r6 = r1", "r0 = -1", *load(row, written, **more), "exit"]),
        "packet": quoted(packet.hex(" ")),
        "after": {"r0": f"{value:#x}"},
        "because": because,
    }


def vectors(row):
    size, width = row.width // 8, row.width
    values = {"zero": 0, "one": 1, "minus-one": 2**width - 1, "min": 2**(width - 1), "max": 2**(width - 1) - 1,
              "positive": 0x12345678 >> (32 - width)}  # fmt: skip
    for name, value in values.items():
        packet = PACKET[:3] + value.to_bytes(size, "big") + PACKET[3 + size:]
        yield vector(row, f"value-{name}", packet, 3, "The number is unsigned and fills R0.")
    for name, index in (("first", 0), ("behind-the-end", 20), ("far", 0x20000), ("at-2-31", 2**31),
                        ("at-2-32-less-1", 2**32 - 1)):  # fmt: skip
        because = "All of it is inside." if index == 0 else "It is outside, so the program ends with 0."
        yield vector(row, f"place-{name}", PACKET, index, because)
    yield vector(row, "packet-as-long", PACKET[:size], 0, "The packet is what is loaded.")
    yield vector(row, "packet-longer-by-1", PACKET[:size + 1], 1, "The packet ends with what is loaded.")
    if size > 1:
        yield vector(row, "packet-shorter-by-1", PACKET[:size - 1], 0, "Its last byte is outside.")
    if row.uses("src"):
        for register in range(10):
            if register != CONTEXT:
                yield vector(row, f"index-in-r{register}", PACKET, 5, "The index is in this register.",
                             register=register)  # fmt: skip
        yield vector(row, "index-under-garbage", PACKET, 5, "The index has 32 bits; those above do not count.",
                     register=7, garbage=0xA5A5A5A500000000)  # fmt: skip


def packet_loads(table):
    file = VectorFile("5.5-packet/values-and-places.yaml", "5.5",
                      "Each packet load: values, places, sizes of packets, registers.", "packets.py")
    for row in table.select(section="5.5"):
        for each in vectors(row):
            file.add(each)
    return file


FILES = (packet_loads, )
