#!/usr/bin/env python3
"""Prints the tables of docs/measurements.md about runtimes, as Markdown.

    measure_runtimes.py [--assay FILE] [--runtimes NAMES] [--profiles default,full]
    measure_runtimes.py --peer RUNNER --tests DIR --peer-plugin 'NAME=PLUGIN OPTIONS'...

The first form runs the vectors on every runtime of plugins/runtimes.yaml that is available here;
plugins that follow the one-shot contract only if they are named. The second form runs
bpf_conformance_runner on a plugin of the same runtime and compares tests and rows per second.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The column of each outcome; what is not here stands in none.
COLUMN = {
    "pass": "pass",
    "pass, not executed": "pass",
    "unexpected-pass": "pass",
    "wrong": "wrong",
    "rejected": "rejected",
    "unsupported": "unsupported",
    "accepted": "accepted",
    "fault": "fault",
    "crash": "crash, timeout",
    "timeout": "crash, timeout",
}
COLUMNS = list(dict.fromkeys(COLUMN.values()))


class Failed(Exception):
    """A command that gave no results."""


class Assay:
    """The runner, one plugin process at a time."""

    def __init__(self, path):
        self.path = path
        self.folder = tempfile.TemporaryDirectory()

    def run(self, runtime, *options):
        """The results of the runtimes, and the seconds of the whole command."""
        file = pathlib.Path(self.folder.name) / "results.json"
        file.unlink(missing_ok=True)
        command = [self.path, "run", "--runtime", runtime, "-j", "1", "-o", file, *options]
        start = time.monotonic()
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        seconds = time.monotonic() - start
        if not file.exists():
            words = shlex.join(map(str, command))
            raise Failed(f"{words}: status {done.returncode}\n{done.stderr}")
        return json.loads(file.read_text())["runtimes"], seconds


def outcome_of(vector):
    """What came out, whether it was known before or not."""
    if vector["outcome"] == "expected-failure":
        return vector["why"].split(":")[0]
    return vector["outcome"]


def rows_of(result):
    return sum(vector["rows"]["run"] for vector in result["vectors"])


def per_second(count, seconds):
    """Three digits: more are noise."""
    value = count / max(seconds, 1e-6)
    digits = len(str(int(value)))
    return f"{round(value, 3 - digits):,.0f}" if digits > 1 else f"{value:.1f}"


def print_table(head, rows, left=1):
    print("| " + " | ".join(head) + " |")
    print("|" + "|".join("---" if i < left else "---:" for i in range(len(head))) + "|")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print()


def available(assay, names):
    """Runtimes with their engines; a single vector finds out who is there."""
    results, _ = assay.run(names, "--unavailable-status", "0", "groups/base64-arithmetic")
    for result in results:
        if result["status"] != "ran":
            print(f"{result['name']}: {result['status']}: {result['why']}", file=sys.stderr)
        elif names != "all" or result["protocol"] == "persistent":
            yield result["name"]


def counts_by_group(result):
    counts = collections.defaultdict(collections.Counter)
    for vector in result["vectors"]:
        group = vector.get("group", "encoding")
        counts[group][COLUMN.get(outcome_of(vector), "not run")] += 1
        counts[group]["known"] += vector["outcome"] == "expected-failure"
    return counts


def counted(by_profile, column):
    """One number if all profiles have the same."""
    numbers = [str(counts[column] or ".") for counts in by_profile]
    return numbers[0] if len(set(numbers)) == 1 else " / ".join(numbers)


def examine(assay, name, profiles, groups, speed):
    """Adds the rows of one runtime to both tables."""
    by_profile = []
    for profile in profiles:
        print(f"{name}, {profile}", file=sys.stderr)
        result = assay.run(name, "--profile", profile)[0][0]
        if result["status"] != "ran":
            print(f"  {result['status']}: {result['why']}", file=sys.stderr)
        for text in result.get("unexplained", []):
            print(f"  unexplained: {text}", file=sys.stderr)
        by_profile.append(counts_by_group(result))
        speed.append(
            [
                f"{name} {result['hello'].get('version', '')}",
                profile,
                f"{rows_of(result):,}",
                f"{result['seconds']:.1f}",
                per_second(rows_of(result), result["seconds"]),
                "",
            ]
        )
    sweeps = assay.run(name, "--profile", profiles[-1], "-k", "sweep")[0][0]
    speed[-1][-1] = per_second(rows_of(sweeps), sweeps["seconds"])
    for group in by_profile[0]:
        counts = [profile[group] for profile in by_profile]
        cells = [counted(counts, column) for column in [*COLUMNS, "known"]]
        groups.append([name, group, *cells])


def measure(assay, names, profiles):
    groups, speed = [], []
    try:
        for name in available(assay, names):
            examine(assay, name, profiles, groups, speed)
    except (Failed, KeyboardInterrupt) as end:
        print(f"{end or 'interrupted'}\nthe tables are of what was done before", file=sys.stderr)
    print(f"Vectors of the profiles {' / '.join(profiles)}; one number if they are the same:\n")
    print_table(["runtime", "group", *COLUMNS, "of them known"], groups, left=2)
    head = ["runtime", "profile", "rows run", "seconds", "rows a second", "of sweeps only"]
    print_table(head, speed, left=2)


def run_peer(arguments, name, command):
    """Tests, those that passed, and seconds of one run of the peer's runner."""
    plugin, *options = shlex.split(command)
    words = [arguments.peer, "--test_file_directory", arguments.tests, "--cpu_version", "v4"]
    words += ["--plugin_path", plugin]
    if options:
        words += ["--plugin_options", " ".join(options)]
    if name in arguments.xdp:
        words += ["--xdp_prolog", "true"]
    # As plugins/runtimes.yaml has it for our side: a panic with a trace takes five times as long.
    environment = {**os.environ, "RUST_BACKTRACE": "0"}
    start = time.monotonic()
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    )
    seconds = time.monotonic() - start
    said = re.search(rb"Passed (\d+) out of (\d+) tests", done.stdout)
    if said is None:
        raise Failed(f"{shlex.join(words)}: status {done.returncode}, no count of tests")
    return int(said[2]), int(said[1]), seconds


def compare_on(assay, arguments, name, command):
    """A row of the table."""
    peers, ours = [], []
    for _ in range(arguments.times):  # in turns, so that both see the same load
        tests, passed, seconds = run_peer(arguments, name, command)
        peers.append(tests / seconds)
        results, seconds = assay.run(name, "--profile", arguments.peer_profile)
        if results[0]["status"] == "unavailable":
            raise Failed(f"{name}: {results[0]['why']}")
        ours.append(rows_of(results[0]) / seconds)
    ratio = statistics.median(our / peer for our, peer in zip(ours, peers))
    return [
        name,
        f"{passed} of {tests}",
        per_second(statistics.median(peers), 1),
        f"{rows_of(results[0]):,}",
        per_second(statistics.median(ours), 1),
        f"{per_second(ratio, 1)} : 1",
    ]


def compare(assay, arguments):
    table = []
    for text in arguments.peer_plugin:
        name, _, command = text.partition("=")
        try:
            table.append(compare_on(assay, arguments, name, command))
        except Failed as failed:
            print(failed, file=sys.stderr)
    print(f"Median of {arguments.times} runs each in turns, profile {arguments.peer_profile}:\n")
    head = ["runtime", "peer: passed", "tests a second", "rows run", "rows a second", "ratio"]
    print_table(head, table)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--assay", default=ROOT / "build/release/bin/bpf-assay")
    parser.add_argument("--runtimes", default="all", help="as for bpf-assay run --runtime")
    parser.add_argument("--profiles", default="default,full")
    parser.add_argument("--peer", metavar="RUNNER", help="bpf_conformance_runner")
    parser.add_argument("--tests", metavar="DIR", help="its tests")
    parser.add_argument(
        "--peer-plugin",
        metavar="NAME=COMMAND",
        action="append",
        default=[],
        help="our name of the runtime, and the peer's plugin with its options",
    )
    parser.add_argument(
        "--xdp", metavar="NAME", action="append", default=[], help="this plugin wants --xdp_prolog"
    )
    parser.add_argument("--peer-profile", default="default", help="of our side")
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    assay = Assay(arguments.assay)
    if arguments.peer is None:
        measure(assay, arguments.runtimes, arguments.profiles.split(","))
    elif arguments.tests is None or not arguments.peer_plugin:
        parser.error("--peer needs --tests and --peer-plugin")
    else:
        compare(assay, arguments)


if __name__ == "__main__":
    main()
