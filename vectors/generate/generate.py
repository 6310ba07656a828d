"""Writes the generated files: those under vectors/, and the rows of extensions as C++. --check: only fail if
one is stale."""

import argparse
import os
import sys
from pathlib import Path

import yaml

import accesses
import encoding_fields
import encoding_flow
import encoding_selectors
import encoding_tables
import extension_encodings
import extension_sweeps
import extension_table
import jump_edges
import memory_sweeps
import packets
import positions
import programs
import stack_accesses
import sweeps
from isa import DEFAULT_BINARY, TableProblem, read_table
from vector_file import VECTORS


def files(table, lists):
    """Yields every generated file."""
    for module in (encoding_fields, encoding_selectors, encoding_flow, encoding_tables, accesses,
                   stack_accesses, packets, programs, positions, jump_edges, extension_encodings):  # fmt: skip
        for make in module.FILES:
            yield make(table)
    for module in (sweeps, memory_sweeps, extension_sweeps):
        for make in module.FILES:
            yield make(table, lists)


class Writer:
    """Writes files that have changed; or takes note of them."""

    def __init__(self, check):
        self.check, self.stale = check, []

    def __call__(self, path, text):
        if path.exists() and path.read_bytes() == text.encode():
            return
        name = path.relative_to(VECTORS.parent)
        if self.check:
            self.stale.append(str(name))
        else:
            path.write_bytes(text.encode())
            print(f"wrote {name}")

    def finish(self):
        if self.stale:
            sys.exit("stale, run scripts/generate: " + ", ".join(self.stale))


def main():
    parser = argparse.ArgumentParser(prog="scripts/generate", description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--bpf-assay", metavar="PATH", type=Path,
                        default=os.environ.get("BPF_ASSAY", DEFAULT_BINARY),
                        help="the binary that prints the instruction table; default: $BPF_ASSAY, else that of"
                        " build/release")
    parser.add_argument("--rows-only", action="store_true",
                        help="only the rows of extensions, which need no binary")
    arguments = parser.parse_args()
    write = Writer(arguments.check)
    write(VECTORS.parent / extension_table.OUTPUT, extension_table.header(extension_table.read_extensions()))
    if arguments.rows_only:
        write.finish()
        return
    try:
        table = read_table(arguments.bpf_assay)
    except TableProblem as problem:
        sys.exit(f"scripts/generate: {problem}")
    lists = yaml.safe_load((VECTORS / "operands.yaml").read_text())["lists"]
    for file in files(table, lists):
        write(VECTORS / file.path, file.text())
    write.finish()


if __name__ == "__main__":
    main()
