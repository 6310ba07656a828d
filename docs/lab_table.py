#!/usr/bin/env python3
"""Prints Markdown tables of results of the lab: docs/lab_table.py build/lab/smoke/*.json

One table of guests (boot, speed, machine code), one of groups: pass / wrong / rejected / unsupported,
then crashes and timeouts. Known divergences count as what they are; tolerated outcomes, too. The last
has JIT compiler and interpreter of the same kernel side by side, where they differ.
"""

import collections
import json
import pathlib
import sys

GROUPS = ("base32", "base64", "divmul32", "divmul64", "atomic32", "atomic64", "packet", "encoding")
SHOWN = 12  # names of vectors in a cell


def known(vector):
    """The outcome; that of a known divergence stands at the start of its reason."""
    outcome = vector["outcome"]
    if outcome == "expected-failure":
        outcome = vector["why"].split(":")[0]
    return "pass" if outcome == "pass, not executed" else outcome


def read(path):
    (runtime,) = json.loads(pathlib.Path(path).read_text())["runtimes"]
    groups = collections.defaultdict(collections.Counter)
    for vector in runtime.get("vectors", []):
        groups[vector.get("group", "encoding")][known(vector)] += 1
    return pathlib.Path(path).stem, runtime, groups


def side_by_side(results):
    """(guest, JIT compiler's outcome, interpreter's, how many vectors of which names)."""
    by_name = {name: {vector["id"]: known(vector) for vector in runtime.get("vectors", [])}
               for name, runtime, _ in results}
    for name, jit in by_name.items():
        guest = name.removesuffix("-jit")
        interpreter = by_name.get(guest + "-interpreter")
        if guest == name or not interpreter:
            continue
        differing = collections.defaultdict(collections.Counter)
        for vector, outcome in jit.items():
            if vector in interpreter and interpreter[vector] != outcome:
                differing[outcome, interpreter[vector]][vector.split("/")[0]] += 1
        for (outcome, other), names in sorted(differing.items()):
            most = ", ".join(f"{text} {count}" for text, count in names.most_common(SHOWN))
            more = len(names) - SHOWN
            yield (guest, outcome, other, names.total(),
                   most + (f", and {more} more names" if more > 0 else ""))


def cell(counts):
    text = "/".join(str(counts[name]) for name in ("pass", "wrong", "rejected", "unsupported"))
    for name in ("crash", "timeout", "fault"):
        if counts[name]:
            text += f" {counts[name]} {name}"
    return text


def main(paths):
    results = [read(path) for path in paths]
    print("| guest, engine | kernel | boot s | rows/s | programs/s | JIT'ed | s | status |")
    print("|---|---|---|---|---|---|---|---|")
    for name, runtime, _ in results:
        vectors = runtime.get("vectors", [])
        hello = runtime.get("hello", {})
        loaded = sum(vector["loaded_programs"] for vector in vectors)
        made = sum(vector.get("machine_code_programs", 0) for vector in vectors)
        rows = sum(vector["rows"]["run"] for vector in vectors)
        programs = sum(vector["programs"] for vector in vectors)
        seconds = runtime.get("seconds") or 1
        print(f"| {name} | {hello.get('version', '')} | {hello.get('boot_seconds', '')} "
              f"| {rows / seconds:.0f} | {programs / seconds:.0f} | {made} of {loaded} | {seconds:.0f} "
              f"| {runtime['status']} |")
    print()
    print("| pass/wrong/rejected/unsupported | " + " | ".join(GROUPS) + " |")
    print("|---" * (len(GROUPS) + 1) + "|")
    for name, _, groups in results:
        print(f"| {name} | " + " | ".join(cell(groups[group]) for group in GROUPS) + " |")
    print()
    print("| guest | JIT compiler | interpreter | vectors | of |")
    print("|---" * 5 + "|")
    for row in side_by_side(results):
        print("| " + " | ".join(str(part) for part in row) + " |")


if __name__ == "__main__":
    main(sys.argv[1:])
