"""Writes the generated files under vectors/. --check: only fail if one is stale."""

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
                   stack_accesses, packets, programs, positions, jump_edges):  # fmt: skip
        for make in module.FILES:
            yield make(table)
    for module in (sweeps, memory_sweeps):
        for make in module.FILES:
            yield make(table, lists)


def main():
    parser = argparse.ArgumentParser(prog="scripts/generate", description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--bpf-assay", metavar="PATH", type=Path,
                        default=os.environ.get("BPF_ASSAY", DEFAULT_BINARY),
                        help="the binary that prints the instruction table; default: $BPF_ASSAY, else that of"
                        " build/release")
    arguments = parser.parse_args()
    try:
        table = read_table(arguments.bpf_assay)
    except TableProblem as problem:
        sys.exit(f"scripts/generate: {problem}")
    lists = yaml.safe_load((VECTORS / "operands.yaml").read_text())["lists"]
    stale = []
    for file in files(table, lists):
        path, text = VECTORS / file.path, file.text().encode()
        if path.exists() and path.read_bytes() == text:
            continue
        if arguments.check:
            stale.append(f"vectors/{file.path}")
        else:
            path.write_bytes(text)
            print(f"wrote vectors/{file.path}")
    if stale:
        sys.exit("stale, run scripts/generate: " + ", ".join(stale))


if __name__ == "__main__":
    main()
