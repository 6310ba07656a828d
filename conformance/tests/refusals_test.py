"""Checks docs/refusals.md against the running kernel: SOURCE_FOLDER BPF_ASSAY PROGRAM_TYPE.

Exit status 77 where nothing can be said: no bpf(2), a run that was not finished, or a kernel of another release
than the page is about.
"""

import fnmatch
import itertools
import json
import pathlib
import re
import subprocess
import sys
import tempfile

SKIPPED = 77
ROW = re.compile(r"\| (.+?) \| ([a-z-]+) \| `(.+?)` \| .+ \|")


def expanded(pattern):
    """{a,b}{c,d} as bash has it."""
    inner = re.search(r"\{([^{}]*)\}", pattern)
    if inner is None:
        return [pattern]
    texts = (pattern[:inner.start()] + part + pattern[inner.end():] for part in inner[1].split(","))
    return list(itertools.chain.from_iterable(map(expanded, texts)))


class Line:
    def __init__(self, number, vectors, policy, message):
        self.number, self.policy, self.message = number, policy, message
        self.patterns = [text for name in re.findall("`(.+?)`", vectors) for text in expanded(name)]

    def names(self, vector):
        return (vector["policy"] == self.policy and without_numbers(vector["why"]) == self.message
                and any(fnmatch.fnmatchcase(vector["id"], pattern) for pattern in self.patterns))  # fmt: skip


def without_numbers(message):
    return re.sub(r"0x[0-9a-f]+|-?\d+", "N", message)


def read_page(path):
    text = path.read_text()
    release = re.search(r"Linux (\d+\.\d+)", text)[1]
    lines = [Line(number, *match.groups()) for number, line in enumerate(text.splitlines(), 1)
             if (match := ROW.fullmatch(line))]  # fmt: skip
    return release, lines


def problems(lines, vectors):
    """What is refused and not on the page, or on it and not refused."""
    refused = [vector for vector in vectors if vector["outcome"] == "rejected"]
    for vector in refused:
        naming = [line.number for line in lines if line.names(vector)]
        if len(naming) != 1:
            yield (f"{vector['id']} ({vector.get('policy')}: {vector['why']}) is refused and named by "
                   + (f"lines {naming}" if naming else "no line"))  # fmt: skip
    for line in lines:
        named = [vector["id"] for vector in refused if line.names(vector)]
        for pattern in line.patterns:
            if not fnmatch.filter(named, pattern):
                yield f"line {line.number}: no vector called {pattern} is refused with these words"


def run(program, kind):
    """The results of a run on the kernel, or None if there is none."""
    with tempfile.TemporaryDirectory() as folder:
        results = pathlib.Path(folder, "results.json")
        done = subprocess.run([program, "run", "-p", f"linux_kernel --type {kind}", "-o", results,
                               "--unavailable-status", str(SKIPPED)], stdout=subprocess.DEVNULL)  # fmt: skip
        return None if done.returncode == SKIPPED else json.loads(results.read_text())["runtimes"][0]


def main():
    root, program, kind = sys.argv[1:]
    release, lines = read_page(pathlib.Path(root, "docs/refusals.md"))
    if not lines:
        sys.exit("docs/refusals.md has no table")
    runtime = run(program, kind)
    if runtime is None:
        print("the kernel cannot be run here")
        return SKIPPED
    if runtime["status"] != "ran":  # seen: a kernel whose BPF locks up on the way
        print(f"  not run: the run was not finished, so nothing can be said: {runtime['why']}")
        return SKIPPED
    version = runtime["hello"]["version"]
    if not re.match(re.escape(release) + r"\b", version):
        print(f"the page is about Linux {release}, this is {version}")
        return SKIPPED
    found = list(problems(lines, runtime["vectors"]))
    print("\n".join(found) or f"{len(lines)} lines name all that is refused")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
