"""Runs what `bpf-assay export --elf` wrote in this kernel: loaded by bpftool, run by bpf(2).

    kernel_objects.py FOLDER    (root; prints what differs, exits with 1 if anything does)

docs/export.md says what is to be done; this shares no code with the runner.
"""

import contextlib
import ctypes
import json
import os
import pathlib
import platform
import shutil
import struct
import subprocess
import sys
import tempfile

BPF_CALL = {"x86_64": 321, "aarch64": 280, "riscv64": 280}.get(platform.machine())
MAP_LOOKUP_ELEM, MAP_UPDATE_ELEM, OBJ_GET, PROG_TEST_RUN = 1, 2, 7, 10
LIBC = ctypes.CDLL(None, use_errno=True)


def bpf(command, layout, *fields):
    """Returns what the call returned, and the attributes as they are after it."""
    attributes = ctypes.create_string_buffer(struct.pack(layout, *fields), 128)
    returned = LIBC.syscall(BPF_CALL, command, attributes, len(attributes))
    if returned < 0:
        raise OSError(ctypes.get_errno(), f"bpf({command}): {os.strerror(ctypes.get_errno())}")
    return returned, struct.unpack_from(layout, attributes)


@contextlib.contextmanager
def pinned(path):
    name = ctypes.create_string_buffer(os.fsencode(path))
    descriptor, _ = bpf(OBJ_GET, "QII", ctypes.addressof(name), 0, 0)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class Map:
    """An array map with one value."""

    def __init__(self, descriptor, size):
        self.descriptor = descriptor
        self.key = ctypes.create_string_buffer(4)
        self.value = ctypes.create_string_buffer(size)

    def call(self, command):
        bpf(command, "IxxxxQQQ", self.descriptor, ctypes.addressof(self.key),
            ctypes.addressof(self.value), 0)

    def write(self, at, content):
        ctypes.memset(self.value, 0, len(self.value))
        ctypes.memmove(ctypes.addressof(self.value) + at, content, len(content))
        self.call(MAP_UPDATE_ELEM)

    def read(self, at, size):
        self.call(MAP_LOOKUP_ELEM)
        return self.value.raw[at:at + size]


def run_program(descriptor, section):
    """Returns what the program returned. Only programs of `syscall` run without a packet."""
    packet = ctypes.create_string_buffer(0 if section == "syscall" else 64)
    size = len(packet)
    address = ctypes.addressof(packet) if size else 0
    _, attributes = bpf(PROG_TEST_RUN, "IIIIQQII", descriptor, 0, size, 0, address, 0, 0, 0)
    return attributes[1]


def what_is_missing():
    """Why nothing can be run here; empty if it can."""
    if os.geteuid() != 0:
        return "needs root"
    if BPF_CALL is None:
        return f"the number of bpf(2) on {platform.machine()} is not known here"
    if not bpftool():
        return "needs bpftool"
    with tempfile.TemporaryDirectory() as folder:
        if mount(folder).returncode:
            return "no bpf file system can be mounted here"
        subprocess.run(["umount", folder], check=True)
    return ""


def bpftool():
    return shutil.which("bpftool") or shutil.which("bpftool", path="/usr/sbin")


def mount(folder):
    return subprocess.run(["mount", "-t", "bpf", "none", folder], capture_output=True)


@contextlib.contextmanager
def loaded(path):
    """The folder in which bpftool pinned the programs of the object, and its map, `maps/block`."""
    with tempfile.TemporaryDirectory() as folder:
        if mount(folder).returncode:
            raise OSError("no bpf file system can be mounted here")
        try:
            programs, maps = pathlib.Path(folder) / "programs", pathlib.Path(folder) / "maps"
            ended = subprocess.run([bpftool(), "prog", "loadall", path, programs, "pinmaps", maps],
                                   capture_output=True, text=True)
            if ended.returncode:
                raise OSError(f"{path}: {ended.stderr}")
            yield programs, maps
        finally:
            subprocess.run(["umount", folder], check=True)


def run_object(folder, manifest, item, rows, visit=lambda program, row, seen: None):
    """Runs all rows of the object. Returns their number, and what differs, a line each."""
    at, differing, count = manifest["map"]["block_at"], [], 0
    with (loaded(folder / item["file"]) as (programs, maps),
          pinned(maps / manifest["map"]["name"]) as descriptor):
        block = Map(descriptor, item["value_size"])
        for program in item["programs"]:
            size = program["block_size"]
            with pinned(programs / program["function"]) as runnable:
                for place, row in enumerate(program["rows"]):
                    begin = program["rows_at"] + 2 * size * place
                    before, after = rows[begin:begin + size], rows[begin + size:begin + 2 * size]
                    block.write(at, before)
                    returned = run_program(runnable, manifest["section"])
                    seen = block.read(at, size)
                    count += 1
                    visit(program, row, seen)
                    name = f"{program['vector']}, program {program['program']}, row {row}"
                    wrong = [offset for offset in range(size) if seen[offset] != after[offset]]
                    if wrong:
                        differing.append(f"{name}: {len(wrong)} bytes from {wrong[0]} on")
                    if "r0" in program and returned != int(program["r0"], 0) & 0xFFFFFFFF:
                        differing.append(f"{name}: returned {returned:#x}, not {program['r0']}")
    return count, differing


def run_export(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    count, differing = 0, []
    for item in manifest["objects"]:
        rows = (folder / item["rows_file"]).read_bytes()
        try:
            ran, wrong = run_object(folder, manifest, item, rows)
        except OSError as error:
            ran, wrong = 0, [str(error)]
        count += ran
        differing += wrong
    return count, differing


if __name__ == "__main__":
    COUNT, DIFFERING = run_export(pathlib.Path(sys.argv[1]))
    print(*DIFFERING, f"{COUNT} rows were run", sep="\n")
    sys.exit(1 if DIFFERING or not COUNT else 0)
