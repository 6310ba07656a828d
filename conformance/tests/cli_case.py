"""What the tests of the command line share. Arguments: SOURCE_FOLDER BPF_ASSAY."""

import pathlib
import shlex
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv.pop(1))
PROGRAM = sys.argv.pop(1)
FAKE = ROOT / "plugins/tests/fake_plugin.py"

# The fake plugin keeps all registers: these pass on it. Real clauses, as the suite's own are used.
VECTORS = """section: "4.1"
vectors:
""" + "".join(
    f"""  - id: v/number-{number}
    clauses: [RFC9669-4.1-ADD]
    because: The fake plugin changes nothing.
    asm: r9 += {number}
    after: {{}}
"""
    for number in range(1, 31)
)


def fake(arguments):
    return shlex.join([sys.executable, "-B", str(FAKE)]) + " " + arguments


def program_of(number):
    """Narrows a mode to vector v/number-N: its instruction in hex."""
    return f" --program 07090000{number:02x}000000"


class Cli(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bpf assay ")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.vectors = self.folder / "vectors"
        self.vectors.mkdir()
        (self.vectors / "v.yaml").write_text(VECTORS)

    def run_program(self, *arguments, status=0, text="", **options):
        result = subprocess.run([PROGRAM, *map(str, arguments)], input=text, timeout=120,
                                capture_output=True, text=True, **options)
        if status is not None:
            self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result
