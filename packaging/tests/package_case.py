"""What the tests of the package share. Argument: SOURCE_FOLDER."""

import functools
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
BUILT = ROOT / "build/package"
# No HOME, no variable of the developer's.
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


def the_only(pattern):
    found = list(BUILT.glob(pattern))
    assert len(found) == 1, f"{BUILT}/{pattern}: {len(found)} files; scripts/package makes one"
    return found[0]


def unpack_archive(folder):
    """The archive in an empty folder; returns the prefix in it."""
    folder.mkdir(parents=True)
    subprocess.run(["tar", "-xzf", the_only("*.tar.gz"), "-C", folder], check=True)
    (prefix,) = folder.iterdir()
    return prefix


@functools.cache
def hiding():
    """Words before a command for which the source tree is an empty folder; none where this user
    may not mount."""
    words = ["unshare", "--mount", "--map-root-user", "sh", "-c",
             'mount -t tmpfs none "$0" && exec "$@"', str(ROOT)]
    works = subprocess.run([*words, "test", "!", "-e", str(ROOT / "vectors")],
                           stderr=subprocess.DEVNULL, cwd="/").returncode == 0
    if not works:
        print("no mount namespaces here: the source tree stays visible", file=sys.stderr)
    return words if works else []


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="bpf assay ")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.work = cls.folder / "work"
        cls.work.mkdir()

    def execute(self, *command, status=0, environment=(), cwd=None, hide=True):
        """Runs it in the empty folder, without the source tree."""
        result = subprocess.run([*(hiding() if hide else []), *map(str, command)],
                                env={**ENVIRONMENT, **dict(environment)}, cwd=cwd or self.work,
                                capture_output=True, text=True, timeout=600)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result
